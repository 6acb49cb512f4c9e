//! Deterministic damage: the same seed and number give the same bytes on every machine.

use crate::random::Random;

/// Longest input that comes out.
pub const BYTES_MAX: usize = 32 << 10;

/// Bytes and words that parsers trip over.
const TROUBLE: [&[u8]; 24] = [
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"\xc3\x28",
    b"\n",
    b"\r\n",
    b"\t",
    b"\"",
    b"'",
    b"\\",
    b"\\\"",
    b"{",
    b"}",
    b"[",
    b"]",
    b"<",
    b">",
    b"=",
    b"|",
    b"-1",
    b"99999999999999999999",
    b"1e400",
    "\u{202e}\u{130}\u{df}".as_bytes(),
];

/// A place below `bound`.
fn below(random: &mut Random, bound: usize) -> usize {
    random.below(bound as u64) as usize
}

/// Damages `seed` in one to eight places; `other` is what parts are taken from.
pub fn mutate(seed: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut data = seed.to_vec();
    for _ in 0..=below(random, 8) {
        step(&mut data, other, random);
        data.truncate(BYTES_MAX);
    }
    data
}

fn step(data: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    let at = below(random, data.len() + 1);
    match below(random, 10) {
        0 => flip(data, at, random),
        1 => replace(data, at, &[random.draw() as u8]),
        2 => insert(data, at, &[random.draw() as u8]),
        3 | 4 => insert(data, at, trouble(random)),
        5 => replace(data, at, trouble(random)),
        6 => drop(data.splice(at..end(at, data.len(), 16, random), [])),
        7 => data.truncate(at),
        8 => {
            let from = below(random, other.len() + 1);
            let part = other.get(from..end(from, other.len(), 64, random)).unwrap_or_default();
            insert(data, at, part);
        }
        _ => {
            let part = data.get(at..end(at, data.len(), 32, random)).unwrap_or_default();
            // Few inputs become long: they cost as much as all the others together.
            let times = if below(random, 50) == 0 { 1000 } else { 1 + below(random, 4) };
            let repeated = part.repeat(times);
            insert(data, at, &repeated);
        }
    }
}

fn end(start: usize, length: usize, most: usize, random: &mut Random) -> usize {
    (start + 1 + below(random, most)).min(length).max(start)
}

fn trouble(random: &mut Random) -> &'static [u8] {
    TROUBLE.get(below(random, TROUBLE.len())).copied().unwrap_or_default()
}

fn flip(data: &mut [u8], at: usize, random: &mut Random) {
    if let Some(byte) = data.get_mut(at) {
        *byte ^= 1 << below(random, 8);
    }
}

fn replace(data: &mut [u8], at: usize, part: &[u8]) {
    for (byte, with) in data.iter_mut().skip(at).zip(part) {
        *byte = *with;
    }
}

fn insert(data: &mut Vec<u8>, at: usize, part: &[u8]) {
    drop(data.splice(at..at, part.iter().copied()));
}

#[cfg(test)]
mod tests {
    use super::{BYTES_MAX, Random, mutate};

    #[test]
    fn the_generator_is_splitmix64() {
        let mut random = Random::new(1_234_567);
        assert_eq!(random.draw(), 6_457_827_717_110_365_317);
        assert_eq!(random.draw(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn damage_is_the_same_each_time_and_bounded() {
        let run = || {
            let mut random = Random::new(7);
            (0..2000)
                .map(|_| mutate(b"key=\"value\" other=1", b"<a>b</a>", &mut random))
                .collect::<Vec<_>>()
        };
        let (first, second) = (run(), run());
        assert_eq!(first, second);
        assert!(first.iter().all(|data| data.len() <= BYTES_MAX));
        assert!(first.iter().any(|data| data.len() > 1000));
        assert!(mutate(b"", b"", &mut Random::new(1)).len() < BYTES_MAX);
    }
}
