//! The journal as its users hold it.

use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use ports::{Clock, Disk};

use crate::receipt::lock;
use crate::write::Core;
use crate::{
    Acknowledged, AppendError, Batch, Config, Entry, Figures, KnownBatch, OpenError, ReadError,
    Receipt, Recovered,
};

/// What the process exits with after the journal has failed: the disk did not keep what it was given, and only
/// recovery tells what is there.
pub const EXIT_CODE_FAILED: i32 = 70;

/// The write-ahead log. Shared by reference between any number of senders and consumers; closed when dropped.
#[derive(Debug)]
pub struct Journal {
    core: Arc<Core>,
    writer: Option<JoinHandle<()>>,
}

impl Journal {
    /// Opens the journal of a folder, or begins one. Reads the last file and what the side index does not have, cuts
    /// off what a crash has left, and says what could not be read.
    pub fn open(
        disk: Arc<dyn Disk>,
        clock: Arc<dyn Clock>,
        config: Config,
    ) -> Result<(Self, Recovered), OpenError> {
        let (core, recovered) = Core::open(disk, clock, config)?;
        let core = Arc::new(core);
        let writing = Arc::clone(&core);
        let writer = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || write_until_closed(&writing))
            .map_err(|error| OpenError::Thread(error.to_string()))?;
        Ok((Self { core, writer: Some(writer) }, recovered))
    }

    /// Takes an entry. Comes back at once: the outcome is in the receipt, or the entry is refused because too much
    /// waits, it is too long, or the journal has failed. A batch id that is known gives the receipt of then.
    pub fn append(&self, entry: Entry) -> Result<Receipt, AppendError> {
        self.core.offer(entry).map_err(|(error, _)| error)
    }

    /// Takes an entry and blocks until it is durable or refused; waits while too much is queued.
    pub fn append_wait(&self, entry: Entry) -> Result<Acknowledged, AppendError> {
        let mut entry = entry;
        loop {
            match self.core.offer(entry) {
                Ok(receipt) => return receipt.wait(),
                Err((AppendError::Busy { .. }, back)) => {
                    entry = back;
                    let queue = lock(&self.core.queue);
                    // A moment at most: room may have come between the two locks.
                    let moment = Duration::from_millis(20);
                    drop(self.core.room.wait_timeout(queue, moment));
                }
                Err((error, _)) => return Err(error),
            }
        }
    }

    /// Durable entries from a number on, in order: at least one if there is any, and no more than about `bytes_max`
    /// bytes. What is damaged is reported in the batch and skipped.
    pub fn read(&self, from: u64, bytes_max: usize) -> Result<Batch, ReadError> {
        self.core.read(from, bytes_max)
    }

    /// Blocks until an entry after this number is durable, the journal is closed or has failed, or the time is over;
    /// the last durable number.
    pub fn wait_past(&self, sequence: u64, most: Duration) -> u64 {
        let until = self.core.clock.elapsed() + most;
        let mut log = lock(&self.core.log);
        loop {
            let left = until.saturating_sub(self.core.clock.elapsed());
            if log.durable > sequence || left.is_zero() || self.is_over() {
                return log.durable;
            }
            let woken = self.core.grown.wait_timeout(log, left.min(Duration::from_millis(500)));
            log = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn is_over(&self) -> bool {
        // Taken while the log is locked: nobody takes the log while holding the queue.
        let queue = lock(&self.core.queue);
        queue.is_closed || queue.failure.is_some()
    }

    /// Lets go of entries up to this number, which the consumer has committed: files that hold nothing else are
    /// removed. Their batch ids stay known.
    pub fn release(&self, up_to: u64) -> Result<(), ReadError> {
        self.core.release(up_to)
    }

    /// Batches that the consumer knows to be taken in, from the time before the journal's own memory of them.
    pub fn remember(&self, batches: impl IntoIterator<Item = KnownBatch>) {
        lock(&self.core.queue).batches.remember(batches);
    }

    /// The last durable number.
    pub fn durable(&self) -> u64 {
        lock(&self.core.log).durable
    }

    /// The oldest number that can be read; one after the last durable one when there is none.
    pub fn oldest(&self) -> u64 {
        lock(&self.core.log).oldest()
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        lock(&self.core.log).bytes()
    }

    /// Whether the last group was refused because the disk was full.
    pub fn is_full(&self) -> bool {
        lock(&self.core.queue).is_full
    }

    /// Why the journal has failed: the process must end with [`EXIT_CODE_FAILED`].
    pub fn failure(&self) -> Option<String> {
        lock(&self.core.queue).failure.clone()
    }

    /// Has this called with the reason when the journal fails, or at once when it has.
    pub fn on_failure(&self, call: impl FnOnce(&str) + Send + 'static) {
        let mut queue = lock(&self.core.queue);
        match queue.failure.clone() {
            None => queue.failure_calls.push(Box::new(call)),
            Some(reason) => {
                drop(queue);
                call(&reason);
            }
        }
    }

    /// What was counted.
    pub fn figures(&self) -> Figures {
        self.core.counters.figures()
    }

    /// Writes what waits and stops; what comes now is refused.
    pub fn close(&self) {
        lock(&self.core.queue).is_closed = true;
        self.core.work.notify_all();
        self.core.room.notify_all();
        self.core.grown.notify_all();
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.close();
        if let Some(writer) = self.writer.take() {
            // A writer that panicked has dropped its promises: every sender was told.
            drop(writer.join());
        }
    }
}

fn write_until_closed(core: &Core) {
    let guard = FailWhenGone(core);
    loop {
        if core.turn() {
            continue;
        }
        let mut queue = lock(&core.queue);
        while !queue.has_work() {
            if queue.is_closed || queue.failure.is_some() {
                std::mem::forget(guard);
                return;
            }
            queue = core.work.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// A writer that panics leaves a journal that says so, not one that never answers.
struct FailWhenGone<'a>(&'a Core);

impl Drop for FailWhenGone<'_> {
    fn drop(&mut self) {
        self.0.fail("its writer has stopped: this is a mistake in the program");
    }
}
