//! The registry: each route says everything about itself, once.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::http::Method;
use engine::access::{Authorized, Caller, Permission, Permits, Refusal};

use crate::call::{Call, Reply};
use crate::load::Loaded;
use crate::problem::Problem;
use crate::resources;
use crate::schema::Schema;

/// Bytes of a body unless the route says otherwise.
const BODY_MAX: usize = 8 * 1024 * 1024;
/// Uses within a minute from one network unless the route says otherwise.
const PER_MINUTE: u32 = 600;

type Answering = Pin<Box<dyn Future<Output = Result<Reply, Problem>> + Send>>;
type Handler = Arc<dyn Fn(Option<Caller>, Call) -> Answering + Send + Sync>;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entrance {
    /// Anybody, and why that must be.
    Public(&'static str),
    /// Whoever holds the permission.
    Permission(Permission),
}

/// What a route answers when all goes well.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Its kind: `application/json`.
    pub kind: &'static str,
    /// The shape, when there is a body.
    pub shape: Option<Schema>,
}

/// A route.
#[derive(Clone)]
pub struct Route {
    /// Its method.
    pub method: Method,
    /// Its path with placeholders: `/api/v1/users/{user}`.
    pub path: &'static str,
    /// What it does.
    pub words: &'static str,
    /// Who may use it.
    pub entrance: Entrance,
    /// What is loaded for the caller before it runs.
    pub loads: &'static str,
    /// Whether password and code must have been given in the last five minutes.
    pub is_step_up: bool,
    /// Whether it works before the first user was made.
    pub is_before_setup: bool,
    /// Bytes of its body at most.
    pub body_max: usize,
    /// Uses within a minute from one network.
    pub per_minute: u32,
    /// What it is called in the audit log; every route that changes something has a name.
    pub audit: Option<&'static str>,
    /// The shape of its body.
    pub request: Option<Schema>,
    /// Names and shapes of its query.
    pub query: Vec<(&'static str, Schema)>,
    /// What it answers.
    pub answer: Answer,
    pub(crate) allows: fn(&Caller) -> Result<(), Refusal>,
    pub(crate) handler: Handler,
}

impl fmt::Debug for Route {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {} ({:?})", self.method, self.path, self.entrance)
    }
}

impl Route {
    /// A route for holders of a permission: it is the one that the handler's first argument proves. The second is
    /// what it works on, loaded for the caller.
    pub fn guarded<P, L, F, A>(method: Method, path: &'static str, handler: F) -> Self
    where
        P: Permits,
        L: Loaded,
        F: Fn(Authorized<P>, L, Call) -> A + Copy + Send + Sync + 'static,
        A: Future<Output = Result<Reply, Problem>> + Send + 'static,
    {
        let answering = move |caller: Option<Caller>, call: Call| -> Answering {
            Box::pin(async move {
                let caller = caller.ok_or(Refusal::NotAuthenticated)?;
                let authorized = caller.authorize::<P>()?;
                let loaded = L::load(call.state.access(), &caller, &call.path).await?;
                handler(authorized, loaded, call).await
            })
        };
        let entrance = Entrance::Permission(P::PERMISSION);
        let allows = |caller: &Caller| caller.authorize::<P>().map(drop);
        Self::new(method, path, entrance, L::WORDS, allows, Arc::new(answering))
    }

    /// A route for anybody, and why that must be.
    pub fn public<F, A>(method: Method, path: &'static str, why: &'static str, handler: F) -> Self
    where
        F: Fn(Call) -> A + Copy + Send + Sync + 'static,
        A: Future<Output = Result<Reply, Problem>> + Send + 'static,
    {
        let answering =
            move |_: Option<Caller>, call: Call| -> Answering { Box::pin(handler(call)) };
        Self::new(method, path, Entrance::Public(why), "", |_| Ok(()), Arc::new(answering))
    }

    fn new(
        method: Method,
        path: &'static str,
        entrance: Entrance,
        loads: &'static str,
        allows: fn(&Caller) -> Result<(), Refusal>,
        handler: Handler,
    ) -> Self {
        Self {
            method,
            path,
            words: "",
            entrance,
            loads,
            is_step_up: false,
            is_before_setup: false,
            body_max: BODY_MAX,
            per_minute: PER_MINUTE,
            audit: None,
            request: None,
            query: Vec::new(),
            answer: Answer { status: 204, kind: "application/json", shape: None },
            allows,
            handler,
        }
    }

    /// Says what it does.
    pub fn says(self, words: &'static str) -> Self {
        Self { words, ..self }
    }

    /// Demands password and code of the last five minutes.
    pub fn step_up(self) -> Self {
        Self { is_step_up: true, ..self }
    }

    /// Works before the first user was made.
    pub fn before_setup(self) -> Self {
        Self { is_before_setup: true, ..self }
    }

    /// Limits its body and its uses within a minute.
    pub fn limits(self, body_max: usize, per_minute: u32) -> Self {
        Self { body_max, per_minute, ..self }
    }

    /// Names it in the audit log.
    pub fn audited(self, action: &'static str) -> Self {
        Self { audit: Some(action), ..self }
    }

    /// Takes a body of this shape.
    pub fn takes(self, shape: Schema) -> Self {
        Self { request: Some(shape), ..self }
    }

    /// Takes a query of these names and shapes.
    pub fn asks(self, query: &[(&'static str, Schema)]) -> Self {
        Self { query: query.to_vec(), ..self }
    }

    /// Answers with this status and shape.
    pub fn answers(self, status: u16, shape: Schema) -> Self {
        Self { answer: Answer { status, kind: "application/json", shape: Some(shape) }, ..self }
    }

    /// Answers with plain text.
    pub fn answers_text(self) -> Self {
        let shape = Some(crate::schema::schemas::any_text());
        Self { answer: Answer { status: 200, kind: "text/plain", shape }, ..self }
    }
}

/// All routes, in the order of the documents.
pub fn routes() -> Vec<Route> {
    resources::ALL.iter().flat_map(|resource| resource()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_route_says_all_that_it_must() {
        let mut seen = BTreeSet::new();
        for route in routes() {
            let name = format!("{route:?}");
            assert!(seen.insert((route.method.to_string(), route.path)), "{name} is there twice");
            assert!(!route.words.is_empty(), "{name} does not say what it does");
            let changes = !route.method.is_safe();
            assert_eq!(route.audit.is_some(), changes, "{name}: what changes is audited");
            assert!(route.body_max <= BODY_MAX, "{name} takes more than 8 MiB");
            let has_place = route.path.contains('{');
            assert_eq!(has_place, !route.loads.is_empty(), "{name}: what is named is loaded");
            if let Entrance::Public(why) = route.entrance {
                assert!(!why.is_empty() && !route.is_step_up, "{name}");
            } else {
                assert!(!route.is_before_setup, "{name}");
            }
        }
    }
}
