//! The time of day, and time that only goes forward.

use std::fmt::Debug;
use std::time::Duration;

use model::Timestamp;

/// A clock. Leases, sessions and limits go by [`Clock::elapsed`], which no one can set back; what people read goes by
/// [`Clock::now`].
pub trait Clock: Debug + Send + Sync {
    /// The time of day; may jump.
    fn now(&self) -> Timestamp;

    /// Time since the process began; never goes back.
    fn elapsed(&self) -> Duration;
}
