//! Skip indexes in memory, and lengths of segments: both never change, so they are kept.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use ports::{Segment, TenantId};
use rustc_hash::FxHashMap;
use uuid::Uuid;

use crate::cost::Meter;
use crate::error::LakeError;
use crate::files::{Files, parquet_file, skip_file};
use crate::skip::SkipIndex;

/// Indexes that were used last, up to a number of bytes.
#[derive(Debug)]
pub(crate) struct Skips {
    files: Files,
    bytes_max: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    turn: u64,
    bytes: usize,
    by_segment: FxHashMap<Uuid, (u64, Arc<SkipIndex>)>,
    by_turn: BTreeMap<u64, Uuid>,
    lengths: FxHashMap<Uuid, u64>,
}

/// Lengths that are remembered; more are asked for again.
const LENGTHS_MAX: usize = 1 << 20;

impl Skips {
    pub(crate) fn new(files: Files, bytes_max: usize) -> Self {
        Self { files, bytes_max, kept: Mutex::default() }
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The index of a segment; `None`, with a note, when it is missing or damaged: the segment is then read whole.
    pub(crate) async fn get(
        &self,
        tenant: &TenantId,
        segment: &Segment,
        meter: &Meter,
    ) -> Result<Option<Arc<SkipIndex>>, LakeError> {
        if let Some(index) = self.locked().used(segment.id) {
            return Ok(Some(index));
        }
        let file = skip_file(tenant, &segment.table, segment.id);
        let Some(bytes) = self.files.read(&file).await? else {
            meter.note(format!("{file} is missing: its segment is searched without it"));
            return Ok(None);
        };
        meter.take(bytes.len() as u64).map_err(|spent| LakeError::Budget(spent.0))?;
        let read = SkipIndex::read(bytes).and_then(|index| {
            let is_its = index.sealed.segment == segment.id && index.sealed.rows == segment.rows;
            if is_its { Ok(index) } else { Err("it belongs to another segment") }
        });
        match read {
            Ok(index) => {
                let index = Arc::new(index);
                self.locked().keep(segment.id, Arc::clone(&index), self.bytes_max);
                Ok(Some(index))
            }
            Err(reason) => {
                meter.note(format!(
                    "{file} is damaged ({reason}): its segment is searched without it"
                ));
                Ok(None)
            }
        }
    }

    /// Bytes of a segment's Parquet file.
    pub(crate) async fn length(
        &self,
        tenant: &TenantId,
        segment: &Segment,
    ) -> Result<u64, LakeError> {
        if let Some(length) = self.locked().lengths.get(&segment.id) {
            return Ok(*length);
        }
        let file = parquet_file(tenant, &segment.table, segment.id);
        let Some(length) = self.files.length(&file).await? else {
            return Err(LakeError::Damaged { file, reason: "it is missing".to_owned() });
        };
        let mut kept = self.locked();
        if kept.lengths.len() >= LENGTHS_MAX {
            kept.lengths.clear();
        }
        kept.lengths.insert(segment.id, length);
        Ok(length)
    }
}

impl Kept {
    fn used(&mut self, segment: Uuid) -> Option<Arc<SkipIndex>> {
        self.turn += 1;
        let (turn, index) = self.by_segment.get_mut(&segment)?;
        self.by_turn.remove(turn);
        *turn = self.turn;
        self.by_turn.insert(self.turn, segment);
        Some(Arc::clone(index))
    }

    fn keep(&mut self, segment: Uuid, index: Arc<SkipIndex>, bytes_max: usize) {
        self.forget(segment);
        self.bytes += index.size();
        self.turn += 1;
        self.by_turn.insert(self.turn, segment);
        self.by_segment.insert(segment, (self.turn, index));
        while self.bytes > bytes_max
            && let Some((_, oldest)) = self.by_turn.first_key_value()
        {
            self.forget(*oldest);
        }
    }

    fn forget(&mut self, segment: Uuid) {
        if let Some((turn, index)) = self.by_segment.remove(&segment) {
            self.by_turn.remove(&turn);
            self.bytes -= index.size();
        }
    }
}
