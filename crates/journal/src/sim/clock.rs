//! A clock that is set by hand.

use std::sync::Mutex;
use std::time::Duration;

use model::Timestamp;
use ports::Clock;

use crate::receipt::lock;

/// A clock that stands still unless it is moved.
#[derive(Debug)]
pub struct SimClock(Mutex<(Timestamp, Duration)>);

impl SimClock {
    /// A clock at this time of day.
    pub fn at(now: Timestamp) -> Self {
        Self(Mutex::new((now, Duration::ZERO)))
    }

    /// Sets the time of day; time that only goes forward does not change.
    pub fn jump(&self, now: Timestamp) {
        lock(&self.0).0 = now;
    }

    /// Lets time pass.
    pub fn pass(&self, time: Duration) {
        let mut state = lock(&self.0);
        state.0.0 = state.0.0.saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX));
        state.1 += time;
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        lock(&self.0).0
    }

    fn elapsed(&self) -> Duration {
        lock(&self.0).1
    }
}
