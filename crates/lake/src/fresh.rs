//! Events that are in no segment yet, so that a query sees them at once.
//!
//! A query never misses an event and never sees one twice: it looks at the fresh parts first and at the catalog
//! second. A part is sealed with the id of its segment before that segment is committed and removed after, so a part
//! whose segment the catalog names is passed over.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use datafusion::arrow::array::RecordBatch;
use uuid::Uuid;

/// One batch of events.
#[derive(Debug)]
pub struct FreshPart {
    rows: RecordBatch,
    segment: OnceLock<Uuid>,
}

impl FreshPart {
    /// Its events.
    pub fn rows(&self) -> &RecordBatch {
        &self.rows
    }

    /// The segment that holds it or is about to.
    pub(crate) fn segment(&self) -> Option<Uuid> {
        self.segment.get().copied()
    }
}

/// The fresh events of one table of one tenant.
#[derive(Debug, Clone, Default)]
pub struct Fresh {
    parts: Arc<Mutex<Vec<Arc<FreshPart>>>>,
}

impl Fresh {
    fn locked(&self) -> std::sync::MutexGuard<'_, Vec<Arc<FreshPart>>> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds events: queries that begin from now on see them.
    pub fn add(&self, rows: RecordBatch) -> Arc<FreshPart> {
        let part = Arc::new(FreshPart { rows, segment: OnceLock::new() });
        self.locked().push(Arc::clone(&part));
        part
    }

    /// All parts.
    pub fn parts(&self) -> Vec<Arc<FreshPart>> {
        self.locked().clone()
    }

    /// All parts that no segment was made of yet, marked as going into this segment. Call it before the segment is
    /// committed; when it cannot be committed, commit another with the same id.
    pub fn seal(&self, segment: Uuid) -> Vec<Arc<FreshPart>> {
        self.locked().iter().filter(|part| part.segment.set(segment).is_ok()).cloned().collect()
    }

    /// Removes the parts of a segment that was committed.
    pub fn remove(&self, segment: Uuid) {
        self.locked().retain(|part| part.segment.get() != Some(&segment));
    }
}
