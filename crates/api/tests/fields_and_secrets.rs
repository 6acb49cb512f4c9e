//! T41: no byte of another tenant; T42: no field that a route does not know; T48: no secret where it must not be.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use engine::access::Role;
use ports::TenantId;
use serde_json::{Map, Value, json};
use support::{PASSWORD, Shows, World, fill};
use tracing::field::{Field, Visit};
use tracing::span;

async fn admin(world: &World, tenant: &TenantId, name: &str) -> (Shows, String) {
    let user = world.user(tenant, name, &[Role::Admin]).await;
    let (_, opened) = world.enrol(&world.login(tenant, name, None).await).await;
    (Shows::Cookie(opened.secret.expose().to_owned()), user.id.to_string())
}

#[tokio::test]
async fn no_byte_of_another_tenant_is_answered() {
    let world = World::new().await;
    let acme = TenantId::try_from("acme".to_owned()).unwrap();
    let (theirs, their_id) = admin(&world, &acme, "canary-acme").await;
    let (ours, our_id) = admin(&world, &TenantId::main(), "ours").await;
    let token = json!({"name": "canary-acme-token", "scopes": ["user.read"]});
    let made = world
        .send("POST", &format!("/api/v1/users/{their_id}/tokens"), &theirs, Some(&token))
        .await;
    assert_eq!(made.status, 201, "{}", made.body);
    let their_token = made.json()["id"].as_str().unwrap().to_owned();
    assert!(world.send("GET", "/api/v1/users", &theirs, None).await.body.contains("canary-acme"));
    for user in [&our_id, &their_id] {
        for route in api::routes() {
            let values = [
                ("user", user.clone()),
                ("session", their_token.clone()),
                ("token", their_token.clone()),
            ];
            if route.method != "GET" && !route.path.contains('{') {
                continue;
            }
            let body = route.request.is_some().then(|| json!({}));
            let path = fill(route.path, &values);
            let answer = world.send(route.method.as_str(), &path, &ours, body.as_ref()).await;
            let all = format!("{:?}{}", answer.headers, answer.body);
            assert!(
                !all.contains("canary") && !all.contains(&format!("\"{their_id}\"")),
                "{path}: {all}"
            );
        }
    }
    let same = json!({"name": "canary-acme", "roles": ["viewer"], "password": PASSWORD});
    let answer = world.send("POST", "/api/v1/users", &ours, Some(&same)).await;
    assert_eq!(answer.status, 201, "a name of another tenant is free, and not told");
}

/// A value of a shape.
fn sample(shape: &Value) -> Value {
    if let Some(of) = shape.get("anyOf") {
        return sample(&of[0]);
    }
    match shape["type"].as_str().unwrap() {
        "boolean" => json!(false),
        "integer" => shape["minimum"].clone(),
        "array" => match shape["items"].get("enum") {
            Some(names) => json!([names[0]]),
            None => json!([]),
        },
        _ if shape.get("pattern").is_some() => json!("123456"),
        _ => json!(
            "0".repeat(shape["minLength"].as_u64().unwrap_or(1) as usize).replacen('0', "a", 1)
        ),
    }
}

#[tokio::test]
async fn fields_that_a_route_does_not_know_are_refused_and_those_it_names_are_taken() {
    let world = World::new().await;
    let (shows, admin_id) = admin(&world, &TenantId::main(), "root").await;
    let other = world.user(&TenantId::main(), "other", &[Role::Viewer]).await.id.to_string();
    let more = [
        "id",
        "tenant",
        "owner",
        "user",
        "role",
        "is_admin",
        "generation",
        "created_at",
        "hash",
        "permissions",
        "severity_locked",
        "__proto__",
    ];
    let mut bodies = 0;
    for route in api::routes() {
        let Some(shape) = &route.request else { continue };
        bodies += 1;
        let properties = shape["properties"].as_object().unwrap();
        let full: Map<String, Value> =
            properties.iter().map(|(name, shape)| (name.clone(), sample(shape))).collect();
        // Another's record where the route allows it, so that the admin's own session goes on.
        let user = if route.path == "/api/v1/users/{user}" { &other } else { &admin_id };
        let path = fill(route.path, &[("user", user.clone())]);
        let send = async |body: Map<String, Value>| {
            world.send(route.method.as_str(), &path, &shows, Some(&Value::Object(body))).await
        };
        for name in more.iter().filter(|name| !properties.contains_key(**name)) {
            let mut body = full.clone();
            body.insert((*name).to_owned(), json!("x"));
            let answer = send(body).await;
            assert_eq!(
                (answer.status.as_u16(), answer.code().as_str()),
                (400, "malformed"),
                "{route:?} {name}"
            );
        }
        for name in shape["required"].as_array().into_iter().flatten() {
            let mut body = full.clone();
            body.remove(name.as_str().unwrap());
            assert_eq!(send(body).await.status, 400, "{route:?} without {name}");
        }
        if !route.path.ends_with("/proof") {
            let answer = send(full).await;
            assert_ne!(answer.status, 400, "{route:?}: {}", answer.body);
        }
    }
    assert!(bodies >= 8);
}

