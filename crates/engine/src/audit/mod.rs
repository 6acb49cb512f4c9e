//! The audit log: who did what to what, so chained and signed that a change shows.
//!
//! Each entry carries the hash of the one before ([`chain`]). Every 60 seconds or 1,000 entries the head of the chain
//! is signed ([`checkpoint`]) and handed to witnesses outside. [`verify`] finds what was deleted, edited, moved, cut
//! off or rolled back. **What it cannot find:** that entries *after the last checkpoint known to whoever verifies*
//! were cut off or rewritten. Whoever holds the machine can do that; only a copy of the checkpoints elsewhere
//! shortens that stretch. The report says how many entries stand in it.

mod chain;
mod checkpoint;
mod log;
mod verify;

pub use chain::{Draft, Outcome, entry_hash, next};
pub use checkpoint::{BadCheckpoint, Checkpoint, Signer, VerifyKey};
pub use log::{AuditError, AuditLog, Intent, Witness};
pub use verify::{Fault, Report, Verifier, verify};
