//! What tests and fuzz targets share.

pub mod entry;
pub mod mutate;
