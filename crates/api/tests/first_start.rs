//! T53: first start, as somebody sees it who has nothing but the terminal.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use api::Entrance;
use serde_json::json;
use support::{PASSWORD, Shows, World, fill};

#[tokio::test]
async fn until_the_token_is_used_nothing_but_health_and_setup_answers() {
    let world = World::bare();
    let token = world.access.begin_setup().await.unwrap().unwrap();
    let id = "00000000-0000-0000-0000-000000000000".to_owned();
    let values = [("user", id.clone()), ("session", id.clone()), ("token", id)];
    let mut open = Vec::new();
    for route in api::routes() {
        let body = route.request.is_some().then(|| json!({}));
        let path = fill(route.path, &values);
        let answer = world.send(route.method.as_str(), &path, &Shows::Nothing, body.as_ref()).await;
        if answer.status == 403 && answer.code() == "not-set-up" {
            continue;
        }
        assert!(matches!(route.entrance, Entrance::Public(_)), "{route:?}");
        open.push(route.path);
    }
    assert_eq!(open, ["/healthz", "/readyz", "/api/v1/setup"]);
    for path in ["/", "/nothing"] {
        assert_eq!(world.send("GET", path, &Shows::Nothing, None).await.status, 403, "{path}");
    }

    let setup =
        |token: &str, password: &str| json!({"token": token, "name": "ada", "password": password});
    let send = async |body| world.send("POST", "/api/v1/setup", &Shows::Nothing, Some(&body)).await;
    assert_eq!(send(setup(&"0".repeat(32), PASSWORD)).await.status, 403);
    assert_eq!(send(setup(token.expose(), "short")).await.status, 422);
    let answer = send(setup(token.expose(), PASSWORD)).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(answer.json()["roles"], json!(["admin"]));
    assert!(answer.headers.get("set-cookie").is_none(), "the first login is a login");
    assert_eq!(send(setup(token.expose(), PASSWORD)).await.status, 409);
    assert!(world.access.begin_setup().await.unwrap().is_none());
    let audit = world.state.dump();
    assert!(audit.contains("setup.begin") && !audit.contains(token.expose()));
}

#[tokio::test]
async fn the_first_admin_sets_up_codes_before_anything_else() {
    let world = World::bare();
    let token = world.access.begin_setup().await.unwrap().unwrap();
    let body = json!({"token": token.expose(), "name": "ada", "password": PASSWORD});
    let user = world.send("POST", "/api/v1/setup", &Shows::Nothing, Some(&body)).await.json();
    let user = user["id"].as_str().unwrap();
    let login = json!({"name": "ada", "password": PASSWORD});
    let answer = world.send("POST", "/api/v1/sessions", &Shows::Nothing, Some(&login)).await;
    assert_eq!(answer.json()["needs_mfa"], true);
    let shows = Shows::Cookie(answer.cookie().unwrap());
    let answer = world.send("GET", "/api/v1/users", &shows, None).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (403, "mfa-needed"));
    let totp = format!("/api/v1/users/{user}/totp");
    let enrolment = world.send("POST", &totp, &shows, None).await.json();
    let seed = enrolment["seed"].as_str().unwrap();
    let confirm = json!({"code": world.code(seed)});
    let answer = world.send("POST", &format!("{totp}/confirm"), &shows, Some(&confirm)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let shows = Shows::Cookie(answer.cookie().unwrap());
    assert_eq!(world.send("GET", "/api/v1/users", &shows, None).await.status, 200);
    let again = world.send("POST", &totp, &shows, None).await;
    assert_eq!(again.status, 422, "codes that are set up are not replaced by a session");
    let replay = json!({"name": "ada", "password": PASSWORD, "code": confirm["code"]});
    let answer = world.send("POST", "/api/v1/sessions", &Shows::Nothing, Some(&replay)).await;
    assert_eq!(answer.status, 401, "a code counts once");
    world.pass(30);
    let fresh = json!({"name": "ada", "password": PASSWORD, "code": world.code(seed)});
    let answer = world.send("POST", "/api/v1/sessions", &Shows::Nothing, Some(&fresh)).await;
    assert_eq!(answer.status, 201);
    let current = world.send("GET", "/api/v1/sessions/current", &shows, None).await.json();
    assert_eq!(current["is_one_person"], false);
    assert_eq!(current["needs_mfa"], false);
}
