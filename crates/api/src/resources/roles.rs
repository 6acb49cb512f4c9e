//! The roles and what they allow.

use axum::http::Method;
use engine::access::{Authorized, Permission, Role, permits};
use serde_json::{Value, json};

use crate::call::{Call, Reply};
use crate::problem::Problem;
use crate::registry::Route;
use crate::schema::schemas::{any_text, flag, list, object, permissions};

pub(super) fn routes() -> Vec<Route> {
    let role =
        object(&[("name", any_text()), ("needs_mfa", flag()), ("permissions", permissions())]);
    let permission = object(&[("name", any_text()), ("words", any_text())]);
    let shape = object(&[("roles", list(role)), ("permissions", list(permission))]);
    vec![
        Route::guarded(Method::GET, "/api/v1/roles", read)
            .says("The roles, what each allows, and what the permissions mean.")
            .answers(200, shape),
    ]
}

async fn read(_: Authorized<permits::AccountRead>, (): (), _: Call) -> Result<Reply, Problem> {
    let role = |role: &Role| json!({"name": role, "needs_mfa": role.needs_mfa(), "permissions": role.may()});
    let roles: Vec<Value> = Role::ALL.iter().map(role).collect();
    let permission = |known: &Permission| json!({"name": known, "words": known.words()});
    let permissions: Vec<Value> = Permission::ALL.iter().map(permission).collect();
    Reply::json(&json!({"roles": roles, "permissions": permissions}))
}
