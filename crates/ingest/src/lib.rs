//! Bytes to events: opening containers, splitting records, decoding formats, mapping to OCSF.
//!
//! The way of a record: [`input`] opens an input (compression, archives, character sets), finds its shape and
//! cuts it into [`Chunk`]s of whole records; [`format`] decodes a record into native fields; [`mapping`]
//! recognises the source and makes OCSF attributes of them. Nothing here panics on input and nothing is
//! dropped silently: whatever cannot be read comes back as a [`model::Problem`].

pub mod format;
pub mod input;
pub mod mapping;

mod chunk;
mod decode;
mod fields;
mod limits;

pub use chunk::{Chunk, Shape};
pub use decode::{Decoded, Ingest};
pub use fields::{Fields, Malformed};
pub use limits::Limits;
