//! The way of a request: host, setup, rate, who, may they, fresh proof, body, handler; and back with the headers that
//! every response carries.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{ConnectInfo, RawPathParams, Request};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header, request};
use axum::routing::{MethodFilter, on};
use engine::access::{Caller, Credential, Refusal};
use tokio::time::timeout;
use uuid::Uuid;

use crate::call::{Call, Reply};
use crate::config::AppState;
use crate::doors;
use crate::load::PathValues;
use crate::problem::Problem;
use crate::registry::{Entrance, Route, routes};

/// The router of all routes.
pub fn router(state: AppState) -> Router {
    let mut router = Router::new();
    for route in routes() {
        let filter = MethodFilter::try_from(route.method.clone()).unwrap_or(MethodFilter::GET);
        let (route, state) = (Arc::new(route), state.clone());
        let path = route.path;
        router = router.route(
            path,
            on(
                filter,
                move |values: Result<RawPathParams, RawPathParamsRejection>, request: Request| {
                    serve(state.clone(), route.clone(), values, request)
                },
            ),
        );
    }
    let (known, other) = (state.clone(), state);
    router
        .method_not_allowed_fallback(move |request: Request| {
            let words = "this path has other methods: see GET /api/v1/openapi.json";
            let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", words);
            nothing(known.clone(), request, problem)
        })
        .fallback(move |request: Request| {
            let words = "there is nothing at this path: see GET /api/v1/openapi.json";
            let problem = Problem::new(StatusCode::NOT_FOUND, "path", words);
            nothing(other.clone(), request, problem)
        })
}

/// An answer where there is no route: nobody learns more than at a route.
async fn nothing(state: AppState, request: Request, problem: Problem) -> Response<Body> {
    let (parts, _) = request.into_parts();
    let problem = front(&state, &parts, false).await.err().unwrap_or(problem);
    let id = Uuid::new_v4();
    finish(problem.respond(id), id)
}

async fn serve(
    state: AppState,
    route: Arc<Route>,
    values: Result<RawPathParams, RawPathParamsRejection>,
    request: Request,
) -> Response<Body> {
    let id = Uuid::new_v4();
    let (name, path) = (method_name(&route), route.path);
    let time = state.0.config.request_time;
    let inner = state.0.clone();
    let result = match inner.places.clone().try_acquire_owned() {
        Err(_) => {
            let words = "too many requests are under way: try again in a moment";
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", words).retry(1))
        }
        Ok(place) => {
            let changes = !route.method.is_safe();
            let work = async move {
                let result = answer(&state, &route, values, request).await;
                drop(place);
                result
            };
            if changes {
                // A client that leaves, or a time-out, must not cut a change off from its entry in the audit log.
                match timeout(time, tokio::spawn(work)).await {
                    Ok(Ok(result)) => result,
                    Ok(Err(error)) => Err(Refusal::Internal(error.to_string()).into()),
                    Err(_) => Err(Problem::timed_out()),
                }
            } else {
                timeout(time, work).await.unwrap_or_else(|_| Err(Problem::timed_out()))
            }
        }
    };
    let response = match result {
        Ok(reply) => reply.into_response(),
        Err(problem) => problem.respond(id),
    };
    inner.metrics.count(name, path, response.status().as_u16());
    finish(response, id)
}

fn method_name(route: &Route) -> &'static str {
    match route.method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "PATCH" => "PATCH",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        _ => "OTHER",
    }
}

fn finish(mut response: Response<Body>, id: Uuid) -> Response<Body> {
    doors::harden(response.headers_mut());
    if let Ok(id) = HeaderValue::try_from(id.to_string()) {
        response.headers_mut().insert("x-request-id", id);
    }
    response
}

/// What comes before everything: the host, and whether the installation is set up.
async fn front(
    state: &AppState,
    parts: &request::Parts,
    is_before_setup: bool,
) -> Result<(), Problem> {
    doors::check_host(&parts.headers, &parts.uri, &state.0.config.hosts)?;
    if !is_before_setup && !state.access().is_set_up().await? {
        return Err(Refusal::NotSetUp.into());
    }
    Ok(())
}

async fn answer(
    state: &AppState,
    route: &Route,
    values: Result<RawPathParams, RawPathParamsRejection>,
    request: Request,
) -> Result<Reply, Problem> {
    let (parts, body) = request.into_parts();
    front(state, &parts, route.is_before_setup).await?;
    let from = parts
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
    let (name, now) = ((method_name(route), route.path), state.access().now());
    state.0.rates.count(name, from, route.per_minute, now.0).map_err(|seconds| {
        let words = format!("this route was used too often: wait {seconds} seconds");
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate", words).retry(seconds)
    })?;
    let caller = match route.entrance {
        Entrance::Public(_) => {
            doors::check_origin(&parts.method, &parts.headers, &parts.uri)?;
            None
        }
        Entrance::Permission(_) => Some(enter(state, route, &parts, from).await?),
    };
    let body = read_body(state, route, &parts.headers, body).await?;
    let values = values.map_err(|_| Refusal::NotFound("path"))?;
    let values = values.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let path = PathValues(values.collect());
    let call = Call { state: state.clone(), from, path, uri: parts.uri, body };
    (route.handler)(caller, call).await
}

/// Who it is, whether they may, and whether they have shown it just now.
async fn enter(
    state: &AppState,
    route: &Route,
    parts: &request::Parts,
    from: IpAddr,
) -> Result<Caller, Problem> {
    let access = state.access();
    let caller = match (doors::bearer(&parts.headers), doors::session_cookie(&parts.headers)) {
        (Some(token), _) => access.authenticate(Credential::Token(token), from).await?,
        (None, Some(secret)) => {
            doors::check_origin(&parts.method, &parts.headers, &parts.uri)?;
            access.authenticate(Credential::Session(secret), from).await?
        }
        (None, None) => return Err(Refusal::NotAuthenticated.into()),
    };
    let fresh = || if route.is_step_up { access.prove_fresh(&caller) } else { Ok(()) };
    if let Err(refusal) = (route.allows)(&caller).and_then(|()| fresh()) {
        let action = route.audit.unwrap_or("read");
        access.note_refused(&caller, action, route.path, &refusal).await;
        return Err(refusal.into());
    }
    Ok(caller)
}

async fn read_body(
    state: &AppState,
    route: &Route,
    headers: &HeaderMap,
    body: Body,
) -> Result<Bytes, Problem> {
    if route.request.is_none() {
        return Ok(Bytes::new());
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).map(str::trim);
    if !kind.is_some_and(|kind| kind.eq_ignore_ascii_case("application/json")) {
        let words = "the body must be JSON: send content-type: application/json";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", words));
    }
    match timeout(state.0.config.body_time, to_bytes(body, route.body_max)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => {
            let words =
                format!("the body must arrive whole and have at most {} bytes", route.body_max);
            Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body", words))
        }
        Err(_) => {
            let words = "the body did not arrive in time: send it faster";
            Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "body-time", words))
        }
    }
}
