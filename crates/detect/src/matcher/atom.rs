//! One comparison, compiled: the same answer as the plain evaluation, in fewer steps.

use std::sync::OnceLock;

use aho_corasick::packed::Searcher;
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use ipnet::IpNet;
use memchr::memmem::Finder;
use model::{EventRef, FieldId, Section, Value};
use regex::Regex;
use rustc_hash::FxHashSet;

use super::event::{Scratch, fold_value};
use crate::sigma::ast::{Ordering, Part, Pattern, Place, RegexTest, Test, TimePart};
use crate::sigma::fold::fold;
use crate::sigma::{
    REGEX_BYTES_MAX, Regexes, address_of, compile, is_json, number_of, stands, time_part_of,
};

/// A compiled comparison. The field is `None` for keywords.
#[derive(Debug)]
pub(super) struct CompiledAtom {
    pub(super) field: Option<FieldId>,
    pub(super) check: Check,
    /// Whether the pattern looks at the value as it is, not at the folded text.
    pub(super) cased: bool,
}

/// What is asked of a value.
#[derive(Debug)]
pub(super) enum Check {
    Exact(Box<[u8]>),
    ExactSet(FxHashSet<Box<[u8]>>),
    Starts(Vec<Box<[u8]>>),
    Ends(Vec<Box<[u8]>>),
    Contains(Box<Finder<'static>>),
    ContainsSet(Box<Texts>),
    Glob(Box<Glob>),
    Regex(Box<Expression>),
    Cidr(IpNet),
    Number(Ordering, f64),
    Bool(bool),
    Exists(bool),
    Null,
    FieldRef(FieldId, Place, bool),
    TimePart(TimePart, Ordering, i64),
    /// An expression that does not compile; loading refuses such rules before.
    Never,
}

/// A regular expression. Most values are ASCII, for which an expression without Unicode's tables gives the same
/// answer and is much smaller, so that it runs as an automaton.
#[derive(Debug)]
pub(super) struct Expression {
    unicode: Regex,
    source: RegexTest,
    ascii: OnceLock<Option<regex::bytes::Regex>>,
}

impl Expression {
    fn new(unicode: Regex, source: &RegexTest) -> Self {
        Self { unicode, source: source.clone(), ascii: OnceLock::new() }
    }

    fn is_match(&self, value: Value, event: EventRef<'_>) -> bool {
        if let Some(bytes) = event.bytes(value).filter(|bytes| bytes.is_ascii())
            && let Some(ascii) = self.ascii.get_or_init(|| self.compile_ascii())
        {
            return ascii.is_match(bytes);
        }
        self.unicode.is_match(&event.text(value))
    }

    /// `None` when the expression names Unicode classes, or a character whose other case is ASCII.
    fn compile_ascii(&self) -> Option<regex::bytes::Regex> {
        if folds_to_ascii(&self.source.source) {
            return None;
        }
        regex::bytes::RegexBuilder::new(&self.source.source)
            .unicode(false)
            .case_insensitive(self.source.ignore_case)
            .multi_line(self.source.multi_line)
            .dot_matches_new_line(self.source.dot_all)
            .size_limit(REGEX_BYTES_MAX)
            .build()
            .ok()
    }
}

/// Whether an expression may name one of the two characters beyond ASCII that are a case of an ASCII letter: `ſ` of
/// `s` and the Kelvin sign of `k`, written as they are or by number.
fn folds_to_ascii(source: &str) -> bool {
    let lower = source.to_ascii_lowercase();
    source.contains(['\u{17f}', '\u{212a}']) || lower.contains("17f") || lower.contains("212a")
}

/// The shape of a pattern whose alternatives can be asked together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Shape {
    Exact,
    Starts,
    Ends,
    Contains,
}

/// The shape of a pattern and its text, when it has one of the simple shapes.
pub(super) fn shape(pattern: &Pattern) -> Option<(Shape, &str)> {
    match pattern.parts.as_slice() {
        [] => Some((Shape::Exact, "")),
        [Part::Literal(text)] => Some((Shape::Exact, text)),
        [Part::Literal(text), Part::Any] => Some((Shape::Starts, text)),
        [Part::Any, Part::Literal(text)] => Some((Shape::Ends, text)),
        [Part::Any, Part::Literal(text), Part::Any] => Some((Shape::Contains, text)),
        _ => None,
    }
}

