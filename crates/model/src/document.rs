//! Building OCSF documents: values set at paths, and what the schema demands filled in.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use crate::schema::{Attribute, Schema};

/// Elements of a list that an index may name.
const INDEX_MAX: usize = 63;

impl Schema {
    /// Sets `value` at a dotted path of a class's document. `name[2]` is the third element of a list, `name[]`
    /// (or a list's plain name) appends. Numbers become texts where the attribute is a text.
    pub fn insert(&self, root: &mut Json, class: &str, path: &str, value: Json) {
        let Some(class) = self.class(class) else { return };
        let mut attributes = Some(&class.attributes);
        let mut at = root;
        let mut parts = path.split('.').peekable();
        while let Some(part) = parts.next() {
            let (name, index) = match part.split_once('[') {
                Some((name, rest)) => (name, rest.trim_end_matches(']').parse::<usize>().ok()),
                None => (part, None),
            };
            let attribute = attributes.and_then(|attributes| attributes.get(name));
            let is_list = attribute.is_some_and(Attribute::is_array);
            let Some(map) = at.as_object_mut() else { return };
            let is_last = parts.peek().is_none();
            let empty = || if is_list { json!([]) } else { json!({}) };
            let slot = map.entry(name).or_insert_with(empty);
            let slot = match (slot, is_list) {
                (Json::Array(items), true) => {
                    let index = index.unwrap_or(items.len()).min(INDEX_MAX);
                    while items.len() <= index {
                        items.push(json!({}));
                    }
                    &mut items[index]
                }
                (slot, _) => slot,
            };
            if is_last {
                *slot = self.as_type(value, attribute);
                return;
            }
            attributes = attribute.and_then(|attribute| self.object(&attribute.type_name));
            at = slot;
        }
    }

    fn as_type(&self, value: Json, attribute: Option<&Attribute>) -> Json {
        let wants_text =
            attribute.is_some_and(|it| self.base_type(&it.type_name) == Some("string_t"));
        match value {
            Json::Number(number) if wants_text => Json::String(number.to_string()),
            Json::Bool(truth) if wants_text => Json::String(truth.to_string()),
            other => other,
        }
    }

    /// Fills in what follows from the rest: required enumerations that are absent become 0 (Unknown), a file's
    /// name is the last part of its path.
    pub fn complete(&self, root: &mut Json, class: &str) {
        if let Some(class) = self.class(class) {
            self.complete_object(root, &class.attributes);
        }
    }

    fn complete_object(&self, value: &mut Json, attributes: &BTreeMap<Box<str>, Attribute>) {
        let Some(map) = value.as_object_mut() else { return };
        for (name, attribute) in attributes {
            match map.get_mut(&**name) {
                Some(Json::Array(items)) => {
                    if let Some(parts) = self.object(&attribute.type_name) {
                        items.iter_mut().for_each(|item| self.complete_object(item, parts));
                    }
                }
                Some(part) => {
                    if let Some(parts) = self.object(&attribute.type_name) {
                        self.complete_object(part, parts);
                    }
                }
                None if attribute.is_required() => complete_attribute(map, name, attribute),
                None => {}
            }
        }
    }
}

fn complete_attribute(map: &mut Map<String, Json>, name: &str, attribute: &Attribute) {
    if attribute.enumeration.contains_key("0") {
        map.insert(name.to_owned(), json!(0));
    } else if name == "name"
        && let Some(path) = map.get("path").and_then(Json::as_str)
    {
        let last =
            path.rsplit(['\\', '/']).find(|part| !part.is_empty()).unwrap_or(path).to_owned();
        map.insert(name.to_owned(), json!(last));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_append_and_index() {
        let schema = Schema::embedded();
        let mut root = json!({});
        schema.insert(&mut root, "dns_activity", "answers[].rdata", json!("192.0.2.1"));
        schema.insert(&mut root, "dns_activity", "answers[].rdata", json!("192.0.2.2"));
        schema.insert(&mut root, "dns_activity", "src_endpoint.ip", json!("10.0.0.1"));
        schema.insert(&mut root, "dns_activity", "metadata.uid", json!(7));
        let expected = json!({
            "answers": [{"rdata": "192.0.2.1"}, {"rdata": "192.0.2.2"}],
            "src_endpoint": {"ip": "10.0.0.1"}, "metadata": {"uid": "7"}
        });
        assert_eq!(root, expected);
    }

    #[test]
    fn a_file_gets_its_name_and_unknown_type() {
        let mut root = json!({"process": {"file": {"path": r"C:\Windows\cmd.exe"}}});
        Schema::embedded().complete(&mut root, "process_activity");
        assert_eq!(root["process"]["file"]["name"], "cmd.exe");
        assert_eq!(root["process"]["file"]["type_id"], 0);
    }
}
