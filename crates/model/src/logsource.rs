//! Sigma log sources: what a rule asks for and what a kind of event serves.

use serde::{Deserialize, Serialize};

/// What a rule asks for (Sigma `logsource`); an absent part accepts anything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Logsource {
    /// For example `windows`.
    pub product: Option<Box<str>>,
    /// For example `process_creation`.
    pub category: Option<Box<str>>,
    /// For example `sysmon`.
    pub service: Option<Box<str>>,
}

/// What a kind of event serves. Each part is a set, because one event can stand for several categories
/// (a Sysmon 12 is `registry_add`, `registry_delete` and `registry_event`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogsourceSet {
    /// Products this kind belongs to.
    pub products: Vec<Box<str>>,
    /// Categories this kind stands for.
    pub categories: Vec<Box<str>>,
    /// Services this kind is written by.
    pub services: Vec<Box<str>>,
}

impl LogsourceSet {
    /// Whether a rule with this log source looks at events of this kind. A rule that names nothing looks at all.
    pub fn serves(&self, wanted: &Logsource) -> bool {
        let held = |set: &[Box<str>], part: &Option<Box<str>>| {
            part.as_ref().is_none_or(|word| set.iter().any(|have| have == word))
        };
        held(&self.products, &wanted.product)
            && held(&self.categories, &wanted.category)
            && held(&self.services, &wanted.service)
    }
}

impl std::fmt::Display for Logsource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let part = |part: &Option<Box<str>>| part.as_deref().unwrap_or("*").to_owned();
        write!(f, "{}/{}/{}", part(&self.product), part(&self.category), part(&self.service))
    }
}