impl Check {
    /// The check of one test; `field_id` finds the field of a reference.
    pub(super) fn of(test: &Test, regexes: &Regexes, field_id: impl Fn(&str) -> FieldId) -> Self {
        match test {
            Test::Pattern(pattern) => match shape(pattern) {
                Some((shape, text)) => Self::of_texts(shape, vec![text_of(text, pattern.cased)]),
                None => Self::Glob(Box::new(Glob::new(pattern))),
            },
            Test::Regex(source) => {
                let compiled = regexes.get(source).cloned().or_else(|| compile(source).ok());
                compiled.map_or(Self::Never, |regex| {
                    Self::Regex(Box::new(Expression::new(regex, source)))
                })
            }
            Test::Cidr(network) => Self::Cidr(*network),
            Test::Number(ordering, number) => Self::Number(*ordering, *number),
            Test::Bool(wanted) => Self::Bool(*wanted),
            Test::Exists(wanted) => Self::Exists(*wanted),
            Test::Null => Self::Null,
            Test::FieldRef(name, place, cased) => Self::FieldRef(field_id(name), *place, *cased),
            Test::TimePart(part, ordering, number) => Self::TimePart(*part, *ordering, *number),
        }
    }

    /// The check of alternatives of one shape.
    pub(super) fn of_texts(shape: Shape, mut texts: Vec<Box<[u8]>>) -> Self {
        match (shape, texts.len()) {
            (Shape::Exact, 1) => Self::Exact(texts.pop().unwrap_or_default()),
            (Shape::Exact, _) => Self::ExactSet(texts.into_iter().collect()),
            (Shape::Starts, _) => Self::Starts(texts),
            (Shape::Ends, _) => Self::Ends(texts),
            (Shape::Contains, 1) => {
                let text = texts.pop().unwrap_or_default();
                Self::Contains(Box::new(Finder::new(&text).into_owned()))
            }
            (Shape::Contains, _) => {
                Self::ContainsSet(Box::new(Texts { texts, search: OnceLock::new() }))
            }
        }
    }

    /// How much work the check is, to order what is asked first.
    pub(super) fn work(&self) -> u32 {
        match self {
            Self::Exact(_) => 1,
            Self::ExactSet(_)
            | Self::Starts(_)
            | Self::Exists(_)
            | Self::Null
            | Self::Bool(_)
            | Self::Number(..)
            | Self::Never => 2,
            Self::Ends(texts) => 2 + texts.len() as u32 / 4,
            Self::Contains(_) => 6,
            Self::ContainsSet(_) => 12,
            Self::Glob(_) => 20,
            Self::Cidr(_) | Self::FieldRef(..) | Self::TimePart(..) => 15,
            Self::Regex(_) => 60,
        }
    }

    /// A check of text.
    fn holds_for_text(&self, text: &[u8]) -> bool {
        match self {
            Self::Exact(wanted) => text == &**wanted,
            Self::ExactSet(set) => set.contains(text),
            Self::Starts(texts) => texts.iter().any(|wanted| text.starts_with(wanted)),
            Self::Ends(texts) => texts.iter().any(|wanted| text.ends_with(wanted)),
            Self::Contains(finder) => finder.find(text).is_some(),
            Self::ContainsSet(texts) => texts.are_in(text),
            Self::Glob(glob) => glob.matches(text),
            _ => false,
        }
    }

    /// A check of a value that is more than its text; `None` for checks of text.
    fn holds_for_value(
        &self,
        value: Value,
        event: EventRef<'_>,
        scratch: &Scratch,
    ) -> Option<bool> {
        Some(match self {
            Self::Regex(expression) => expression.is_match(value, event),
            Self::Cidr(network) => {
                address_of(&event.text(value)).is_some_and(|address| network.contains(&address))
            }
            Self::Number(ordering, number) => {
                number_of(event, value).is_some_and(|value| ordering.holds(value, *number))
            }
            Self::Bool(wanted) => {
                event.text(value).eq_ignore_ascii_case(if *wanted { "true" } else { "false" })
            }
            Self::TimePart(part, ordering, number) => time_part_of(event, value, *part)
                .is_some_and(|value| ordering.holds(value as f64, *number as f64)),
            Self::FieldRef(other, place, cased) => {
                let text = event.text(value);
                let mut at = scratch.first(*other);
                std::iter::from_fn(|| {
                    let index = at?;
                    at = scratch.next(index);
                    scratch.value(index)
                })
                .filter(|other| other.value != Value::Null)
                .any(|other| stands(&text, &event.text(other.value), *place, *cased))
            }
            Self::Never => false,
            _ => return None,
        })
    }
}

/// Alternatives of one rule, of which one must stand in a value. Rarely asked, so what looks for them is to be small
/// and is built when it is first needed.
#[derive(Debug)]
pub(super) struct Texts {
    texts: Vec<Box<[u8]>>,
    search: OnceLock<TextSearch>,
}

#[derive(Debug)]
enum TextSearch {
    /// Vector instructions hold all of them.
    Packed(Searcher),
    Automaton(AhoCorasick),
    /// Too much for an automaton.
    Each,
}

impl Texts {
    fn are_in(&self, text: &[u8]) -> bool {
        match self.search.get_or_init(|| self.compile()) {
            TextSearch::Packed(searcher) => searcher.find(text).is_some(),
            TextSearch::Automaton(automaton) => automaton.is_match(text),
            TextSearch::Each => {
                self.texts.iter().any(|wanted| memchr::memmem::find(text, wanted).is_some())
            }
        }
    }

