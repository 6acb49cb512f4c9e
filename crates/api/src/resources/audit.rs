//! The audit log: read and proved, never changed.

use axum::http::Method;
use engine::access::{Authorized, permits};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::call::{Call, Reply};
use crate::problem::Problem;
use crate::registry::Route;
use crate::schema::schemas::{any_text, count, flag, list, number, object, or_null, time};

const PAGE: u32 = 100;
const PAGE_MAX: u32 = 1000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    after: Option<u64>,
    most: Option<u32>,
}

pub(super) fn routes() -> Vec<Route> {
    let entry = object(&[
        ("number", count()),
        ("at", time()),
        ("actor", any_text()),
        ("action", any_text()),
        ("object", any_text()),
        ("result", any_text()),
        ("detail", json!({"type": "object", "additionalProperties": {"type": "string"}})),
        ("previous", any_text()),
        ("hash", any_text()),
    ]);
    let report = object(&[
        ("is_whole", flag()),
        ("entries", count()),
        ("proved_to", count()),
        ("proved_at", or_null(time())),
        ("unproved", count()),
        ("faults", list(any_text())),
        ("key", any_text()),
        ("checkpoints", list(any_text())),
    ]);
    vec![
        Route::guarded(Method::GET, "/api/v1/audit", entries)
            .says("Entries of the audit log, by number.")
            .asks(&[("after", count()), ("most", number(1, u64::from(PAGE_MAX)))])
            .answers(200, object(&[("entries", list(entry))])),
        Route::guarded(Method::GET, "/api/v1/audit/verify", verify)
            .says("Proves the audit log against its signed checkpoints. Entries after the last checkpoint that is kept outside could be cut off without it showing.")
            .limits(0, 10)
            .answers(200, report),
    ]
}

async fn entries(
    auth: Authorized<permits::AuditRead>,
    (): (),
    call: Call,
) -> Result<Reply, Problem> {
    let Page { after, most } = call.query()?;
    let most = most.unwrap_or(PAGE).clamp(1, PAGE_MAX);
    let entries = call.state.access().audit(&auth, after.unwrap_or(0), most).await?;
    Reply::json(&json!({ "entries": entries }))
}

async fn verify(
    auth: Authorized<permits::AuditRead>,
    (): (),
    call: Call,
) -> Result<Reply, Problem> {
    let access = call.state.access();
    let report = access.audit_verify(&auth, &[]).await?;
    let checkpoints = access.audit_checkpoints(&auth).await?;
    let faults: Vec<Value> = report.faults.iter().map(|fault| json!(fault.to_string())).collect();
    Reply::json(&json!({
        "is_whole": report.is_whole(), "entries": report.entries, "proved_to": report.proved_to,
        "proved_at": report.proved_at, "unproved": report.unproved(), "faults": faults,
        "key": access.verify_key().to_hex(), "checkpoints": checkpoints,
    }))
}
