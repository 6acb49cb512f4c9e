//! What tests, benchmarks, fuzzing and the recorded day are made with.

pub mod corpus;
pub mod day;
pub mod entry;
pub mod generate;
pub mod mutate;
pub mod random;
