//! Where events are kept.

use async_trait::async_trait;
use model::{EventBatch, Timestamp};

use crate::{Segment, TenantId};

/// Where events come from: with its place in the batch it makes the id of an event, so that an event which is taken in
/// again after a crash has the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventOrigin {
    /// The number of the journal's entry.
    pub sequence: u64,
    /// When it was taken in.
    pub ingested_at: Timestamp,
}

/// Events that are in no segment yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waiting {
    /// How many.
    pub rows: u64,
    /// About how many bytes of memory.
    pub bytes: u64,
}

/// What went wrong with stored events.
#[derive(Debug, thiserror::Error)]
#[error("the lake: {0}")]
pub struct LakeFault(pub String);

/// Keeps events. Taken in, they can be searched; what they are durable by is the journal, until their segment is
/// committed.
#[async_trait]
pub trait Lake: Send + Sync + std::fmt::Debug {
    /// Takes events in.
    fn add(
        &self,
        tenant: &TenantId,
        batch: &EventBatch,
        origin: EventOrigin,
    ) -> Result<(), LakeFault>;

    /// Makes what was taken in visible to searches.
    fn show(&self, tenant: &TenantId) -> Result<(), LakeFault>;

    /// What waits.
    fn waiting(&self, tenant: &TenantId) -> Waiting;

    /// Writes all that waits as one durable segment; `None` when nothing waits. It counts once the caller has
    /// committed it, and then says so by [`Lake::committed`]. When it could not be committed, the next call writes
    /// the same events again.
    async fn write(&self, tenant: &TenantId) -> Result<Option<Segment>, LakeFault>;

    /// A segment is committed.
    fn committed(&self, tenant: &TenantId, segment: &Segment);
}
