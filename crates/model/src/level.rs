//! How bad a rule says its finding is.

use serde::{Deserialize, Serialize};

/// Sigma `level`, in rising order. Rules without a level are informational.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// For correlation and context only.
    #[default]
    Informational,
    /// Notable, rarely an incident.
    Low,
    /// Relevant, to be reviewed in time.
    Medium,
    /// Relevant, to be reviewed soon.
    High,
    /// An incident until shown otherwise.
    Critical,
}

impl Level {
    /// All levels, lowest first.
    pub const ALL: [Self; 5] =
        [Self::Informational, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The Sigma word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The level of a Sigma word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == word)
    }

    /// OCSF `severity_id`: 1 informational to 5 critical.
    pub const fn severity_id(self) -> i64 {
        self as i64 + 1
    }
}
