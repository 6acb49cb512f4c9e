//! Events of one stretch of input, held as slots in shared vectors: no allocation per event.
//!
//! Every event has three runs of slots: the *native* fields as the source names them, the OCSF *attributes*
//! that the mapping made of them, and *aliases*, the Sigma names that the source itself does not use.

use std::borrow::Cow;

use crate::{FieldId, KindId, Slot, Timestamp, Value};

/// Which run of an event's slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// The source's own fields.
    Native,
    /// OCSF attributes.
    Attributes,
    /// Sigma names that stand for an attribute.
    Aliases,
}

/// Where one event's parts are.
#[derive(Debug, Clone, Copy)]
pub struct EventHead {
    /// What kind of event it is.
    pub kind: KindId,
    /// When it occurred; `None` when the record carries no readable time.
    pub time: Option<Timestamp>,
    /// Byte offset of the record in the decoded input.
    pub offset: u64,
    /// Start and end of the raw record in the batch's raw bytes.
    pub raw: (u32, u32),
    /// Start and end of the record's unescaped and converted texts in the batch's own text.
    pub text: (u32, u32),
    /// First slot; ends of the native, attribute and alias runs.
    pub slots: [u32; 4],
}

/// Events that were read together.
#[derive(Debug, Clone, Default)]
pub struct EventBatch {
    raw: Vec<u8>,
    text: Vec<u8>,
    slots: Vec<Slot>,
    names: Vec<Box<str>>,
    heads: Vec<EventHead>,
}

impl EventBatch {
    /// How many events.
    pub fn len(&self) -> usize {
        self.heads.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// The event at `index`.
    #[inline]
    pub fn get(&self, index: usize) -> EventRef<'_> {
        EventRef { batch: self, head: &self.heads[index] }
    }

    /// All events in order of reading.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = EventRef<'_>> {
        self.heads.iter().map(|head| EventRef { batch: self, head })
    }

    /// The name of a field, whether the catalog knows it or only this batch.
    pub fn field_name<'a>(&'a self, id: FieldId, known: &'a crate::FieldTable) -> &'a str {
        match id.unknown_index() {
            Some(index) => self.names.get(index).map_or("", |name| name),
            None => known.name(id),
        }
    }

    /// Moves an event's time, as tests and replays do.
    pub fn set_time(&mut self, index: usize, time: Timestamp) {
        self.heads[index].time = Some(time);
    }
}

/// One event of a batch.
#[derive(Debug, Clone, Copy)]
pub struct EventRef<'a> {
    batch: &'a EventBatch,
    head: &'a EventHead,
}

impl<'a> EventRef<'a> {
    /// The batch that holds the event.
    pub fn batch(self) -> &'a EventBatch {
        self.batch
    }

    /// What kind of event it is.
    #[inline]
    pub fn kind(self) -> KindId {
        self.head.kind
    }

    /// When it occurred.
    #[inline]
    pub fn time(self) -> Option<Timestamp> {
        self.head.time
    }

    /// Byte offset of its record in the decoded input.
    pub fn offset(self) -> u64 {
        self.head.offset
    }

    /// The raw record, byte for byte.
    #[inline]
    pub fn raw(self) -> &'a [u8] {
        &self.batch.raw[self.head.raw.0 as usize..self.head.raw.1 as usize]
    }

    /// The raw record as a value.
    #[inline]
    pub fn raw_value(self) -> Value {
        Value::Raw { at: self.head.raw.0, len: self.head.raw.1 - self.head.raw.0 }
    }

    /// The texts that were unescaped or converted for this event, one after the other.
    #[inline]
    pub fn own_text(self) -> &'a [u8] {
        self.batch
            .text
            .get(self.head.text.0 as usize..self.head.text.1 as usize)
            .unwrap_or_default()
    }

    /// Where a text value stands in [`Self::raw`]; `None` when it is not a part of the raw record.
    #[inline]
    pub fn within_raw(self, value: Value) -> Option<std::ops::Range<usize>> {
        let Value::Raw { at, len } = value else { return None };
        let start = at.checked_sub(self.head.raw.0)?;
        (at + len <= self.head.raw.1).then_some(start as usize..(start + len) as usize)
    }

    /// Where a text value stands in [`Self::own_text`]; `None` when it is not a part of it.
    #[inline]
    pub fn within_own_text(self, value: Value) -> Option<std::ops::Range<usize>> {
        let Value::Text { at, len } = value else { return None };
        let start = at.checked_sub(self.head.text.0)?;
        (at + len <= self.head.text.1).then_some(start as usize..(start + len) as usize)
    }

    /// One run of its slots.
    #[inline]
    pub fn section(self, section: Section) -> &'a [Slot] {
        let [start, native, attributes, aliases] = self.head.slots;
        let (from, to) = match section {
            Section::Native => (start, native),
            Section::Attributes => (native, attributes),
            Section::Aliases => (attributes, aliases),
        };
        &self.batch.slots[from as usize..to as usize]
    }

    /// All slots: native, attributes, aliases.
    #[inline]
    pub fn slots(self) -> &'a [Slot] {
        &self.batch.slots[self.head.slots[0] as usize..self.head.slots[3] as usize]
    }

    /// The bytes of a text value; `None` for numbers, booleans and null.
    #[inline]
    pub fn bytes(self, value: Value) -> Option<&'a [u8]> {
        match value {
            Value::Raw { at, len } => Some(&self.batch.raw[at as usize..(at + len) as usize]),
            Value::Text { at, len } => Some(&self.batch.text[at as usize..(at + len) as usize]),
            _ => None,
        }
    }

    /// Any value as the text that a rule compares: numbers in decimal, booleans as words, null as nothing.
    pub fn text(self, value: Value) -> Cow<'a, str> {
        match value {
            Value::Null => Cow::Borrowed(""),
            Value::Bool(true) => Cow::Borrowed("true"),
            Value::Bool(false) => Cow::Borrowed("false"),
            Value::Int(number) => Cow::Owned(number.to_string()),
            Value::Float(number) => Cow::Owned(number.to_string()),
            Value::Raw { .. } | Value::Text { .. } => {
                String::from_utf8_lossy(self.bytes(value).unwrap_or_default())
            }
        }
    }

    /// The first value of a field, native name first, then attribute, then alias.
    pub fn first(self, field: FieldId) -> Option<Value> {
        self.slots().iter().find(|slot| slot.field == field).map(|slot| slot.value)
    }
}

