//! The nouns that two or more crates name: events in OCSF shape, fields, kinds, problems and findings.
//!
//! No I/O and no clock: everything here is data.

mod batch;
mod catalog;
mod document;
mod field;
mod finding;
mod level;
mod logsource;
mod ocsf_json;
mod problem;
mod schema;
mod time;
mod value;

pub use batch::{BatchBuilder, EventBatch, EventHead, EventRef, Section};
pub use catalog::{Catalog, Constant, Kind, KindField, KindId, Source, SourceClass};
pub use field::{FieldId, FieldTable};
pub use finding::{Attack, Evidence, Finding, FindingId, RuleMeta, Why, WhyLeaf, WhyNode};
pub use level::Level;
pub use logsource::{Logsource, LogsourceSet};
pub use ocsf_json::{event_to_ocsf, observables};
pub use problem::{Flaw, Problem, ProblemReason};
pub use schema::{Attribute, Class, SCHEMA_VERSION, Schema, SchemaError};
pub use time::Timestamp;
pub use value::{Slot, Value};
