//! What an appender holds until its entry is durable.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::{Acknowledged, AppendError};

/// Takes a lock whether or not a thread has panicked with it: what is behind it is valid between statements.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

type Outcome = Result<u64, AppendError>;
type Call = Box<dyn FnOnce(Result<Acknowledged, AppendError>) + Send>;

/// Where the writer leaves the outcome of an entry.
#[derive(Default)]
pub(crate) struct Slot {
    state: Mutex<State>,
    done: Condvar,
}

#[derive(Default)]
struct State {
    outcome: Option<Outcome>,
    wakers: Vec<Waker>,
    calls: Vec<(bool, Call)>,
}

impl fmt::Debug for Slot {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Slot").field(&lock(&self.state).outcome).finish()
    }
}

impl Slot {
    /// Leaves the outcome; the first one stays.
    pub(crate) fn settle(&self, outcome: Outcome) {
        let (wakers, calls, outcome) = {
            let mut state = lock(&self.state);
            let outcome = state.outcome.get_or_insert(outcome).clone();
            (std::mem::take(&mut state.wakers), std::mem::take(&mut state.calls), outcome)
        };
        self.done.notify_all();
        wakers.into_iter().for_each(Waker::wake);
        calls.into_iter().for_each(|(is_duplicate, call)| call(outward(&outcome, is_duplicate)));
    }
}

fn outward(outcome: &Outcome, is_duplicate: bool) -> Result<Acknowledged, AppendError> {
    outcome.clone().map(|sequence| Acknowledged { sequence, is_duplicate })
}

/// The promise of an outcome: whoever drops it without one says that the journal is closed.
#[derive(Debug)]
pub(crate) struct Promise(pub(crate) Arc<Slot>);

impl Drop for Promise {
    fn drop(&mut self) {
        self.0.settle(Err(AppendError::Closed));
    }
}

/// Comes back from [`crate::Journal::append`]: wait for it, await it, or have something called. Dropping it changes
/// nothing about the entry.
#[derive(Debug)]
pub struct Receipt {
    slot: Arc<Slot>,
    is_duplicate: bool,
}

impl Receipt {
    pub(crate) fn of(slot: Arc<Slot>, is_duplicate: bool) -> Self {
        Self { slot, is_duplicate }
    }

    /// The receipt of a batch that is durable under this number.
    pub(crate) fn known(sequence: u64) -> Self {
        let slot = Slot::default();
        slot.settle(Ok(sequence));
        Self { slot: Arc::new(slot), is_duplicate: true }
    }

    /// The outcome, when there is one.
    pub fn outcome(&self) -> Option<Result<Acknowledged, AppendError>> {
        let state = lock(&self.slot.state);
        state.outcome.as_ref().map(|outcome| outward(outcome, self.is_duplicate))
    }

    /// Blocks until there is an outcome.
    pub fn wait(&self) -> Result<Acknowledged, AppendError> {
        let mut state = lock(&self.slot.state);
        loop {
            if let Some(outcome) = &state.outcome {
                return outward(outcome, self.is_duplicate);
            }
            state = self.slot.done.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Blocks until there is an outcome, but not longer than this.
    pub fn wait_for(&self, most: Duration) -> Option<Result<Acknowledged, AppendError>> {
        let until = Instant::now() + most;
        let mut state = lock(&self.slot.state);
        loop {
            if let Some(outcome) = &state.outcome {
                return Some(outward(outcome, self.is_duplicate));
            }
            let left = until.checked_duration_since(Instant::now())?;
            let woken = self.slot.done.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Has this called with the outcome, by the writer's thread (it must not block) or at once when there is one.
    pub fn on_done(self, call: impl FnOnce(Result<Acknowledged, AppendError>) + Send + 'static) {
        let outcome = {
            let mut state = lock(&self.slot.state);
            let Some(outcome) = state.outcome.clone() else {
                state.calls.push((self.is_duplicate, Box::new(call)));
                return;
            };
            outcome
        };
        call(outward(&outcome, self.is_duplicate));
    }
}

impl Future for Receipt {
    type Output = Result<Acknowledged, AppendError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = lock(&self.slot.state);
        if let Some(outcome) = &state.outcome {
            return Poll::Ready(outward(outcome, self.is_duplicate));
        }
        if !state.wakers.iter().any(|waker| waker.will_wake(context.waker())) {
            state.wakers.push(context.waker().clone());
        }
        Poll::Pending
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use std::pin::pin;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn one_outcome_reaches_everybody() {
        let slot = Arc::new(Slot::default());
        let promise = Promise(Arc::clone(&slot));
        let receipt = Receipt::of(Arc::clone(&slot), false);
        assert_eq!(receipt.wait_for(Duration::from_millis(1)), None);

        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let mut awaited = pin!(Receipt::of(Arc::clone(&slot), true));
        for _ in 0..2 {
            assert!(awaited.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        }
        let (send, receive) = std::sync::mpsc::channel();
        Receipt::of(slot, false).on_done(move |outcome| send.send(outcome).unwrap());
        let waiting = std::thread::spawn(move || receipt.wait());

        promise.0.settle(Ok(4));
        drop(promise);
        let first = Ok(Acknowledged { sequence: 4, is_duplicate: false });
        assert_eq!(waiting.join().unwrap(), first);
        assert_eq!(receive.recv().unwrap(), first);
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
        let again = Poll::Ready(Ok(Acknowledged { sequence: 4, is_duplicate: true }));
        assert_eq!(awaited.poll(&mut Context::from_waker(&waker)), again);
    }

    #[test]
    fn a_promise_that_is_dropped_is_told() {
        let slot = Arc::new(Slot::default());
        let receipt = Receipt::of(Arc::clone(&slot), false);
        drop(Promise(slot));
        assert_eq!(receipt.wait(), Err(AppendError::Closed));
    }
}