/// Makes a batch, one record after the other. Raw bytes are handed over at the end, so that decoders can
/// borrow them while they push.
#[derive(Debug, Default)]
pub struct BatchBuilder {
    batch: EventBatch,
    record_start: u32,
    text_start: u32,
    native_end: Option<u32>,
    attributes_end: Option<u32>,
}

impl BatchBuilder {
    /// A builder with room for so many records of so many bytes together, so that its vectors need not grow and move.
    pub fn with_room(records: usize, bytes: usize) -> Self {
        // Measured on Windows events as JSON, which have most fields for their size.
        const BYTES_A_SLOT: usize = 12;
        const BYTES_A_BYTE_OF_TEXT: usize = 3;
        let mut builder = Self::default();
        builder.batch.heads.reserve(records);
        builder.batch.slots.reserve(bytes / BYTES_A_SLOT);
        builder.batch.text.reserve(bytes / BYTES_A_BYTE_OF_TEXT);
        builder
    }

    /// Adds a slot to the current run.
    #[inline]
    pub fn push(&mut self, field: FieldId, value: Value) {
        self.batch.slots.push(Slot { field, value });
    }

    /// Appends text to the batch and returns a value that points to it.
    #[inline]
    pub fn text(&mut self, bytes: &[u8]) -> Value {
        let at = self.batch.text.len() as u32;
        self.batch.text.extend_from_slice(bytes);
        Value::Text { at, len: bytes.len() as u32 }
    }

    /// An id for a name that the catalog does not know. Looks only at the batch's most recent names, so a
    /// name may get more than one id.
    pub fn unknown_field(&mut self, name: &str) -> FieldId {
        let recent = self.batch.names.len().saturating_sub(64);
        if let Some(found) = self.batch.names[recent..].iter().position(|have| &**have == name) {
            return FieldId::unknown((recent + found) as u32);
        }
        self.batch.names.push(name.into());
        FieldId::unknown(self.batch.names.len() as u32 - 1)
    }

    /// The name behind an id of this batch.
    pub fn unknown_name(&self, id: FieldId) -> Option<&str> {
        id.unknown_index().and_then(|index| self.batch.names.get(index)).map(|name| &**name)
    }

    /// The slots pushed for the current record so far.
    #[inline]
    pub fn record(&self) -> &[Slot] {
        &self.batch.slots[self.record_start as usize..]
    }

    /// How many slots the current record has.
    pub fn record_len(&self) -> usize {
        self.batch.slots.len() - self.record_start as usize
    }

    /// The bytes of a text value, given the raw bytes that the batch will own.
    #[inline]
    pub fn bytes<'a>(&'a self, raw: &'a [u8], value: Value) -> Option<&'a [u8]> {
        match value {
            Value::Raw { at, len } => Some(&raw[at as usize..(at + len) as usize]),
            Value::Text { at, len } => Some(&self.batch.text[at as usize..(at + len) as usize]),
            _ => None,
        }
    }

    /// Ends the run of native fields; what is pushed next are OCSF attributes.
    pub fn end_native(&mut self) {
        self.native_end = Some(self.batch.slots.len() as u32);
    }

    /// Ends the run of attributes; what is pushed next are aliases.
    pub fn end_attributes(&mut self) {
        self.attributes_end = Some(self.batch.slots.len() as u32);
    }

    /// Forgets what the current record pushed (its slots; text stays until the batch is done).
    pub fn abandon(&mut self) {
        self.batch.slots.truncate(self.record_start as usize);
        self.native_end = None;
        self.attributes_end = None;
    }

    /// Ends the record and makes it an event.
    pub fn finish_record(
        &mut self,
        kind: KindId,
        time: Option<Timestamp>,
        offset: u64,
        raw: (u32, u32),
    ) {
        let end = self.batch.slots.len() as u32;
        let native = self.native_end.take().unwrap_or(end);
        let attributes = self.attributes_end.take().unwrap_or(end);
        let text_end = self.batch.text.len() as u32;
        self.batch.heads.push(EventHead {
            kind,
            time,
            offset,
            raw,
            text: (self.text_start, text_end),
            slots: [self.record_start, native, attributes, end],
        });
        self.record_start = end;
        self.text_start = text_end;
    }

    /// The finished batch, owner of `raw`.
    pub fn finish(mut self, raw: Vec<u8>) -> EventBatch {
        self.batch.raw = raw;
        self.batch
    }
}
