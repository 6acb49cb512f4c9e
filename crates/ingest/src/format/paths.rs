//! The dotted names of nested records, remembered over the records of a chunk.
//!
//! Records of one source repeat the same keys in nearly the same order. A tree of the names seen so far, in
//! which every node remembers which key followed it the last time, turns the way from a key to its field id
//! into one comparison of bytes. What a name means in a Windows event is looked up once for each name, too.

use std::hash::Hasher;

use model::{FieldId, Value};
use rustc_hash::{FxHashMap, FxHasher};

use super::windows::{self, Canonical, Marks, Meaning};
use crate::{Fields, Malformed};

/// Longest dotted name in bytes. Names are kept once each, but a long key with thousands of children would
/// be repeated in all of their names.
const NAME_BYTES_MAX: usize = 1024;

const NONE: u32 = u32::MAX;

/// Which family of names the record of a structured format uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonForm {
    /// The source's own names, nested ones joined with dots.
    Plain,
    /// A Windows event; its fields have the names of [`super::windows`].
    Windows,
}

/// A name seen in this chunk.
#[derive(Debug)]
struct Node {
    parent: u32,
    /// Range of the whole name in `text`; the key is its last `key_len` bytes.
    start: u32,
    end: u32,
    key_len: u32,
    /// The child that came first the last time.
    first: u32,
    /// The sibling that came next the last time.
    after: u32,
    same_hash: u32,
    plain: Option<FieldId>,
    windows: Option<Resolved>,
    marks: Marks,
}

#[derive(Debug, Clone, Copy)]
enum Resolved {
    Field { id: FieldId, offer: Option<(Canonical, u8)> },
    Passed,
    Keywords { id: FieldId },
    Escaped { id: FieldId },
    DataName,
    DataText,
}

/// Set in the index of an entry that stands for the end of an object, not for a value.
const END: u32 = 1 << 31;

/// The `Name` and the text of a `Data` object, in whichever order they come.
#[derive(Debug, Default)]
struct Pair {
    name: Option<FieldId>,
    text: Option<Value>,
}

impl Pair {
    /// Puts what there is: a name without text has no value, a text without name is `Data`.
    fn put(&mut self, fields: &mut Fields<'_>) {
        match (self.name.take(), self.text.take()) {
            (Some(id), text) => fields.put_value(id, text.unwrap_or(Value::Null)),
            (None, Some(text)) => {
                let id = fields.id("Data");
                fields.put_value(id, text);
            }
            (None, None) => {}
        }
    }

    fn name(&mut self, name: Option<FieldId>, fields: &mut Fields<'_>) {
        if self.name.is_some() {
            self.put(fields);
        }
        self.name = name;
    }

    fn text(&mut self, text: Value, fields: &mut Fields<'_>) {
        if self.text.is_some() {
            self.put(fields);
        }
        self.text = Some(text);
    }
}

/// A place in the tree of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place(u32);

impl Place {
    /// The record itself.
    pub(super) const ROOT: Self = Self(0);
    /// Before the first key of an object.
    pub(super) const START: Self = Self(NONE);
}

/// Names of a chunk and the values of the record that is being decoded.
#[derive(Debug)]
pub(super) struct Paths {
    nodes: Vec<Node>,
    text: String,
    by_hash: FxHashMap<u64, u32>,
    values: Vec<(u32, Value)>,
    marks: Marks,
    canonical: [Option<FieldId>; Canonical::COUNT],
    /// Whether the record goes beyond a limit.
    is_over_limit: bool,
}

impl Default for Paths {
    fn default() -> Self {
        let root = Node {
            parent: NONE,
            start: 0,
            end: 0,
            key_len: 0,
            first: NONE,
            after: NONE,
            same_hash: NONE,
            plain: None,
            windows: None,
            marks: Marks::NONE,
        };
        Self {
            nodes: vec![root],
            text: String::new(),
            by_hash: FxHashMap::default(),
            values: Vec::new(),
            marks: Marks::NONE,
            canonical: [None; Canonical::COUNT],
            is_over_limit: false,
        }
    }
}

impl Paths {
    /// Begins a record.
    pub(super) fn begin(&mut self) {
        self.values.clear();
        self.marks = Marks::NONE;
        self.is_over_limit = false;
    }

    /// Notes that the record goes beyond a limit.
    pub(super) fn exceed(&mut self) {
        self.is_over_limit = true;
    }

    /// Whether the record goes beyond a limit.
    pub(super) fn is_over_limit(&self) -> bool {
        self.is_over_limit
    }

    /// How many values the record has so far.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether the record has a value so far that says something.
    pub(super) fn has_values(&self) -> bool {
        self.values.iter().any(|(_, value)| *value != Value::Null)
    }

