//! The event under evaluation: its values by field, folded once, and what is known of it so far.

use model::{EventRef, FieldId, Value};

use crate::sigma::fold::fold_char;

const NONE: u32 = u32::MAX;

/// A stretch of the event's bytes folded in one go: most values are parts of it, so they need no folding of
/// their own.
#[derive(Debug, Default)]
struct Region {
    /// Whether every byte stands where it stood before folding; `None` when it is not folded yet.
    is_aligned: Option<bool>,
    folded: Vec<u8>,
}

impl Region {
    /// The folded bytes.
    #[inline]
    fn whole(&mut self, bytes: &[u8]) -> &[u8] {
        if self.is_aligned.is_none() {
            self.folded.clear();
            self.is_aligned = Some(fold_bytes(bytes, &mut self.folded));
        }
        &self.folded
    }

    /// A part of the folded bytes, when folding moved nothing.
    #[inline]
    fn part(&mut self, bytes: &[u8], range: std::ops::Range<usize>) -> Option<&[u8]> {
        self.whole(bytes);
        if self.is_aligned == Some(true) { self.folded.get(range) } else { None }
    }
}

/// One value of the event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Prepared {
    pub(super) field: FieldId,
    pub(super) value: Value,
    folded: (u32, u32),
    next: u32,
}

/// Memory of one thread, reused from event to event.
#[derive(Debug, Default)]
pub struct Scratch {
    generation: u32,
    raw: Region,
    own: Region,
    folded: Vec<u8>,
    values: Vec<Prepared>,
    first: Vec<(u32, u32)>,
    known: Vec<u32>,
    pub(super) marks: Marks,
    pub(super) hits: Vec<u32>,
}

/// Which rules are to be evaluated for the event.
#[derive(Debug, Default)]
pub(super) struct Marks {
    generation: u32,
    asked: Vec<u32>,
    pub(super) candidates: Vec<u32>,
}

impl Marks {
    /// Marks rules as to be evaluated, each once.
    #[inline]
    pub(super) fn ask(&mut self, rules: &[u32]) {
        for rule in rules {
            if let Some(mark) = self.asked.get_mut(*rule as usize)
                && *mark != self.generation
            {
                *mark = self.generation;
                self.candidates.push(*rule);
            }
        }
    }
}

impl Scratch {
    /// The rules that the last event made worth evaluating: the measure of how well triggers are chosen.
    pub fn candidates(&self) -> &[u32] {
        &self.marks.candidates
    }

    /// Begins an event. Marks are compared with the generation, so nothing is cleared.
    pub(super) fn begin(&mut self, fields: usize, rules: usize, atoms: usize) {
        self.first.resize(fields.max(self.first.len()), (0, NONE));
        self.marks.asked.resize(rules.max(self.marks.asked.len()), 0);
        self.known.resize(atoms.max(self.known.len()), 0);
        // The low bit of `known` is the answer, so generations use the upper 31 bits.
        self.generation += 1;
        if self.generation >= u32::MAX >> 1 {
            self.first.fill((0, NONE));
            self.marks.asked.fill(0);
            self.known.fill(0);
            self.generation = 1;
        }
        self.raw.is_aligned = None;
        self.own.is_aligned = None;
        self.folded.clear();
        self.values.clear();
        self.marks.generation = self.generation;
        self.marks.candidates.clear();
        self.hits.clear();
    }

    /// Adds a value of a known field. Values of one field are chained in order.
    #[inline]
    pub(super) fn add(&mut self, field: FieldId, value: Value) {
        let index = self.values.len() as u32;
        let Some(entry) = field.index().and_then(|index| self.first.get_mut(index)) else { return };
        if entry.0 == self.generation {
            let mut at = entry.1;
            while let Some(before) = self.values.get_mut(at as usize) {
                if before.next == NONE {
                    before.next = index;
                    break;
                }
                at = before.next;
            }
        } else {
            *entry = (self.generation, index);
        }
        self.values.push(Prepared { field, value, folded: (NONE, NONE), next: NONE });
    }

    /// How many values were added.
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// The value at an index.
    #[inline]
    pub(super) fn value(&self, index: u32) -> Option<Prepared> {
        self.values.get(index as usize).copied()
    }

    /// Index of the first value of a field.
    #[inline]
    pub(super) fn first(&self, field: FieldId) -> Option<u32> {
        let (generation, index) = *self.first.get(field.index()?)?;
        (generation == self.generation).then_some(index)
    }

    /// Index of the next value of the same field.
    #[inline]
    pub(super) fn next(&self, index: u32) -> Option<u32> {
        self.values.get(index as usize).map(|value| value.next).filter(|next| *next != NONE)
    }

