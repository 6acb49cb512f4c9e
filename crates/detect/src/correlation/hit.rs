//! What goes into the correlator and what comes out.

use std::sync::Arc;

use model::FindingId;
use serde::{Deserialize, Serialize};

use crate::sigma::RuleRef;

/// Where an event stands: the number of its input and the byte offset of its record. Events are told apart and, at
/// equal times, ordered by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EventKey {
    /// Which input.
    pub input: u32,
    /// Byte offset of the record.
    pub offset: u64,
}

/// Values of fields; `None` where the event has no such field.
pub type Values = Box<[Option<Arc<str>>]>;

/// An event that met a rule. The order of the fields is the order of processing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// When the event occurred, in milliseconds.
    pub time_ms: i64,
    /// Which event.
    pub key: EventKey,
    /// Index of the rule in the rule set.
    pub rule: usize,
    /// The values of the fields that [`super::Correlator::needs`] names for the rule, in that order.
    pub values: Values,
    /// A handle of the caller's, given back with the evidence.
    pub evidence: u64,
}

/// An event or finding behind a correlation's finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Support {
    /// The rule or correlation that it met.
    pub source: RuleRef,
    /// When.
    pub time_ms: i64,
    /// The event; for a finding its last one.
    pub key: EventKey,
    /// The caller's handle of that event.
    pub evidence: u64,
    /// The finding, when the source is a correlation.
    pub finding: Option<FindingId>,
}

/// A finding of a correlation.
///
/// A condition that more events cannot undo is reported as soon as it holds; when further events of the same window
/// follow, the finding is reported once more, with the same id, when the window is over. The later report replaces
/// the earlier one.
#[derive(Debug, Clone, PartialEq)]
pub struct CorrelationHit {
    /// Index in [`crate::sigma::RuleSet::correlations`].
    pub correlation: usize,
    /// The same for every report of one window.
    pub id: FindingId,
    /// Whether its findings are wanted or it only serves other correlations.
    pub is_reported: bool,
    /// The fields that agree and their values.
    pub group: Vec<(Box<str>, Arc<str>)>,
    /// Begin of the window: the first event, in milliseconds.
    pub window_start_ms: i64,
    /// The last event so far.
    pub last_ms: i64,
    /// Events in the window so far.
    pub count: u64,
    /// What the condition compares: events, distinct values, rules, sum, mean or percentile.
    pub measured: f64,
    /// The first events of the window, no more than the settings allow.
    pub support: Vec<Support>,
    /// Whether the window is over.
    pub is_final: bool,
}

/// Bounds of the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How far behind the latest time an event may arrive, in milliseconds.
    pub lateness_ms: i64,
    /// Most hits that wait for the watermark; beyond it the earliest are processed before their time.
    pub waiting_max: usize,
    /// Most groups of one correlation; beyond it the one that would end first is given up.
    pub groups_max: usize,
    /// Most events kept for one group; beyond it the oldest is given up.
    pub events_max: usize,
    /// Most events named in a finding.
    pub support_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            lateness_ms: 5 * 60_000,
            waiting_max: 1_000_000,
            groups_max: 100_000,
            events_max: 10_000,
            support_max: 100,
        }
    }
}

/// What was not used, and what was given up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statistics {
    /// Hits that arrived later than allowed; they are not counted anywhere.
    pub late: u64,
    /// Hits processed before the watermark because too many waited.
    pub hurried: u64,
    /// Hits that wait now.
    #[serde(skip)]
    pub waiting: usize,
    /// For each correlation.
    #[serde(skip)]
    pub correlations: Vec<CorrelationStatistics>,
}

/// The same for one correlation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorrelationStatistics {
    /// Events taken in.
    pub taken: u64,
    /// Events without one of the group's fields: they belong to no group.
    pub ungrouped: u64,
    /// Events without a value, or without a number, in the field that is measured.
    pub unmeasured: u64,
    /// Groups given up because there were too many.
    pub groups_evicted: u64,
    /// Events given up because a group had too many.
    pub events_evicted: u64,
    /// Groups kept now.
    #[serde(skip)]
    pub groups: usize,
}
