//! The HTTP interface: one registry of routes, each with its permission.
//!
//! A [`Route`] says everything about itself: method, path, who may use it, what is loaded for it, whether password and
//! code must be fresh, its limits, its name in the audit log, its schemas. From the list of routes come the
//! [`router`], the OpenAPI document and the access matrix that the tests hold. A handler gets an
//! [`engine::access::Authorized`] of the permission that stands in its signature, and what it works on already loaded
//! for the caller; it cannot be registered without.
//!
//! **What the owner does.** TLS, the listener and limits on headers (time to send them, how many) are the owner's:
//! hyper's `http1().header_read_timeout` and `max_headers`. The address of the peer must be in the request as
//! [`axum::extract::ConnectInfo`] of a [`std::net::SocketAddr`]; limits count by it. [`engine::access::Access::tick`]
//! is to be called every second.
//!
//! **What comes later and where.** Passkeys become `resources/passkeys.rs` (begin and finish, for enrolment and for
//! login), OpenID Connect `resources/sign_in.rs` (start, return); both end where `POST /api/v1/sessions` ends, with a
//! session cookie. Pages of the web interface are served beside `/api`, under the same headers.
#![warn(missing_docs)]

mod call;
mod config;
mod doors;
mod load;
mod metrics;
mod openapi;
mod problem;
mod rates;
mod registry;
mod resources;
mod schema;
mod serve;

pub use call::{Call, Reply};
pub use config::{ApiConfig, AppState};
pub use load::{Loaded, PathValues};
pub use metrics::MetricSource;
pub use problem::Problem;
pub use registry::{Answer, Entrance, Route, routes};
pub use schema::{Schema, schemas};
pub use serve::router;
