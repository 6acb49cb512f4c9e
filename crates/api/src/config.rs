//! What the interface is made of.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use engine::access::Access;
use tokio::sync::Semaphore;

use crate::metrics::{MetricSource, Metrics};
use crate::rates::Rates;

/// Settings of the interface.
#[derive(Debug, Clone)]
pub struct ApiConfig {
    /// Names that the service is reached by, without port, in lower case: a request to another name is refused, so
    /// that no page of a stranger reaches it by a name of its own (DNS rebinding).
    pub hosts: Vec<String>,
    /// Requests served at once; more are told to come again.
    pub concurrency: usize,
    /// Time for a whole request.
    pub request_time: Duration,
    /// Time for a request's body to arrive.
    pub body_time: Duration,
}

impl Default for ApiConfig {
    fn default() -> Self {
        Self {
            hosts: ["localhost", "127.0.0.1", "[::1]"].map(str::to_owned).to_vec(),
            concurrency: 256,
            request_time: Duration::from_secs(30),
            body_time: Duration::from_secs(10),
        }
    }
}

pub(crate) struct Inner {
    pub(crate) access: Arc<Access>,
    pub(crate) config: ApiConfig,
    pub(crate) places: Arc<Semaphore>,
    pub(crate) rates: Rates,
    pub(crate) metrics: Metrics,
    pub(crate) sources: Vec<Arc<dyn MetricSource>>,
}

/// What all requests share.
#[derive(Clone)]
pub struct AppState(pub(crate) Arc<Inner>);

impl AppState {
    /// Over access and settings; `sources` add their figures to `/metrics`.
    pub fn new(
        access: Arc<Access>,
        config: ApiConfig,
        sources: Vec<Arc<dyn MetricSource>>,
    ) -> Self {
        let places = Arc::new(Semaphore::new(config.concurrency));
        let (rates, metrics) = (Rates::default(), Metrics::default());
        Self(Arc::new(Inner { access, config, places, rates, metrics, sources }))
    }

    /// Users, roles, sessions, audit log.
    pub fn access(&self) -> &Arc<Access> {
        &self.0.access
    }
}

impl fmt::Debug for AppState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("AppState").field("config", &self.0.config).finish_non_exhaustive()
    }
}