    /// Adds a value of the record.
    #[inline]
    pub(super) fn push(&mut self, place: Place, value: Value) {
        self.values.push((place.0, value));
    }

    /// The place of `key` within `parent`, given the key before it in the same object.
    #[inline]
    pub(super) fn child(
        &mut self,
        parent: Place,
        previous: Place,
        key: &str,
    ) -> Result<Place, Malformed> {
        let guess = if previous == Place::START {
            self.nodes.get(parent.0 as usize).map_or(NONE, |node| node.first)
        } else {
            self.nodes.get(previous.0 as usize).map_or(NONE, |node| node.after)
        };
        let index = if self.is_key(guess, key.as_bytes()) {
            guess
        } else {
            self.turn_to(parent, previous, key)?
        };
        if let Some(node) = self.nodes.get(index as usize) {
            self.marks = self.marks.with(node.marks);
        }
        Ok(Place(index))
    }

    #[inline]
    fn is_key(&self, index: u32, key: &[u8]) -> bool {
        self.nodes.get(index as usize).is_some_and(|node| {
            node.key_len as usize == key.len()
                && self.text.as_bytes().get((node.end - node.key_len) as usize..node.end as usize)
                    == Some(key)
        })
    }

    /// The order of keys was not the expected one: finds or makes the node and remembers the new order.
    fn turn_to(&mut self, parent: Place, previous: Place, key: &str) -> Result<u32, Malformed> {
        let mut hasher = FxHasher::default();
        hasher.write_u32(parent.0);
        hasher.write(key.as_bytes());
        let hash = hasher.finish();
        let newest = self.by_hash.get(&hash).copied().unwrap_or(NONE);
        let mut index = newest;
        while let Some(node) = self.nodes.get(index as usize) {
            if node.parent == parent.0 && self.is_key(index, key.as_bytes()) {
                break;
            }
            index = node.same_hash;
        }
        if index == NONE {
            index = self.add(parent, key, newest)?;
            self.by_hash.insert(hash, index);
        }
        let order = if previous == Place::START {
            self.nodes.get_mut(parent.0 as usize).map(|node| &mut node.first)
        } else {
            self.nodes.get_mut(previous.0 as usize).map(|node| &mut node.after)
        };
        if let Some(order) = order {
            *order = index;
        }
        Ok(index)
    }

    fn add(&mut self, parent: Place, key: &str, same_hash: u32) -> Result<u32, Malformed> {
        let start = self.text.len();
        let (from, to) = self
            .nodes
            .get(parent.0 as usize)
            .map_or((0, 0), |node| (node.start as usize, node.end as usize));
        if to - from + key.len() > NAME_BYTES_MAX {
            let shown: String = key.chars().take(40).collect();
            self.is_over_limit = true;
            return Err(Malformed::over_limit(format!(
                "a field name ({shown}…) is longer than {NAME_BYTES_MAX} bytes with the names around it"
            )));
        }
        if to > from {
            self.text.extend_from_within(from..to);
            self.text.push('.');
        }
        self.text.push_str(key);
        let marks = windows::marks(self.text.get(start..).unwrap_or_default());
        self.nodes.push(Node {
            parent: parent.0,
            start: start as u32,
            end: self.text.len() as u32,
            key_len: key.len() as u32,
            first: NONE,
            after: NONE,
            same_hash,
            plain: None,
            windows: None,
            marks,
        });
        Ok(self.nodes.len() as u32 - 1)
    }

    /// Ends an object; where the parts of a list of `Data` end decides which name belongs to which text.
    #[inline]
    pub(super) fn end_object(&mut self, place: Place) {
        if self.nodes.get(place.0 as usize).is_some_and(|node| node.marks.are_of_data()) {
            self.values.push((place.0 | END, Value::Null));
        }
    }

    /// Takes a text out of the record that is a whole Windows event: the name of its field and the text.
    pub(super) fn take_event(&mut self, fields: &Fields<'_>) -> Option<(String, Vec<u8>)> {
        if !self.marks.are_of_carrier() {
            return None;
        }
        let is_event = |&(index, value): &(u32, Value)| {
            let node = self.nodes.get(index as usize)?;
            let text = fields.bytes(value).filter(|_| node.marks.are_of_carrier())?;
            windows::is_event(text).then(|| text.trim_ascii().to_vec())
        };
        let (position, text) = self
            .values
            .iter()
            .enumerate()
            .find_map(|(position, entry)| is_event(entry).map(|text| (position, text)))?;
        let (index, _) = self.values.remove(position);
        let node = self.nodes.get(index as usize)?;
        let name = self.text.get(node.start as usize..node.end as usize).unwrap_or_default();
        Some((name.to_owned(), text))
    }

