//! The write-ahead log: what was acknowledged is there after any crash.
//!
//! Senders hand in [`Entry`]s; one thread writes them as frames to files of bounded size and acknowledges a group of
//! them after one `fsync` ([`Journal::append`], [`Receipt`]). A consumer reads what is durable ([`Journal::read`]),
//! commits it elsewhere together with its position, and lets go of the files ([`Journal::release`]). A batch with an
//! id that was seen before is not written again.
//!
//! Files in the folder: `<first sequence>.wal`; `batches`, the ids of closed files; `marker`, the eight random bytes
//! that begin each frame, so that nobody outside can write something that looks like a frame; `*.damaged`, bytes that
//! could not be read, kept for a person to look at.
#![warn(missing_docs)]

mod batches;
mod config;
mod counters;
mod entry;
mod folder;
mod frame;
mod index;
mod journal;
mod log;
mod read;
mod receipt;
mod recover;
mod scan;
#[cfg(any(test, feature = "simulation"))]
pub mod sim;
#[cfg(test)]
mod tests;
mod write;

pub use config::{Config, InvalidConfig};
pub use counters::{Figures, Latency};
pub use entry::{Acknowledged, AppendError, BatchId, Entry, KnownBatch};
pub use folder::{FolderDisk, MachineClock, Reserve};
pub use frame::Frame;
pub use journal::{EXIT_CODE_FAILED, Journal};
pub use log::{Batch, Cut, Lost, OpenError, ReadError, Recovered};
pub use receipt::Receipt;
pub use scan::{Pieces, pieces};
