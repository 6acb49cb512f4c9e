//! A rule as an expression over comparisons.

use std::sync::Arc;

use ipnet::IpNet;
use model::RuleMeta;

/// A detection rule (correlations are [`crate::sigma::ast::CorrelationRule`]).
#[derive(Debug, Clone)]
pub struct Rule {
    /// What it says of itself.
    pub meta: Arc<RuleMeta>,
    /// When it holds. Several conditions in a list are an `Or`.
    pub condition: Expr,
}

/// A boolean expression. Labels are for people: a selection's name, `1 of selection_*`, or empty.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// All hold. An empty list holds.
    And(Box<str>, Vec<Expr>),
    /// At least one holds. An empty list does not hold.
    Or(Box<str>, Vec<Expr>),
    /// At least `n` hold (`2 of selection_*`).
    AtLeast(Box<str>, usize, Vec<Expr>),
    /// It does not hold.
    Not(Box<Expr>),
    /// One comparison.
    Atom(Arc<Atom>),
}

/// One comparison of one field with one pattern. It holds when it holds for any of the field's values
/// (negative tests such as `neq` are a `Not` around the positive atom).
#[derive(Debug, Clone, PartialEq)]
pub struct Atom {
    /// The field as the rule names it; `None` for a keyword, which looks at the whole record.
    pub field: Option<Box<str>>,
    /// The test.
    pub test: Test,
    /// The pattern as the rule writes it, for people.
    pub written: Box<str>,
}

/// The tests that modifiers make.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// Text with wildcards, anchored at both ends (`contains` is `*…*`).
    Pattern(Pattern),
    /// A regular expression, searched anywhere in the value unless it anchors itself.
    Regex(RegexTest),
    /// An address within a network.
    Cidr(IpNet),
    /// A comparison with a number. Texts that are numbers in decimal count as numbers.
    Number(Ordering, f64),
    /// A boolean: the value is that boolean or its word.
    Bool(bool),
    /// The field is there (`true`) or not (`false`), whatever its value.
    Exists(bool),
    /// The field is absent, null, or empty for sources that cannot say null.
    Null,
    /// Another field of the same event holds, begins, ends or is contained in the value.
    FieldRef(Box<str>, Place, bool),
    /// A part of a date compared with a number.
    TimePart(TimePart, Ordering, i64),
}

/// Text with wildcards.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pattern {
    /// Literals and wildcards in order; never two literals and never two `Any` side by side.
    pub parts: Vec<Part>,
    /// Whether case counts.
    pub cased: bool,
}

/// A piece of a [`Pattern`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Part {
    /// These characters (not lower-cased; see [`crate::sigma::fold`]).
    Literal(Box<str>),
    /// `*`: any number of characters, none included, line ends included.
    Any,
    /// `?`: exactly one character.
    One,
}

/// A regular expression and its flags.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RegexTest {
    /// As the rule writes it.
    pub source: Box<str>,
    /// `i`.
    pub ignore_case: bool,
    /// `m`.
    pub multi_line: bool,
    /// `s`.
    pub dot_all: bool,
}

/// Numeric comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ordering {
    /// Equal.
    Eq,
    /// Less than.
    Lt,
    /// At most.
    Lte,
    /// Greater than.
    Gt,
    /// At least.
    Gte,
    /// Different.
    Neq,
}

impl Ordering {
    /// Whether `left` stands in this relation to `right`. Not-a-number stands in none.
    pub fn holds(self, left: f64, right: f64) -> bool {
        let order = left.partial_cmp(&right);
        match self {
            Self::Eq => order == Some(std::cmp::Ordering::Equal),
            Self::Lt => order == Some(std::cmp::Ordering::Less),
            Self::Lte => order.is_some_and(std::cmp::Ordering::is_le),
            Self::Gt => order == Some(std::cmp::Ordering::Greater),
            Self::Gte => order.is_some_and(std::cmp::Ordering::is_ge),
            Self::Neq => order.is_some_and(std::cmp::Ordering::is_ne),
        }
    }
}

/// Where a referenced field's value must stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// Equal.
    Whole,
    /// Anywhere within.
    Within,
    /// At the beginning.
    Start,
    /// At the end.
    End,
}

/// Parts of a date (Sigma time modifiers).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimePart {
    /// 0 to 59.
    Minute,
    /// 0 to 23.
    Hour,
    /// 1 to 31.
    Day,
    /// ISO week, 1 to 53.
    Week,
    /// 1 to 12.
    Month,
    /// The year.
    Year,
}

/// What an alias means: (rule as written, field).
pub type AliasFields = Vec<(Box<str>, Box<str>)>;

/// A correlation rule.
#[derive(Debug, Clone)]
pub struct CorrelationRule {
    /// What it says of itself.
    pub meta: Arc<RuleMeta>,
    /// What is measured.
    pub kind: CorrelationKind,
    /// The rules it refers to, by id or name as written, in order.
    pub rules: Vec<Box<str>>,
    /// Fields or aliases that must agree. Empty: all events are one group.
    pub group_by: Vec<Box<str>>,
    /// Window in milliseconds.
    pub timespan_ms: i64,
    /// All must hold (`gt: 100` and `lte: 200` is a range).
    pub condition: Vec<(Ordering, f64)>,
    /// The fields that `value_*` measure.
    pub fields: Vec<Box<str>>,
    /// The percentile of `value_percentile`, 0 to 100.
    pub percentile: f64,
    /// Alias → (rule as written → field).
    pub aliases: Vec<(Box<str>, AliasFields)>,
    /// Whether the referred rules also make findings of their own.
    pub generate: bool,
}

/// Correlation types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CorrelationKind {
    /// Events in the window.
    EventCount,
    /// Distinct values in the window.
    ValueCount,
    /// All rules met in the window.
    Temporal,
    /// All rules met in the window, in order.
    TemporalOrdered,
    /// Sum of a field.
    ValueSum,
    /// Mean of a field.
    ValueAvg,
    /// A percentile of a field.
    ValuePercentile,
}
