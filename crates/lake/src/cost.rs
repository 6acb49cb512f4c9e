//! What a query may cost and what it did cost.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;

use crate::error::Spent;

/// What a query may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Rows that are given back; what goes beyond is cut and said.
    pub rows: u64,
    /// Bytes read from segments; a query that needs more is ended.
    pub bytes: u64,
    /// Time from the first question to the last answer; a query that needs more is ended.
    pub time: Duration,
}

impl Default for Budget {
    fn default() -> Self {
        Self { rows: 100_000, bytes: 64 << 30, time: Duration::from_secs(60) }
    }
}

/// What a query cost and what it did not look at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// Segments that the catalog named for the time range.
    pub segments: u64,
    /// Of these, passed over for their time or class.
    pub segments_pruned: u64,
    /// Of these, passed over for their skip index.
    pub segments_skipped: u64,
    /// Segments that were read.
    pub segments_scanned: u64,
    /// Blocks of 8,192 rows that the skip index was asked about.
    pub blocks: u64,
    /// Of these, passed over.
    pub blocks_skipped: u64,
    /// Bytes read from segments, skip indexes included.
    pub bytes: u64,
    /// Rows that came out of segments and fresh events, conditions applied.
    pub rows_scanned: u64,
    /// Rows given back.
    pub rows: u64,
    /// Fresh events that were looked at.
    pub fresh_rows: u64,
    /// Milliseconds of computing, over all cores.
    pub cpu_ms: u64,
    /// Milliseconds from the question on.
    pub elapsed_ms: u64,
    /// Whether rows were cut because the budget had no more.
    pub is_cut: bool,
    /// What made the query slower than it should be, or what was not looked at, in words.
    pub notes: Vec<String>,
}

/// Counts while a query runs.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    pub(crate) bytes_max: u64,
    pub(crate) bytes: AtomicU64,
    pub(crate) segments: AtomicU64,
    pub(crate) segments_pruned: AtomicU64,
    pub(crate) segments_skipped: AtomicU64,
    pub(crate) segments_scanned: AtomicU64,
    pub(crate) blocks: AtomicU64,
    pub(crate) blocks_skipped: AtomicU64,
    pub(crate) fresh_rows: AtomicU64,
    notes: Mutex<Vec<String>>,
}

impl Meter {
    pub(crate) fn new(budget: Budget) -> Self {
        Self { bytes_max: budget.bytes, ..Self::default() }
    }

    /// Counts bytes that are about to be read.
    pub(crate) fn take(&self, bytes: u64) -> Result<(), Spent> {
        let before = self.bytes.fetch_add(bytes, Relaxed);
        if before.saturating_add(bytes) <= self.bytes_max {
            return Ok(());
        }
        self.bytes.fetch_sub(bytes, Relaxed);
        let most = self.bytes_max;
        Err(Spent(format!(
            "it read {before} bytes and needs more than the {most} that it may read; narrow its time or conditions"
        )))
    }

    /// Forgets which segments and blocks were looked at, because the same question is asked of them again. Bytes
    /// that were read stay counted.
    pub(crate) fn count_again(&self) {
        for counter in [
            &self.segments_pruned,
            &self.segments_skipped,
            &self.segments_scanned,
            &self.blocks,
            &self.blocks_skipped,
            &self.fresh_rows,
        ] {
            counter.store(0, Relaxed);
        }
    }

    pub(crate) fn note(&self, note: String) {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        if !notes.contains(&note) {
            notes.push(note);
        }
    }

    /// What was counted; times and rows are the caller's.
    pub(crate) fn cost(&self) -> Cost {
        Cost {
            segments: self.segments.load(Relaxed),
            segments_pruned: self.segments_pruned.load(Relaxed),
            segments_skipped: self.segments_skipped.load(Relaxed),
            segments_scanned: self.segments_scanned.load(Relaxed),
            blocks: self.blocks.load(Relaxed),
            blocks_skipped: self.blocks_skipped.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
            fresh_rows: self.fresh_rows.load(Relaxed),
            notes: self.notes.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            ..Cost::default()
        }
    }
}
