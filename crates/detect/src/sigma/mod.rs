//! Sigma 2.1: parsing rules into expressions, and the plain evaluation that says why.

pub mod ast;
mod condition;
mod correlation_rule;
mod detection;
mod encode;
mod evaluate;
#[cfg(test)]
mod evaluate_tests;
pub mod fold;
mod meta;
mod modifiers;
mod parse;
mod pattern;
mod placeholders;
mod refusal;
mod regexes;
#[cfg(test)]
mod robustness_tests;
mod ruleset;
#[cfg(test)]
mod ruleset_tests;
#[cfg(test)]
mod samples;
mod values;
mod why;
pub mod yaml;

pub use detection::Placeholders;
pub use evaluate::Evaluator;
pub(crate) use evaluate::stands;
pub use pattern::parse_parts;
pub use refusal::Refusal;
pub use regexes::{REGEX_BYTES_MAX, Regexes, compile};
pub use ruleset::{Correlation, RuleRef, RuleSet};
pub use values::{address_of, is_json, number_of, number_of_text, time_part_of};
pub use why::first_failure;
