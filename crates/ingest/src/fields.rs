//! Where decoders put what they find.

use model::{BatchBuilder, FieldId, FieldTable, Value};

/// Why a record is not what its format demands: in words, with the way out where there is one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Malformed {
    /// What is wrong.
    pub detail: String,
    /// Whether the record would be well-formed but goes beyond a limit.
    pub is_over_limit: bool,
}

impl Malformed {
    /// Broken.
    pub fn new(detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), is_over_limit: false }
    }

    /// Deeper or longer than a limit allows.
    pub fn over_limit(detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), is_over_limit: true }
    }
}

/// The native fields of the record that is being decoded.
///
/// Names are the source's own, nested ones joined with dots; a list becomes one field several times.
pub struct Fields<'a> {
    builder: &'a mut BatchBuilder,
    table: &'a FieldTable,
    raw: &'a [u8],
    most: usize,
}

impl<'a> Fields<'a> {
    /// Fields of one record; `raw` are the bytes of the whole chunk, which the batch will own.
    pub fn new(
        builder: &'a mut BatchBuilder,
        table: &'a FieldTable,
        raw: &'a [u8],
        fields_max: usize,
    ) -> Self {
        Self { builder, table, raw, most: fields_max }
    }

    /// The id of a name.
    #[inline]
    pub fn id(&mut self, name: &str) -> FieldId {
        match self.table.get(name) {
            Some(id) => id,
            None => self.builder.unknown_field(name),
        }
    }

    /// A text. Bytes that lie within the chunk are referred to, others are copied.
    #[inline]
    pub fn put(&mut self, name: &str, bytes: &[u8]) {
        let id = self.id(name);
        self.put_id(id, bytes);
    }

    /// As [`Self::put`], for an id that the caller has looked up.
    #[inline]
    pub fn put_id(&mut self, id: FieldId, bytes: &[u8]) {
        let value = self.value_of(bytes);
        self.put_value(id, value);
    }

    /// A value made already.
    #[inline]
    pub fn put_value(&mut self, id: FieldId, value: Value) {
        if self.builder.record_len() < self.most {
            self.builder.push(id, value);
        }
    }

    /// A whole number.
    pub fn put_int(&mut self, name: &str, number: i64) {
        let id = self.id(name);
        self.put_value(id, Value::Int(number));
    }

    /// The value that refers to `bytes` in the chunk, or to a copy of them.
    #[inline]
    pub fn value_of(&mut self, bytes: &[u8]) -> Value {
        let base = self.raw.as_ptr() as usize;
        let start = bytes.as_ptr() as usize;
        if start >= base && start + bytes.len() <= base + self.raw.len() {
            Value::Raw { at: (start - base) as u32, len: bytes.len() as u32 }
        } else {
            self.builder.text(bytes)
        }
    }

    /// Whether the record has reached its limit of fields (what came after was left to the raw record).
    pub fn is_full(&self) -> bool {
        self.builder.record_len() >= self.most
    }

    /// How many more fields the record may have.
    pub fn room(&self) -> usize {
        self.most.saturating_sub(self.builder.record_len())
    }

    /// The fields put so far, for decoders that look back.
    pub fn record(&self) -> &[model::Slot] {
        self.builder.record()
    }

    /// The bytes of a text put so far.
    pub fn bytes(&self, value: Value) -> Option<&[u8]> {
        self.builder.bytes(self.raw, value)
    }
}
