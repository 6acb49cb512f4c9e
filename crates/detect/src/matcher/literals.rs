//! Many texts looked for in one pass.

use aho_corasick::packed::Searcher;
use daachorse::{DoubleArrayAhoCorasick, DoubleArrayAhoCorasickBuilder};
use memchr::memmem::Finder;

use super::event::Marks;

/// Up to this many texts are looked for one by one.
const FEW: usize = 3;

/// A text and the rules that want it: anywhere in the value, or at its beginning.
pub(super) struct Literal {
    pub(super) text: Box<[u8]>,
    pub(super) anywhere: Box<[u32]>,
    pub(super) at_start: Box<[u32]>,
}

impl Literal {
    #[inline]
    fn seen(&self, start: usize, marks: &mut Marks) {
        marks.ask(&self.anywhere);
        if start == 0 {
            marks.ask(&self.at_start);
        }
    }
}

/// How they are looked for, by their number.
enum Search {
    /// One after the other.
    Few(Vec<Finder<'static>>),
    /// Vector instructions say whether any is there; only then the automaton looks for all.
    Gated(Box<Searcher>, Box<DoubleArrayAhoCorasick<u32>>),
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
            match Searcher::new(literals.iter().map(|literal| &literal.text)) {
                Some(gate) => Search::Gated(Box::new(gate), all),
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
                    if let Some(start) = finder.find(text) {
                        literal.seen(start, marks);
                    }
                }
            }
            Search::Gated(gate, automaton) => {
                if gate.find(text).is_some() {
                    self.walk(automaton, text, marks);
                }
            }
            Search::Many(automaton) => self.walk(automaton, text, marks),
        }
    }

    fn walk(&self, automaton: &DoubleArrayAhoCorasick<u32>, text: &[u8], marks: &mut Marks) {
        for found in automaton.find_overlapping_iter(text) {
            if let Some(literal) = self.literals.get(found.value() as usize) {
                literal.seen(found.start(), marks);
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

/// The automaton's own prefilter is left out: a table of 64 KiB for each automaton, of no use to large sets.
fn automaton(literals: &[Literal]) -> Option<DoubleArrayAhoCorasick<u32>> {
    let values = literals.iter().enumerate().map(|(index, literal)| (&literal.text, index as u32));
    DoubleArrayAhoCorasickBuilder::new().use_prefilter(false).build_with_values(values).ok()
}
