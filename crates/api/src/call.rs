//! A request as a handler gets it, and what a handler gives back.

use std::net::IpAddr;

use axum::body::{Body, Bytes};
use axum::extract::Query;
use axum::http::{HeaderValue, Response, StatusCode, Uri, header};
use engine::access::Opened;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::config::AppState;
use crate::doors;
use crate::load::PathValues;
use crate::problem::Problem;

/// A request.
#[derive(Debug)]
pub struct Call {
    /// What all requests share.
    pub state: AppState,
    /// Where it comes from.
    pub from: IpAddr,
    pub(crate) path: PathValues,
    pub(crate) uri: Uri,
    pub(crate) body: Bytes,
}

impl Call {
    /// The body. Words about what is wrong with it never repeat a value of it.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        // A list would be taken for an object whose members come in order, past their names.
        if self.body.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
            return Err(Problem::malformed(
                "the body must be a JSON object: see GET /api/v1/openapi.json",
            ));
        }
        serde_json::from_slice(&self.body).map_err(|error| {
            let said = error.to_string();
            let is_about_names =
                said.starts_with("unknown field") || said.starts_with("missing field");
            let what = match said.split_once(',').or_else(|| said.split_once(" at line")) {
                Some((what, _)) if is_about_names => what.chars().take(80).collect(),
                _ if error.is_data() => "a value is not of the kind that is wanted".to_owned(),
                _ => "this is no JSON".to_owned(),
            };
            let (line, column) = (error.line(), error.column());
            Problem::malformed(format!(
                "line {line}, column {column}: {what}: see GET /api/v1/openapi.json"
            ))
        })
    }

    /// The query.
    pub fn query<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        Query::<T>::try_from_uri(&self.uri).map(|Query(query)| query).map_err(|_| {
            Problem::malformed("the query has a name or a value that this route does not know: see GET /api/v1/openapi.json")
        })
    }
}

/// What a handler answers.
#[derive(Debug)]
pub struct Reply(Response<Body>);

impl Reply {
    fn new(status: StatusCode, kind: &'static str, body: String) -> Self {
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        Self(response)
    }

    fn of(status: StatusCode, value: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_string(value)
            .map_err(|error| Problem::from(engine::access::Refusal::Internal(error.to_string())))?;
        Ok(Self::new(status, "application/json", body))
    }

    /// 200 with JSON.
    pub fn json(value: &impl Serialize) -> Result<Self, Problem> {
        Self::of(StatusCode::OK, value)
    }

    /// 201 with JSON.
    pub fn created(value: &impl Serialize) -> Result<Self, Problem> {
        Self::of(StatusCode::CREATED, value)
    }

    /// 503 with JSON.
    pub(crate) fn not_ready(value: &Value) -> Result<Self, Problem> {
        Self::of(StatusCode::SERVICE_UNAVAILABLE, value)
    }

    /// 200 with plain text.
    pub fn text(text: String) -> Self {
        Self::new(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", text)
    }

    /// 204.
    pub fn done() -> Self {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        Self(response)
    }

    /// With the cookie of a session.
    pub(crate) fn with_session(self, opened: &Opened) -> Self {
        self.with_cookie(Some(opened.secret.expose()))
    }

    /// Takes the session cookie away.
    pub(crate) fn without_session(self) -> Self {
        self.with_cookie(None)
    }

    fn with_cookie(mut self, secret: Option<&str>) -> Self {
        if let Some(cookie) = doors::cookie(secret) {
            self.0.headers_mut().append(header::SET_COOKIE, cookie);
        }
        self
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        self.0
    }
}
