//! What is handed in, and what comes back.

use ports::TenantId;

/// A sender's own id of a batch: the same id is taken in once for each tenant and source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BatchId(pub [u8; 16]);

/// What a sender hands in at once: becomes one frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Whose it is.
    pub tenant: TenantId,
    /// The id of the source it came through, at most 255 bytes; never from the payload.
    pub source: Box<str>,
    /// The sender's id of it, when the sender may send it again.
    pub batch: Option<BatchId>,
    /// Records in it.
    pub records: u32,
    /// Records and what belongs to them, in whatever framing the caller chose.
    pub payload: Vec<u8>,
}

/// An entry is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acknowledged {
    /// Its number.
    pub sequence: u64,
    /// Whether it was in the journal before: nothing was written.
    pub is_duplicate: bool,
}

/// Why an entry is not acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// More is queued than may be: try again in a moment.
    #[error(
        "the journal has {queued} bytes waiting to be written: send again in a moment, or more slowly"
    )]
    Busy {
        /// Bytes queued.
        queued: usize,
    },
    /// No space. The journal takes entries again by itself once there is some.
    #[error(
        "the disk of the journal is full ({free} bytes free without the reserve): free space, and sending again will work"
    )]
    Full {
        /// Bytes that entries may still use.
        free: u64,
    },
    /// Longer than an entry may be.
    #[error("the entry has {bytes} bytes, at most {bytes_max} are taken: send smaller batches")]
    TooLong {
        /// Bytes of the entry.
        bytes: usize,
        /// Most bytes of an entry.
        bytes_max: usize,
    },
    /// The disk does not keep what it is given: the process must end with [`crate::EXIT_CODE_FAILED`].
    #[error(
        "the journal has failed and takes nothing more until the process is started again: {0}"
    )]
    Failed(String),
    /// The journal was closed.
    #[error("the journal is closed: start the process again")]
    Closed,
}

/// A batch that is known to be taken in, and under which number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownBatch {
    /// Whose it is.
    pub tenant: TenantId,
    /// The id of its source.
    pub source: Box<str>,
    /// The sender's id of it.
    pub batch: BatchId,
    /// Its number.
    pub sequence: u64,
}