/// Keeps everything that is logged.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Visit for Log {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0.lock().unwrap(), "{}={value:?} ", field.name()).unwrap();
    }
}

impl tracing::Subscriber for Log {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        attributes.record(&mut self.clone());
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        values.record(&mut self.clone());
    }
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut self.clone());
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

#[tokio::test]
async fn no_secret_is_logged_stored_audited_or_answered_again() {
    const CANARY: &str = "canary four sane words";
    let log = Log::default();
    tracing::subscriber::set_global_default(log.clone()).unwrap();
    let world = World::bare();
    let mut seen = String::new();
    let mut secrets = vec![CANARY.to_owned()];
    let token = world.access.begin_setup().await.unwrap().unwrap();
    secrets.push(token.expose().to_owned());
    let nobody = Shows::Nothing;
    let setup = json!({"token": token.expose(), "name": "ada", "password": CANARY});
    let answer = world.send("POST", "/api/v1/setup", &nobody, Some(&setup)).await;
    let user = answer.json()["id"].as_str().unwrap().to_owned();
    seen.push_str(&answer.body);
    seen.push_str(&world.send("POST", "/api/v1/setup", &nobody, Some(&setup)).await.body);
    let login = json!({"name": "ada", "password": CANARY});
    let answer = world.send("POST", "/api/v1/sessions", &nobody, Some(&login)).await;
    seen.push_str(&answer.body);
    let shows = Shows::Cookie(answer.cookie().unwrap());
    secrets.push(answer.cookie().unwrap());
    let totp = format!("/api/v1/users/{user}/totp");
    let enrolment = world.send("POST", &totp, &shows, None).await.json();
    let seed = enrolment["seed"].as_str().unwrap().to_owned();
    let confirm = json!({"code": world.code(&seed)});
    let answer = world.send("POST", &format!("{totp}/confirm"), &shows, Some(&confirm)).await;
    let shows = Shows::Cookie(answer.cookie().unwrap());
    secrets.extend([seed, answer.cookie().unwrap()]);
    let tokens = format!("/api/v1/users/{user}/tokens");
    let new = json!({"name": "t", "scopes": ["user.read"]});
    let made = world.send("POST", &tokens, &shows, Some(&new)).await.json();
    secrets.push(made["token"].as_str().unwrap().to_owned());

    // Every error that can be provoked with a secret in hand, and everything that can be read.
    for body in [
        json!({"name": CANARY, "password": [CANARY]}),
        json!({"name": "ada", "password": CANARY, "code": CANARY}),
        json!({"tenant": CANARY, "name": "ada", "password": CANARY}),
        json!({"name": "ada", "password": {"x": CANARY}}),
        json!([CANARY]),
    ] {
        seen.push_str(&world.send("POST", "/api/v1/sessions", &nobody, Some(&body)).await.body);
    }
    for (method, path) in [("PUT", format!("/api/v1/users/{user}/password")), ("POST", tokens)] {
        for body in
            [json!({"current": CANARY, "new": 1}), json!({"name": {"a": CANARY}}), json!(CANARY)]
        {
            seen.push_str(&world.send(method, &path, &shows, Some(&body)).await.body);
        }
    }
    for route in api::routes().iter().filter(|route| route.method == "GET") {
        let path = fill(route.path, &[("user", user.clone())]);
        seen.push_str(&world.send("GET", &path, &shows, None).await.body);
    }
    world.state.set_down(true);
    seen.push_str(&world.send("POST", "/api/v1/sessions", &nobody, Some(&login)).await.body);
    world.state.set_down(false);
    let logged = log.0.lock().unwrap().clone();
    assert!(logged.contains("a request failed"), "the log is looked at: {logged}");
    let stored = world.state.dump();
    for secret in &secrets {
        for (place, text) in [("answers", &seen), ("log", &logged), ("state and audit", &stored)] {
            assert!(!text.contains(secret.as_str()), "a secret stands in {place}");
        }
    }
}
