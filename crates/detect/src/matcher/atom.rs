//! One comparison, compiled: the same answer as the plain evaluation, in fewer steps.

use std::sync::OnceLock;

use aho_corasick::AhoCorasick;
use memchr::memmem::Finder;
use model::{EventRef, FieldId, Value};
use rustc_hash::FxHashSet;

use super::event::Scratch;
use crate::sigma::ast::{Part, Pattern, Test};
use crate::sigma::evaluate;
use crate::sigma::fold::fold;

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
    ContainsSet(Box<(Vec<Box<[u8]>>, OnceLock<Option<AhoCorasick>>)>),
    Glob(Box<Glob>),
    /// Anything else is asked of the plain evaluation.
    Plain(Box<Test>),
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
    /// The check of one test.
    pub(super) fn of(test: &Test) -> Self {
        let Test::Pattern(pattern) = test else { return Self::Plain(Box::new(test.clone())) };
        match shape(pattern) {
            Some((shape, text)) => Self::of_texts(shape, vec![text_of(text, pattern.cased)]),
            None => Self::Glob(Box::new(Glob::new(pattern))),
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
            (Shape::Contains, _) => Self::ContainsSet(Box::new((texts, OnceLock::new()))),
        }
    }

    /// How much work the check is, to order what is asked first.
    pub(super) fn work(&self) -> u32 {
        match self {
            Self::Exact(_) => 1,
            Self::ExactSet(_) | Self::Starts(_) => 2,
            Self::Ends(texts) => 2 + texts.len() as u32 / 4,
            Self::Contains(_) => 6,
            Self::ContainsSet(_) => 12,
            Self::Glob(_) => 20,
            Self::Plain(test) => match **test {
                Test::Exists(_) | Test::Null | Test::Bool(_) | Test::Number(..) => 2,
                Test::Regex(_) => 60,
                _ => 15,
            },
        }
    }

    fn holds_for(&self, text: &[u8]) -> bool {
        match self {
            Self::Exact(wanted) => text == &**wanted,
            Self::ExactSet(set) => set.contains(text),
            Self::Starts(texts) => texts.iter().any(|wanted| text.starts_with(wanted)),
            Self::Ends(texts) => texts.iter().any(|wanted| text.ends_with(wanted)),
            Self::Contains(finder) => finder.find(text).is_some(),
            Self::ContainsSet(set) => {
                let (texts, automaton) = &**set;
                let built = automaton.get_or_init(|| AhoCorasick::new(texts).ok());
                match built {
                    Some(automaton) => automaton.is_match(text),
                    None => texts.iter().any(|wanted| memchr::memmem::find(text, wanted).is_some()),
                }
            }
            Self::Glob(glob) => glob.matches(text),
            Self::Plain(_) => false,
        }
    }
}

/// A literal as it is compared: folded unless case counts.
pub(super) fn text_of(text: &str, cased: bool) -> Box<[u8]> {
    if cased { text.as_bytes().into() } else { fold(text).as_bytes().into() }
}

impl CompiledAtom {
    /// Whether the comparison holds for any value of its field (for keywords: any of the first `keywords` values).
    pub(super) fn holds(&self, event: EventRef<'_>, scratch: &mut Scratch, context: &evaluate::Context<'_>, keywords: u32) -> bool {
        if let Check::Plain(test) = &self.check {
            return evaluate::holds(self.field, test, event, context);
        }
        match self.field {
            Some(field) => {
                let mut at = scratch.first(field);
                while let Some(index) = at {
                    if self.holds_at(index, event, scratch) {
                        return true;
                    }
                    at = scratch.next(index);
                }
                false
            }
            None => (0..keywords).any(|index| self.holds_at(index, event, scratch)),
        }
    }

    fn holds_at(&self, index: u32, event: EventRef<'_>, scratch: &mut Scratch) -> bool {
        let Some(prepared) = scratch.value(index) else { return false };
        if prepared.value == Value::Null {
            return false;
        }
        if self.cased {
            return self.check.holds_for(event.text(prepared.value).as_bytes());
        }
        let text = scratch.folded(index, event);
        self.check.holds_for(text)
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
            let Some(found) = (at..=end).find(|here| fits(segment, text, *here)) else { return false };
            at = found + segment.len();
        }
        text.len().checked_sub(last.len()).is_some_and(|tail| tail >= at && fits(last, text, tail))
    }
}

fn fits(segment: &[Option<u8>], text: &[u8], at: usize) -> bool {
    text.get(at..at + segment.len())
        .is_some_and(|window| segment.iter().zip(window).all(|(piece, byte)| piece.is_none_or(|want| want == *byte)))
}
