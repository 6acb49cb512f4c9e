//! What stands before every route: host, origin, cookies, headers, limits, errors (T47, T49); the OpenAPI document.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use engine::access::Role;
use ports::TenantId;
use serde_json::{Value, json};
use support::{PASSWORD, Shows, World, hold};

fn login_body(name: &str, password: &str) -> Value {
    json!({"name": name, "password": password})
}

async fn viewer(world: &World) -> Shows {
    world.user(&TenantId::main(), "ada", &[Role::Viewer]).await;
    let body = login_body("ada", PASSWORD);
    let answer = world.send("POST", "/api/v1/sessions", &Shows::Nothing, Some(&body)).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    Shows::Cookie(answer.cookie().unwrap())
}

#[tokio::test]
async fn the_document_is_that_of_the_registry() {
    let world = World::new().await;
    let shows = viewer(&world).await;
    let answer = world.send("GET", "/api/v1/openapi.json", &shows, None).await;
    let mut document = answer.json();
    // Whether members keep their order depends on what else is in the build.
    document.sort_all_objects();
    hold("openapi.json", &format!("{document:#}\n"));
    for route in api::routes() {
        let method = route.method.as_str().to_ascii_lowercase();
        assert!(document["paths"][route.path][method].is_object(), "{route:?}");
    }
}

#[tokio::test]
async fn every_answer_carries_the_headers_that_guard_it() {
    let world = World::new().await;
    for path in ["/healthz", "/api/v1/users", "/nothing"] {
        let answer = world.send("GET", path, &Shows::Nothing, None).await;
        let header = |name: &str| answer.headers.get(name).unwrap().to_str().unwrap().to_owned();
        let policy = header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("cache-control"), "no-store");
        assert!(header("strict-transport-security").starts_with("max-age="));
        assert!(!header("x-request-id").is_empty());
        assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control")));
    }
    let preflight = [
        ("origin", "https://evil.example".to_owned()),
        ("access-control-request-method", "POST".to_owned()),
    ];
    let answer = world.raw("OPTIONS", "/api/v1/sessions", &preflight, String::new()).await;
    assert_eq!(answer.status, 405);
}

#[tokio::test]
async fn errors_have_an_id_words_and_a_way_out() {
    let world = World::new().await;
    let answer = world.send("GET", "/api/v1/users", &Shows::Nothing, None).await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    let problem = answer.json();
    assert_eq!(problem["status"], 401);
    assert!(problem["detail"].as_str().unwrap().contains("log in"));
    let id = format!("urn:uuid:{}", answer.headers["x-request-id"].to_str().unwrap());
    assert_eq!(problem["instance"], id);
    for (method, path, status) in
        [("GET", "/nothing", 404), ("PUT", "/healthz", 405), ("GET", "/api/v1/users/%ff", 401)]
    {
        let answer = world.send(method, path, &Shows::Nothing, None).await;
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.json()["detail"].is_string());
    }
    world.state.set_down(true);
    let shows = Shows::Token(format!("wr_main_00000000_{}", "0".repeat(64)));
    let answer = world.send("GET", "/api/v1/users", &shows, None).await;
    assert_eq!(answer.status, 503);
    assert!(!answer.body.contains("told to be down"), "{}", answer.body);
    assert_eq!(world.send("GET", "/healthz", &Shows::Nothing, None).await.status, 200);
    assert_eq!(world.send("GET", "/readyz", &Shows::Nothing, None).await.status, 503);
}

#[tokio::test]
async fn another_name_is_not_served() {
    let world = World::new().await;
    for (host, status) in
        [("localhost", 200), ("127.0.0.1:8443", 200), ("[::1]:8443", 200), ("evil.example", 421)]
    {
        let answer =
            world.raw("GET", "/healthz", &[("host", host.to_owned())], String::new()).await;
        assert_eq!(answer.status, status, "{host}");
    }
}

