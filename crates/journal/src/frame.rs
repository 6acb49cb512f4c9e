//! A frame: one entry as it stands in a file.
//!
//! All numbers are little-endian. A file is a head and frames:
//!
//! ```text
//! head   "WARDJNL1" | first sequence u64 | marker [8] | crc32c u32 of the 24 bytes before | 0 u32
//! frame  marker [8] | crc32c u32 of all that follows | length u32 of the body | body
//! body   sequence u64 | durable u64 | at i64 | records u32 | has batch u8 | tenant length u8 | source length u8 | 0 u8
//!        | batch [16] when it has one | tenant | source | payload
//! ```

use model::Timestamp;
use ports::TenantId;

use crate::{BatchId, Entry};

/// The bytes that begin each frame of a journal.
pub(crate) type Marker = [u8; 8];

/// Bytes of a file's head.
pub(crate) const FILE_HEAD: usize = 32;
/// Bytes before the body.
pub(crate) const HEAD: usize = 16;
/// Most bytes of a body: what a reader of damaged data may be made to hold.
pub(crate) const BODY_MAX: usize = 64 << 20;
/// Most bytes that a frame has beside its payload.
pub(crate) const FRAME_OVERHEAD_MAX: usize = HEAD + FIXED + 16 + 63 + 255;

const FIXED: usize = 32;
const MAGIC: &[u8; 8] = b"WARDJNL1";

/// An entry that is in the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Its number: from 1, without gaps as long as nothing is lost.
    pub sequence: u64,
    /// Everything up to this number was durable when it was written.
    pub durable: u64,
    /// When it was written, by the clock of the machine.
    pub at: Timestamp,
    /// Whose it is.
    pub tenant: TenantId,
    /// The id of its source.
    pub source: Box<str>,
    /// The sender's id of it.
    pub batch: Option<BatchId>,
    /// Records in it.
    pub records: u32,
    /// What was handed in.
    pub payload: Vec<u8>,
}

/// A frame in a buffer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) sequence: u64,
    pub(crate) durable: u64,
    pub(crate) at: i64,
    pub(crate) records: u32,
    pub(crate) batch: Option<BatchId>,
    pub(crate) tenant: &'a str,
    pub(crate) source: &'a str,
    pub(crate) payload: &'a [u8],
}

/// What some bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    /// A frame begins here that has so many bytes.
    Whole(usize),
    /// So many bytes must be there to tell.
    Need(usize),
    /// No frame begins here.
    Bad,
}

/// The numbers that the journal gives an entry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stamp {
    pub(crate) sequence: u64,
    pub(crate) durable: u64,
    pub(crate) at: Timestamp,
}

/// Bytes that an entry's frame has.
pub(crate) fn frame_bytes(entry: &Entry) -> usize {
    let batch = if entry.batch.is_some() { 16 } else { 0 };
    HEAD + FIXED + batch + entry.tenant.as_str().len() + entry.source.len() + entry.payload.len()
}

/// Appends an entry's frame. The entry's source and payload are within the limits of the settings.
pub(crate) fn encode(out: &mut Vec<u8>, marker: Marker, entry: &Entry, stamp: Stamp) {
    let start = out.len();
    let length = frame_bytes(entry) - HEAD;
    out.extend_from_slice(&marker);
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&(length as u32).to_le_bytes());
    out.extend_from_slice(&stamp.sequence.to_le_bytes());
    out.extend_from_slice(&stamp.durable.to_le_bytes());
    out.extend_from_slice(&stamp.at.0.to_le_bytes());
    out.extend_from_slice(&entry.records.to_le_bytes());
    let tenant = entry.tenant.as_str();
    let lengths =
        [u8::from(entry.batch.is_some()), tenant.len() as u8, entry.source.len() as u8, 0];
    out.extend_from_slice(&lengths);
    if let Some(BatchId(id)) = entry.batch {
        out.extend_from_slice(&id);
    }
    out.extend_from_slice(tenant.as_bytes());
    out.extend_from_slice(entry.source.as_bytes());
    out.extend_from_slice(&entry.payload);
    let sum = crc32c::crc32c(out.get(start + 12..).unwrap_or_default());
    if let Some(place) = out.get_mut(start + 8..start + 12) {
        place.copy_from_slice(&sum.to_le_bytes());
    }
}

/// Whether a frame begins at the start of these bytes.
pub(crate) fn check(bytes: &[u8], marker: Marker) -> Check {
    let Some((head, rest)) = bytes.split_at_checked(HEAD) else { return Check::Need(HEAD) };
    let length = number::<4>(head, 12) as usize;
    if !head.starts_with(&marker) || !(FIXED..=BODY_MAX).contains(&length) {
        return Check::Bad;
    }
    let (Some(body), Some(summed)) = (rest.get(..length), bytes.get(12..HEAD + length)) else {
        return Check::Need(HEAD + length);
    };
    let is_whole =
        u64::from(crc32c::crc32c(summed)) == number::<4>(head, 8) && view_body(body).is_some();
    if is_whole { Check::Whole(HEAD + length) } else { Check::Bad }
}

/// The frame in bytes that [`check`] has found whole.
pub(crate) fn view(bytes: &[u8]) -> Option<View<'_>> {
    view_body(bytes.get(HEAD..)?)
}

