//! Recognising sources and mapping native fields to OCSF, from `content/sources`.
//!
//! `docs/mapping.md` describes the language. Everything is compiled once into a [`Mapper`]; a record then costs
//! one pass to index its fields and one look-up for each attribute of its kind.

mod apply;
mod compile;
mod convert;
mod draft;
mod expr;
mod positions;
mod select;
mod taxonomy;
mod yaml;

pub use apply::{Mapped, Record, Scratch};
pub use compile::{MapError, Mapper, SourceFiles};