    /// Takes the data of an event, XML, out of a Windows event whose properties stand beside it: exports of Log
    /// Analytics have it in the column `EventData`.
    pub(super) fn take_event_data(&mut self, fields: &Fields<'_>) -> Option<Vec<u8>> {
        if !self.marks.are_of_event_data() || !self.marks.are_windows() {
            return None;
        }
        let found = self.values.iter().enumerate().find_map(|(position, &(index, value))| {
            let node = self.nodes.get(index as usize)?;
            let text = fields.bytes(value).filter(|_| node.marks.are_of_event_data())?;
            let start = memchr::memmem::find(text, b"<EventData")?;
            Some((position, text.get(start..)?.to_vec()))
        });
        let (position, text) = found?;
        self.values.remove(position);
        Some(text)
    }

    /// Ends a record from which an event was taken out: its other values keep their names.
    pub(super) fn finish_around(&mut self, fields: &mut Fields<'_>) {
        self.marks = Marks::NONE;
        self.finish(fields);
    }

    /// Ends the record: hands its values on under the names of the form that it has.
    pub(super) fn finish(&mut self, fields: &mut Fields<'_>) -> JsonForm {
        if self.marks.are_windows() {
            self.finish_windows(fields);
            return JsonForm::Windows;
        }
        for &(index, value) in &self.values {
            let Some(node) = self.nodes.get_mut(index as usize) else { continue };
            let id = if let Some(id) = node.plain {
                id
            } else {
                let id = fields
                    .id(self.text.get(node.start as usize..node.end as usize).unwrap_or_default());
                node.plain = Some(id);
                id
            };
            fields.put_value(id, value);
        }
        JsonForm::Plain
    }

    /// Ends a part of a Windows event.
    pub(super) fn finish_windows(&mut self, fields: &mut Fields<'_>) {
        let mut offers: [Option<(u8, Value)>; Canonical::COUNT] = [None; Canonical::COUNT];
        let mut pair = Pair::default();
        for position in 0..self.values.len() {
            let Some(&(index, value)) = self.values.get(position) else { break };
            if index & END != 0 {
                pair.put(fields);
                continue;
            }
            match self.resolve(index, fields) {
                Resolved::Field { id, offer } => {
                    if let Some((canonical, rank)) = offer
                        && let Some(best) = offers.get_mut(canonical as usize)
                        && best.is_none_or(|(have, _)| rank < have)
                    {
                        *best = Some((rank, value));
                    }
                    fields.put_value(id, value);
                }
                Resolved::Passed => {}
                Resolved::Keywords { id } => {
                    let spelt = windows::keywords(value, fields.bytes(value));
                    let value = spelt.map_or(value, |spelt| fields.value_of(spelt.as_bytes()));
                    fields.put_value(id, value);
                }
                Resolved::Escaped { id } => {
                    let plain = fields.bytes(value).and_then(windows::unescaped);
                    let value = plain.map_or(value, |plain| fields.value_of(&plain));
                    fields.put_value(id, value);
                }
                Resolved::DataName => {
                    let name = data_id(fields, value);
                    pair.name(name, fields);
                }
                Resolved::DataText => pair.text(value, fields),
            }
        }
        pair.put(fields);
        for (offer, (canonical, id)) in
            offers.iter().zip(Canonical::ALL.iter().zip(self.canonical.iter_mut()))
        {
            if let Some((rank, value)) = offer
                && *rank > 0
            {
                let id = *id.get_or_insert_with(|| fields.id(canonical.name()));
                fields.put_value(id, *value);
            }
        }
    }

    #[inline]
    fn resolve(&mut self, index: u32, fields: &mut Fields<'_>) -> Resolved {
        let Some(node) = self.nodes.get_mut(index as usize) else { return Resolved::Passed };
        if let Some(resolved) = node.windows {
            return resolved;
        }
        let name = self.text.get(node.start as usize..node.end as usize).unwrap_or_default();
        let resolved = match windows::meaning(name) {
            Meaning::Field { name, offer } => Resolved::Field { id: fields.id(&name), offer },
            Meaning::Passed => Resolved::Passed,
            Meaning::Keywords => Resolved::Keywords { id: fields.id("Keywords") },
            Meaning::Escaped { name } => Resolved::Escaped { id: fields.id(&name) },
            Meaning::DataName => Resolved::DataName,
            Meaning::DataText => Resolved::DataText,
        };
        node.windows = Some(resolved);
        resolved
    }
}

/// The field that a `Name` beside a `Data` text stands for.
fn data_id(fields: &mut Fields<'_>, name: Value) -> Option<FieldId> {
    let name = String::from_utf8_lossy(fields.bytes(name)?).replace(' ', "");
    if name.is_empty() || name.len() > NAME_BYTES_MAX { None } else { Some(fields.id(&name)) }
}
