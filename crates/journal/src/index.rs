//! The side index: which batches the closed files hold. It stays when the files go, and with it opening does not read
//! closed files.
//!
//! It is one file of frames, one for each file of the journal, in order: the frame's number is that of the file's first
//! frame, its payload `last u64 | bytes u64 | count u32 of origins | origins | count u32 of batches | batches`, an origin
//! being `tenant length u8 | tenant | source length u8 | source` and a batch `origin u32 | sequence u64 | id [16]`.

use std::collections::HashMap;

use model::Timestamp;
use ports::{Disk, DiskError, TenantId};

use crate::batches::{Batches, Group};
use crate::frame::{Marker, Stamp, encode, number};
use crate::scan::{Scan, Step};
use crate::{BatchId, Entry};

/// The side index.
pub(crate) const INDEX: &str = "batches";
/// Its next version while that is written.
pub(crate) const INDEX_NEW: &str = "batches.new";

/// The frame of a file's batches.
pub(crate) fn encode_group(out: &mut Vec<u8>, marker: Marker, batches: &Batches, group: &Group) {
    let mut locals: HashMap<u32, u32> = HashMap::new();
    let mut origins = Vec::new();
    let mut ids = Vec::with_capacity(group.ids.len() * 28);
    for (sequence, key) in &group.ids {
        let count = locals.len() as u32;
        let local = *locals.entry(key.0).or_insert_with(|| {
            if let Some((tenant, source)) = batches.origin(key) {
                for text in [tenant.as_str(), source] {
                    origins.push(text.len() as u8);
                    origins.extend_from_slice(text.as_bytes());
                }
            }
            count
        });
        ids.extend_from_slice(&local.to_le_bytes());
        ids.extend_from_slice(&sequence.to_le_bytes());
        ids.extend_from_slice(&key.1.0);
    }
    let mut payload = group.last.to_le_bytes().to_vec();
    payload.extend_from_slice(&group.bytes.to_le_bytes());
    payload.extend_from_slice(&(locals.len() as u32).to_le_bytes());
    payload.append(&mut origins);
    payload.extend_from_slice(&(group.ids.len() as u32).to_le_bytes());
    payload.append(&mut ids);
    let entry = Entry {
        tenant: TenantId::main(),
        source: INDEX.into(),
        batch: None,
        records: group.ids.len() as u32,
        payload,
    };
    let stamp = Stamp { sequence: group.first, durable: group.last, at: Timestamp(0) };
    encode(out, marker, &entry, stamp);
}

fn decode_group(first: u64, payload: &[u8], batches: &mut Batches) -> Option<Group> {
    let (last, bytes) = (number::<8>(payload, 0), number::<8>(payload, 8));
    let mut rest = payload.get(16..)?;
    let mut origins = Vec::new();
    for _ in 0..take(&mut rest, 4).map(|count| number::<4>(count, 0))? {
        let tenant = text(&mut rest)?;
        let source = text(&mut rest)?;
        origins.push((TenantId::try_from(tenant.to_owned()).ok()?, source));
    }
    let count = take(&mut rest, 4).map(|count| number::<4>(count, 0))?;
    if rest.len() as u64 != count * 28 {
        return None;
    }
    let mut ids = Vec::with_capacity(count as usize);
    for entry in rest.chunks_exact(28) {
        let (tenant, source) = origins.get(number::<4>(entry, 0) as usize)?;
        let id = BatchId(entry.get(12..)?.try_into().ok()?);
        ids.push((number::<8>(entry, 4), batches.key(tenant, source, id)));
    }
    Some(Group { first, last, bytes, ids, is_saved: true })
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some(taken)
}

fn text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let length = take(rest, 1).map(|length| number::<1>(length, 0) as usize)?;
    std::str::from_utf8(take(rest, length)?).ok()
}

/// Fills `batches`; whether the whole index could be read.
pub(crate) fn load(
    disk: &dyn Disk,
    marker: Marker,
    batches: &mut Batches,
) -> Result<bool, DiskError> {
    if !disk.list()?.iter().any(|name| name == INDEX) {
        return Ok(true);
    }
    let length = disk.length(INDEX)?;
    let fill = |from, most| disk.read(INDEX, from, most);
    let mut scan = Scan::new(fill, marker, (0, length), (1, u64::MAX - 1));
    let mut is_whole = true;
    while let Some(step) = scan.next()? {
        let group = match step {
            Step::Frame { view, .. } => decode_group(view.sequence, view.payload, batches),
            Step::Damage { .. } => None,
        };
        match group {
            Some(group) => batches.insert(group),
            None => is_whole = false,
        }
    }
    Ok(is_whole)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use crate::sim::{SimDisk, World};

    const MARKER: Marker = *b"\xF1marker\x01";

    fn written(count: u8) -> (SimDisk, Vec<u8>) {
        let mut batches = Batches::default();
        for number in 0..count {
            let source = format!("source-{}", number % 3);
            let key = batches.key(&TenantId::main(), &source, BatchId([number; 16]));
            batches.grow(u64::from(number / 5) * 5 + 1, u64::from(number) + 1, 77);
            batches.written(key, u64::from(number) + 1);
        }
        let mut bytes = Vec::new();
        for group in batches.groups() {
            encode_group(&mut bytes, MARKER, &batches, group);
        }
        let disk = World::new(1 << 20).disk();
        disk.append(INDEX, &bytes).unwrap();
        (disk, bytes)
    }

    #[test]
    fn what_was_saved_is_loaded() {
        let (disk, _) = written(23);
        let mut batches = Batches::default();
        assert!(load(&disk, MARKER, &mut batches).unwrap());
        assert_eq!((batches.len(), batches.groups().count()), (23, 5));
        let key = batches.key(&TenantId::main(), "source-1", BatchId([22; 16]));
        assert!(batches.find(&key).is_some());
        let group = batches.group(6).unwrap();
        assert_eq!((group.last, group.bytes, group.is_saved), (10, 77, true));
    }

    #[test]
    fn damage_costs_the_file_it_hits() {
        let (disk, bytes) = written(23);
        disk.truncate(INDEX, 0).unwrap();
        let mut bad = bytes.clone();
        bad[40] ^= 4;
        disk.append(INDEX, &bad).unwrap();
        let mut batches = Batches::default();
        assert!(!load(&disk, MARKER, &mut batches).unwrap());
        assert_eq!((batches.len(), batches.groups().count()), (18, 4));
    }
}
