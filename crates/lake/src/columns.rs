//! The columns of stored events: flat, named after OCSF paths, growing with what occurs.
//!
//! A column's type follows from the OCSF schema alone, so every segment that has the column has it with the same type
//! and a segment that lacks it reads as null. Steps through lists lose their index: `answers[].rdata` is the column
//! `answers.rdata`. It holds the first value; when some event has several values, the column `answers.rdata[]` holds
//! all of them as a JSON list of texts (null for events with one value or none). A list of hashes becomes one column
//! for each algorithm: `file.hashes.sha256`.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::datatypes::{DataType, Field, Schema as ArrowSchema, SchemaRef, TimeUnit};
use model::Schema;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

/// Columns that one table can have; values of further attributes are kept in `unmapped`.
pub const COLUMNS_MAX: usize = 1024;

/// The raw record as text.
pub(crate) const RAW: &str = "raw";
/// The raw record byte for byte, only where it is no UTF-8.
pub(crate) const RAW_BYTES: &str = "raw_bytes";
/// What no column took, as JSON text.
pub(crate) const UNMAPPED: &str = "unmapped";
/// When the event occurred.
pub(crate) const TIME: &str = "time";
/// The event's id: 16 bytes.
pub(crate) const EVENT_ID: &str = "event_id";
/// OCSF class.
pub(crate) const CLASS: &str = "class_uid";

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnKind {
    /// UTF-8 text.
    Text,
    /// A whole number of 64 bits.
    Int,
    /// A number with a fraction.
    Float,
    /// A boolean.
    Bool,
    /// Milliseconds since 1970 in UTC.
    Time,
    /// Bytes.
    Bytes,
    /// 16 bytes.
    Id,
}

impl ColumnKind {
    /// Its Arrow type.
    pub fn arrow(self) -> DataType {
        match self {
            Self::Text => DataType::Utf8View,
            Self::Int => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Bool => DataType::Boolean,
            Self::Time => DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
            Self::Bytes => DataType::BinaryView,
            Self::Id => DataType::FixedSizeBinary(16),
        }
    }
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: Box<str>,
    /// What it holds.
    pub kind: ColumnKind,
    /// OCSF observable type of its values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observable: Option<i64>,
}

/// The columns of a table. Kept by the caller beside the segments (it serialises); `version` rises with every column
/// that comes, columns never go.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct Columns {
    version: u32,
    list: Vec<Column>,
    by_name: FxHashMap<Box<str>, usize>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Stored {
    version: u32,
    columns: Vec<Column>,
}

impl From<Stored> for Columns {
    fn from(stored: Stored) -> Self {
        let by_name = stored.columns.iter().enumerate();
        let by_name = by_name.map(|(index, column)| (column.name.clone(), index)).collect();
        Self { version: stored.version, list: stored.columns, by_name }
    }
}

impl From<Columns> for Stored {
    fn from(columns: Columns) -> Self {
        Self { version: columns.version, columns: columns.list }
    }
}

/// Columns that every table of events has from the start, and the class whose attribute they are.
const CORE: &[(&str, &str)] = &[
    ("device.hostname", "process_activity"),
    ("device.ip", "process_activity"),
    ("actor.user.name", "process_activity"),
    ("user.name", "authentication"),
    ("src_endpoint.ip", "network_activity"),
    ("src_endpoint.port", "network_activity"),
    ("dst_endpoint.ip", "network_activity"),
    ("dst_endpoint.port", "network_activity"),
    ("process.name", "process_activity"),
    ("process.cmd_line", "process_activity"),
    ("process.file.path", "process_activity"),
    ("process.pid", "process_activity"),
    ("process.parent_process.file.path", "process_activity"),
    ("process.parent_process.cmd_line", "process_activity"),
    ("file.path", "file_activity"),
    ("file.hashes[0].value", "file_activity"),
    ("query.hostname", "dns_activity"),
    ("http_request.url.url_string", "http_activity"),
    ("message", "base_event"),
];

