//! What could not be read, and why. Nothing is dropped without one of these.

/// The reason a record (or a part of an input) could not become a mapped event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ProblemReason {
    /// The record is not what its format demands (broken JSON, XML, CSV …).
    Malformed,
    /// The record is larger, deeper or longer than the limits allow.
    OverLimit,
    /// The container is damaged or ends early (gzip, zip, EVTX chunk …).
    DamagedContainer,
    /// Not text: binary bytes where text is expected.
    NotText,
    /// A file or folder that the operating system does not give: no permission, a link to nothing.
    Unreadable,
    /// No source recognises the record; it is kept as a base event.
    Unrecognised,
    /// The source recognised the record but a field could not be converted.
    Conversion,
    /// The record carries no time that can be read.
    NoTime,
}

impl ProblemReason {
    /// A word for summaries and dead letters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::OverLimit => "over_limit",
            Self::DamagedContainer => "damaged_container",
            Self::NotText => "not_text",
            Self::Unreadable => "unreadable",
            Self::Unrecognised => "unrecognised",
            Self::Conversion => "conversion",
            Self::NoTime => "no_time",
        }
    }

    /// Whether a record, a part of one or the rest of a file is lost, so that no rule saw it. With the other reasons
    /// the record is kept as an event.
    pub const fn is_loss(self) -> bool {
        match self {
            Self::Malformed
            | Self::OverLimit
            | Self::DamagedContainer
            | Self::NotText
            | Self::Unreadable => true,
            Self::Unrecognised | Self::Conversion | Self::NoTime => false,
        }
    }
}

/// What is wrong with one record, where the record itself is at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// Why.
    pub reason: ProblemReason,
    /// What exactly, in words, with the way out where there is one.
    pub detail: String,
}

/// One thing that went wrong while reading. The file name is added by whoever opened the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Why.
    pub reason: ProblemReason,
    /// What exactly, in words, with the way out where there is one.
    pub detail: String,
    /// Byte offset in the decoded input at which the record begins.
    pub offset: u64,
    /// One-based line, when the input has lines.
    pub line: Option<u64>,
    /// The source that was recognised before the problem, if any.
    pub source: Option<Box<str>>,
    /// The raw record (at most the record limit), empty when there is none.
    pub raw: Vec<u8>,
}
