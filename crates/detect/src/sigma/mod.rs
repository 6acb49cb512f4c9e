//! Sigma 2.1: parsing rules into expressions, and the plain evaluation that says why.

pub mod ast;
mod condition;
mod correlation_rule;
mod detection;
mod encode;
pub mod fold;
mod meta;
mod modifiers;
mod parse;
mod pattern;
mod placeholders;
mod refusal;
mod regexes;
mod ruleset;
pub mod yaml;

pub use detection::Placeholders;
pub use pattern::parse_parts;
pub use refusal::Refusal;
pub use regexes::{REGEX_BYTES_MAX, Regexes, compile};
pub use ruleset::{Correlation, RuleRef, RuleSet};
