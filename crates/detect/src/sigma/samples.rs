//! Events for tests, made of names and values.

use model::{BatchBuilder, Catalog, EventBatch, Kind, KindId, LogsourceSet, Value};

use super::detection::Placeholders;
use super::refusal::Refusal;
use super::ruleset::RuleSet;

/// A catalog with one kind of event and no known field.
pub(crate) fn catalog() -> Catalog {
    let kind = Kind {
        name: "sample".into(),
        source: None,
        class_uid: 0,
        class_name: "base_event".into(),
        logsources: LogsourceSet::default(),
        constants: Vec::new(),
        fields: Vec::new(),
        aliases: Vec::new(),
        passthrough: false,
    };
    Catalog { kinds: vec![kind], ..Catalog::default() }
}

/// A batch with one event. The values are JSON scalars: `null`, `true`, numbers, or else text.
pub(crate) fn event(pairs: &[(&str, &str)], raw: &str) -> EventBatch {
    let mut builder = BatchBuilder::default();
    for (name, text) in pairs {
        let field = builder.unknown_field(name);
        let value = match serde_json::from_str(text) {
            Ok(serde_json::Value::Null) => Value::Null,
            Ok(serde_json::Value::Bool(is_true)) => Value::Bool(is_true),
            Ok(serde_json::Value::Number(number)) => match number.as_i64() {
                Some(number) => Value::Int(number),
                None => Value::Float(number.as_f64().unwrap_or_default()),
            },
            Ok(serde_json::Value::String(text)) => builder.text(text.as_bytes()),
            _ => builder.text(text.as_bytes()),
        };
        builder.push(field, value);
    }
    builder.finish_record(KindId::UNRECOGNISED, None, 0, (0, raw.len() as u32));
    builder.finish(raw.as_bytes().to_vec())
}

/// Loads one file named `test.yml`.
pub(crate) fn load(text: &str) -> (RuleSet, Vec<Refusal>) {
    load_with(text, &Placeholders::default())
}

/// Loads one file with values for placeholders.
pub(crate) fn load_with(text: &str, placeholders: &Placeholders) -> (RuleSet, Vec<Refusal>) {
    RuleSet::load([("test.yml", text)], placeholders)
}

/// A whole rule around a detection; its lines must be indented by four spaces.
pub(crate) fn rule(detection: &str) -> String {
    format!("title: Test\nlogsource:\n    product: test\ndetection:\n{detection}\n")
}