/// Columns that are no attribute of one class.
const FIXED: &[(&str, ColumnKind)] = &[
    (EVENT_ID, ColumnKind::Id),
    (TIME, ColumnKind::Time),
    ("ingested_at", ColumnKind::Time),
    ("is_time_from_ingest", ColumnKind::Bool),
    (CLASS, ColumnKind::Int),
    ("category_uid", ColumnKind::Int),
    ("activity_id", ColumnKind::Int),
    ("type_uid", ColumnKind::Int),
    ("severity_id", ColumnKind::Int),
    ("status_id", ColumnKind::Int),
    ("source", ColumnKind::Text),
    ("kind", ColumnKind::Text),
    (RAW, ColumnKind::Text),
    (RAW_BYTES, ColumnKind::Bytes),
    (UNMAPPED, ColumnKind::Text),
];

static CORE_COLUMNS: LazyLock<Vec<Column>> = LazyLock::new(|| {
    let fixed = FIXED.iter().map(|(name, kind)| Column {
        name: (*name).into(),
        kind: *kind,
        observable: None,
    });
    let core = CORE.iter().flat_map(|(path, class)| {
        let names = match hash_list(path) {
            Some((base, ..)) => vec![format!("{base}.sha256"), format!("{base}.md5")],
            None => vec![(*path).to_owned()],
        };
        let described = describe(class, path);
        names.into_iter().filter_map(move |name| {
            let (kind, observable) = described?;
            Some(Column { name: name.into(), kind, observable })
        })
    });
    fixed.chain(core).collect()
});

/// The kind and observable type of an attribute; `None` when the schema does not know it or it is an object.
pub(crate) fn describe(class: &str, path: &str) -> Option<(ColumnKind, Option<i64>)> {
    let schema = Schema::embedded();
    let attribute = schema.resolve(class, path).ok()?;
    let kind = match schema.base_type(&attribute.type_name)? {
        _ if &*attribute.type_name == "timestamp_t" => ColumnKind::Time,
        "integer_t" | "long_t" => ColumnKind::Int,
        "float_t" => ColumnKind::Float,
        "boolean_t" => ColumnKind::Bool,
        _ => ColumnKind::Text,
    };
    Some((kind, schema.observable_type(attribute)))
}

/// What part of a hash a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HashPart {
    Value,
    Algorithm,
}

/// `file.hashes[1].value` → (`file.hashes`, 1, value).
pub(crate) fn hash_list(path: &str) -> Option<(&str, usize, HashPart)> {
    let (head, part) = path.rsplit_once('.')?;
    let part = match part {
        "value" => HashPart::Value,
        "algorithm_id" => HashPart::Algorithm,
        _ => return None,
    };
    let (base, index) = head.strip_suffix(']')?.rsplit_once('[')?;
    base.ends_with("hashes").then_some(())?;
    Some((base, index.parse().ok()?, part))
}

/// The name of an OCSF `fingerprint.algorithm_id` as the last part of a column.
pub(crate) fn hash_name(algorithm: Option<i64>) -> &'static str {
    match algorithm {
        Some(1) => "md5",
        Some(2) => "sha1",
        Some(3) => "sha256",
        Some(4) => "sha512",
        Some(5) => "ctph",
        Some(6) => "tlsh",
        Some(8) => "sha224",
        Some(9) => "sha384",
        Some(18) => "imphash",
        _ => "other",
    }
}

/// A path without the indexes of its lists.
pub(crate) fn column_name(path: &str) -> String {
    let mut name = String::with_capacity(path.len());
    let mut is_index = false;
    for letter in path.chars() {
        match letter {
            '[' => is_index = true,
            ']' => is_index = false,
            _ if is_index => {}
            _ => name.push(letter),
        }
    }
    name
}

impl Columns {
    /// The columns that every table of events begins with.
    pub fn core() -> Self {
        Stored { version: 1, columns: CORE_COLUMNS.clone() }.into()
    }

    /// Rises with every column that comes.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// All columns, in order of coming.
    pub fn list(&self) -> &[Column] {
        &self.list
    }

