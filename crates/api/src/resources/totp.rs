//! One-time codes of one's own account.

use axum::http::Method;
use engine::access::target::OwnUser;
use engine::access::{Authorized, permits};
use engine::secrets::SecretText;
use serde::Deserialize;
use serde_json::json;

use super::SMALL;
use super::sessions::opened_view;
use crate::call::{Call, Reply};
use crate::problem::Problem;
use crate::registry::Route;
use crate::schema::schemas::{any_text, code, flag, id, object, shown_once, time};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfirmRequest {
    code: SecretText,
}

pub(super) fn routes() -> Vec<Route> {
    let opened = object(&[
        ("user", id()),
        ("name", any_text()),
        ("is_mfa", flag()),
        ("needs_mfa", flag()),
        ("ends_at", time()),
    ]);
    vec![
        Route::guarded(Method::POST, "/api/v1/users/{user}/totp", enrol)
            .says("Begins one-time codes: shows the seed once.")
            .step_up()
            .limits(SMALL, 60)
            .audited("account.totp_enrol")
            .answers(201, object(&[("seed", shown_once()), ("uri", shown_once())])),
        Route::guarded(Method::POST, "/api/v1/users/{user}/totp/confirm", confirm)
            .says("Shows with a first code that the seed is in use; ends all sessions and opens a new one.")
            .limits(SMALL, 60)
            .audited("account.totp_confirm")
            .takes(object(&[("code", code())]))
            .answers(200, opened),
    ]
}

async fn enrol(
    auth: Authorized<permits::AccountWrite>,
    user: OwnUser,
    call: Call,
) -> Result<Reply, Problem> {
    let enrolment = call.state.access().enrol_totp(&auth, &user).await?;
    Reply::created(&json!({"seed": enrolment.seed.expose(), "uri": enrolment.uri.expose()}))
}

async fn confirm(
    auth: Authorized<permits::AccountWrite>,
    user: OwnUser,
    call: Call,
) -> Result<Reply, Problem> {
    let ConfirmRequest { code } = call.json()?;
    let opened = call.state.access().confirm_totp(&auth, &user, &code).await?;
    Ok(Reply::json(&opened_view(&opened))?.with_session(&opened))
}
