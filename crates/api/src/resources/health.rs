//! Whether the program runs and can work.

use axum::http::Method;
use serde_json::json;

use crate::call::{Call, Reply};
use crate::problem::Problem;
use crate::registry::Route;
use crate::schema::schemas::{any_text, object};

pub(super) fn routes() -> Vec<Route> {
    let shape = object(&[("status", any_text())]);
    vec![
        Route::public(
            Method::GET,
            "/healthz",
            "whatever watches the process has no account",
            healthz,
        )
        .says("Whether the process runs.")
        .before_setup()
        .answers(200, shape.clone()),
        Route::public(Method::GET, "/readyz", "whatever balances the load has no account", readyz)
            .says("Whether the state database can be read.")
            .before_setup()
            .answers(200, shape),
    ]
}

async fn healthz(_: Call) -> Result<Reply, Problem> {
    Reply::json(&json!({"status": "ok"}))
}

async fn readyz(call: Call) -> Result<Reply, Problem> {
    if call.state.access().is_ready().await {
        Reply::json(&json!({"status": "ok"}))
    } else {
        Reply::not_ready(&json!({"status": "unavailable"}))
    }
}
