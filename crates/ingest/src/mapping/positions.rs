//! Where the current record has which field: an index made in one pass, without clearing between records.

use model::{FieldId, Slot, Value};

/// For each known field, the first slot of the current record that holds it.
#[derive(Debug, Default)]
pub(super) struct Positions {
    generation: u32,
    at: Vec<(u32, u32)>,
}

impl Positions {
    /// Begins a record; `fields` is the size of the field table.
    pub(super) fn begin(&mut self, fields: usize) {
        if self.at.len() < fields {
            self.at.resize(fields, (0, 0));
        }
        self.generation = self.generation.wrapping_add(1);
        if self.generation == 0 {
            self.at.fill((0, 0));
            self.generation = 1;
        }
    }

    /// Adds the slots from index `from` on.
    #[inline]
    pub(super) fn add(&mut self, record: &[Slot], from: usize) {
        for (index, slot) in record.iter().enumerate().skip(from) {
            if let Some(entry) = slot.field.index().and_then(|known| self.at.get_mut(known))
                && entry.0 != self.generation
            {
                *entry = (self.generation, index as u32);
            }
        }
    }

    /// The first slot of a field.
    #[inline]
    pub(super) fn find(&self, field: FieldId) -> Option<usize> {
        let (generation, index) = *self.at.get(field.index()?)?;
        (generation == self.generation).then_some(index as usize)
    }

    /// The first value of a field.
    #[inline]
    pub(super) fn value(&self, record: &[Slot], field: FieldId) -> Option<Value> {
        self.find(field).and_then(|index| record.get(index)).map(|slot| slot.value)
    }
}
