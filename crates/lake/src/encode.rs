//! Events in slots become rows in columns.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::{Field, Schema as ArrowSchema};
use model::{Catalog, Constant, EventBatch, EventRef, FieldId, KindId, Section, Timestamp, Value};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::cells::{Cell, Cells};
use crate::columns::{self, Column, ColumnKind, Columns, HashPart};
use crate::envelope::Envelope;
use crate::error::LakeError;
use crate::unmapped::Unmapped;

/// Where a batch of events comes from: together with its place in the batch it is the event's id, so an event that is
/// taken in again after a crash has the same one.
#[derive(Debug, Clone, Copy)]
pub struct Origin {
    /// The batch's number in the journal.
    pub sequence: u64,
    /// The number of its first event within that record of the journal.
    pub first: u64,
    /// When it was taken in.
    pub ingested_at: Timestamp,
}

/// The id of an event: its batch's number in the journal and its own number in the batch, both big-endian.
pub fn event_id(sequence: u64, index: u64) -> [u8; 16] {
    (u128::from(sequence) << 64 | u128::from(index)).to_be_bytes()
}

/// Where the values of a field go.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Target {
    /// Into a column.
    Column(usize),
    /// Part of a list of hashes: list, index, which part.
    Hash(usize, usize, HashPart),
    /// The envelope says it already.
    Ignored,
    /// No column takes it.
    Nowhere,
}

/// What is the same in all events of a kind.
#[derive(Debug)]
struct KindPlan {
    class_uid: i64,
    category_uid: i64,
    source: Box<str>,
    kind: Box<str>,
    class_name: Box<str>,
    constants: Vec<(usize, Constant)>,
    /// Native fields that the mapping reads.
    mapped: FxHashSet<FieldId>,
}

/// Collects events as rows; [`Encoder::finish`] gives them as one Arrow batch. Keeps what it learned of fields and
/// kinds, so one encoder is used for many batches.
#[derive(Debug)]
pub struct Encoder {
    catalog: Arc<Catalog>,
    columns: Columns,
    envelope: Envelope,
    targets: FxHashMap<(KindId, FieldId), Target>,
    names: FxHashMap<Box<str>, Target>,
    hash_lists: Vec<Box<str>>,
    hash_columns: FxHashMap<(usize, &'static str), usize>,
    list_columns: FxHashMap<usize, usize>,
    kinds: FxHashMap<KindId, Arc<KindPlan>>,
    cells: Vec<Option<Cells>>,
    rows: usize,
    scratch: Scratch,
}

#[derive(Debug, Default)]
struct Scratch {
    /// Columns that got more than one value in this event.
    repeated: Vec<usize>,
    /// Hash values and algorithms of this event: list, index, value.
    hashes: Vec<(usize, usize, Value)>,
    algorithms: Vec<(usize, usize, i64)>,
    unmapped: Unmapped,
}

impl Encoder {
    /// An encoder for events of these mappings into a table with these columns.
    pub fn new(catalog: Arc<Catalog>, mut columns: Columns) -> Self {
        let envelope = Envelope::of(&mut columns);
        Self {
            catalog,
            columns,
            envelope,
            targets: FxHashMap::default(),
            names: FxHashMap::default(),
            hash_lists: Vec::new(),
            hash_columns: FxHashMap::default(),
            list_columns: FxHashMap::default(),
            kinds: FxHashMap::default(),
            cells: Vec::new(),
            rows: 0,
            scratch: Scratch::default(),
        }
    }

    /// The table's columns, those that came with the events included.
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// Rows collected.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Adds all events of a batch.
    pub fn push(&mut self, batch: &EventBatch, origin: Origin) {
        for (index, event) in batch.iter().enumerate() {
            self.push_event(event, event_id(origin.sequence, origin.first + index as u64), origin);
        }
    }

