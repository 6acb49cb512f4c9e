//! Figures of the running interface, in the text form of Prometheus.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};

/// Adds figures of another part of the program to `/metrics`.
pub trait MetricSource: Debug + Send + Sync {
    /// Appends lines in the text form of Prometheus.
    fn write(&self, text: &mut String);
}

/// Requests by method, path and status.
#[derive(Debug, Default)]
pub(crate) struct Metrics(Mutex<BTreeMap<(&'static str, &'static str, u16), u64>>);

impl Metrics {
    /// Counts an answer.
    pub(crate) fn count(&self, method: &'static str, path: &'static str, status: u16) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((method, path, status)).or_default() += 1;
    }

    /// Appends all counts.
    pub(crate) fn write(&self, text: &mut String) {
        text.push_str("# HELP wardroom_http_requests_total Requests answered.\n");
        text.push_str("# TYPE wardroom_http_requests_total counter\n");
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        text.extend(counts.iter().map(|((method, path, status), count)| {
            format!(
                "wardroom_http_requests_total{{method=\"{method}\",path=\"{path}\",status=\"{status}\"}} {count}\n"
            )
        }));
    }
}
