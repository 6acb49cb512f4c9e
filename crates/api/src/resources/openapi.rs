//! The description of this interface.

use axum::http::Method;
use engine::access::{Authorized, permits};
use serde_json::json;

use crate::call::{Call, Reply};
use crate::openapi::document;
use crate::problem::Problem;
use crate::registry::{self, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::guarded(Method::GET, "/api/v1/openapi.json", read)
            .says("The OpenAPI 3.1 document of this interface.")
            .answers(200, json!({"type": "object"})),
    ]
}

async fn read(_: Authorized<permits::AccountRead>, (): (), _: Call) -> Result<Reply, Problem> {
    Reply::json(&document(&registry::routes()))
}
