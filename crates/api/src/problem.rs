//! Errors as RFC 9457 has them: an id, words, a way out, and nothing of the inside.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use engine::access::Refusal;
use serde_json::json;
use uuid::Uuid;

/// Something that is not answered as wished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    words: String,
    retry_s: Option<u64>,
    /// For the program's log only.
    inside: Option<String>,
}

impl Problem {
    /// Of a status, a short name and words that say the way out.
    pub fn new(status: StatusCode, code: &'static str, words: impl Into<String>) -> Self {
        Self { status, code, words: words.into(), retry_s: None, inside: None }
    }

    pub(crate) fn retry(mut self, seconds: u64) -> Self {
        self.retry_s = Some(seconds);
        self
    }

    pub(crate) fn malformed(words: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", words)
    }

    pub(crate) fn timed_out() -> Self {
        let words = "this took too long: ask for less, or try again";
        Self::new(StatusCode::GATEWAY_TIMEOUT, "timed-out", words)
    }

    /// The response; what is inside goes to the log under the same id.
    pub(crate) fn respond(&self, id: Uuid) -> Response<Body> {
        if let Some(inside) = &self.inside {
            tracing::error!(request = %id, code = self.code, inside = ?inside, "a request failed");
        }
        let body = json!({
            "type": format!("urn:wardroom:problem:{}", self.code),
            "title": self.status.canonical_reason().unwrap_or("Problem"),
            "status": self.status.as_u16(),
            "detail": self.words,
            "instance": format!("urn:uuid:{id}"),
        });
        let mut response = Response::new(Body::from(body.to_string()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        let json = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, json);
        if let Some(seconds) = self.retry_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

fn status(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::NotAuthenticated | Refusal::BadLogin => StatusCode::UNAUTHORIZED,
        Refusal::NotSetUp
        | Refusal::SetupToken
        | Refusal::Forbidden(_)
        | Refusal::MfaNeeded
        | Refusal::StepUpNeeded => StatusCode::FORBIDDEN,
        Refusal::NotFound(_) => StatusCode::NOT_FOUND,
        Refusal::SetUpAlready
        | Refusal::Taken(_)
        | Refusal::LastAdmin
        | Refusal::SamePerson
        | Refusal::Conflict => StatusCode::CONFLICT,
        Refusal::Invalid { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        Refusal::Throttled { .. } => StatusCode::TOO_MANY_REQUESTS,
        Refusal::AuditUnavailable(_) | Refusal::StateUnavailable(_) => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        Refusal::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let mut problem = Self::new(status(&refusal), refusal.code(), refusal.to_string());
        problem.inside = refusal.inside().map(str::to_owned);
        problem.retry_s = match refusal {
            Refusal::Throttled { retry_s } => Some(retry_s),
            Refusal::AuditUnavailable(_) | Refusal::StateUnavailable(_) => Some(5),
            _ => None,
        };
        problem
    }
}
