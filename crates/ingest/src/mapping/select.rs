//! Choosing the first of many conditions that holds, without asking them all.

use model::{BatchBuilder, FieldId, FieldTable, Value};
use regex::bytes::Regex;
use rustc_hash::FxHashMap;

use super::compile::MapError;
use super::positions::Positions;
use super::yaml::{ConditionYaml, Scalar, TestYaml};

/// What a condition may look at.
pub(super) struct View<'a> {
    pub(super) builder: &'a BatchBuilder,
    pub(super) raw: &'a [u8],
    pub(super) positions: &'a Positions,
}

impl View<'_> {
    fn value(&self, field: FieldId) -> Option<Value> {
        self.positions.value(self.builder.record(), field)
    }

    /// Calls `test` with each value of a field as text; true when it is true for one.
    fn any(&self, field: FieldId, test: &dyn Fn(&[u8]) -> bool) -> bool {
        let Some(first) = self.positions.find(field) else { return false };
        let record = self.builder.record();
        record
            .iter()
            .skip(first)
            .any(|slot| slot.field == field && with_text(self, slot.value, test))
    }
}

/// Calls `f` with a value as text.
fn with_text<T>(view: &View<'_>, value: Value, f: impl FnOnce(&[u8]) -> T) -> T {
    match value {
        Value::Null => f(b""),
        Value::Bool(true) => f(b"true"),
        Value::Bool(false) => f(b"false"),
        Value::Int(number) => f(number.to_string().as_bytes()),
        Value::Float(number) => f(number.to_string().as_bytes()),
        Value::Raw { .. } | Value::Text { .. } => {
            f(view.builder.bytes(view.raw, value).unwrap_or_default())
        }
    }
}

/// A test of one value.
#[derive(Debug, Clone)]
enum Test {
    Equals(Box<[u8]>),
    Starts(Box<[u8]>),
    Ends(Box<[u8]>),
    Contains(Box<[u8]>),
    Exists(bool),
    Regex(Regex),
    Not(Box<Test>),
    Any(Vec<Test>),
}

impl Test {
    fn compile(yaml: &TestYaml) -> Result<Self, MapError> {
        Ok(match yaml {
            TestYaml::Scalar(Scalar::Str(text)) => Self::text(text),
            TestYaml::Scalar(scalar) => Self::Equals(scalar.text().into_bytes().into()),
            TestYaml::Any(tests) => {
                Self::Any(tests.iter().map(Self::compile).collect::<Result<_, _>>()?)
            }
            TestYaml::Form(form) => match (form.exists, &form.regex, &form.not) {
                (Some(exists), None, None) => Self::Exists(exists),
                (None, Some(pattern), None) => Self::Regex(compile_regex(pattern)?),
                (None, None, Some(inner)) => Self::Not(Box::new(Self::compile(inner)?)),
                _ => {
                    return Err(MapError::new(
                        "a test is one of: a value, a list, exists, regex, not",
                    ));
                }
            },
        })
    }

    fn text(text: &str) -> Self {
        let lower = text.to_lowercase();
        let body = |text: &str| text.as_bytes().into();
        match (lower.strip_prefix('*'), lower.strip_suffix('*')) {
            (Some(rest), Some(_)) if rest.len() > 1 => {
                Self::Contains(body(rest.trim_end_matches('*')))
            }
            (Some(rest), None) => Self::Ends(body(rest)),
            (None, Some(rest)) => Self::Starts(body(rest)),
            _ => Self::Equals(body(&lower)),
        }
    }

    fn holds(&self, field: FieldId, view: &View<'_>) -> bool {
        match self {
            Self::Exists(wanted) => view.value(field).is_some() == *wanted,
            Self::Not(inner) => !inner.holds(field, view),
            Self::Any(tests) => tests.iter().any(|test| test.holds(field, view)),
            _ => view.any(field, &|bytes| self.holds_for(bytes)),
        }
    }

    fn holds_for(&self, value: &[u8]) -> bool {
        match self {
            Self::Equals(text) => value.eq_ignore_ascii_case(text),
            Self::Starts(text) => {
                value.get(..text.len()).is_some_and(|head| head.eq_ignore_ascii_case(text))
            }
            Self::Ends(text) => value
                .len()
                .checked_sub(text.len())
                .and_then(|start| value.get(start..))
                .is_some_and(|tail| tail.eq_ignore_ascii_case(text)),
            Self::Contains(text) => {
                memchr::memmem::find(&value.to_ascii_lowercase(), text).is_some()
            }
            Self::Regex(regex) => regex.is_match(value),
            Self::Exists(_) | Self::Not(_) | Self::Any(_) => false,
        }
    }

