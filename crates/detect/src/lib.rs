//! Events to findings: Sigma rules, correlations, coverage and the reasons behind each.

pub mod sigma;