#[tokio::test]
async fn a_page_of_another_site_changes_nothing() {
    let world = World::new().await;
    let Shows::Cookie(secret) = viewer(&world).await else { return };
    let cookie = || ("cookie", format!("__Host-wardroom={secret}"));
    let path = "/api/v1/sessions/current";
    let json = || ("content-type", "application/json".to_owned());
    for headers in [
        vec![cookie()],
        vec![cookie(), ("origin", "https://evil.example".to_owned())],
        vec![cookie(), ("origin", "null".to_owned()), ("x-wardroom-request", "1".to_owned())],
        vec![cookie(), ("sec-fetch-site", "cross-site".to_owned())],
    ] {
        let answer = world.raw("DELETE", path, &headers, String::new()).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (403, "cross-site"));
    }
    let forged = [json(), ("origin", "https://evil.example".to_owned())];
    let body = login_body("ada", PASSWORD).to_string();
    let answer = world.raw("POST", "/api/v1/sessions", &forged, body).await;
    assert_eq!(answer.code(), "cross-site", "logging somebody in is a change too");
    let form = [
        ("content-type", "text/plain".to_owned()),
        ("origin", "https://localhost:8443".to_owned()),
    ];
    let body = login_body("ada", PASSWORD).to_string();
    assert_eq!(world.raw("POST", "/api/v1/sessions", &form, body).await.status, 415);
    let ours = [cookie(), ("origin", "https://localhost:8443".to_owned())];
    assert_eq!(world.raw("DELETE", path, &ours, String::new()).await.status, 204);
    let gone = world.send("GET", path, &Shows::Cookie(secret.clone()), None).await;
    assert_eq!(gone.status, 401);
}

#[tokio::test]
async fn the_cookie_is_guarded_and_a_login_never_takes_over_a_given_one() {
    let world = World::new().await;
    world.user(&TenantId::main(), "ada", &[Role::Viewer]).await;
    let planted = format!("main.{}", "a".repeat(64));
    let body = login_body("ada", PASSWORD);
    let shows = Shows::Cookie(planted.clone());
    let answer = world.send("POST", "/api/v1/sessions", &shows, Some(&body)).await;
    let line = answer.headers["set-cookie"].to_str().unwrap();
    for part in ["__Host-wardroom=", "Path=/", "Secure", "HttpOnly", "SameSite=Strict"] {
        assert!(line.contains(part), "{line}");
    }
    assert!(!line.to_lowercase().contains("domain"));
    let secret = answer.cookie().unwrap();
    assert_ne!(secret, planted);
    assert_eq!(secret.len(), "main.".len() + 64);
    assert!(!answer.body.contains(&secret));
    let current = "/api/v1/sessions/current";
    assert_eq!(world.send("GET", current, &shows, None).await.status, 401);
    let shows = Shows::Cookie(secret.clone());
    assert_eq!(world.send("GET", current, &shows, None).await.status, 200);
    let proof = json!({"password": PASSWORD});
    let answer = world.send("POST", "/api/v1/sessions/current/proof", &shows, Some(&proof)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let renewed = answer.cookie().unwrap();
    assert_ne!(renewed, secret);
    assert_eq!(
        world.send("GET", current, &shows, None).await.status,
        401,
        "the old secret is void"
    );
    let shows = Shows::Cookie(renewed);
    assert_eq!(world.send("GET", current, &shows, None).await.status, 200);
}

#[tokio::test]
async fn what_matters_most_wants_a_fresh_proof() {
    let world = World::new().await;
    let ada = world.user(&TenantId::main(), "ada", &[Role::Viewer]).await;
    let opened = world.login(&TenantId::main(), "ada", None).await;
    let shows = Shows::Cookie(opened.secret.expose().to_owned());
    let path = format!("/api/v1/users/{}/tokens", ada.id);
    let body = json!({"name": "x", "scopes": ["account.read"]});
    world.pass(5 * 60);
    let answer = world.send("POST", &path, &shows, Some(&body)).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (403, "step-up-needed"));
    let proof = json!({"password": "wrong"});
    let answer = world.send("POST", "/api/v1/sessions/current/proof", &shows, Some(&proof)).await;
    assert_eq!(answer.status, 401);
    let proof = json!({"password": PASSWORD});
    let answer = world.send("POST", "/api/v1/sessions/current/proof", &shows, Some(&proof)).await;
    let shows = Shows::Cookie(answer.cookie().unwrap());
    let answer = world.send("POST", &path, &shows, Some(&body)).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let token = answer.json()["token"].as_str().unwrap().to_owned();
    let listed = world.send("GET", &path, &shows, None).await;
    assert!(!listed.body.contains(&token));
    let prefix = listed.json()["tokens"][0]["prefix"].as_str().unwrap().to_owned();
    assert!(token.starts_with(&prefix) && prefix.len() > 12);
}

