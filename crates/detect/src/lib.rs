//! Events to findings: Sigma rules, correlations, coverage and the reasons behind each.

pub mod correlation;
pub mod sigma;