fn view_body(body: &[u8]) -> Option<View<'_>> {
    let (fixed, rest) = body.split_at_checked(FIXED)?;
    let [.., has_batch, tenant_length, source_length, zero] = fixed else { return None };
    let (batch, rest) = match has_batch {
        0 => (None, rest),
        1 => {
            let (id, rest) = rest.split_first_chunk::<16>()?;
            (Some(BatchId(*id)), rest)
        }
        _ => return None,
    };
    let (tenant, rest) = rest.split_at_checked(usize::from(*tenant_length))?;
    let (source, payload) = rest.split_at_checked(usize::from(*source_length))?;
    (*zero == 0).then_some(View {
        sequence: number::<8>(fixed, 0),
        durable: number::<8>(fixed, 8),
        at: number::<8>(fixed, 16) as i64,
        records: number::<4>(fixed, 24) as u32,
        batch,
        tenant: std::str::from_utf8(tenant).ok()?,
        source: std::str::from_utf8(source).ok()?,
        payload,
    })
}

impl View<'_> {
    /// A frame of its own; `None` when its tenant is none.
    pub(crate) fn to_frame(self) -> Option<Frame> {
        Some(Frame {
            sequence: self.sequence,
            durable: self.durable,
            at: Timestamp(self.at),
            tenant: TenantId::try_from(self.tenant.to_owned()).ok()?,
            source: self.source.into(),
            batch: self.batch,
            records: self.records,
            payload: self.payload.to_vec(),
        })
    }
}

/// A number of `N` bytes at a place; 0 when the bytes are not there.
pub(crate) fn number<const N: usize>(bytes: &[u8], at: usize) -> u64 {
    let digits = bytes.get(at..at + N).unwrap_or_default();
    digits.iter().rev().fold(0, |sum, digit| sum << 8 | u64::from(*digit))
}

/// The head of a file whose first frame has this number.
pub(crate) fn file_head(marker: Marker, first: u64) -> [u8; FILE_HEAD] {
    let mut head = [0; FILE_HEAD];
    let (text, sum) = head.split_at_mut(24);
    let parts = MAGIC.iter().copied().chain(first.to_le_bytes()).chain(marker);
    text.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
    let crc = crc32c::crc32c(text).to_le_bytes();
    sum.iter_mut().zip(crc).for_each(|(to, from)| *to = from);
    head
}

/// First number and marker of a file's head; `None` when it is damaged.
pub(crate) fn read_file_head(bytes: &[u8]) -> Option<(u64, Marker)> {
    let (head, _) = bytes.split_first_chunk::<FILE_HEAD>()?;
    let marker: Marker = head.get(16..24)?.try_into().ok()?;
    let first = number::<8>(head, 8);
    (*head == file_head(marker, first)).then_some((first, marker))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MARKER: Marker = *b"\xF1marker\x01";

    fn entry(batch: Option<[u8; 16]>, source: &str, payload: Vec<u8>) -> Entry {
        let tenant = TenantId::main();
        Entry { tenant, source: source.into(), batch: batch.map(BatchId), records: 3, payload }
    }

    fn encoded(entry: &Entry) -> Vec<u8> {
        let mut out = Vec::new();
        let stamp = Stamp { sequence: 7, durable: 6, at: Timestamp(-5) };
        encode(&mut out, MARKER, entry, stamp);
        out
    }

    #[test]
    fn a_head_is_read_as_it_was_written() {
        let head = file_head(MARKER, 99);
        assert_eq!(read_file_head(&head), Some((99, MARKER)));
        for bit in 0..FILE_HEAD * 8 {
            let mut bad = head;
            bad[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(read_file_head(&bad), None, "bit {bit}");
        }
    }

    proptest! {
        #[test]
        fn a_frame_is_read_as_it_was_written(
            batch in proptest::option::of(any::<[u8; 16]>()),
            source in "[a-zé/]{0,60}",
            payload in proptest::collection::vec(any::<u8>(), 0..2000),
            after in proptest::collection::vec(any::<u8>(), 0..20),
        ) {
            let entry = entry(batch, &source, payload);
            let mut bytes = encoded(&entry);
            let length = bytes.len();
            prop_assert_eq!(length, frame_bytes(&entry));
            bytes.extend_from_slice(&after);
            prop_assert_eq!(check(&bytes, MARKER), Check::Whole(length));
            let frame = view(&bytes[..length]).unwrap().to_frame().unwrap();
            prop_assert_eq!((frame.sequence, frame.durable, frame.at), (7, 6, Timestamp(-5)));
            prop_assert_eq!((frame.batch, frame.records), (entry.batch, 3));
            prop_assert_eq!((&frame.source, &frame.payload), (&entry.source, &entry.payload));
        }

        #[test]
        fn no_damage_passes(
            payload in proptest::collection::vec(any::<u8>(), 0..300),
            bits in proptest::collection::btree_set(0_usize..8 * 330, 1..4),
        ) {
            let whole = encoded(&entry(Some([1; 16]), "s", payload));
            let mut bytes = whole.clone();
            for bit in bits {
                if let Some(byte) = bytes.get_mut(bit / 8) {
                    *byte ^= 1 << (bit % 8);
                }
            }
            if bytes != whole {
                prop_assert!(!matches!(check(&bytes, MARKER), Check::Whole(_)));
            }
            for cut in 0..whole.len() {
                prop_assert!(matches!(check(&whole[..cut], MARKER), Check::Need(_)));
            }
        }
    }
}
