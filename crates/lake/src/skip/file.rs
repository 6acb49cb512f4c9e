//! The skip index as a file: little-endian, whole or refused.
//!
//! `magic(8) segment(16) rows(8) parquet_bytes(8) parquet_crc32c(4) blocks(4)`, then for each block the groups of its
//! two filters `(4)(4)`, then all filters, then the CRC-32C of everything before `(4)`.

use std::ops::Range;

use uuid::Uuid;

use super::{BLOCK_ROWS, Builder, bloom};

const MAGIC: &[u8; 8] = b"WRskip\x01\n";
const HEADER: usize = 48;

/// What the index says of the segment's own file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sealed {
    pub(crate) segment: Uuid,
    pub(crate) rows: u64,
    pub(crate) parquet_bytes: u64,
    pub(crate) parquet_crc: u32,
}

impl Builder {
    /// The finished file.
    pub(crate) fn finish(self, sealed: Sealed) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER + self.groups.len() * 8 + self.filters.len() + 4);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(sealed.segment.as_bytes());
        out.extend_from_slice(&sealed.rows.to_le_bytes());
        out.extend_from_slice(&sealed.parquet_bytes.to_le_bytes());
        out.extend_from_slice(&sealed.parquet_crc.to_le_bytes());
        out.extend_from_slice(&(self.groups.len() as u32).to_le_bytes());
        for [words, grams] in &self.groups {
            out.extend_from_slice(&words.to_le_bytes());
            out.extend_from_slice(&grams.to_le_bytes());
        }
        out.extend_from_slice(&self.filters);
        let crc = crc32c::crc32c(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out
    }
}

/// A skip index that was read.
#[derive(Debug)]
pub(crate) struct SkipIndex {
    pub(crate) sealed: Sealed,
    blocks: Vec<[Range<usize>; 2]>,
    bytes: Vec<u8>,
}

impl SkipIndex {
    /// Reads a file; the error says what is wrong with it.
    pub(crate) fn read(bytes: Vec<u8>) -> Result<Self, &'static str> {
        let body = bytes.len().checked_sub(4).ok_or("it is cut short")?;
        let word = |at: usize| field(&bytes, at).map(u32::from_le_bytes);
        let long = |at: usize| field(&bytes, at).map(u64::from_le_bytes);
        if !bytes.starts_with(MAGIC) {
            return Err("it is no skip index of this version");
        }
        if bytes.get(..body).map(crc32c::crc32c) != word(body) {
            return Err("its checksum does not fit");
        }
        let short = "its header is cut short";
        let sealed = Sealed {
            segment: Uuid::from_bytes(field(&bytes, 8).ok_or(short)?),
            rows: long(24).ok_or(short)?,
            parquet_bytes: long(32).ok_or(short)?,
            parquet_crc: word(40).ok_or(short)?,
        };
        let count = word(44).ok_or(short)? as usize;
        if count as u64 != sealed.rows.div_ceil(BLOCK_ROWS as u64) {
            return Err("it has not one entry for each block of rows");
        }
        let mut at = HEADER + count * 8;
        let mut take = |groups: Option<u32>| {
            let end = at + groups? as usize * bloom::GROUP;
            (end <= body).then(|| std::mem::replace(&mut at, end)..end)
        };
        let mut blocks = Vec::with_capacity(count.min(bytes.len() / 8));
        for block in 0..count {
            let groups = HEADER + block * 8;
            let both = take(word(groups)).zip(take(word(groups + 4)));
            let (words, grams) = both.ok_or("its filters are cut short")?;
            blocks.push([words, grams]);
        }
        if at != body {
            return Err("it holds more than its filters");
        }
        Ok(Self { sealed, blocks, bytes })
    }

    /// Number of blocks.
    pub(crate) fn blocks(&self) -> usize {
        self.blocks.len()
    }

    /// Bytes in memory.
    pub(crate) fn size(&self) -> usize {
        self.bytes.len() + self.blocks.len() * size_of::<[Range<usize>; 2]>()
    }

    pub(crate) fn may_hold_token(&self, block: usize, hash: u64) -> bool {
        self.may_hold(block, 0, hash)
    }

    pub(crate) fn may_hold_gram(&self, block: usize, hash: u64) -> bool {
        self.may_hold(block, 1, hash)
    }

    fn may_hold(&self, block: usize, filter: usize, hash: u64) -> bool {
        let range = self.blocks.get(block).map(|filters| filters[filter].clone());
        let filter = range.and_then(|range| self.bytes.get(range));
        // Hash 0 shares the place of 1, as when the filter was built.
        filter.is_none_or(|filter| bloom::may_hold(filter, hash.max(1)))
    }
}

fn field<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}
