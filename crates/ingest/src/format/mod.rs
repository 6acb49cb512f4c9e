//! Decoders: one record of a format to native fields.

pub mod evtx;
pub mod json;
mod json_text;
mod paths;
pub mod windows;
pub mod xml;
