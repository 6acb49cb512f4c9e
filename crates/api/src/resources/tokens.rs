//! Tokens of a user.

use std::collections::BTreeSet;

use axum::http::Method;
use engine::access::target::{ManagedUser, TokenOwner, UserToken};
use engine::access::{Authorized, NewToken, Permission, Token, permits};
use ipnet::IpNet;
use serde::Deserialize;
use serde_json::{Value, json};

use super::SMALL;
use crate::call::{Call, Reply};
use crate::problem::Problem;
use crate::registry::Route;
use crate::schema::schemas::{
    any_text, flag, id, list, number, object, or_null, permissions, shown_once, text, time,
};

const DAYS: u32 = 30;
const DAYS_MAX: u32 = 90;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateRequest {
    name: String,
    scopes: BTreeSet<Permission>,
    #[serde(default)]
    days: Option<u32>,
    #[serde(default)]
    networks: Vec<IpNet>,
}

fn shape(more: &[(&str, Value)]) -> Value {
    let mut properties = vec![
        ("id", id()),
        ("name", any_text()),
        ("prefix", any_text()),
        ("scopes", permissions()),
        ("networks", list(any_text())),
        ("created_at", time()),
        ("ends_at", time()),
        ("used_at", or_null(time())),
        ("is_revoked", flag()),
    ];
    properties.extend(more.iter().cloned());
    object(&properties)
}

fn view(token: &Token) -> Value {
    json!({
        "id": token.id, "name": token.name, "prefix": token.prefix, "scopes": token.scopes,
        "networks": token.networks, "created_at": token.created_at, "ends_at": token.ends_at,
        "used_at": token.used_at, "is_revoked": token.is_revoked,
    })
}

pub(super) fn routes() -> Vec<Route> {
    const TOKENS: &str = "/api/v1/users/{user}/tokens";
    let create = object(&[
        ("name", text(1, 64)),
        ("scopes", permissions()),
        ("days?", number(1, u64::from(DAYS_MAX))),
        ("networks?", list(any_text())),
    ]);
    vec![
        Route::guarded(Method::GET, TOKENS, tokens)
            .says("The tokens of a user, without their secrets.")
            .answers(200, object(&[("tokens", list(shape(&[])))])),
        Route::guarded(Method::POST, TOKENS, create_token)
            .says("Makes a token: its secret is shown once.")
            .step_up()
            .limits(SMALL, 120)
            .audited("token.create")
            .takes(create)
            .answers(201, shape(&[("token", shown_once())])),
        Route::guarded(Method::DELETE, "/api/v1/users/{user}/tokens/{token}", revoke)
            .says("Revokes a token of a user.")
            .audited("token.delete"),
    ]
}

async fn tokens(
    auth: Authorized<permits::AccountRead>,
    user: ManagedUser,
    call: Call,
) -> Result<Reply, Problem> {
    let tokens = call.state.access().tokens(&auth, &user).await?;
    let tokens: Vec<Value> = tokens.iter().map(view).collect();
    Reply::json(&json!({ "tokens": tokens }))
}

async fn create_token(
    auth: Authorized<permits::AccountWrite>,
    owner: TokenOwner,
    call: Call,
) -> Result<Reply, Problem> {
    let CreateRequest { name, scopes, days, networks } = call.json()?;
    let new = NewToken { name, scopes, days: days.unwrap_or(DAYS), networks };
    let shown = call.state.access().create_token(&auth, &owner, new).await?;
    let mut view = view(&shown.token);
    view["token"] = json!(shown.secret.expose());
    Reply::created(&view)
}

async fn revoke(
    auth: Authorized<permits::AccountWrite>,
    token: UserToken,
    call: Call,
) -> Result<Reply, Problem> {
    call.state.access().revoke_token(&auth, &token).await?;
    Ok(Reply::done())
}