    /// The rows so far as one Arrow batch, in the order in which they were added; the encoder is empty again.
    pub fn finish(&mut self) -> Result<RecordBatch, LakeError> {
        let rows = std::mem::take(&mut self.rows);
        let mut arrays: Vec<(Field, ArrayRef)> = Vec::new();
        let mut cells = std::mem::take(&mut self.cells);
        for field in self.columns.schema().fields() {
            let position = self.columns.position(field.name());
            if let Some(cells) = position.and_then(|at| cells.get_mut(at)?.take()) {
                arrays.push((field.as_ref().clone(), cells.finish(rows)));
            }
        }
        let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = arrays.into_iter().unzip();
        let schema = Arc::new(ArrowSchema::new(fields));
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(schema, arrays, &options)?)
    }

    fn push_event(&mut self, event: EventRef<'_>, id: [u8; 16], origin: Origin) {
        let plan = self.plan(event.kind());
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.repeated.clear();
        scratch.hashes.clear();
        scratch.algorithms.clear();
        scratch.unmapped.clear();
        let mut activity = None;
        for slot in event.section(Section::Attributes) {
            match self.target(event, slot.field, &plan) {
                Target::Column(column) => {
                    if column == self.envelope.activity_id && activity.is_none() {
                        activity = integer(event, slot.value);
                    }
                    if self.has(column) {
                        scratch.repeated.push(column);
                    } else if !self.put_value(column, event, slot.value) {
                        scratch.unmapped.add(event, slot, &self.catalog);
                    }
                }
                Target::Hash(list, index, HashPart::Value) => {
                    scratch.hashes.push((list, index, slot.value));
                }
                Target::Hash(list, index, HashPart::Algorithm) => {
                    scratch.algorithms.push((list, index, integer(event, slot.value).unwrap_or(0)));
                }
                Target::Nowhere if slot.value == Value::Null => {}
                Target::Ignored => {}
                Target::Nowhere => scratch.unmapped.add(event, slot, &self.catalog),
            }
        }
        self.put_hashes(event, &mut scratch);
        self.put_lists(event, &plan, &mut scratch);
        for (column, constant) in &plan.constants {
            if *column == self.envelope.activity_id
                && let Constant::Int(number) = constant
            {
                activity = activity.or(Some(*number));
            }
            if !self.has(*column) {
                self.put_constant(*column, constant);
            }
        }
        self.put_envelope(event, &plan, activity.unwrap_or(0), id, origin);
        self.put_unmapped(event, &plan, &mut scratch.unmapped);
        self.scratch = scratch;
        self.rows += 1;
    }

    fn put_hashes(&mut self, event: EventRef<'_>, scratch: &mut Scratch) {
        for (list, index, value) in &scratch.hashes {
            let algorithm = scratch.algorithms.iter().find(|it| it.0 == *list && it.1 == *index);
            let name = columns::hash_name(algorithm.map(|it| it.2));
            let Some(column) = self.hash_column(*list, name) else { continue };
            if !self.has(column) {
                self.put_value(column, event, *value);
            } else if let Some(all) = self.list_column(column) {
                // Two hashes of one algorithm: rare enough to name only the further one beside the first.
                let text = serde_json::json!([event.text(*value)]).to_string();
                self.put(all, Cell::Text(&text));
            }
        }
    }

    /// Writes all values of the columns that have several.
    fn put_lists(&mut self, event: EventRef<'_>, plan: &KindPlan, scratch: &mut Scratch) {
        let mut repeated = std::mem::take(&mut scratch.repeated);
        repeated.sort_unstable();
        repeated.dedup();
        for column in repeated.drain(..) {
            let mut texts = Vec::new();
            for slot in event.section(Section::Attributes) {
                let is_here = self.target(event, slot.field, plan) == Target::Column(column);
                if is_here && slot.value != Value::Null {
                    let text = event.text(slot.value);
                    if !texts.contains(&text) {
                        texts.push(text);
                    }
                }
            }
            if texts.len() > 1
                && let Some(all) = self.list_column(column)
            {
                self.put(all, Cell::Text(&serde_json::json!(texts).to_string()));
            }
        }
        scratch.repeated = repeated;
    }

