//! How often a route may be used from one network within a minute.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

const MINUTE_MS: i64 = 60_000;
/// Networks that are counted at once. When there are more, those whose minute is over go; if none is, all go: counts
/// begin anew rather than memory running out. What must hold under any load is counted in the state.
const COUNTED_MAX: usize = 100_000;

type Key = (&'static str, &'static str, u128);

/// Counts per route and network.
#[derive(Debug, Default)]
pub(crate) struct Rates(Mutex<HashMap<Key, (i64, u32)>>);

/// The network of an address: a single IPv4 address, 64 bits of an IPv6 one.
fn network(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => (u128::from(address) >> 64) << 64,
    }
}

impl Rates {
    /// Counts a use; the seconds to wait when there were too many.
    pub(crate) fn count(
        &self,
        route: (&'static str, &'static str),
        from: IpAddr,
        most: u32,
        now_ms: i64,
    ) -> Result<(), u64> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= COUNTED_MAX {
            counts.retain(|_, (since, _)| now_ms - *since < MINUTE_MS);
            if counts.len() >= COUNTED_MAX {
                counts.clear();
            }
        }
        let (since, uses) = counts.entry((route.0, route.1, network(from))).or_insert((now_ms, 0));
        if now_ms - *since >= MINUTE_MS {
            (*since, *uses) = (now_ms, 0);
        }
        if *uses >= most {
            let left = (*since + MINUTE_MS - now_ms).max(1) as u64;
            return Err(left.div_ceil(1000));
        }
        *uses += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    #[test]
    fn a_minute_holds_so_many_uses_of_a_network() {
        let rates = Rates::default();
        let (route, other) = (("GET", "/a"), ("GET", "/b"));
        let v4 = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
        for _ in 0..3 {
            assert_eq!(rates.count(route, v4, 3, 1000), Ok(()));
        }
        assert_eq!(rates.count(route, v4, 3, 1000), Err(60));
        assert_eq!(rates.count(other, v4, 3, 1000), Ok(()));
        let mapped = IpAddr::V6(Ipv4Addr::new(192, 0, 2, 1).to_ipv6_mapped());
        assert_eq!(rates.count(route, mapped, 3, 60_999), Err(1));
        assert_eq!(rates.count(route, mapped, 3, 61_000), Ok(()));
        let near = |last| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, last));
        assert_eq!(rates.count(route, near(1), 1, 0), Ok(()));
        assert_eq!(rates.count(route, near(2), 1, 0), Err(60));
    }
}
