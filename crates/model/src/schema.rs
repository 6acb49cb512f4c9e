//! The part of the OCSF schema that events and findings use: names, types and enumerations.
//!
//! The table `ocsf-1.8.0.json` is reduced from the Open Cybersecurity Schema Framework 1.8.0 (Apache-2.0).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// The schema version that events carry in `metadata.version`.
pub const SCHEMA_VERSION: &str = "1.8.0";

/// An attribute of a class or object.
#[derive(Debug, Deserialize)]
pub struct Attribute {
    /// Type name (`string_t`, `ip_t` …) or object name (`process`).
    #[serde(rename = "t")]
    pub type_name: Box<str>,
    #[serde(rename = "r", default)]
    required: u8,
    #[serde(rename = "a", default)]
    array: u8,
    #[serde(rename = "o", default)]
    observable: Option<i64>,
    /// Enumerated values and their captions, keyed by the value as text.
    #[serde(rename = "e", default)]
    pub enumeration: BTreeMap<Box<str>, Box<str>>,
}

impl Attribute {
    /// Whether the schema demands it.
    pub fn is_required(&self) -> bool {
        self.required == 1
    }

    /// Whether it is a list.
    pub fn is_array(&self) -> bool {
        self.array == 1
    }
}

#[derive(Debug, Deserialize)]
struct Object {
    attrs: BTreeMap<Box<str>, Attribute>,
    #[serde(default, rename = "o")]
    observable: Option<i64>,
}

#[derive(Debug, Deserialize)]
struct TypeDef {
    #[serde(default)]
    base: Option<Box<str>>,
    #[serde(default, rename = "o")]
    observable: Option<i64>,
}

#[derive(Debug, Deserialize)]
struct Category {
    uid: u32,
    caption: Box<str>,
}

/// An event class.
#[derive(Debug, Deserialize)]
pub struct Class {
    /// `class_uid`.
    pub uid: u32,
    /// Category name.
    pub category: Box<str>,
    /// Caption for people (`class_name`).
    pub caption: Box<str>,
    /// Its attributes.
    #[serde(rename = "attrs")]
    pub attributes: BTreeMap<Box<str>, Attribute>,
}

/// The schema.
#[derive(Debug, Deserialize)]
pub struct Schema {
    categories: BTreeMap<Box<str>, Category>,
    types: BTreeMap<Box<str>, TypeDef>,
    classes: BTreeMap<Box<str>, Class>,
    objects: BTreeMap<Box<str>, Object>,
}

/// A path or value that the schema does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SchemaError(pub String);

/// Objects nest in each other without end (`parent_process.parent_process …`); paths deeper than this are refused.
const DEPTH_MAX: usize = 8;

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    serde_json::from_str(include_str!("ocsf-1.8.0.json")).unwrap_or_else(|_| Schema {
        categories: BTreeMap::new(),
        types: BTreeMap::new(),
        classes: BTreeMap::new(),
        objects: BTreeMap::new(),
    })
});

