//! Reading back what a decoder put, for the tests of the decoders.

use model::{BatchBuilder, FieldTable, Value};

use super::Format;
use crate::{Fields, Malformed};

/// What a decoder said and put: names and values as text, in order; numbers and booleans with `#` before them,
/// null as `#null`.
pub(super) struct Probe {
    pub(super) format: Result<Format, Malformed>,
    pub(super) pairs: Vec<(String, String)>,
    /// How many texts had to be copied.
    pub(super) copied: usize,
}

impl Probe {
    /// All values of a field.
    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        self.pairs
            .iter()
            .filter(|(have, _)| have == name)
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// The first value of a field, or nothing.
    pub(super) fn first(&self, name: &str) -> &str {
        self.all(name).first().copied().unwrap_or("(absent)")
    }
}

/// Runs a decoder over `record`.
pub(super) fn probe(
    record: &[u8],
    decode: impl FnOnce(&[u8], &mut Fields<'_>) -> Result<Format, Malformed>,
) -> Probe {
    let mut builder = BatchBuilder::default();
    let table = FieldTable::default();
    let format = decode(record, &mut Fields::new(&mut builder, &table, record, 4096));
    let mut copied = 0;
    let text = |value: Value| match value {
        Value::Null => "#null".to_owned(),
        Value::Bool(truth) => format!("#{truth}"),
        Value::Int(number) => format!("#{number}"),
        Value::Float(number) => format!("#{number}"),
        value => {
            String::from_utf8_lossy(builder.bytes(record, value).unwrap_or_default()).into_owned()
        }
    };
    let mut pairs = Vec::new();
    for slot in builder.record() {
        copied += usize::from(matches!(slot.value, Value::Text { .. }));
        pairs.push((
            builder.unknown_name(slot.field).unwrap_or_default().to_owned(),
            text(slot.value),
        ));
    }
    Probe { format, pairs, copied }
}

/// Runs the line decoder.
pub(super) fn line(record: &str) -> Probe {
    probe(record.as_bytes(), |record, fields| {
        super::line::decode(record, fields, &mut super::Documents::new(64))
    })
}
