//! What the mappings declare: sources, kinds of events and how native names stand for OCSF attributes.

use serde::{Deserialize, Serialize};

use crate::{FieldId, FieldTable, LogsourceSet};

/// The five classes of telemetry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceClass {
    /// Workstations and servers seen from their operating system.
    Endpoint,
    /// Services such as web servers and databases.
    Server,
    /// Firewalls, proxies, sensors.
    Network,
    /// Directories and identity providers.
    Identity,
    /// Cloud platforms and SaaS.
    Cloud,
}

/// Index of a [`Kind`] in the catalog. Kind 0 is the base event that nothing recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KindId(pub u32);

impl KindId {
    /// The kind of records that no source recognises.
    pub const UNRECOGNISED: Self = Self(0);
}

/// A product that writes logs (`content/sources/<id>`).
#[derive(Debug, Clone)]
pub struct Source {
    /// `<vendor>_<product>`, the folder's name.
    pub id: Box<str>,
    /// Name for people.
    pub title: Box<str>,
    /// OCSF `metadata.product.vendor_name`.
    pub vendor: Box<str>,
    /// OCSF `metadata.product.name`.
    pub product: Box<str>,
    /// Which of the five classes it belongs to.
    pub class: SourceClass,
    /// One sentence for people.
    pub summary: Box<str>,
    /// Where the vendor documents its records.
    pub docs: Box<str>,
}

/// A constant attribute of every event of a kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Constant {
    /// A text.
    Str(Box<str>),
    /// A whole number.
    Int(i64),
    /// A boolean.
    Bool(bool),
}

/// A native field of a kind and the attribute it becomes.
#[derive(Debug, Clone)]
pub struct KindField {
    /// The source's own name.
    pub native: FieldId,
    /// The OCSF path it becomes.
    pub attribute: FieldId,
    /// Whether the value is taken as it is (otherwise it is converted).
    pub identity: bool,
}

/// One kind of record of a source, for example Sysmon event 1.
#[derive(Debug, Clone)]
pub struct Kind {
    /// Name within its source, for example `process_creation`.
    pub name: Box<str>,
    /// Index of the source in [`Catalog::sources`]; `None` for the base event.
    pub source: Option<usize>,
    /// OCSF `class_uid`.
    pub class_uid: u32,
    /// OCSF class name, for example `process_activity`.
    pub class_name: Box<str>,
    /// The Sigma log sources that this kind serves.
    pub logsources: LogsourceSet,
    /// Attributes with the same value in every event (activity, product, severity …).
    pub constants: Vec<(FieldId, Constant)>,
    /// The native fields that the mapping reads.
    pub fields: Vec<KindField>,
    /// Sigma names that stand for an attribute of this kind: (name in rules, what it resolves to in words).
    pub aliases: Vec<(FieldId, Box<str>)>,
    /// Whether its records are OCSF documents already.
    pub passthrough: bool,
}

/// Everything the mappings declare. Frozen before the first record is read.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    /// All field names.
    pub fields: FieldTable,
    /// All sources, by id.
    pub sources: Vec<Source>,
    /// All kinds; index 0 is the base event.
    pub kinds: Vec<Kind>,
}

impl Catalog {
    /// The kind with this id.
    pub fn kind(&self, id: KindId) -> &Kind {
        &self.kinds[id.0 as usize]
    }

    /// The source of a kind; `None` for the base event.
    pub fn source_of(&self, id: KindId) -> Option<&Source> {
        self.kind(id).source.map(|index| &self.sources[index])
    }

    /// `source/kind`, for messages.
    pub fn kind_label(&self, id: KindId) -> String {
        let source = self.source_of(id).map_or("unrecognised", |source| &source.id);
        format!("{source}/{}", self.kind(id).name)
    }
}