#[tokio::test]
async fn bodies_and_uses_have_limits() {
    let world = World::new().await;
    let headers =
        [("content-type", "application/json".to_owned()), ("x-wardroom-request", "1".to_owned())];
    let large = format!("{{\"name\":\"{}\"}}", "x".repeat(17 * 1024));
    let answer = world.raw("POST", "/api/v1/sessions", &headers, large).await;
    assert_eq!(answer.status, 413);
    let deep = "[".repeat(10_000);
    assert_eq!(world.raw("POST", "/api/v1/sessions", &headers, deep).await.status, 400);
    let body = json!({"name": "nobody", "password": "wrong"});
    let mut seen = std::collections::BTreeMap::<u16, u32>::new();
    for _ in 0..60 {
        let answer = world.send("POST", "/api/v1/sessions", &Shows::Nothing, Some(&body)).await;
        if answer.status == 429 {
            assert!(answer.headers.contains_key("retry-after"));
        }
        *seen.entry(answer.status.as_u16()).or_default() += 1;
    }
    assert_eq!(seen, [(401, 50), (429, 10)].into());
}

#[tokio::test]
async fn every_change_leaves_its_intent_and_its_result_and_none_is_made_without() {
    let world = World::new().await;
    let admin = world.user(&TenantId::main(), "root", &[Role::Admin]).await;
    let (_, opened) = world.enrol(&world.login(&TenantId::main(), "root", None).await).await;
    let shows = Shows::Cookie(opened.secret.expose().to_owned());
    let new = json!({"name": "bob", "roles": ["viewer"], "password": PASSWORD});
    world.state.set_audit_down(true);
    let answer = world.send("POST", "/api/v1/users", &shows, Some(&new)).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (503, "audit-unavailable"));
    let listed = world.send("GET", "/api/v1/users", &shows, None).await;
    assert!(listed.status == 200 && !listed.body.contains("bob"));
    world.state.set_audit_down(false);
    let answer = world.send("POST", "/api/v1/users", &shows, Some(&new)).await;
    assert_eq!(answer.status, 201);
    let bob = answer.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/users/{}", admin.id);
    let answer = world.send("PATCH", &path, &shows, Some(&json!({"roles": []}))).await;
    assert_eq!(answer.status, 422);
    world.user(&TenantId::main(), "eve", &[Role::Auditor]).await;
    let auditor = world.login(&TenantId::main(), "eve", None).await;
    let shows = Shows::Cookie(auditor.secret.expose().to_owned());
    let audit = world.send("GET", "/api/v1/audit?most=1000", &shows, None).await.json();
    let results = |action: &str, object: &str| -> Vec<String> {
        let entries = audit["entries"].as_array().unwrap().iter();
        entries
            .filter(|entry| entry["action"] == action && entry["object"] == object)
            .map(|entry| entry["result"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(results("user.create", &format!("user/{bob}")), ["intent", "done"]);
    assert_eq!(results("user.change", &format!("user/{}", admin.id)), ["intent", "refused"]);
    let report = world.send("GET", "/api/v1/audit/verify", &shows, None).await.json();
    assert_eq!(report["is_whole"], true);
    assert_eq!(report["unproved"], report["entries"], "no checkpoint yet");
    world.pass(60);
    world.access.tick().await.unwrap();
    let report = world.send("GET", "/api/v1/audit/verify", &shows, None).await.json();
    assert_eq!(report["unproved"], 0);
    assert_eq!(report["checkpoints"].as_array().unwrap().len(), 1);
}
