//! Building the skip index while a segment is written.

use datafusion::arrow::array::{AsArray, RecordBatch, StringViewArray};
use datafusion::arrow::datatypes::DataType;
use rustc_hash::FxHashSet;

use super::{bloom, is_command_line, is_indexed, tokens};
use crate::columns::RAW;

/// Distinct hashes of one block.
#[derive(Debug)]
struct Distinct {
    slots: Vec<u64>,
    entries: usize,
}

impl Distinct {
    fn new(power: u32) -> Self {
        Self { slots: vec![0; 1 << power], entries: 0 }
    }

    #[inline]
    fn insert(&mut self, hash: u64) {
        // 0 marks a free slot; what hashes to 0 shares the place of 1.
        let hash = hash.max(1);
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let slot = &mut self.slots[at];
            if *slot == hash {
                return;
            }
            if *slot == 0 {
                *slot = hash;
                break;
            }
            at = (at + 1) & mask;
        }
        self.entries += 1;
        if self.entries * 2 > self.slots.len() {
            let old = std::mem::replace(&mut self.slots, vec![0; (mask + 1) * 2]);
            self.entries = 0;
            old.into_iter().filter(|hash| *hash != 0).for_each(|hash| self.insert(hash));
        }
    }

    /// Appends a filter over the entries to `out`, forgets them, and gives the filter's groups.
    fn drain(&mut self, out: &mut Vec<u8>) -> u32 {
        let entries = self.slots.iter().copied().filter(|hash| *hash != 0);
        bloom::write(entries, self.entries, out);
        let groups = bloom::groups(self.entries);
        self.slots.fill(0);
        self.entries = 0;
        groups as u32
    }
}

/// Collects the filters of one segment, block after block.
#[derive(Debug)]
pub(crate) struct Builder {
    words: Distinct,
    grams: Distinct,
    /// Groups of both filters, for each block.
    pub(super) groups: Vec<[u32; 2]>,
    pub(super) filters: Vec<u8>,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            words: Distinct::new(16),
            grams: Distinct::new(14),
            groups: Vec::new(),
            filters: Vec::new(),
        }
    }

    /// Adds one block of rows.
    pub(crate) fn block(&mut self, rows: &RecordBatch) {
        for (field, column) in rows.schema_ref().fields().iter().zip(rows.columns()) {
            if *field.data_type() == DataType::Utf8View && is_indexed(field.name()) {
                let column = column.as_string_view();
                if field.name() == RAW {
                    self.raw(column);
                } else {
                    self.values(field.name(), column);
                }
            }
        }
        let groups = [self.words.drain(&mut self.filters), self.grams.drain(&mut self.filters)];
        self.groups.push(groups);
    }

    fn raw(&mut self, column: &StringViewArray) {
        for text in column.iter().flatten() {
            tokens::each_token(text.as_bytes(), |hash| self.words.insert(hash));
        }
    }

    fn values(&mut self, name: &str, column: &StringViewArray) {
        let mut seen: FxHashSet<&str> = FxHashSet::default();
        let is_list = name.ends_with("[]");
        let mut last = "";
        for text in column.iter().flatten() {
            if text == last || !seen.insert(text) {
                continue;
            }
            last = text;
            if is_list {
                // The values count, not the letters that JSON puts between and into them.
                let items: Vec<String> = serde_json::from_str(text).unwrap_or_default();
                items.iter().for_each(|item| self.value(name, item));
            } else {
                self.value(name, text);
            }
        }
    }

    fn value(&mut self, name: &str, text: &str) {
        tokens::each_token(text.as_bytes(), |hash| self.words.insert(hash));
        if is_command_line(name) {
            tokens::each_gram(text.as_bytes(), |hash| self.grams.insert(hash));
        }
    }
}