    /// The exact values that this test accepts, when it accepts nothing else.
    fn exact(&self) -> Option<Vec<&[u8]>> {
        match self {
            Self::Equals(text) => Some(vec![text]),
            Self::Any(tests) => {
                tests.iter().map(Self::exact).collect::<Option<Vec<_>>>().map(|it| it.concat())
            }
            _ => None,
        }
    }

    /// Whether the test can hold without the field.
    fn holds_without_field(&self) -> bool {
        match self {
            Self::Exists(wanted) => !wanted,
            Self::Not(_) => true,
            Self::Any(tests) => tests.iter().any(Self::holds_without_field),
            _ => false,
        }
    }
}

/// Regular expressions of mappings are bounded like those of rules.
pub(super) fn compile_regex(pattern: &str) -> Result<Regex, MapError> {
    regex::bytes::RegexBuilder::new(pattern)
        .size_limit(4 << 20)
        .build()
        .map_err(|error| MapError::new(format!("regular expression '{pattern}': {error}")))
}

/// All tests of one condition.
#[derive(Debug, Clone)]
struct Clause {
    rank: u32,
    choice: u32,
    tests: Vec<(FieldId, Test)>,
}

impl Clause {
    fn holds(&self, view: &View<'_>) -> bool {
        self.tests.iter().all(|(field, test)| test.holds(*field, view))
    }
}

#[derive(Debug, Clone, Default)]
struct Signature {
    exact: FxHashMap<Box<[u8]>, Vec<u32>>,
    other: Vec<u32>,
}

/// A condition alone.
#[derive(Debug, Clone)]
pub(super) struct Condition(Vec<Clause>);

impl Condition {
    pub(super) fn compile(yaml: &ConditionYaml, fields: &mut FieldTable) -> Result<Self, MapError> {
        let mut selector = Selector::default();
        selector.add(0, 0, Some(yaml), fields)?;
        Ok(Self(selector.clauses))
    }

    pub(super) fn holds(&self, view: &View<'_>) -> bool {
        self.0.iter().any(|clause| clause.holds(view))
    }
}

/// Many conditions, each with a choice; the one with the lowest rank that holds is chosen.
#[derive(Debug, Clone, Default)]
pub(super) struct Selector {
    clauses: Vec<Clause>,
    signatures: FxHashMap<FieldId, Signature>,
    always: Vec<u32>,
}

impl Selector {
    /// Adds a condition; none always holds.
    pub(super) fn add(
        &mut self,
        rank: u32,
        choice: u32,
        condition: Option<&ConditionYaml>,
        fields: &mut FieldTable,
    ) -> Result<(), MapError> {
        let Some(condition) = condition else {
            self.always.push(self.clauses.len() as u32);
            self.clauses.push(Clause { rank, choice, tests: Vec::new() });
            return Ok(());
        };
        for alternative in condition.to_vec() {
            let index = self.clauses.len() as u32;
            let mut tests = Vec::new();
            for (name, test) in &alternative.0 {
                tests.push((fields.intern(name), Test::compile(test)?));
            }
            match tests.first() {
                Some((field, test)) if !test.holds_without_field() => {
                    let signature = self.signatures.entry(*field).or_default();
                    match test.exact() {
                        Some(values) => values.into_iter().for_each(|value| {
                            signature.exact.entry(value.into()).or_default().push(index);
                        }),
                        None => signature.other.push(index),
                    }
                }
                _ => self.always.push(index),
            }
            self.clauses.push(Clause { rank, choice, tests });
        }
        Ok(())
    }

    /// The choice of the best condition that holds.
    pub(super) fn select(&self, view: &View<'_>, lower: &mut Vec<u8>) -> Option<u32> {
        let mut best: Option<&Clause> = None;
        let mut ask = |index: u32| {
            let Some(clause) = self.clauses.get(index as usize) else { return };
            if best.is_none_or(|best| clause.rank < best.rank) && clause.holds(view) {
                best = Some(clause);
            }
        };
        for (field, signature) in &self.signatures {
            let Some(first) = view.positions.find(*field) else { continue };
            if !signature.exact.is_empty() {
                for slot in
                    view.builder.record().iter().skip(first).filter(|slot| slot.field == *field)
                {
                    with_text(view, slot.value, |bytes| {
                        lower.clear();
                        lower.extend(bytes.iter().map(u8::to_ascii_lowercase));
                    });
                    signature
                        .exact
                        .get(lower.as_slice())
                        .into_iter()
                        .flatten()
                        .for_each(|index| ask(*index));
                }
            }
            signature.other.iter().for_each(|index| ask(*index));
        }
        self.always.iter().for_each(|index| ask(*index));
        best.map(|clause| clause.choice)
    }
}
