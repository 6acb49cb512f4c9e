//! Figures for Prometheus.

use axum::http::Method;
use engine::access::{Authorized, permits};

use crate::call::{Call, Reply};
use crate::problem::Problem;
use crate::registry::Route;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::guarded(Method::GET, "/metrics", read)
            .says("Figures of the running program, in the text form of Prometheus.")
            .answers_text(),
    ]
}

async fn read(_: Authorized<permits::MetricsRead>, (): (), call: Call) -> Result<Reply, Problem> {
    let mut text = String::new();
    call.state.0.metrics.write(&mut text);
    text.push_str("# HELP wardroom_password_checks_total Passwords checked.\n");
    text.push_str("# TYPE wardroom_password_checks_total counter\n");
    let checks = call.state.access().password_checks();
    text.extend([format!("wardroom_password_checks_total {checks}\n")]);
    call.state.0.sources.iter().for_each(|source| source.write(&mut text));
    Ok(Reply::text(text))
}
