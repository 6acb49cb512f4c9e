//! What is looked for in one field, all rules of a group together.

use model::{EventRef, Section, Value};
use rustc_hash::FxHashMap;

use super::event::{Marks, Scratch, fold_value};
use super::literals::{Literal, Literals};
use super::trigger::{Look, number_bits};
use crate::sigma::number_of;

type Rules = Box<[u32]>;

/// The triggers of one field of one group.
#[derive(Default)]
pub(super) struct FieldProgram {
    exact: FxHashMap<Box<[u8]>, Rules>,
    numbers: FxHashMap<u64, Rules>,
    components: FxHashMap<Box<[u8]>, Rules>,
    /// By their first two bytes.
    prefixes: FxHashMap<[u8; 2], Vec<(Box<[u8]>, Rules)>>,
    /// By their last two bytes.
    suffixes: FxHashMap<[u8; 2], Vec<(Box<[u8]>, Rules)>>,
    literals: Option<Literals>,
    /// As a program of keywords: whether they could be in what is no text of the event (numbers, booleans), or
    /// are more than texts within.
    wants_each_value: bool,
}

impl FieldProgram {
    /// Compiles (what to look for, rule) pairs.
    pub(super) fn compile(wanted: Vec<(Look, u32)>) -> Self {
        let mut by_look: FxHashMap<Look, Vec<u32>> = FxHashMap::default();
        for (look, rule) in wanted {
            by_look.entry(look).or_default().push(rule);
        }
        let mut program = Self::default();
        let mut literals: Vec<Literal> = Vec::new();
        for (look, mut rules) in by_look {
            rules.sort_unstable();
            rules.dedup();
            match look {
                Look::Exact(text) => {
                    program.exact.insert(text, rules.into());
                }
                Look::Number(bits) => {
                    program.numbers.insert(bits, rules.into());
                }
                Look::Component(text) => {
                    program.components.insert(text, rules.into());
                }
                Look::Suffix(text) => {
                    if let Some(tail) = tail(&text) {
                        program.suffixes.entry(tail).or_default().push((text, rules.into()));
                    }
                }
                Look::Prefix(text) => {
                    if let Some(head) = head(&text) {
                        program.prefixes.entry(head).or_default().push((text, rules.into()));
                    }
                }
                Look::Within(text) => literals.push(Literal { text, rules: rules.into() }),
            }
        }
        program.literals = Literals::compile(literals);
        let has_more = !program.exact.is_empty()
            || !program.components.is_empty()
            || !program.prefixes.is_empty()
            || !program.suffixes.is_empty();
        program.wants_each_value =
            has_more || program.literals.as_ref().is_some_and(Literals::are_in_numbers);
        program
    }

    /// Whether the value's text is needed.
    fn wants_text(&self) -> bool {
        self.literals.is_some()
            || !self.exact.is_empty()
            || !self.components.is_empty()
            || !self.prefixes.is_empty()
            || !self.suffixes.is_empty()
    }

    /// Asks for every rule of which a trigger is seen in the value at `index`.
    pub(super) fn scan(&self, index: u32, event: EventRef<'_>, scratch: &mut Scratch) {
        let Some(prepared) = scratch.value(index) else { return };
        if prepared.value == Value::Null {
            return;
        }
        if !self.numbers.is_empty()
            && let Some(number) = number_of(event, prepared.value)
            && let Some(rules) = self.numbers.get(&number_bits(number))
        {
            scratch.marks.ask(rules);
        }
        if self.wants_text() {
            let (text, marks) = scratch.folded_and_marks(index, event);
            self.look(text, marks);
        }
    }

    #[inline]
    fn look(&self, text: &[u8], marks: &mut Marks) {
        if let Some(rules) = self.exact.get(text) {
            marks.ask(rules);
        }
        if !self.components.is_empty() {
            let component = match memchr::memrchr2(b'\\', b'/', text) {
                Some(at) => text.get(at + 1..).unwrap_or_default(),
                None => text,
            };
            if let Some(rules) = self.components.get(component) {
                marks.ask(rules);
            }
        }
        if !self.prefixes.is_empty()
            && let Some(prefixes) = head(text).and_then(|head| self.prefixes.get(&head))
        {
            for (_, rules) in prefixes.iter().filter(|(prefix, _)| text.starts_with(prefix)) {
                marks.ask(rules);
            }
        }
        if !self.suffixes.is_empty()
            && let Some(suffixes) = tail(text).and_then(|tail| self.suffixes.get(&tail))
        {
            for (_, rules) in suffixes.iter().filter(|(suffix, _)| text.ends_with(suffix)) {
                marks.ask(rules);
            }
        }
        if let Some(literals) = &self.literals {
            literals.look(text, marks);
        }
    }

    /// Looks for keywords in the whole event. Every text of the event stands in its raw record or among its own
    /// texts, so those two are looked through instead of value after value.
    pub(super) fn scan_keywords(&self, event: EventRef<'_>, scratch: &mut Scratch) {
        if let Some(literals) = &self.literals {
            let (stretches, marks) = scratch.whole(event);
            stretches.iter().for_each(|text| literals.look(text, marks));
        }
        if self.wants_each_value {
            let mut folded = Vec::new();
            for slot in event.section(Section::Native) {
                folded.clear();
                fold_value(slot.value, event, &mut folded);
                self.look(&folded, &mut scratch.marks);
            }
        }
    }
}

fn head(text: &[u8]) -> Option<[u8; 2]> {
    text.first_chunk::<2>().copied()
}

fn tail(text: &[u8]) -> Option<[u8; 2]> {
    text.last_chunk::<2>().copied()
}
