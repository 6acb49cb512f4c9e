//! Field names interned once, so that events, mappings and rules compare integers.

use rustc_hash::FxHashMap;

/// An interned field name (a dotted path such as `process.file.path`, or a source's own name such as `NewProcessName`).
///
/// Names that were not known when the table was frozen carry the high bit; their text stands in the batch
/// that holds the event ([`crate::EventBatch::field_name`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldId(u32);

impl FieldId {
    const UNKNOWN: u32 = 1 << 31;

    /// The id of the `index`th name of the table.
    pub const fn known(index: u32) -> Self {
        Self(index)
    }

    /// The id of the `index`th name that only one batch knows.
    pub const fn unknown(index: u32) -> Self {
        Self(index | Self::UNKNOWN)
    }

    /// Position in the table, or `None` for a name that only its batch knows.
    #[inline]
    pub const fn index(self) -> Option<usize> {
        if self.0 & Self::UNKNOWN == 0 { Some(self.0 as usize) } else { None }
    }

    /// Position in the batch's own list of names, or `None` for a known name.
    #[inline]
    pub const fn unknown_index(self) -> Option<usize> {
        if self.0 & Self::UNKNOWN == 0 { None } else { Some((self.0 & !Self::UNKNOWN) as usize) }
    }
}

/// All field names that mappings, the taxonomy and rules know.
#[derive(Debug, Clone, Default)]
pub struct FieldTable {
    ids: FxHashMap<Box<str>, FieldId>,
    names: Vec<Box<str>>,
}

impl FieldTable {
    /// The id of `name`, added when it is new.
    pub fn intern(&mut self, name: &str) -> FieldId {
        if let Some(id) = self.ids.get(name) {
            return *id;
        }
        let id = FieldId::known(self.names.len() as u32);
        self.names.push(name.into());
        self.ids.insert(name.into(), id);
        id
    }

    /// The id of `name` when it is known.
    #[inline]
    pub fn get(&self, name: &str) -> Option<FieldId> {
        self.ids.get(name).copied()
    }

    /// The name behind a known id; empty for an id of a batch.
    pub fn name(&self, id: FieldId) -> &str {
        id.index().and_then(|index| self.names.get(index)).map_or("", |name| name)
    }

    /// How many names are known.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether no name is known.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}
