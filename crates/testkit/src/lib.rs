//! What tests, benchmarks and the recorded day are made with.

pub mod corpus;
pub mod day;
pub mod generate;
pub mod random;
