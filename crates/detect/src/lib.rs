//! Events to findings: Sigma rules, correlations, coverage and the reasons behind each.

pub mod correlation;
mod finding;
mod matcher;
pub mod sigma;

pub use finding::finding_id;
pub use matcher::{CostClass, Engine, Scratch};
