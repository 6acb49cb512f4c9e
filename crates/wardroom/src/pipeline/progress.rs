//! A progress bar on standard error, for people only: bytes, events a second, time left.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::counted;
use crate::terminal::Console;

/// Work that is done sooner shows no bar.
const PATIENCE: Duration = Duration::from_millis(500);

/// A bar, or nothing.
pub(crate) struct Progress {
    bar: ProgressBar,
    is_wanted: bool,
    read_bytes: Arc<AtomicU64>,
}

impl Progress {
    /// A bar over `bytes` of input (unknown for standard input), hidden unless a person is looking.
    pub(crate) fn new(console: &Console, bytes: Option<u64>, read_bytes: &Arc<AtomicU64>) -> Self {
        let bar = ProgressBar::with_draw_target(bytes, ProgressDrawTarget::hidden());
        let template = match bytes {
            Some(_) => "{bar:30} {bytes}/{total_bytes} {msg} {eta} left",
            None => "{spinner} {bytes} {msg}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        let is_wanted = console.shows_progress();
        Self { bar, is_wanted, read_bytes: Arc::clone(read_bytes) }
    }

    /// Shows how far it is.
    pub(crate) fn update(&self, events: u64, findings: Option<u64>) {
        if !self.is_wanted || self.bar.elapsed() < PATIENCE {
            return;
        }
        if self.bar.is_hidden() {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        let read = self.read_bytes.load(Ordering::Relaxed);
        self.bar.set_position(self.bar.length().map_or(read, |all| read.min(all)));
        let rate = per_second(events, self.bar.elapsed());
        let found =
            findings.map_or_else(String::new, |count| format!(", {}", counted(count, "finding")));
        self.bar.set_message(format!("{events} events ({rate}/s){found}"));
    }

    /// Runs `write` without the bar in its way.
    pub(crate) fn pause<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }

    /// Takes the bar away and says how long it stood.
    pub(crate) fn finish(self) -> Duration {
        let elapsed = self.bar.elapsed();
        self.bar.finish_and_clear();
        elapsed
    }
}

/// `events` in `elapsed`, for each second.
pub(crate) fn per_second(events: u64, elapsed: Duration) -> u64 {
    let seconds = elapsed.as_secs_f64();
    if seconds < 0.001 { events } else { (events as f64 / seconds) as u64 }
}
