//! The crate as a whole, on real files.

#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod damage;
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod golden;
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod hostile;
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod index;
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod round_trip;
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod stand;
