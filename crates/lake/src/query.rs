//! What is asked for: one tree for all notations.

use ipnet::IpNet;

use crate::matching::Piece;

/// A condition on events.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// Every event.
    Everything,
    /// All of these hold.
    All(Vec<Condition>),
    /// One of these holds.
    Any(Vec<Condition>),
    /// This does not hold. An event without the field passes.
    Not(Box<Condition>),
    /// A field's value (one of its values) passes a test. The field is a column, a group of columns (`ip`, `user`,
    /// `host` …) or `unmapped.` and a native name.
    Field(String, Test),
    /// A word or phrase stands in the raw record between the ends of tokens, whatever its case.
    Text(String),
    /// A pattern is found somewhere in the raw record, whatever its case.
    TextLike(Vec<Piece>),
}

/// A test on a field's value.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// It is this, whatever the case of ASCII letters.
    Is(String),
    /// It is exactly this.
    Exactly(String),
    /// It is one of these, whatever the case of ASCII letters.
    OneOf(Vec<String>),
    /// It is like this pattern, whatever its case.
    Like(Vec<Piece>),
    /// A regular expression is found in it.
    Matches(String),
    /// It is an address of this network.
    Within(IpNet),
    /// It compares so to a number, a time or a text.
    Compare(Comparison, String),
    /// It lies between these, both included.
    Range(String, String),
    /// There is a value.
    Exists,
}

/// How values compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

/// A text that is no query: where, why and what may have been meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}{}", place(*at), suggested(suggestion.as_ref()))]
pub struct SearchError {
    /// The letter (from 0) at which it begins; `None` when the query was not a text.
    pub at: Option<usize>,
    /// How many letters it concerns.
    pub length: usize,
    /// What is wrong.
    pub message: String,
    /// What may have been meant instead of those letters.
    pub suggestion: Option<String>,
}

fn place(at: Option<usize>) -> String {
    at.map_or_else(String::new, |at| format!("at letter {}: ", at + 1))
}

fn suggested(suggestion: Option<&String>) -> String {
    suggestion.map_or_else(String::new, |text| format!("; did you mean '{text}'?"))
}

impl SearchError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { at: None, length: 0, message: message.into(), suggestion: None }
    }

    pub(crate) fn suggesting(mut self, suggestion: Option<String>) -> Self {
        self.suggestion = suggestion;
        self
    }

    pub(crate) fn at(mut self, at: usize, length: usize) -> Self {
        self.at = Some(at);
        self.length = length;
        self
    }
}