    fn put_envelope(
        &mut self,
        event: EventRef<'_>,
        plan: &KindPlan,
        activity: i64,
        id: [u8; 16],
        origin: Origin,
    ) {
        let at = self.envelope;
        self.put(at.event_id, Cell::Id(&id));
        self.put(at.ingested_at, Cell::Time(origin.ingested_at.0));
        // An event without a readable time is found where it came in.
        self.put(at.time, Cell::Time(event.time().unwrap_or(origin.ingested_at).0));
        if event.time().is_none() {
            self.put(at.is_time_from_ingest, Cell::Bool(true));
        }
        self.put(at.class_uid, Cell::Int(plan.class_uid));
        self.put(at.category_uid, Cell::Int(plan.category_uid));
        self.put(at.type_uid, Cell::Int(plan.class_uid * 100 + activity));
        for (column, value) in [(at.activity_id, activity), (at.severity_id, 1)] {
            if !self.has(column) {
                self.put(column, Cell::Int(value));
            }
        }
        self.put(at.source, Cell::Text(&plan.source));
        self.put(at.kind, Cell::Text(&plan.kind));
        match std::str::from_utf8(event.raw()) {
            Ok(text) => self.put(at.raw, Cell::Text(text)),
            Err(_) => {
                self.put(at.raw_bytes, Cell::Bytes(event.raw()));
                self.put(at.raw, Cell::Text(&String::from_utf8_lossy(event.raw())))
            }
        };
    }

    /// Native fields that no mapping read, and values that their columns did not take.
    fn put_unmapped(&mut self, event: EventRef<'_>, plan: &KindPlan, unmapped: &mut Unmapped) {
        let passed = if self.catalog.kind(event.kind()).passthrough {
            event.section(Section::Attributes)
        } else {
            &[]
        };
        for slot in event.section(Section::Native) {
            let is_taken = plan.mapped.contains(&slot.field)
                || passed.iter().any(|attribute| attribute.field == slot.field);
            if !is_taken {
                unmapped.add(event, slot, &self.catalog);
            }
        }
        if let Some(json) = unmapped.json() {
            self.put(self.envelope.unmapped, Cell::Text(json));
        }
    }

    fn put_value(&mut self, column: usize, event: EventRef<'_>, value: Value) -> bool {
        let Some(kind) = self.columns.list().get(column).map(|column| column.kind) else {
            return false;
        };
        let text;
        let cell = match (kind, value) {
            (_, Value::Null) => return true,
            (ColumnKind::Text, _) => {
                text = event.text(value);
                Cell::Text(&text)
            }
            (ColumnKind::Int, _) => match integer(event, value) {
                Some(number) => Cell::Int(number),
                None => return false,
            },
            (ColumnKind::Time, Value::Int(number)) => Cell::Time(number),
            (ColumnKind::Float, Value::Float(number)) => Cell::Float(number),
            (ColumnKind::Float, Value::Int(number)) => Cell::Float(number as f64),
            (ColumnKind::Bool, Value::Bool(truth)) => Cell::Bool(truth),
            (ColumnKind::Bool, _) => match &*event.text(value) {
                "true" => Cell::Bool(true),
                "false" => Cell::Bool(false),
                _ => return false,
            },
            _ => return false,
        };
        self.put(column, cell)
    }

    fn put_constant(&mut self, column: usize, constant: &Constant) -> bool {
        match constant {
            Constant::Str(text) => self.put(column, Cell::Text(text)),
            Constant::Int(number) => self.put(column, Cell::Int(*number)),
            Constant::Bool(truth) => self.put(column, Cell::Bool(*truth)),
        }
    }

    fn put(&mut self, column: usize, cell: Cell<'_>) -> bool {
        if self.cells.len() <= column {
            self.cells.resize_with(column + 1, || None);
        }
        let kind = self.columns.list()[column].kind;
        let cells = self.cells[column].get_or_insert_with(|| Cells::new(kind));
        !cells.has(self.rows) && cells.put(self.rows, cell)
    }

    fn has(&self, column: usize) -> bool {
        self.cells.get(column).and_then(Option::as_ref).is_some_and(|cells| cells.has(self.rows))
    }

