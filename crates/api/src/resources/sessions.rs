//! Logging in and out, the sessions of a user.

use axum::http::{Method, StatusCode};
use engine::access::target::{ManagedUser, UserSession};
use engine::access::{Authorized, Caller, Login, Opened, Session, User, permits};
use engine::secrets::SecretText;
use ports::TenantId;
use serde::Deserialize;
use serde_json::{Value, json};

use super::SMALL;
use crate::call::{Call, Reply};
use crate::problem::Problem;
use crate::registry::Route;
use crate::schema::schemas::{
    any_text, code, flag, id, list, object, permissions, roles, secret, text, time,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LoginRequest {
    #[serde(default = "TenantId::main")]
    tenant: TenantId,
    name: String,
    password: SecretText,
    #[serde(default)]
    code: Option<SecretText>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProofRequest {
    password: SecretText,
    #[serde(default)]
    code: Option<SecretText>,
}

/// What a page needs to know of whoever looks at it.
fn current_shape() -> Value {
    object(&[
        ("tenant", any_text()),
        ("user", id()),
        ("name", any_text()),
        ("roles", roles()),
        ("permissions", permissions()),
        ("is_mfa", flag()),
        ("needs_mfa", flag()),
        ("is_one_person", flag()),
        ("ends_at", time()),
    ])
}

fn session_shape() -> Value {
    object(&[
        ("id", id()),
        ("created_at", time()),
        ("seen_at", time()),
        ("ends_at", time()),
        ("is_mfa", flag()),
        ("is_current", flag()),
    ])
}

pub(super) fn routes() -> Vec<Route> {
    const CURRENT: &str = "/api/v1/sessions/current";
    let login = object(&[
        ("tenant?", text(1, 63)),
        ("name", text(1, 64)),
        ("password", secret(1, 1024)),
        ("code?", code()),
    ]);
    let proof = object(&[("password", secret(1, 1024)), ("code?", code())]);
    let opened = object(&[
        ("user", id()),
        ("name", any_text()),
        ("is_mfa", flag()),
        ("needs_mfa", flag()),
        ("ends_at", time()),
    ]);
    let sessions = object(&[("sessions", list(session_shape()))]);
    vec![
        Route::public(Method::POST, "/api/v1/sessions", "whoever logs in is not logged in yet", login_with)
            .says("Logs in: sets the session cookie.")
            .limits(SMALL, 120)
            .audited("session.create")
            .takes(login)
            .answers(201, opened.clone()),
        Route::guarded(Method::GET, CURRENT, current)
            .says("Who is logged in and what they may do.")
            .answers(200, current_shape()),
        Route::guarded(Method::DELETE, CURRENT, logout)
            .says("Logs out: ends this session.")
            .audited("session.delete"),
        Route::guarded(Method::POST, "/api/v1/sessions/current/proof", prove)
            .says("Gives password and code again, for routes that demand it; renews the session cookie.")
            .limits(SMALL, 120)
            .audited("session.prove")
            .takes(proof)
            .answers(200, opened),
        Route::guarded(Method::GET, "/api/v1/users/{user}/sessions", of_user)
            .says("The open sessions of a user.")
            .answers(200, sessions),
        Route::guarded(Method::DELETE, "/api/v1/users/{user}/sessions/{session}", end)
            .says("Ends a session of a user.")
            .audited("session.delete"),
    ]
}

pub(super) fn opened_view(opened: &Opened) -> Value {
    let Opened { session, user, .. } = opened;
    json!({
        "user": user.id, "name": user.name, "is_mfa": session.is_mfa,
        "needs_mfa": user.needs_mfa() && !session.is_mfa, "ends_at": session.ends_at(),
    })
}

async fn login_with(call: Call) -> Result<Reply, Problem> {
    let LoginRequest { tenant, name, password, code } = call.json()?;
    let login = Login { tenant, name, password, code, from: call.from };
    let opened = call.state.access().login(login).await?;
    Ok(Reply::created(&opened_view(&opened))?.with_session(&opened))
}

fn person(caller: &Caller) -> Result<(&User, &Session), Problem> {
    caller.user().zip(caller.session()).ok_or_else(|| {
        let words = "a token has no session: use the routes of its user";
        Problem::new(StatusCode::NOT_FOUND, "no-session", words)
    })
}

async fn current(
    auth: Authorized<permits::AccountRead>,
    (): (),
    call: Call,
) -> Result<Reply, Problem> {
    let caller = auth.caller();
    let (user, session) = person(caller)?;
    Reply::json(&json!({
        "tenant": caller.tenant(), "user": user.id, "name": user.name, "roles": user.roles,
        "permissions": caller.rights(), "is_mfa": session.is_mfa, "needs_mfa": caller.is_limited(),
        "is_one_person": call.state.access().is_one_person(), "ends_at": session.ends_at(),
    }))
}

async fn logout(
    auth: Authorized<permits::AccountWrite>,
    (): (),
    call: Call,
) -> Result<Reply, Problem> {
    person(auth.caller())?;
    call.state.access().logout(&auth).await?;
    Ok(Reply::done().without_session())
}

async fn prove(
    auth: Authorized<permits::AccountWrite>,
    (): (),
    call: Call,
) -> Result<Reply, Problem> {
    let ProofRequest { password, code } = call.json()?;
    let access = call.state.access();
    let opened = access.prove(&auth, &password, code.as_ref(), call.from).await?;
    Ok(Reply::json(&opened_view(&opened))?.with_session(&opened))
}

async fn of_user(
    auth: Authorized<permits::AccountRead>,
    user: ManagedUser,
    call: Call,
) -> Result<Reply, Problem> {
    let sessions = call.state.access().sessions(&auth, &user).await?;
    let own = auth.caller().session().map(|session| session.id);
    let view = |session: &Session| {
        json!({
            "id": session.id, "created_at": session.created_at, "seen_at": session.seen_at,
            "ends_at": session.ends_at(), "is_mfa": session.is_mfa,
            "is_current": own == Some(session.id),
        })
    };
    let sessions: Vec<Value> = sessions.iter().map(view).collect();
    Reply::json(&json!({ "sessions": sessions }))
}

async fn end(
    auth: Authorized<permits::AccountWrite>,
    session: UserSession,
    call: Call,
) -> Result<Reply, Problem> {
    call.state.access().end_session(&auth, &session).await?;
    Ok(Reply::done())
}
