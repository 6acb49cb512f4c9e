//! What a rule found, and why.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Level, Logsource, Timestamp};

/// A stable id: the same rule version over the same events gives the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FindingId(pub [u8; 16]);

impl std::fmt::Display for FindingId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A place on MITRE ATT&CK, taken from a rule's tags.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Attack {
    /// A tactic by its Sigma short name, for example `credential-access`.
    Tactic(Box<str>),
    /// A technique or sub-technique by id, for example `T1059.001`.
    Technique(Box<str>),
}

/// What a rule says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleMeta {
    /// Sigma `id`, or a hash of the text when the rule has none.
    pub id: Box<str>,
    /// Sigma `name`, by which correlations may refer to it.
    pub name: Option<Box<str>>,
    /// Sigma `title`.
    pub title: Box<str>,
    /// Hash of the rule's meaning (detection, log source, condition): a new text is a new version.
    pub version: Box<str>,
    /// Sigma `status`.
    pub status: Box<str>,
    /// Sigma `level`.
    pub level: Level,
    /// Sigma `description`.
    pub description: Box<str>,
    /// Sigma `author`.
    pub author: Box<str>,
    /// Sigma `license`.
    pub license: Option<Box<str>>,
    /// Sigma `references`.
    pub references: Vec<Box<str>>,
    /// Sigma `falsepositives`.
    pub false_positives: Vec<Box<str>>,
    /// Sigma `tags`, all of them.
    pub tags: Vec<Box<str>>,
    /// Tactics and techniques among the tags.
    pub attacks: Vec<Attack>,
    /// Sigma `logsource` (empty for correlations).
    pub logsource: Logsource,
    /// Whether it is a correlation.
    pub is_correlation: bool,
    /// The file it came from and the line where its document begins.
    pub path: Box<str>,
    /// One-based line of the document's first key.
    pub line: u32,
}

/// A leaf of a condition: one field against one pattern.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WhyLeaf {
    /// The field as the rule names it; empty for keywords.
    pub field: String,
    /// The field that held the value when it has another name in this source.
    pub resolved: Option<String>,
    /// The comparison in words, for example `contains` or `regex`.
    pub operator: String,
    /// The pattern as the rule writes it.
    pub pattern: String,
    /// The value that was compared; `None` when the event has no such field.
    pub value: Option<String>,
    /// Start and end, in characters of `value`, of what matched.
    pub span: Option<(usize, usize)>,
}

/// A node of a condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WhyNode {
    /// What stands here: a selection's name, `and`, `or`, `not`, `1 of selection_*` …
    pub label: String,
    /// Whether it holds for the event.
    pub holds: bool,
    /// The parts, in the order of the rule. For an `or` that holds, those that hold come first.
    pub children: Vec<WhyNode>,
    /// The comparison, at a leaf.
    pub leaf: Option<WhyLeaf>,
}

/// Why a finding was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// A single event: the tree of the condition.
    Event(WhyNode),
    /// A correlation: what was counted, over which window, against which threshold.
    Correlation {
        /// A sentence, for example `12 events within 10 minutes (10 or more wanted)`.
        statement: String,
        /// The group: (field, value).
        group: Vec<(String, String)>,
        /// What was measured.
        measured: String,
    },
}

/// An event that supports a finding.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evidence {
    /// The file it was read from.
    pub file: Arc<str>,
    /// Byte offset of the record in the decoded input.
    pub offset: u64,
    /// `source/kind`.
    pub kind: String,
    /// When it occurred.
    pub time: Option<Timestamp>,
    /// Title of the rule that this event met (for correlations, the rule that referred it).
    pub rule: Box<str>,
    /// The event in OCSF.
    pub event: serde_json::Value,
}

/// A finding of one rule (OCSF 2004 when written out).
#[derive(Debug, Clone)]
pub struct Finding {
    /// Stable id.
    pub id: FindingId,
    /// The rule.
    pub rule: Arc<RuleMeta>,
    /// First and last event's time.
    pub first: Option<Timestamp>,
    /// Last event's time.
    pub last: Option<Timestamp>,
    /// Who or what it is about: host, else user, else address; the group's values for correlations.
    pub entity: String,
    /// How many events stand behind it (evidence may hold fewer).
    pub count: u64,
    /// The events, bounded.
    pub evidence: Vec<Evidence>,
    /// Why.
    pub why: Why,
}