    fn plan(&mut self, id: KindId) -> Arc<KindPlan> {
        if let Some(plan) = self.kinds.get(&id) {
            return Arc::clone(plan);
        }
        let catalog = Arc::clone(&self.catalog);
        let kind = catalog.kind(id);
        let schema = model::Schema::embedded();
        let category = schema.class(&kind.class_name).map_or(0, |class| schema.category(class).0);
        let constants = kind.constants.iter().filter_map(|(field, constant)| {
            match self.resolve(&kind.class_name, catalog.fields.name(*field)) {
                Target::Column(column) => Some((column, constant.clone())),
                _ => None,
            }
        });
        let plan = Arc::new(KindPlan {
            constants: constants.collect(),
            class_uid: i64::from(kind.class_uid),
            category_uid: i64::from(category),
            source: catalog.source_of(id).map_or("unrecognised", |source| &source.id).into(),
            kind: kind.name.clone(),
            class_name: kind.class_name.clone(),
            mapped: kind.fields.iter().map(|field| field.native).collect(),
        });
        self.kinds.insert(id, Arc::clone(&plan));
        plan
    }

    fn target(&mut self, event: EventRef<'_>, field: FieldId, plan: &KindPlan) -> Target {
        if field.index().is_none() {
            let catalog = Arc::clone(&self.catalog);
            return self.named(&plan.class_name, event.batch().field_name(field, &catalog.fields));
        }
        let key = (event.kind(), field);
        if let Some(target) = self.targets.get(&key) {
            return *target;
        }
        let catalog = Arc::clone(&self.catalog);
        let target = self.resolve(&plan.class_name, catalog.fields.name(field));
        self.targets.insert(key, target);
        target
    }

    /// The target of a name that only one batch knows.
    fn named(&mut self, class: &str, name: &str) -> Target {
        const NAMES_MAX: usize = 4 * columns::COLUMNS_MAX;
        if let Some(target) = self.names.get(name) {
            return *target;
        }
        let target = self.resolve(class, name);
        if self.names.len() < NAMES_MAX {
            self.names.insert(name.into(), target);
        }
        target
    }

    fn resolve(&mut self, class: &str, path: &str) -> Target {
        if path == "raw_data" {
            return Target::Ignored;
        }
        let Some((kind, observable)) = columns::describe(class, path) else {
            return Target::Nowhere;
        };
        if let Some((base, index, part)) = columns::hash_list(path) {
            let known = self.hash_lists.iter().position(|name| &**name == base);
            let list = known.unwrap_or_else(|| {
                self.hash_lists.push(base.into());
                self.hash_lists.len() - 1
            });
            return Target::Hash(list, index, part);
        }
        let column = Column { name: columns::column_name(path).into(), kind, observable };
        match self.columns.add(column) {
            Some(position) if self.envelope.owns(position) => Target::Ignored,
            Some(position) => Target::Column(position),
            None => Target::Nowhere,
        }
    }

    fn hash_column(&mut self, list: usize, algorithm: &'static str) -> Option<usize> {
        if let Some(column) = self.hash_columns.get(&(list, algorithm)) {
            return Some(*column);
        }
        let name = format!("{}.{algorithm}", columns::column_name(&self.hash_lists[list]));
        let column =
            Column { name: name.into(), kind: ColumnKind::Text, observable: Some(HASH_TYPE) };
        let column = self.columns.add(column)?;
        self.hash_columns.insert((list, algorithm), column);
        Some(column)
    }

    fn list_column(&mut self, column: usize) -> Option<usize> {
        if let Some(all) = self.list_columns.get(&column) {
            return Some(*all);
        }
        let name = format!("{}[]", self.columns.list()[column].name);
        let all = self.columns.add(Column {
            name: name.into(),
            kind: ColumnKind::Text,
            observable: None,
        })?;
        self.list_columns.insert(column, all);
        Some(all)
    }
}

/// OCSF observable type of hashes.
const HASH_TYPE: i64 = 8;

/// A value as a whole number, when it is one.
fn integer(event: EventRef<'_>, value: Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(number),
        Value::Raw { .. } | Value::Text { .. } => event.text(value).parse().ok(),
        _ => None,
    }
}
