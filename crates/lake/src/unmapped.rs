//! What no column takes, as JSON text.

use model::{Catalog, EventRef, Slot, Value};
use serde_json::{Map, Value as Json};

/// Collects names and values of one event.
#[derive(Debug, Default)]
pub(crate) struct Unmapped {
    text: String,
    names: Vec<(u32, u32)>,
    has_repeats: bool,
    repeated: Map<String, Json>,
}

impl Unmapped {
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.names.clear();
        self.has_repeats = false;
        self.repeated.clear();
    }

    /// Adds a slot. The usual case, every name once, is written as text at once; a name that comes again turns the
    /// whole into a map whose values are lists where needed.
    pub(crate) fn add(&mut self, event: EventRef<'_>, slot: &Slot, catalog: &Catalog) {
        let name = event.batch().field_name(slot.field, &catalog.fields);
        let is_known = self.names.iter().any(|(start, end)| {
            self.text.get(*start as usize..*end as usize).is_some_and(|have| is_quoted(have, name))
        });
        if is_known && !self.has_repeats {
            self.repeated = serde_json::from_str(&format!("{}}}", self.text)).unwrap_or_default();
            self.has_repeats = true;
        }
        if self.has_repeats {
            let value = to_json(event, slot.value);
            match self.repeated.get_mut(name) {
                Some(Json::Array(items)) => items.push(value),
                Some(first) => *first = Json::Array(vec![first.take(), value]),
                None => {
                    self.repeated.insert(name.to_owned(), value);
                }
            }
            return;
        }
        self.text.push(if self.text.is_empty() { '{' } else { ',' });
        let start = self.text.len() as u32;
        push_text(&mut self.text, name);
        self.names.push((start, self.text.len() as u32));
        self.text.push(':');
        match slot.value {
            Value::Raw { .. } | Value::Text { .. } => {
                push_text(&mut self.text, &event.text(slot.value));
            }
            other => self.text.push_str(&to_json(event, other).to_string()),
        }
    }

    /// The JSON text; `None` when nothing was added.
    pub(crate) fn json(&mut self) -> Option<&str> {
        if self.has_repeats {
            self.text = Json::Object(std::mem::take(&mut self.repeated)).to_string();
        } else if !self.text.is_empty() {
            self.text.push('}');
        }
        (!self.text.is_empty()).then_some(&*self.text)
    }
}

/// Whether a quoted name is this name. Names with letters that JSON escapes are compared in full.
fn is_quoted(quoted: &str, name: &str) -> bool {
    let plain = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    plain.is_some_and(|plain| {
        plain == name
            || (plain.contains('\\')
                && serde_json::from_str::<String>(quoted).is_ok_and(|have| have == name))
    })
}

fn push_text(out: &mut String, text: &str) {
    let is_plain = text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\');
    if is_plain {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&Json::from(text).to_string());
    }
}

fn to_json(event: EventRef<'_>, value: Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(truth) => Json::from(truth),
        Value::Int(number) => Json::from(number),
        Value::Float(number) => Json::from(number),
        Value::Raw { .. } | Value::Text { .. } => Json::from(&*event.text(value)),
    }
}
