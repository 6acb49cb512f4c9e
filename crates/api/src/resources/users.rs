//! Users.

use std::collections::BTreeSet;

use axum::http::Method;
use engine::access::target::{AnyUser, OwnUser, VisibleUser};
use engine::access::{Authorized, NewUser, Permission, Role, User, UserChange, permits};
use engine::secrets::SecretText;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::SMALL;
use crate::call::{Call, Reply};
use crate::problem::Problem;
use crate::registry::Route;
use crate::schema::schemas::{
    any_text, flag, id, list, number, object, permissions, roles, secret, text, time,
};

const PAGE: u32 = 100;
const PAGE_MAX: u32 = 1000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateRequest {
    name: String,
    roles: BTreeSet<Role>,
    #[serde(default)]
    denied: BTreeSet<Permission>,
    #[serde(default)]
    password: Option<SecretText>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangeRequest {
    #[serde(default)]
    roles: Option<BTreeSet<Role>>,
    #[serde(default)]
    denied: Option<BTreeSet<Permission>>,
    #[serde(default)]
    is_active: Option<bool>,
    #[serde(default)]
    password: Option<SecretText>,
    #[serde(default)]
    removes_totp: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PasswordRequest {
    current: SecretText,
    new: SecretText,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    after: Option<Uuid>,
    most: Option<u32>,
}

/// The shape of a user.
pub(super) fn shape() -> Value {
    object(&[
        ("id", id()),
        ("name", any_text()),
        ("roles", roles()),
        ("denied", permissions()),
        ("is_active", flag()),
        ("has_totp", flag()),
        ("created_at", time()),
    ])
}

/// A user as it is shown: nothing secret, no hash.
pub(super) fn view(user: &User) -> Value {
    json!({
        "id": user.id, "name": user.name, "roles": user.roles, "denied": user.denied,
        "is_active": user.is_active, "has_totp": user.has_totp(), "created_at": user.created_at,
    })
}

pub(super) fn routes() -> Vec<Route> {
    const USERS: &str = "/api/v1/users";
    const USER: &str = "/api/v1/users/{user}";
    let create = object(&[
        ("name", text(1, 64)),
        ("roles", roles()),
        ("denied?", permissions()),
        ("password?", secret(12, 1024)),
    ]);
    let change = object(&[
        ("roles?", roles()),
        ("denied?", permissions()),
        ("is_active?", flag()),
        ("password?", secret(12, 1024)),
        ("removes_totp?", flag()),
    ]);
    let password = object(&[("current", secret(1, 1024)), ("new", secret(12, 1024))]);
    vec![
        Route::guarded(Method::GET, USERS, users)
            .says("Users of the tenant, by id.")
            .asks(&[("after", id()), ("most", number(1, u64::from(PAGE_MAX)))])
            .answers(200, object(&[("users", list(shape()))])),
        Route::guarded(Method::POST, USERS, create_user)
            .says("Makes a user.")
            .step_up()
            .limits(SMALL, 120)
            .audited("user.create")
            .takes(create)
            .answers(201, shape()),
        Route::guarded(Method::GET, USER, user).says("A user.").answers(200, shape()),
        Route::guarded(Method::PATCH, USER, change_user)
            .says("Changes a user: roles, denied permissions, whether it is active, a new password, one-time codes taken away.")
            .step_up()
            .limits(SMALL, 120)
            .audited("user.change")
            .takes(change),
        Route::guarded(Method::PUT, "/api/v1/users/{user}/password", set_password)
            .says("Sets one's own password; all sessions and tokens of before are void.")
            .limits(SMALL, 120)
            .audited("account.password")
            .takes(password),
    ]
}

async fn users(auth: Authorized<permits::UserRead>, (): (), call: Call) -> Result<Reply, Problem> {
    let Page { after, most } = call.query()?;
    let most = most.unwrap_or(PAGE).clamp(1, PAGE_MAX);
    let users = call.state.access().users(&auth, after, most).await?;
    let users: Vec<Value> = users.iter().map(view).collect();
    Reply::json(&json!({ "users": users }))
}

async fn create_user(
    auth: Authorized<permits::UserWrite>,
    (): (),
    call: Call,
) -> Result<Reply, Problem> {
    let CreateRequest { name, roles, denied, password } = call.json()?;
    let new = NewUser { name, roles, denied, password };
    let user = call.state.access().create_user(&auth, new).await?;
    Reply::created(&view(&user))
}

async fn user(
    _: Authorized<permits::AccountRead>,
    user: VisibleUser,
    _: Call,
) -> Result<Reply, Problem> {
    Reply::json(&view(user.user()))
}

async fn change_user(
    auth: Authorized<permits::UserWrite>,
    user: AnyUser,
    call: Call,
) -> Result<Reply, Problem> {
    let ChangeRequest { roles, denied, is_active, password, removes_totp } = call.json()?;
    let change = UserChange { roles, denied, is_active, password, removes_totp };
    call.state.access().change_user(&auth, &user, change).await?;
    Ok(Reply::done())
}

async fn set_password(
    auth: Authorized<permits::AccountWrite>,
    user: OwnUser,
    call: Call,
) -> Result<Reply, Problem> {
    let PasswordRequest { current, new } = call.json()?;
    call.state.access().set_password(&auth, &user, &current, &new, call.from).await?;
    Ok(Reply::done().without_session())
}
