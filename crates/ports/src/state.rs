//! The state: facts that are appended, the records they lead to, and where the stream of events stands.
//!
//! Everything that changes together is one [`Commit`] and takes effect together or not at all.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::TenantId;

/// Something that happened. Facts are appended and never edited.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// Its id (UUID version 7, so that ids rise with time).
    pub id: Uuid,
    /// What it happened to, as `kind/id`: `user/0199…`.
    pub stream: String,
    /// Its number in the stream, from 1 without gaps.
    pub number: u64,
    /// What happened: `user.created`.
    pub kind: String,
    /// When.
    pub at: Timestamp,
    /// Who: `user/…`, `token/…`, `system`.
    pub actor: String,
    /// Why, in the words of the one who did it.
    pub reason: Option<String>,
    /// What exactly; its shape is that of its kind.
    pub body: Value,
}

/// What the facts of a stream have led to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// What it is: `user`.
    pub kind: String,
    /// Its id within the kind.
    pub id: String,
    /// The number of the last fact that it contains.
    pub version: u64,
    /// Texts that it is found by, by name (`name` → `ada`). Names that begin with `!` are unique within tenant and kind.
    pub keys: BTreeMap<String, String>,
    /// Its content.
    pub body: Value,
}

/// A record's new state, and the version it was made from (0 when it is new).
#[derive(Debug, Clone, PartialEq)]
pub struct RecordChange {
    /// The new state.
    pub record: Record,
    /// The version that must still stand.
    pub from: u64,
}

/// How far a stream of events was taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PositionChange {
    /// Whose position: `journal`.
    pub name: String,
    /// The position that must still stand (0 at first).
    pub from: u64,
    /// The new one.
    pub to: u64,
    /// What belongs to it (the state of correlations, say), replaced with it.
    pub body: Vec<u8>,
}

/// One file of stored events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// Its id; its files are named after it.
    pub id: Uuid,
    /// The table: `events`, `findings`, `quarantine`.
    pub table: String,
    /// Rows.
    pub rows: u64,
    /// Bytes of all its files.
    pub bytes: u64,
    /// Time of its earliest and latest event.
    pub time_min: Timestamp,
    /// See `time_min`.
    pub time_max: Timestamp,
    /// The version of the columns it was written with.
    pub columns: u32,
    /// How often it was compacted: 0 as it came in.
    pub generation: u32,
    /// OCSF classes (`class_uid`) that stand in it.
    pub classes: Vec<u32>,
}

/// An entry of the audit log. Each carries the hash of the one before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// From 1 without gaps.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// What: `user.create`.
    pub action: String,
    /// To what: `user/…`.
    pub object: String,
    /// `intent`, `done`, `refused` or `failed`.
    pub result: String,
    /// What else is to be known; never a secret.
    pub detail: Value,
    /// Hash of the entry before (hexadecimal SHA-256; zeros for the first).
    pub previous: String,
    /// Hash of this entry.
    pub hash: String,
}

/// Everything that takes effect together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Commit {
    /// Facts, in order.
    pub facts: Vec<Fact>,
    /// Records that they lead to.
    pub records: Vec<RecordChange>,
    /// Positions that move.
    pub positions: Vec<PositionChange>,
    /// Segments that come.
    pub segments: Vec<Segment>,
    /// Segments that go, by id: each must be there.
    pub segments_gone: Vec<Uuid>,
}

/// The right to do a job, for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The job.
    pub job: String,
    /// Who has it.
    pub holder: String,
    /// Rises whenever the lease changes hands: a late writer is told by it.
    pub fence: u64,
    /// Until when, by the clock of the database.
    pub until: Timestamp,
}

/// What went wrong with the state.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Somebody else was first: read again and decide again.
    #[error("{what} has changed meanwhile: read it again")]
    Conflict {
        /// What changed.
        what: String,
    },
    /// A unique key is taken.
    #[error("{key} {value:?} is taken")]
    Taken {
        /// The key's name.
        key: String,
        /// Its text.
        value: String,
    },
    /// The database cannot be reached or cannot write; trying again later may help.
    #[error("the state database is not available: {0}")]
    Unavailable(String),
    /// What was read is not what was written.
    #[error("the state database holds something unreadable: {0}")]
    Damaged(String),
    /// The database was made by a newer version.
    #[error(
        "the state database has schema {found}, this program knows up to {known}: use the newer program, or restore a backup"
    )]
    Newer {
        /// Schema of the database.
        found: u32,
        /// Newest schema known.
        known: u32,
    },
}

/// The state database. Every method is of one tenant, except leases.
#[async_trait]
pub trait State: Send + Sync + std::fmt::Debug {
    /// Does all of it or nothing.
    async fn commit(&self, tenant: &TenantId, commit: Commit) -> Result<(), StateError>;

    /// One record.
    async fn record(
        &self,
        tenant: &TenantId,
        kind: &str,
        id: &str,
    ) -> Result<Option<Record>, StateError>;

    /// Records that carry a key, by id, at most `most`, after `after`.
    async fn find(
        &self,
        tenant: &TenantId,
        kind: &str,
        key: (&str, &str),
        after: Option<&str>,
        most: u32,
    ) -> Result<Vec<Record>, StateError>;

    /// All records of a kind, by id, at most `most`, after `after`.
    async fn list(
        &self,
        tenant: &TenantId,
        kind: &str,
        after: Option<&str>,
        most: u32,
    ) -> Result<Vec<Record>, StateError>;

    /// Facts of a stream after a number, at most `most`.
    async fn facts(
        &self,
        tenant: &TenantId,
        stream: &str,
        after: u64,
        most: u32,
    ) -> Result<Vec<Fact>, StateError>;

    /// A position and what belongs to it; 0 and nothing when it was never set.
    async fn position(&self, tenant: &TenantId, name: &str) -> Result<(u64, Vec<u8>), StateError>;

    /// Segments of a table that may hold events of a stretch of time, by earliest time.
    async fn segments(
        &self,
        tenant: &TenantId,
        table: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Segment>, StateError>;

    /// The last entry of the audit log.
    async fn audit_head(&self, tenant: &TenantId) -> Result<Option<AuditEntry>, StateError>;

    /// Appends to the audit log; [`StateError::Conflict`] when its number is taken.
    async fn audit_append(&self, tenant: &TenantId, entry: &AuditEntry) -> Result<(), StateError>;

    /// Entries of the audit log after a number, at most `most`.
    async fn audit(
        &self,
        tenant: &TenantId,
        after: u64,
        most: u32,
    ) -> Result<Vec<AuditEntry>, StateError>;

    /// Takes or prolongs a lease; `None` when somebody else has it. The database's clock decides, so that processes
    /// whose clocks differ agree.
    async fn lease(
        &self,
        job: &str,
        holder: &str,
        length: Duration,
    ) -> Result<Option<Lease>, StateError>;

    /// Gives a lease back.
    async fn release(&self, lease: &Lease) -> Result<(), StateError>;
}
