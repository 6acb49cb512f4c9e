//! An event written out as an OCSF document.

use serde_json::{Map, Value as Json, json};

use crate::{Catalog, Constant, EventRef, SCHEMA_VERSION, Schema, Section, Value};

/// The event as an OCSF document: constants of its kind, mapped attributes, observables, `unmapped` and `raw_data`.
pub fn event_to_ocsf(event: EventRef<'_>, catalog: &Catalog) -> Json {
    let kind = catalog.kind(event.kind());
    let schema = Schema::embedded();
    let mut root = passed_through(event, catalog).unwrap_or_else(|| Json::Object(Map::new()));
    for (field, constant) in &kind.constants {
        let value = match constant {
            Constant::Str(text) => json!(text),
            Constant::Int(number) => json!(number),
            Constant::Bool(truth) => json!(truth),
        };
        schema.insert(&mut root, &kind.class_name, catalog.fields.name(*field), value);
    }
    if !kind.passthrough {
        for slot in event.section(Section::Attributes) {
            let path = event.batch().field_name(slot.field, &catalog.fields);
            schema.insert(&mut root, &kind.class_name, path, to_json(event, slot.value));
        }
    }
    let found = observables(event, catalog);
    if let Some(map) = root.as_object_mut() {
        envelope(map, event, catalog, schema);
        if !found.is_empty() {
            map.insert("observables".to_owned(), Json::Array(found));
        }
        let unmapped = if kind.passthrough { Map::new() } else { unmapped(event, catalog) };
        if !unmapped.is_empty() {
            map.insert("unmapped".to_owned(), Json::Object(unmapped));
        }
        map.insert("raw_data".to_owned(), json!(String::from_utf8_lossy(event.raw())));
    }
    schema.complete(&mut root, &kind.class_name);
    root
}

/// The record itself, when it is an OCSF document already.
fn passed_through(event: EventRef<'_>, catalog: &Catalog) -> Option<Json> {
    let is_document = catalog.kind(event.kind()).passthrough;
    is_document.then(|| serde_json::from_slice(event.raw()).ok()).flatten().filter(Json::is_object)
}

/// The attributes that every OCSF event carries and that follow from its kind.
fn envelope(map: &mut Map<String, Json>, event: EventRef<'_>, catalog: &Catalog, schema: &Schema) {
    let kind = catalog.kind(event.kind());
    map.insert("class_uid".to_owned(), json!(kind.class_uid));
    if let Some((_, class)) = schema.class_by_uid(kind.class_uid) {
        let (category_uid, category) = schema.category(class);
        map.insert("class_name".to_owned(), json!(class.caption));
        map.insert("category_uid".to_owned(), json!(category_uid));
        map.insert("category_name".to_owned(), json!(category));
        let activity = map.get("activity_id").and_then(Json::as_i64).unwrap_or(0);
        map.entry("activity_id").or_insert(json!(activity));
        map.insert("type_uid".to_owned(), json!(i64::from(kind.class_uid) * 100 + activity));
        if let Some(caption) = class
            .attributes
            .get("activity_id")
            .and_then(|it| it.enumeration.get(activity.to_string().as_str()))
        {
            map.entry("activity_name").or_insert(json!(caption));
        }
    }
    map.entry("severity_id").or_insert(json!(1));
    // A record without a readable time still needs the required attribute; 0 is 1970, which nobody mistakes for real.
    map.insert("time".to_owned(), json!(event.time().map_or(0, |time| time.0)));
    let metadata = map.entry("metadata").or_insert_with(|| json!({}));
    if let Some(metadata) = metadata.as_object_mut() {
        metadata.insert("version".to_owned(), json!(SCHEMA_VERSION));
        let product = match catalog.source_of(event.kind()) {
            Some(source) => json!({"name": source.product, "vendor_name": source.vendor}),
            None => json!({"name": "unrecognised"}),
        };
        metadata.entry("product").or_insert(product);
    }
}

/// Native fields that the mapping of the event's kind does not read.
fn unmapped(event: EventRef<'_>, catalog: &Catalog) -> Map<String, Json> {
    let kind = catalog.kind(event.kind());
    let mut map = Map::new();
    for slot in event.section(Section::Native) {
        if kind.fields.iter().any(|field| field.native == slot.field) {
            continue;
        }
        let name = event.batch().field_name(slot.field, &catalog.fields).to_owned();
        let value = to_json(event, slot.value);
        match map.get_mut(&name) {
            Some(Json::Array(items)) => items.push(value),
            Some(first) => *first = json!([first.take(), value]),
            None => {
                map.insert(name, value);
            }
        }
    }
    map
}

/// The event's observables: every mapped value whose OCSF type is one, once each.
pub fn observables(event: EventRef<'_>, catalog: &Catalog) -> Vec<Json> {
    let kind = catalog.kind(event.kind());
    let schema = Schema::embedded();
    let mut found: Vec<Json> = Vec::new();
    for slot in event.section(Section::Attributes) {
        let path = event.batch().field_name(slot.field, &catalog.fields);
        let Some(type_id) = schema
            .resolve(&kind.class_name, path)
            .ok()
            .and_then(|attribute| schema.observable_type(attribute))
        else {
            continue;
        };
        let value = event.text(slot.value);
        if value.is_empty() || value == "-" {
            continue;
        }
        let name = path.replace("[]", "");
        let item = json!({"name": name, "type_id": type_id, "type": schema.observable_caption(type_id), "value": value});
        if !found.contains(&item) {
            found.push(item);
        }
    }
    found
}

fn to_json(event: EventRef<'_>, value: Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(truth) => json!(truth),
        Value::Int(number) => json!(number),
        Value::Float(number) => json!(number),
        Value::Raw { .. } | Value::Text { .. } => json!(event.text(value)),
    }
}
