//! The shape of `source.yaml`, `map.yaml` and `taxonomy.yaml`. Unknown keys are errors.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use model::SourceClass;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

/// A map that keeps the order of the file.
#[derive(Debug, Clone)]
pub(super) struct Ordered<T>(pub Vec<(String, T)>);

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = Ordered<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Ordered(entries))
            }
        }
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

/// One or several of a thing.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<T: Clone> OneOrMany<T> {
    pub(super) fn to_vec(&self) -> Vec<T> {
        match self {
            Self::One(item) => vec![item.clone()],
            Self::Many(items) => items.clone(),
        }
    }
}

/// A plain value.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
#[serde(untagged)]
pub(super) enum Scalar {
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(String),
}

impl Scalar {
    pub(super) fn text(&self) -> String {
        match self {
            Self::Bool(truth) => truth.to_string(),
            Self::Int(number) => number.to_string(),
            Self::Float(number) => number.to_string(),
            Self::Str(text) => text.clone(),
        }
    }
}

#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SourceYaml {
    pub title: String,
    pub vendor: String,
    pub product: String,
    pub class: SourceClass,
    #[serde(default)]
    pub summary: String,
    #[serde(default)]
    pub docs: String,
}

#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MapYaml {
    pub recognise: Vec<RecogniseYaml>,
    #[serde(default = "default_priority")]
    pub priority: u16,
    #[serde(default)]
    pub logsource: LogsourceYaml,
    #[serde(default)]
    pub unwrap: Vec<String>,
    #[serde(default)]
    pub objects: Vec<String>,
    #[serde(default)]
    pub extract: Vec<ExtractYaml>,
    #[serde(default)]
    pub time: Vec<ExprYaml>,
    #[serde(default)]
    pub severity: Option<ExprYaml>,
    #[serde(default)]
    pub fields: Ordered<ExprYaml>,
    #[serde(default)]
    pub sigma: Ordered<ExprYaml>,
    pub kinds: Vec<KindYaml>,
}

fn default_priority() -> u16 {
    50
}

#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecogniseYaml {
    pub format: OneOrMany<String>,
    #[serde(default, rename = "where")]
    pub condition: Option<ConditionYaml>,
}

#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LogsourceYaml {
    #[serde(default)]
    pub product: Option<OneOrMany<String>>,
    #[serde(default)]
    pub category: Option<OneOrMany<String>>,
    #[serde(default)]
    pub service: Option<OneOrMany<String>>,
}

pub(super) type ConditionYaml = OneOrMany<Ordered<TestYaml>>;

#[derive(Debug, Clone, serde::Deserialize)]
#[serde(untagged)]
pub(super) enum TestYaml {
    Scalar(Scalar),
    Any(Vec<TestYaml>),
    Form(TestForm),
}

#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TestForm {
    #[serde(default)]
    pub exists: Option<bool>,
    #[serde(default)]
    pub regex: Option<String>,
    #[serde(default)]
    pub not: Option<Box<TestYaml>>,
}

#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExtractYaml {
    pub from: OneOrMany<String>,
    #[serde(default)]
    pub pattern: Option<String>,
    #[serde(default)]
    pub patterns: Vec<String>,
    #[serde(default, rename = "as")]
    pub form: Option<String>,
    #[serde(default)]
    pub columns: Vec<String>,
    #[serde(default)]
    pub separator: Option<char>,
    #[serde(default)]
    pub when: Option<ConditionYaml>,
}

#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KindYaml {
    pub name: String,
    #[serde(default)]
    pub when: Option<ConditionYaml>,
    pub class: String,
    #[serde(default)]
    pub activity: Option<ActivityYaml>,
    #[serde(default)]
    pub severity: Option<ExprYaml>,
    #[serde(default)]
    pub logsource: LogsourceYaml,
    #[serde(default)]
    pub extract: Vec<ExtractYaml>,
    #[serde(default)]
    pub fields: Ordered<ExprYaml>,
    #[serde(default)]
    pub sigma: Ordered<ExprYaml>,
    #[serde(default)]
    pub passthrough: bool,
}

/// `Launch`, `1` or an expression.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(untagged)]
pub(super) enum ActivityYaml {
    Constant(Scalar),
    Expression(ExprYaml),
}

#[derive(Debug, Clone, serde::Deserialize)]
#[serde(untagged)]
pub(super) enum ExprYaml {
    Field(String),
    First(Vec<ExprYaml>),
    Full(Box<FullYaml>),
}

#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FullYaml {
    #[serde(default)]
    pub from: Option<ExprYaml>,
    #[serde(default, rename = "const")]
    pub constant: Option<Scalar>,
    #[serde(default)]
    pub join: Vec<ExprYaml>,
    #[serde(default)]
    pub with: Option<String>,
    #[serde(default)]
    pub pattern: Option<String>,
    #[serde(default, rename = "as")]
    pub conversion: Option<String>,
    #[serde(default)]
    pub format: Option<String>,
    #[serde(default)]
    pub table: Option<Ordered<Scalar>>,
    #[serde(default)]
    pub otherwise: Option<Scalar>,
    #[serde(default)]
    pub default: Option<Scalar>,
}

/// Sigma category → Sigma field → OCSF paths.
pub(super) type TaxonomyYaml = BTreeMap<String, BTreeMap<String, OneOrMany<String>>>;