impl Schema {
    /// The embedded schema, parsed once.
    pub fn embedded() -> &'static Self {
        &SCHEMA
    }

    /// A class by name, for example `process_activity`.
    pub fn class(&self, name: &str) -> Option<&Class> {
        self.classes.get(name)
    }

    /// A class and its name by `class_uid`.
    pub fn class_by_uid(&self, uid: u32) -> Option<(&str, &Class)> {
        self.classes
            .iter()
            .find(|(_, class)| class.uid == uid)
            .map(|(name, class)| (&**name, class))
    }

    /// All class names.
    pub fn class_names(&self) -> impl Iterator<Item = &str> {
        self.classes.keys().map(|name| &**name)
    }

    /// `category_uid` and its caption.
    pub fn category(&self, class: &Class) -> (u32, &str) {
        self.categories
            .get(&class.category)
            .map_or((0, "Uncategorized"), |it| (it.uid, &it.caption))
    }

    /// The attributes of an object.
    pub(crate) fn object(&self, name: &str) -> Option<&BTreeMap<Box<str>, Attribute>> {
        self.objects.get(name).map(|object| &object.attrs)
    }

    /// The basic type behind a type name: `string_t`, `integer_t`, `long_t`, `float_t`, `boolean_t`, `json_t`,
    /// or `None` for an object.
    pub fn base_type<'a>(&'a self, type_name: &'a str) -> Option<&'a str> {
        let definition = self.types.get(type_name)?;
        Some(
            definition
                .base
                .as_deref()
                .map_or(type_name, |base| if base == "long_t" { "long_t" } else { base }),
        )
    }

    /// The attribute at a dotted path of a class. `name[0]` and `name[]` step into lists.
    ///
    /// # Errors
    /// Names the part of the path that is unknown and the nearest known name.
    pub fn resolve(&self, class_name: &str, path: &str) -> Result<&Attribute, SchemaError> {
        let class = self.class(class_name).ok_or_else(|| {
            let near = nearest(class_name, self.classes.keys().map(|name| &**name));
            SchemaError(format!("no OCSF class '{class_name}'; did you mean '{near}'?"))
        })?;
        let mut attributes = &class.attributes;
        let mut within = class_name;
        let mut found: Option<&Attribute> = None;
        for (depth, part) in path.split('.').enumerate() {
            if depth >= DEPTH_MAX {
                return Err(SchemaError(format!("path '{path}' is deeper than {DEPTH_MAX} parts")));
            }
            if let Some(parent) = found {
                let object = self.objects.get(&parent.type_name).ok_or_else(|| {
                    SchemaError(format!(
                        "'{within}' in '{path}' is a {}, it has no parts",
                        parent.type_name
                    ))
                })?;
                attributes = &object.attrs;
            }
            let (name, indexed) = split_index(part);
            let attribute = attributes.get(name).ok_or_else(|| {
                let near = nearest(name, attributes.keys().map(|name| &**name));
                SchemaError(format!(
                    "'{within}' has no attribute '{name}' (path '{path}'); did you mean '{near}'?"
                ))
            })?;
            if indexed && !attribute.is_array() {
                return Err(SchemaError(format!("'{name}' in '{path}' is not a list")));
            }
            within = name;
            found = Some(attribute);
        }
        found.ok_or_else(|| SchemaError("the path is empty".to_owned()))
    }

    /// OCSF observable `type_id` of the value at a path: the attribute's own, else its type's.
    pub fn observable_type(&self, attribute: &Attribute) -> Option<i64> {
        attribute
            .observable
            .or_else(|| self.types.get(&attribute.type_name).and_then(|it| it.observable))
            .or_else(|| self.objects.get(&attribute.type_name).and_then(|it| it.observable))
    }

    /// The caption of an observable type.
    pub fn observable_caption(&self, type_id: i64) -> &str {
        self.objects
            .get("observable")
            .and_then(|object| object.attrs.get("type_id"))
            .and_then(|attribute| attribute.enumeration.get(type_id.to_string().as_str()))
            .map_or("Unknown", |caption| caption)
    }

    /// Checks a whole event against its class: unknown attributes, missing required ones, types and enumerations.
    /// Returns every violation in words; an empty list means valid.
    pub fn validate(&self, event: &serde_json::Value) -> Vec<String> {
        let mut violations = Vec::new();
        let uid = event.get("class_uid").and_then(serde_json::Value::as_u64).unwrap_or(u64::MAX);
        let Some((_, class)) = self.class_by_uid(u32::try_from(uid).unwrap_or(u32::MAX)) else {
            return vec![format!("class_uid {uid} is unknown")];
        };
        self.validate_object(event, &class.attributes, "", &mut violations);
        violations
    }

    fn validate_object(
        &self,
        value: &serde_json::Value,
        attributes: &BTreeMap<Box<str>, Attribute>,
        at: &str,
        violations: &mut Vec<String>,
    ) {
        let Some(map) = value.as_object() else {
            violations.push(format!("'{at}' is not an object"));
            return;
        };
        for (name, attribute) in attributes {
            if attribute.is_required() && !map.contains_key(&**name) {
                violations.push(format!("'{}' is required", join(at, name)));
            }
        }
        for (name, value) in map {
            let path = join(at, name);
            let Some(attribute) = attributes.get(name.as_str()) else {
                violations.push(format!("'{path}' is not an attribute"));
                continue;
            };
            match (attribute.is_array(), value.as_array()) {
                (true, Some(items)) => {
                    items
                        .iter()
                        .for_each(|item| self.validate_value(item, attribute, &path, violations));
                }
                (true, None) => violations.push(format!("'{path}' must be a list")),
                (false, _) => self.validate_value(value, attribute, &path, violations),
            }
        }
    }

    fn validate_value(
        &self,
        value: &serde_json::Value,
        attribute: &Attribute,
        at: &str,
        violations: &mut Vec<String>,
    ) {
        if let Some(object) = self.objects.get(&attribute.type_name) {
            // `unmapped` and the bare `object` carry anything.
            if &*attribute.type_name != "object" {
                self.validate_object(value, &object.attrs, at, violations);
            }
            return;
        }
        let fits = match self.base_type(&attribute.type_name) {
            Some("string_t") => value.is_string(),
            Some("integer_t" | "long_t") => value.is_i64() || value.is_u64(),
            Some("float_t") => value.is_number(),
            Some("boolean_t") => value.is_boolean(),
            _ => true,
        };
        if !fits {
            violations.push(format!("'{at}' must be a {}, not {value}", attribute.type_name));
        } else if !attribute.enumeration.is_empty() {
            let key = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            if !attribute.enumeration.contains_key(key.as_str()) {
                violations.push(format!("'{at}' has no enumerated value {key}"));
            }
        }
    }
}

