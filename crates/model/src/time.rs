//! Instants as OCSF carries them.

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z (OCSF `timestamp_t`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);
