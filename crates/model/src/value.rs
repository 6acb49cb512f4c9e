//! A field's value: small, copyable, its text borrowed from the batch.

use crate::FieldId;

/// A value of a record. Texts are byte ranges: most point into the raw record, only unescaped or converted
/// ones into the batch's own text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// JSON `null` or an explicitly empty value of the source.
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction, or beyond 64 bits.
    Float(f64),
    /// `len` bytes of the batch's raw records from `at`.
    Raw { at: u32, len: u32 },
    /// `len` bytes of the batch's own text from `at`.
    Text { at: u32, len: u32 },
}

/// One field of one event. A field with several values has several slots.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slot {
    /// The field's name.
    pub field: FieldId,
    /// Its value.
    pub value: Value,
}