    /// A column by name.
    pub fn get(&self, name: &str) -> Option<&Column> {
        self.by_name.get(name).map(|index| &self.list[*index])
    }

    /// The position of a column.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// The position of a column, added when it is new; `None` when the table has as many as it can have.
    pub(crate) fn add(&mut self, column: Column) -> Option<usize> {
        if let Some(index) = self.position(&column.name) {
            return Some(index);
        }
        if self.list.len() >= COLUMNS_MAX {
            return None;
        }
        self.by_name.insert(column.name.clone(), self.list.len());
        self.list.push(column);
        self.version += 1;
        Some(self.list.len() - 1)
    }

    /// Columns that another part of the product saw, added to these.
    pub fn merge(&mut self, other: &Self) {
        for column in &other.list {
            self.add(column.clone());
        }
    }

    /// The columns as an Arrow schema: core columns, then the others by name, `raw` and `unmapped` last.
    pub fn schema(&self) -> SchemaRef {
        let mut fields: Vec<(u8, &Column)> =
            self.list.iter().map(|column| (rank(&column.name), column)).collect();
        let core_len = CORE_COLUMNS.len();
        fields.sort_by(|(a_rank, a), (b_rank, b)| {
            let core = |column: &Column| self.position(&column.name).filter(|at| *at < core_len);
            let late = |column: &Column| core(column).unwrap_or(usize::MAX);
            (a_rank, late(a), &a.name).cmp(&(b_rank, late(b), &b.name))
        });
        let fields: Vec<Field> = fields
            .into_iter()
            .map(|(_, column)| Field::new(&*column.name, column.kind.arrow(), true))
            .collect();
        Arc::new(ArrowSchema::new(fields))
    }
}

/// Wide text that few queries read stands at the end of a segment.
fn rank(name: &str) -> u8 {
    match name {
        RAW => 1,
        RAW_BYTES => 2,
        UNMAPPED => 3,
        _ => 0,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn core_columns_have_the_types_of_the_schema() {
        let columns = Columns::core();
        let kind = |name: &str| columns.get(name).unwrap().kind;
        assert_eq!(kind("src_endpoint.port"), ColumnKind::Int);
        assert_eq!(kind("src_endpoint.ip"), ColumnKind::Text);
        assert_eq!(kind("file.hashes.sha256"), ColumnKind::Text);
        assert_eq!(columns.get("dst_endpoint.ip").unwrap().observable, Some(2));
        assert_eq!(columns.list().len(), FIXED.len() + CORE.len() + 1);
    }

    #[test]
    fn a_table_grows_and_comes_back_as_it_was() {
        let mut columns = Columns::core();
        let before = columns.version();
        let column =
            Column { name: "answers.rdata".into(), kind: ColumnKind::Text, observable: None };
        columns.add(column.clone());
        columns.add(column);
        assert_eq!(columns.version(), before + 1);
        let text = serde_json::to_string(&columns).unwrap();
        let back: Columns = serde_json::from_str(&text).unwrap();
        assert_eq!(back.list(), columns.list());
        let schema = back.schema();
        let last: Vec<&str> =
            schema.fields().iter().rev().take(4).map(|field| field.name().as_str()).collect();
        assert_eq!(last, ["unmapped", "raw_bytes", "raw", "answers.rdata"]);
    }

    #[test]
    fn a_table_has_an_end() {
        let mut columns = Columns::core();
        for number in 0..2 * COLUMNS_MAX {
            let name = format!("x{number}").into();
            columns.add(Column { name, kind: ColumnKind::Text, observable: None });
        }
        assert_eq!(columns.list().len(), COLUMNS_MAX);
    }

    #[test]
    fn paths_lose_their_indexes_and_hashes_are_found() {
        assert_eq!(column_name("answers[].rdata"), "answers.rdata");
        assert_eq!(column_name("a[0].b[12].c"), "a.b.c");
        assert_eq!(
            hash_list("process.file.hashes[1].algorithm_id"),
            Some(("process.file.hashes", 1, HashPart::Algorithm))
        );
        assert_eq!(hash_list("file.hashes.value"), None);
    }
}
