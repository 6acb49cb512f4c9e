//! First start.

use axum::http::Method;
use engine::access::FirstUser;
use engine::secrets::SecretText;
use serde::Deserialize;

use super::SMALL;
use super::users::{shape, view};
use crate::call::{Call, Reply};
use crate::problem::Problem;
use crate::registry::Route;
use crate::schema::schemas::{flag, object, secret, text};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    token: SecretText,
    name: String,
    password: SecretText,
    #[serde(default)]
    is_one_person: bool,
}

pub(super) fn routes() -> Vec<Route> {
    let body = object(&[
        ("token", secret(32, 32)),
        ("name", text(1, 64)),
        ("password", secret(12, 1024)),
        ("is_one_person?", flag()),
    ]);
    vec![
        Route::public(
            Method::POST,
            "/api/v1/setup",
            "there is no user yet; the one-time token proves it",
            finish,
        )
        .says("Makes the first user with the one-time setup token.")
        .before_setup()
        .limits(SMALL, 20)
        .audited("setup.finish")
        .takes(body)
        .answers(201, shape()),
    ]
}

async fn finish(call: Call) -> Result<Reply, Problem> {
    let Request { token, name, password, is_one_person } = call.json()?;
    let first = FirstUser { name, password, is_one_person };
    let user = call.state.access().finish_setup(&token, first, call.from).await?;
    Reply::created(&view(&user))
}
