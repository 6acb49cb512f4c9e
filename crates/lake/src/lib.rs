//! Events as Parquet segments, and queries over them.
//!
//! [`Encoder`] turns batches of events into Arrow rows, [`Lake::write`] turns rows into a segment (a Parquet file and
//! its skip index), [`Lake::search`] and its kin answer questions over the segments that the catalog names and over
//! the [`Fresh`] events that are in no segment yet.
#![warn(missing_docs)]

mod bounds;
mod catalog;
mod cells;
mod columns;
mod compile;
mod cost;
mod encode;
mod envelope;
mod error;
mod files;
mod fresh;
mod lake;
mod layout;
mod matching;
mod parse;
mod query;
mod reader;
mod results;
pub mod sample;
mod search;
mod skip;
mod skips;
mod sql;
mod table;
#[cfg(test)]
mod tests;
mod times;
mod unmapped;

pub use catalog::{Catalog, StateCatalog};
pub use columns::{COLUMNS_MAX, Column, ColumnKind, Columns};
pub use compile::GROUPS;
pub use cost::{Budget, Cost};
pub use datafusion::{arrow, object_store, parquet};
pub use encode::{Encoder, Origin, event_id};
pub use error::LakeError;
pub use files::{Files, parquet_file, skip_file};
pub use fresh::{Fresh, FreshPart};
pub use lake::{Lake, Scope, Settings};
pub use layout::{Encoded, GROUP_ROWS, encode};
pub use matching::Piece;
pub use parse::parse;
pub use query::{Comparison, Condition, SearchError, Test};
pub use results::Results;
pub use search::{Query, Rank};
pub use skip::BLOCK_ROWS;
