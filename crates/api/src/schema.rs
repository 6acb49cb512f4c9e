//! Shapes of bodies, for the OpenAPI document. What a route takes and what its schema says are held together by a
//! test that sends every property of a schema and one that it does not have.

use engine::access::{Permission, Role};
use serde_json::{Map, Value, json};

/// A shape, as JSON Schema.
pub type Schema = Value;

/// Makers of shapes.
pub mod schemas {
    use super::{Map, Permission, Role, Schema, Value, json};

    /// An object with exactly these properties. A name that ends in `?` may be left out.
    pub fn object(properties: &[(&str, Schema)]) -> Schema {
        let bare = |name: &str| name.trim_end_matches('?').to_owned();
        let required: Vec<String> = properties
            .iter()
            .filter(|(name, _)| !name.ends_with('?'))
            .map(|(name, _)| bare(name))
            .collect();
        let shapes: Map<String, Value> =
            properties.iter().map(|(name, shape)| (bare(name), shape.clone())).collect();
        let mut object =
            json!({"type": "object", "properties": shapes, "additionalProperties": false});
        if !required.is_empty() {
            object["required"] = json!(required);
        }
        object
    }

    /// A list.
    pub fn list(of: Schema) -> Schema {
        let mut list = json!({"type": "array"});
        list["items"] = of;
        list
    }

    /// A text of so many characters.
    pub fn text(least: u32, most: u32) -> Schema {
        json!({"type": "string", "minLength": least, "maxLength": most})
    }

    /// Any text.
    pub fn any_text() -> Schema {
        json!({"type": "string"})
    }

    /// A text that is written and never read back.
    pub fn secret(least: u32, most: u32) -> Schema {
        json!({"type": "string", "format": "password", "minLength": least, "maxLength": most})
    }

    /// A secret that is shown in this one answer.
    pub fn shown_once() -> Schema {
        json!({"type": "string", "description": "Shown in this answer only."})
    }

    /// A one-time code.
    pub fn code() -> Schema {
        json!({"type": "string", "pattern": "^[0-9]{6}$"})
    }

    /// An id.
    pub fn id() -> Schema {
        json!({"type": "string", "format": "uuid"})
    }

    /// Milliseconds since 1970.
    pub fn time() -> Schema {
        json!({"type": "integer", "format": "int64", "description": "Milliseconds since 1970-01-01T00:00:00Z."})
    }

    /// A number in a range.
    pub fn number(least: u64, most: u64) -> Schema {
        json!({"type": "integer", "minimum": least, "maximum": most})
    }

    /// Any number from 0.
    pub fn count() -> Schema {
        json!({"type": "integer", "minimum": 0})
    }

    /// True or false.
    pub fn flag() -> Schema {
        json!({"type": "boolean"})
    }

    /// The shape, or null.
    pub fn or_null(shape: Schema) -> Schema {
        let mut either = json!({});
        either["anyOf"] = Value::Array(vec![shape, json!({"type": "null"})]);
        either
    }

    /// Names of permissions.
    pub fn permissions() -> Schema {
        let names: Vec<&str> = Permission::ALL.iter().map(|permission| permission.name()).collect();
        json!({"type": "array", "uniqueItems": true, "items": {"type": "string", "enum": names}})
    }

    /// Names of roles.
    pub fn roles() -> Schema {
        let names: Vec<&str> = Role::ALL.iter().map(|role| role.name()).collect();
        json!({"type": "array", "uniqueItems": true, "items": {"type": "string", "enum": names}})
    }
}
