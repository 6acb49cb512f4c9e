//! What the journal counts.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Buckets of the histogram: four for each doubling of a microsecond.
const BUCKETS: usize = 128;

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        #[derive(Debug)]
        pub(crate) struct Counters {
            $(pub(crate) $name: AtomicU64,)*
            latency: [AtomicU64; BUCKETS],
        }

        /// What was counted since the journal was opened.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Figures {
            $($(#[$doc])* pub $name: u64,)*
            /// Time from an entry's arrival to its acknowledgement.
            pub latency: Latency,
        }

        impl Counters {
            pub(crate) fn new() -> Self {
                Self { $($name: AtomicU64::new(0),)* latency: [const { AtomicU64::new(0) }; BUCKETS] }
            }

            pub(crate) fn figures(&self) -> Figures {
                let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
                let latency = self.latency.iter().map(count).collect();
                Figures { $($name: count(&self.$name),)* latency: Latency(latency) }
            }
        }
    };
}

counters!(
    /// Entries that were acknowledged and written.
    entries,
    /// Records in them.
    records,
    /// Bytes of their frames.
    bytes,
    /// Groups that were synchronised together.
    groups,
    /// Entries that were in the journal before.
    duplicates,
    /// Entries refused because the disk was full.
    refused_full,
    /// Entries refused because too much was waiting.
    refused_busy,
    /// Bytes waiting to be written.
    queued_bytes,
    /// Numbers that were found to be lost, at opening or while reading.
    lost,
);

impl Counters {
    pub(crate) fn add(counter: &AtomicU64, value: u64) {
        counter.fetch_add(value, Ordering::Relaxed);
    }

    pub(crate) fn took(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        if let Some(bucket) = self.latency.get(bucket(micros)) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn bucket(micros: u64) -> usize {
    let index = if micros < 4 {
        micros
    } else {
        let power = u64::from(micros.ilog2());
        (power - 1) * 4 + (micros >> (power - 2) & 3)
    };
    (index as usize).min(BUCKETS - 1)
}

/// The first number of microseconds that is beyond a bucket.
fn bound(bucket: usize) -> u64 {
    let next = bucket as u64 + 1;
    if next < 4 { next } else { (4 + next % 4) << (next / 4 - 1) }
}

/// A histogram of times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Latency(Vec<u64>);

impl Latency {
    /// Buckets that hold something: the time they end at, and how many times are in them.
    pub fn buckets(&self) -> impl Iterator<Item = (Duration, u64)> + '_ {
        let filled = self.0.iter().enumerate().filter(|(_, count)| **count > 0);
        filled.map(|(index, count)| (Duration::from_micros(bound(index)), *count))
    }

    /// The time that a share (0.0 to 1.0) of all stay below, at most a quarter too long.
    pub fn quantile(&self, share: f64) -> Duration {
        let all: u64 = self.0.iter().sum();
        let wanted = (all as f64 * share).ceil() as u64;
        let mut sum = 0;
        for (end, count) in self.buckets() {
            sum += count;
            if sum >= wanted {
                return end;
            }
        }
        Duration::ZERO
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_in_the_bucket_that_ends_beyond_it() {
        for micros in (0..5000).chain([1 << 20, (1 << 30) + 7]) {
            let index = bucket(micros);
            assert!(micros < bound(index), "{micros} in {index}");
            assert!(index == 0 || micros >= bound(index - 1), "{micros} in {index}");
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn quantiles_are_near() {
        let counters = Counters::new();
        (1..=1000).for_each(|milli| counters.took(Duration::from_millis(milli)));
        let latency = counters.figures().latency;
        let half = latency.quantile(0.5).as_millis();
        assert!((500..=625).contains(&half), "{half}");
        let most = latency.quantile(1.0).as_millis();
        assert!((1000..=1250).contains(&most), "{most}");
        assert_eq!(Counters::new().figures().latency.quantile(0.5), Duration::ZERO);
    }
}
