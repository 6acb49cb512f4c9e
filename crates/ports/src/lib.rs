//! The doors to the outside as traits: what the product needs of state, disk and clock, and nothing of how it is done.
#![warn(missing_docs)]

mod clock;
mod disk;
pub mod memory;
mod state;
mod tenant;

pub use clock::Clock;
pub use disk::{Appended, Disk, DiskError, FileName};
pub use state::{
    AuditEntry, Commit, Fact, Lease, PositionChange, Record, RecordChange, Segment, State,
    StateError,
};
pub use tenant::{InvalidTenant, TenantId};