fn join(at: &str, name: &str) -> String {
    if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") }
}

/// `answers[0]` → (`answers`, true).
fn split_index(part: &str) -> (&str, bool) {
    part.split_once('[').map_or((part, false), |(name, _)| (name, true))
}

/// The known name with the smallest edit distance, for "did you mean".
fn nearest<'a>(wanted: &str, known: impl Iterator<Item = &'a str>) -> &'a str {
    known.min_by_key(|name| edit_distance(wanted, name)).unwrap_or("")
}

fn edit_distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.chars().count()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, b) in right.chars().enumerate() {
            let substituted = corner + usize::from(a != b);
            corner = row[j + 1];
            row[j + 1] = substituted.min(corner + 1).min(row[j] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_resolve_with_types() -> Result<(), SchemaError> {
        let schema = Schema::embedded();
        assert_eq!(
            &*schema.resolve("process_activity", "process.file.path")?.type_name,
            "file_path_t"
        );
        assert_eq!(&*schema.resolve("network_activity", "src_endpoint.ip")?.type_name, "ip_t");
        assert!(schema.resolve("dns_activity", "answers[0].rdata").is_ok());
        Ok(())
    }

    #[test]
    fn an_unknown_path_names_the_part_and_the_nearest_name() {
        let error =
            Schema::embedded().resolve("process_activity", "process.cmdline").err().map(|it| it.0);
        assert!(
            error.is_some_and(|text| text.contains("'cmdline'") && text.contains("'cmd_line'"))
        );
    }

    #[test]
    fn validation_sees_wrong_types_unknown_and_missing_attributes() {
        let event = serde_json::json!({"class_uid": 1007, "time": "noon", "colour": "blue"});
        let violations = Schema::embedded().validate(&event).join("\n");
        assert!(violations.contains("'time' must be a timestamp_t"));
        assert!(violations.contains("'colour' is not an attribute"));
        assert!(violations.contains("'activity_id' is required"));
    }
}
