//! Split-block Bloom filters: eight bits in one group of 256, so that a question touches one line of memory.

/// Bytes of one group.
pub(crate) const GROUP: usize = 32;
const BITS_EACH: usize = 10;

const SALT: [u32; 8] = [
    0x47b6_137b,
    0x4497_4d91,
    0x8824_ad5b,
    0xa2b7_289d,
    0x7054_95c7,
    0x2df1_424b,
    0x9efc_4947,
    0x5c6b_fb31,
];

/// Groups that a filter over so many distinct entries has.
pub(crate) fn groups(entries: usize) -> usize {
    if entries == 0 { 0 } else { (entries * BITS_EACH).div_ceil(GROUP * 8) }
}

/// Appends a filter over these hashes to `out`.
pub(crate) fn write(hashes: impl Iterator<Item = u64>, entries: usize, out: &mut Vec<u8>) {
    let mut filter = vec![[0u32; 8]; groups(entries)];
    for hash in hashes {
        let at = group_of(hash, filter.len());
        if let Some(group) = filter.get_mut(at) {
            for (word, salt) in group.iter_mut().zip(SALT) {
                *word |= bit(hash, salt);
            }
        }
    }
    out.extend(filter.iter().flatten().flat_map(|word| word.to_le_bytes()));
}

/// Whether the filter may hold this hash. An empty filter holds nothing.
#[inline]
pub(crate) fn may_hold(filter: &[u8], hash: u64) -> bool {
    let at = group_of(hash, filter.len() / GROUP) * GROUP;
    let Some(group) = filter.get(at..at + GROUP) else { return false };
    group.chunks_exact(4).zip(SALT).all(|(bytes, salt)| {
        let word = bytes.try_into().map_or(0, u32::from_le_bytes);
        word & bit(hash, salt) != 0
    })
}

#[inline]
fn group_of(hash: u64, groups: usize) -> usize {
    (((hash >> 32) * groups as u64) >> 32) as usize
}

#[inline]
fn bit(hash: u64, salt: u32) -> u32 {
    1 << ((hash as u32).wrapping_mul(salt) >> 27)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_what_was_put_in_and_little_else() {
        let hash = |number: u64| super::super::tokens::hash(&number.to_le_bytes());
        for entries in [1usize, 100, 40_000] {
            let mut filter = Vec::new();
            write((0..entries as u64).map(hash), entries, &mut filter);
            assert_eq!(filter.len(), groups(entries) * GROUP);
            assert!((0..entries as u64).all(|number| may_hold(&filter, hash(number))));
            let wrong = (1 << 40..(1 << 40) + 10_000).filter(|it| may_hold(&filter, hash(*it)));
            let most = if entries == 1 { 60 } else { 300 };
            assert!(wrong.count() < most, "{entries}");
        }
        assert!(!may_hold(&[], 7));
    }
}