    fn compile(&self) -> TextSearch {
        if let Some(searcher) = Searcher::new(&self.texts) {
            return TextSearch::Packed(searcher);
        }
        let automaton =
            AhoCorasick::builder().kind(Some(AhoCorasickKind::ContiguousNFA)).build(&self.texts);
        automaton.map_or(TextSearch::Each, TextSearch::Automaton)
    }
}

/// A literal as it is compared: folded unless case counts.
pub(super) fn text_of(text: &str, cased: bool) -> Box<[u8]> {
    if cased { text.as_bytes().into() } else { fold(text).as_bytes().into() }
}

impl CompiledAtom {
    /// Whether the comparison holds for any value of its field.
    pub(super) fn holds(&self, event: EventRef<'_>, scratch: &mut Scratch) -> bool {
        let Some(field) = self.field else { return self.holds_as_keyword(event, scratch) };
        let mut at = scratch.first(field);
        match &self.check {
            Check::Exists(wanted) => return at.is_some() == *wanted,
            Check::Null if at.is_none() => return true,
            _ => {}
        }
        while let Some(index) = at {
            if self.holds_at(index, event, scratch) {
                return true;
            }
            at = scratch.next(index);
        }
        false
    }

    /// Whether it holds for any native value, or for the raw record when that is not JSON.
    fn holds_as_keyword(&self, event: EventRef<'_>, scratch: &Scratch) -> bool {
        let mut folded = Vec::new();
        let mut holds = |value: Value| {
            if let Some(holds) = self.holds_unfolded(value, event, scratch) {
                return holds;
            }
            folded.clear();
            fold_value(value, event, &mut folded);
            self.check.holds_for_text(&folded)
        };
        event.section(Section::Native).iter().any(|slot| holds(slot.value))
            || !is_json(event) && holds(event.raw_value())
    }

    fn holds_at(&self, index: u32, event: EventRef<'_>, scratch: &mut Scratch) -> bool {
        let Some(value) = scratch.value(index).map(|prepared| prepared.value) else { return false };
        if matches!(self.check, Check::Null) {
            let is_empty = || event.bytes(value).is_some_and(<[u8]>::is_empty) && !is_json(event);
            return value == Value::Null || is_empty();
        }
        match self.holds_unfolded(value, event, scratch) {
            Some(holds) => holds,
            None => self.check.holds_for_text(scratch.folded(index, event)),
        }
    }

    /// Whether it holds for a value as it is; `None` when the folded text decides. Null has no text.
    #[inline]
    fn holds_unfolded(&self, value: Value, event: EventRef<'_>, scratch: &Scratch) -> Option<bool> {
        if value == Value::Null {
            return Some(false);
        }
        self.check
            .holds_for_value(value, event, scratch)
            .or_else(|| self.cased.then(|| self.check.holds_for_text(event.text(value).as_bytes())))
    }
}

/// A pattern with inner wildcards, over bytes where the value is ASCII.
#[derive(Debug)]
pub(super) struct Glob {
    pattern: Pattern,
    segments: Vec<Vec<Option<u8>>>,
}

impl Glob {
    fn new(pattern: &Pattern) -> Self {
        let mut segments: Vec<Vec<Option<u8>>> = vec![Vec::new()];
        for part in &pattern.parts {
            match (part, segments.last_mut()) {
                (Part::Any, _) => segments.push(Vec::new()),
                (Part::One, Some(segment)) => segment.push(None),
                (Part::Literal(text), Some(segment)) => {
                    segment.extend(text_of(text, pattern.cased).iter().map(|byte| Some(*byte)));
                }
                (_, None) => {}
            }
        }
        Self { pattern: pattern.clone(), segments }
    }

    fn matches(&self, text: &[u8]) -> bool {
        if !text.is_ascii() {
            // `?` is one character, not one byte.
            return self.pattern.matches(&String::from_utf8_lossy(text));
        }
        let Some((first, rest)) = self.segments.split_first() else { return text.is_empty() };
        let Some((last, middle)) = rest.split_last() else {
            return text.len() == first.len() && fits(first, text, 0);
        };
        if !fits(first, text, 0) {
            return false;
        }
        let mut at = first.len();
        for segment in middle {
            let Some(end) = text.len().checked_sub(segment.len()) else { return false };
            let Some(found) = (at..=end).find(|here| fits(segment, text, *here)) else {
                return false;
            };
            at = found + segment.len();
        }
        text.len().checked_sub(last.len()).is_some_and(|tail| tail >= at && fits(last, text, tail))
    }
}

fn fits(segment: &[Option<u8>], text: &[u8], at: usize) -> bool {
    text.get(at..at + segment.len()).is_some_and(|window| {
        segment.iter().zip(window).all(|(piece, byte)| piece.is_none_or(|want| want == *byte))
    })
}