    /// The folded text of a value and the marks, to be used side by side.
    #[inline]
    pub(super) fn folded_and_marks(
        &mut self,
        index: u32,
        event: EventRef<'_>,
    ) -> (&[u8], &mut Marks) {
        let Some(prepared) = self.values.get_mut(index as usize) else {
            return (&[], &mut self.marks);
        };
        let part = match prepared.value {
            Value::Raw { .. } => {
                event.within_raw(prepared.value).and_then(|range| self.raw.part(event.raw(), range))
            }
            Value::Text { .. } => event
                .within_own_text(prepared.value)
                .and_then(|range| self.own.part(event.own_text(), range)),
            _ => None,
        };
        if let Some(part) = part {
            return (part, &mut self.marks);
        }
        if prepared.folded.0 == NONE {
            let start = self.folded.len() as u32;
            fold_value(prepared.value, event, &mut self.folded);
            prepared.folded = (start, self.folded.len() as u32);
        }
        let (start, end) = prepared.folded;
        (self.folded.get(start as usize..end as usize).unwrap_or_default(), &mut self.marks)
    }

    /// The folded text of a value.
    #[inline]
    pub(super) fn folded(&mut self, index: u32, event: EventRef<'_>) -> &[u8] {
        self.folded_and_marks(index, event).0
    }

    /// All folded bytes of the event in which values stand, and the marks: the raw record and its own texts.
    pub(super) fn whole(&mut self, event: EventRef<'_>) -> ([&[u8]; 2], &mut Marks) {
        ([self.raw.whole(event.raw()), self.own.whole(event.own_text())], &mut self.marks)
    }

    /// What is known of an atom.
    #[inline]
    pub(super) fn recall(&self, atom: u32) -> Option<bool> {
        let known = *self.known.get(atom as usize)?;
        (known >> 1 == self.generation).then_some(known & 1 == 1)
    }

    /// Remembers an atom's answer for this event.
    #[inline]
    pub(super) fn remember(&mut self, atom: u32, holds: bool) {
        if let Some(known) = self.known.get_mut(atom as usize) {
            *known = self.generation << 1 | u32::from(holds);
        }
    }
}

/// Appends the folded text of a value.
pub(super) fn fold_value(value: Value, event: EventRef<'_>, into: &mut Vec<u8>) {
    match (value, event.bytes(value)) {
        (Value::Int(number), _) => {
            into.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        }
        (_, Some(bytes)) => {
            fold_bytes(bytes, into);
        }
        (_, None) => into.extend_from_slice(event.text(value).to_ascii_lowercase().as_bytes()),
    }
}

/// Appends folded bytes; those that are not UTF-8 become U+FFFD, as in [`EventRef::text`]. Returns whether every
/// byte stands where it stood (characters that fold to longer or shorter ones are rare).
fn fold_bytes(bytes: &[u8], into: &mut Vec<u8>) -> bool {
    let mut is_aligned = true;
    let mut rest = bytes;
    while !rest.is_empty() {
        let plain = ascii_prefix(rest);
        let (ascii, beyond) = rest.split_at(plain);
        let start = into.len();
        into.extend_from_slice(ascii);
        if let Some(added) = into.get_mut(start..) {
            added.make_ascii_lowercase();
        }
        let length = beyond.iter().position(u8::is_ascii).unwrap_or(beyond.len());
        let (beyond, after) = beyond.split_at(length);
        is_aligned &= fold_beyond_ascii(beyond, into);
        rest = after;
    }
    is_aligned
}

/// How many bytes at the beginning are ASCII. Whole stretches are looked at together, which vector instructions do.
fn ascii_prefix(bytes: &[u8]) -> usize {
    const STRETCH: usize = 64;
    let mut at = 0;
    for stretch in bytes.chunks(STRETCH) {
        if !stretch.is_ascii() {
            return at + stretch.iter().position(|byte| !byte.is_ascii()).unwrap_or(0);
        }
        at += stretch.len();
    }
    at
}

/// As [`fold_bytes`], for bytes of which none is ASCII.
fn fold_beyond_ascii(bytes: &[u8], into: &mut Vec<u8>) -> bool {
    let start = into.len();
    let mut is_aligned = true;
    let mut buffer = [0; 4];
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            let folded = fold_char(character);
            is_aligned &= folded.len_utf8() == character.len_utf8();
            into.extend_from_slice(folded.encode_utf8(&mut buffer).as_bytes());
        }
        if !chunk.invalid().is_empty() {
            is_aligned = false;
            into.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
    is_aligned && into.len() == start + bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sigma::fold::fold;

    #[test]
    fn folding_bytes_is_folding_text() {
        for text in ["", "WhoAmI", "Ünïcode ÀÉ x", "İstanbul K", "日本語 A", "aÄ\u{130}b"]
        {
            let mut folded = Vec::new();
            let is_aligned = fold_bytes(text.as_bytes(), &mut folded);
            assert_eq!(String::from_utf8_lossy(&folded), fold(text), "{text}");
            let lengths = text.chars().all(|c| fold_char(c).len_utf8() == c.len_utf8());
            assert_eq!(is_aligned, lengths, "{text}");
        }
        let mut folded = Vec::new();
        assert!(!fold_bytes(b"A\xffB", &mut folded));
        assert_eq!(folded, "a\u{fffd}b".as_bytes());
    }
}
