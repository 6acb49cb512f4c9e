//! Decoders: one record of a format to native fields.

mod json;

