//! The resources: one file each, one line here.

mod audit;
mod health;
mod metrics;
mod openapi;
mod roles;
mod sessions;
mod setup;
mod tokens;
mod totp;
mod users;

use crate::registry::Route;

/// Bytes of a body that holds only a few short texts.
const SMALL: usize = 16 * 1024;

/// The routes of every resource.
pub(crate) const ALL: &[fn() -> Vec<Route>] = &[
    health::routes,
    metrics::routes,
    openapi::routes,
    setup::routes,
    sessions::routes,
    users::routes,
    totp::routes,
    tokens::routes,
    roles::routes,
    audit::routes,
];
