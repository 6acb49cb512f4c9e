//! Many texts looked for in one pass.

use aho_corasick::Span;
use aho_corasick::packed::Searcher;
use daachorse::{DoubleArrayAhoCorasick, DoubleArrayAhoCorasickBuilder};
use memchr::memmem::Finder;

use super::event::Marks;

/// Up to this many texts are looked for one by one.
const FEW: usize = 3;

/// Up to this many texts are given to one gate.
const GATE_TEXTS: usize = 32;
/// More gates than this cost as much as the automaton.
const GATES: usize = 8;
/// Shorter values are not worth more than one gate.
const GATE_BYTES_MIN: usize = 40;

/// A text and the rules that want it.
pub(super) struct Literal {
    pub(super) text: Box<[u8]>,
    pub(super) rules: Box<[u32]>,
}

/// How they are looked for, by their number.
enum Search {
    /// One after the other.
    Few(Vec<Finder<'static>>),
    /// Vector instructions say whether any is there; only then the automaton looks for all.
    Gated(Vec<Gate>, Box<DoubleArrayAhoCorasick<u32>>),
    /// One automaton.
    Many(Box<DoubleArrayAhoCorasick<u32>>),
}

/// The texts of one field of one group.
pub(super) struct Literals {
    literals: Vec<Literal>,
    search: Search,
}

impl Literals {
    /// `None` when there is nothing to look for.
    pub(super) fn compile(mut literals: Vec<Literal>) -> Option<Self> {
        literals.retain(|literal| !literal.text.is_empty());
        literals.sort_by(|left, right| left.text.cmp(&right.text));
        if literals.is_empty() {
            return None;
        }
        let search = if literals.len() <= FEW {
            Search::Few(
                literals.iter().map(|literal| Finder::new(&literal.text).into_owned()).collect(),
            )
        } else {
            let all = Box::new(automaton(&literals)?);
            match gates(&literals) {
                Some(gates) => Search::Gated(gates, all),
                None => Search::Many(all),
            }
        };
        Some(Self { literals, search })
    }

    /// Asks for the rules of every text that is seen.
    #[inline]
    pub(super) fn look(&self, text: &[u8], marks: &mut Marks) {
        match &self.search {
            Search::Few(finders) => {
                for (finder, literal) in finders.iter().zip(&self.literals) {
                    if finder.find(text).is_some() {
                        marks.ask(&literal.rules);
                    }
                }
            }
            Search::Gated(gates, automaton) => {
                let is_short = text.len() < GATE_BYTES_MIN && gates.len() > 1;
                if is_short || gates.iter().any(|gate| gate.lets_pass(text)) {
                    self.walk(automaton, text, marks);
                }
            }
            Search::Many(automaton) => self.walk(automaton, text, marks),
        }
    }

    fn walk(&self, automaton: &DoubleArrayAhoCorasick<u32>, text: &[u8], marks: &mut Marks) {
        for found in automaton.find_overlapping_iter(text) {
            if let Some(literal) = self.literals.get(found.value() as usize) {
                marks.ask(&literal.rules);
            }
        }
    }

    /// Whether a number or a boolean in words could hold one of the texts.
    pub(super) fn are_in_numbers(&self) -> bool {
        let could_be =
            |text: &[u8]| text.iter().all(|byte| b"0123456789.-+aefinlrstu".contains(byte));
        self.literals.iter().any(|literal| could_be(&literal.text))
    }
}

/// Says quickly whether one of a few texts stands in a value: vector instructions look for the most seldom part of
/// each, and only where that stands the whole text is compared.
struct Gate {
    searcher: Searcher,
    /// Each text, and where its seldom part begins.
    texts: Vec<(Box<[u8]>, usize)>,
}

impl Gate {
    fn new(texts: &[&[u8]]) -> Option<Self> {
        let texts: Vec<(Box<[u8]>, usize)> =
            texts.iter().map(|text| ((*text).into(), seldom_at(text))).collect();
        let parts = texts.iter().filter_map(|(text, at)| text.get(*at..));
        Some(Self { searcher: Searcher::new(parts)?, texts })
    }

    fn lets_pass(&self, value: &[u8]) -> bool {
        let mut from = 0;
        while from < value.len() {
            let span = Span::from(from..value.len());
            let Some(found) = self.searcher.find_in(value, span) else { return false };
            // The seldom parts of several texts may begin here, of which the search names one.
            let stands = |(text, at): &(Box<[u8]>, usize)| {
                let start = found.start().checked_sub(*at);
                start
                    .and_then(|start| value.get(start..))
                    .is_some_and(|rest| rest.starts_with(text))
            };
            if self.texts.iter().any(stands) {
                return true;
            }
            from = found.start() + 1;
        }
        false
    }
}

/// Gates for all texts; `None` when there are too many, or one is too short.
fn gates(literals: &[Literal]) -> Option<Vec<Gate>> {
    if literals.len() > GATE_TEXTS * GATES {
        return None;
    }
    let texts: Vec<&[u8]> = literals.iter().map(|literal| &*literal.text).collect();
    texts.chunks(GATE_TEXTS).map(Gate::new).collect()
}

/// Where the most seldom bytes of a text begin, as many as the search looks at.
fn seldom_at(text: &[u8]) -> usize {
    const LOOKED_AT: usize = 4;
    let how_common = |at: &usize| {
        let bytes = text.iter().skip(*at).take(LOOKED_AT);
        bytes.map(|byte| commonness(*byte)).sum::<u32>()
    };
    (0..=text.len().saturating_sub(LOOKED_AT)).min_by_key(how_common).unwrap_or(0)
}

/// How often a byte is seen in folded logs, roughly.
fn commonness(byte: u8) -> u32 {
    match byte {
        b'e' | b't' | b'i' | b's' | b'n' | b'o' | b'a' | b'r' | b' ' | b'0' => 12,
        b'c' | b'd' | b'l' | b'm' | b'p' | b'u' | b'w' | b'1' | b'2' | b'"' => 8,
        b'a'..=b'z' | b'0'..=b'9' | b'.' | b':' | b'\\' | b'-' => 5,
        _ => 1,
    }
}

/// The automaton's own prefilter is left out: a table of 64 KiB for each automaton, of no use to large sets.
fn automaton(literals: &[Literal]) -> Option<DoubleArrayAhoCorasick<u32>> {
    let values = literals.iter().enumerate().map(|(index, literal)| (&literal.text, index as u32));
    DoubleArrayAhoCorasickBuilder::new().use_prefilter(false).build_with_values(values).ok()
}
