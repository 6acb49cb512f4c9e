//! The OpenAPI 3.1 document, made from the registry.

use serde_json::{Map, Value, json};

use crate::registry::{Entrance, Route};

/// The document of these routes.
pub(crate) fn document(routes: &[Route]) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for route in routes {
        let method = route.method.as_str().to_ascii_lowercase();
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[method] = operation(route);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Wardroom",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Sessions by cookie, programs by token. Errors are problem+json (RFC 9457) with an id; the program's log has the same id. Requests with a cookie that change something need an Origin of this service or the header x-wardroom-request.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": crate::doors::COOKIE},
                "token": {"type": "http", "scheme": "bearer"},
            },
            "schemas": {"Problem": problem()},
        },
    })
}

fn problem() -> Value {
    json!({
        "type": "object",
        "required": ["type", "title", "status", "detail", "instance"],
        "properties": {
            "type": {"type": "string", "format": "uri"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "instance": {"type": "string", "format": "uri"},
        },
    })
}

fn operation(route: &Route) -> Value {
    let mut operation = json!({
        "summary": route.words,
        "operationId": operation_id(route),
        "responses": responses(route),
    });
    let security = match route.entrance {
        Entrance::Public(why) => {
            operation["x-public"] = json!(why);
            json!([])
        }
        Entrance::Permission(permission) => {
            operation["x-permission"] = json!(permission.name());
            json!([{"session": []}, {"token": []}])
        }
    };
    operation["security"] = security;
    if route.is_step_up {
        operation["x-step-up"] = json!(true);
    }
    if !route.loads.is_empty() {
        operation["x-loads"] = json!(route.loads);
    }
    let places = route.path.split('/').filter_map(|part| {
        let name = part.strip_prefix('{')?.strip_suffix('}')?;
        let shape = crate::schema::schemas::id();
        Some(json!({"name": name, "in": "path", "required": true, "schema": shape}))
    });
    let query = route.query.iter().map(
        |(name, shape)| json!({"name": name, "in": "query", "required": false, "schema": shape}),
    );
    let parameters: Vec<Value> = places.chain(query).collect();
    if !parameters.is_empty() {
        operation["parameters"] = json!(parameters);
    }
    if let Some(shape) = &route.request {
        operation["requestBody"] =
            json!({"required": true, "content": {"application/json": {"schema": shape}}});
    }
    operation
}

/// `get_users_user_tokens`: the method and the words of the path.
fn operation_id(route: &Route) -> String {
    let words = route.path.trim_start_matches("/api/v1").split(['/', '{', '}', '.', '-']);
    let words = words.filter(|word| !word.is_empty()).map(str::to_owned);
    let method = route.method.as_str().to_ascii_lowercase();
    std::iter::once(method).chain(words).collect::<Vec<_>>().join("_")
}

fn responses(route: &Route) -> Value {
    let mut good = json!({"description": route.words});
    if let Some(shape) = &route.answer.shape {
        good["content"] = json!({route.answer.kind: {"schema": shape}});
    }
    let problem = json!({
        "description": "It is not done: the words say why and what helps.",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    });
    json!({route.answer.status.to_string(): good, "default": problem})
}
