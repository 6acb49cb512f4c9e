//! Why a rule is not used: where, what and the way out.

use super::yaml::Node;

/// A document (or a whole file) that could not become a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}:{line}:{column}: {reason}; {way_out}")]
pub struct Refusal {
    /// The file, as the caller names it.
    pub path: Box<str>,
    /// One-based line.
    pub line: u32,
    /// One-based column, in characters.
    pub column: u32,
    /// What is wrong, naming the thing.
    pub reason: String,
    /// What the author can do.
    pub way_out: String,
}

/// Line and column, both from one.
pub(crate) type Place = (u32, u32);

/// A [`Refusal`] before the file is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) reason: String,
    pub(crate) way_out: String,
}

impl Fault {
    /// A fault at a place.
    pub(crate) fn at(place: Place, reason: impl Into<String>, way_out: impl Into<String>) -> Self {
        Self { line: place.0, column: place.1, reason: reason.into(), way_out: way_out.into() }
    }

    /// A fault at the beginning of a node.
    pub(crate) fn node(
        node: &Node<'_>,
        reason: impl Into<String>,
        way_out: impl Into<String>,
    ) -> Self {
        Self::at(node.place(), reason, way_out)
    }

    /// Names the file.
    pub(crate) fn within(self, path: &str) -> Refusal {
        Refusal {
            path: path.into(),
            line: self.line,
            column: self.column,
            reason: self.reason,
            way_out: self.way_out,
        }
    }
}
