//! What tests, benchmarks, fuzz targets and the recorded day are made with.

pub mod corpus;
pub mod entry;
pub mod generate;
pub mod mutate;
