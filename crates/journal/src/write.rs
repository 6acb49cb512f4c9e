//! The writer: takes what waits, writes it to one file, synchronises, acknowledges.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use ports::{Clock, Disk, DiskError};

use crate::batches::{Batches, Group, Key, Known};
use crate::config::Mutation;
use crate::counters::Counters;
use crate::frame::{FILE_HEAD, Marker, Stamp, encode, file_head, frame_bytes};
use crate::index::{INDEX, INDEX_NEW, encode_group};
use crate::log::{Log, LogFile};
use crate::read::Cursors;
use crate::receipt::{Promise, Receipt, Slot, lock};
use crate::{AppendError, Config, Entry};

/// Called once when the journal fails.
type FailureCall = Box<dyn FnOnce(&str) + Send>;

/// Most bytes of a source's id.
const SOURCE_MAX: usize = 255;

/// Bytes kept for the side index: at least, and for each batch. Twice what it takes, for it is rewritten at times.
const INDEX_BYTES: u64 = 4096;
const INDEX_BYTES_EACH: u64 = 64;

/// What senders, writer and consumer share.
pub(crate) struct Core {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) config: Config,
    pub(crate) marker: Marker,
    pub(crate) queue: Mutex<Queue>,
    /// Something waits to be written, or the journal is to close.
    pub(crate) work: Condvar,
    /// There is room in the queue, or the journal is closed or has failed.
    pub(crate) room: Condvar,
    pub(crate) log: Mutex<Log>,
    /// More is durable, or the journal is closed or has failed.
    pub(crate) grown: Condvar,
    /// Held while the side index is written.
    pub(crate) index: Mutex<()>,
    pub(crate) cursors: Mutex<Cursors>,
    pub(crate) counters: Counters,
}

/// What waits to be written, and what decides about what comes.
#[derive(Default)]
pub(crate) struct Queue {
    entries: VecDeque<Waiting>,
    bytes: usize,
    pub(crate) batches: Batches,
    pub(crate) failure: Option<String>,
    pub(crate) is_closed: bool,
    /// Whether the last group was refused because the disk was full.
    pub(crate) is_full: bool,
    pub(crate) failure_calls: Vec<FailureCall>,
}

struct Waiting {
    entry: Entry,
    key: Option<Key>,
    promise: Promise,
    since: Duration,
}

impl Queue {
    pub(crate) fn with(batches: Batches) -> Self {
        Self { batches, ..Self::default() }
    }

    pub(crate) fn has_work(&self) -> bool {
        !self.entries.is_empty() && self.failure.is_none()
    }
}

impl fmt::Debug for Core {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Journal").field("log", &*lock(&self.log)).finish_non_exhaustive()
    }
}

impl Core {
    /// Takes an entry, or gives it back with the reason; never blocks on the disk.
    pub(crate) fn offer(&self, entry: Entry) -> Result<Receipt, (AppendError, Entry)> {
        let bytes_max = self.config.payload_bytes_max;
        if entry.payload.len() > bytes_max || entry.source.len() > SOURCE_MAX {
            let bytes = entry.payload.len().max(entry.source.len());
            let bytes_max = if entry.payload.len() > bytes_max { bytes_max } else { SOURCE_MAX };
            return Err((AppendError::TooLong { bytes, bytes_max }, entry));
        }
        let size = frame_bytes(&entry);
        let mut queue = lock(&self.queue);
        if let Some(reason) = &queue.failure {
            return Err((AppendError::Failed(reason.clone()), entry));
        }
        if queue.is_closed {
            return Err((AppendError::Closed, entry));
        }
        let key = entry.batch.map(|batch| queue.batches.key(&entry.tenant, &entry.source, batch));
        let known = key.as_ref().and_then(|key| queue.batches.find(key));
        if let Some(known) = known
            && !self.config.is(Mutation::SkipDedup)
        {
            Counters::add(&self.counters.duplicates, 1);
            return Ok(match known {
                Known::Waiting(slot) => Receipt::of(Arc::clone(slot), true),
                Known::Written(sequence) => Receipt::known(*sequence),
            });
        }
        if !queue.entries.is_empty() && queue.bytes + size > self.config.queue_bytes_max {
            Counters::add(&self.counters.refused_busy, 1);
            return Err((AppendError::Busy { queued: queue.bytes }, entry));
        }
        let slot = Arc::new(Slot::default());
        if let Some(key) = key {
            queue.batches.wait(key, Arc::clone(&slot));
        }
        queue.bytes += size;
        self.counters.queued_bytes.store(queue.bytes as u64, Ordering::Relaxed);
        let promise = Promise(Arc::clone(&slot));
        queue.entries.push_back(Waiting { entry, key, promise, since: self.clock.elapsed() });
        drop(queue);
        self.work.notify_one();
        Ok(Receipt::of(slot, false))
    }

    /// Writes one group; false when nothing waits.
    pub(crate) fn turn(&self) -> bool {
        let group = self.take_group();
        if group.is_empty() {
            return false;
        }
        match self.write(&group) {
            Ok(first) => {
                self.acknowledge(group, first);
                self.save_closed();
            }
            Err(DiskError::Full { free, .. }) => self.refuse(group, free),
            Err(error) => {
                self.fail(&error.to_string());
                self.fail_group(group);
            }
        }
        true
    }

    fn take_group(&self) -> Vec<Waiting> {
        let mut queue = lock(&self.queue);
        let mut group = Vec::new();
        let mut sum = 0;
        while let Some(next) = queue.entries.front() {
            let size = frame_bytes(&next.entry);
            if !group.is_empty() && sum + size > self.config.group_bytes_max {
                break;
            }
            sum += size;
            group.extend(queue.entries.pop_front());
        }
        queue.bytes = queue.bytes.saturating_sub(sum);
        self.counters.queued_bytes.store(queue.bytes as u64, Ordering::Relaxed);
        drop(queue);
        self.room.notify_all();
        group
    }

    /// Makes a group durable; the number of its first entry. On an error nothing of it was acknowledged and, if the
    /// disk still works, nothing of it is left.
    fn write(&self, group: &[Waiting]) -> Result<u64, DiskError> {
        let sum: u64 = group.iter().map(|waiting| frame_bytes(&waiting.entry) as u64).sum();
        let (mut file, is_new, durable) = self.target(sum)?;
        let at = self.clock.now();
        let mut bytes = Vec::with_capacity(sum as usize + FILE_HEAD);
        if is_new {
            bytes.extend_from_slice(&file_head(self.marker, file.first));
        }
        for (waiting, sequence) in group.iter().zip(durable + 1..) {
            encode(&mut bytes, self.marker, &waiting.entry, Stamp { sequence, durable, at });
        }
        if self.config.is(Mutation::AcknowledgeEarly) {
            group.iter().zip(durable + 1..).for_each(|(waiting, sequence)| {
                waiting.promise.0.settle(Ok(sequence));
            });
        }
        let name = file.name();
        if let Err(error) = self.disk.append(&name, &bytes) {
            self.undo(&file, is_new)?;
            return Err(error);
        }
        if let Err(error) = self.sync(&name, is_new) {
            // What is not durable must not be taken for durable by the next process: the system may show it until the
            // machine stops. When this fails too, senders send again what they had no acknowledgement for.
            let _gone = self.disk.truncate(&name, file.bytes);
            return Err(error);
        }
        file.bytes += bytes.len() as u64;
        let last = durable + group.len() as u64;
        lock(&self.queue).batches.grow(file.first, last, file.bytes);
        let mut log = lock(&self.log);
        if is_new {
            log.files.push_back(file);
        } else if let Some(open) = log.files.back_mut() {
            *open = file;
        }
        log.is_open = true;
        log.durable = last;
        drop(log);
        self.grown.notify_all();
        Counters::add(&self.counters.groups, 1);
        Counters::add(&self.counters.bytes, sum);
        Ok(durable + 1)
    }

    /// The file that so many bytes go to, whether it is new, and the last durable number.
    fn target(&self, bytes: u64) -> Result<(LogFile, bool, u64), DiskError> {
        // The side index must fit as well: files go only after it was written.
        let index = INDEX_BYTES + INDEX_BYTES_EACH * lock(&self.queue).batches.total() as u64;
        let free = self.disk.free()?.saturating_sub(index);
        let log = lock(&self.log);
        let room = free.min(self.config.bytes_max.saturating_sub(log.bytes()));
        if bytes + FILE_HEAD as u64 > room {
            return Err(DiskError::Full { free: room, reserve: 0 });
        }
        let is_bounded = !self.config.is(Mutation::UnboundedFile);
        let open = log.files.back().filter(|file| {
            log.is_open && !(is_bounded && file.bytes + bytes > self.config.file_bytes_max)
        });
        let new = LogFile { first: log.durable + 1, bytes: 0 };
        Ok((open.unwrap_or(&new).clone(), open.is_none(), log.durable))
    }

    fn sync(&self, name: &str, is_new: bool) -> Result<(), DiskError> {
        if !self.config.is(Mutation::DropDataSync)
            && let Err(error) = self.disk.sync(name)
        {
            if !self.config.is(Mutation::RetrySync) {
                return Err(error);
            }
            self.disk.sync(name)?;
        }
        if is_new && !self.config.is(Mutation::DropFolderSync) {
            self.disk.sync_folder()?;
        }
        Ok(())
    }

    /// Takes away what a failed write may have left. When that fails as well, nobody knows what the file holds.
    fn undo(&self, file: &LogFile, is_new: bool) -> Result<(), DiskError> {
        if self.config.is(Mutation::SkipUndo) {
            return Ok(());
        }
        let name = file.name();
        let undone = if is_new {
            // For good: a file that came back after a crash would end the file before it too early.
            self.disk.remove(&name).and_then(|()| self.disk.sync_folder())
        } else {
            self.disk.truncate(&name, file.bytes)
        };
        undone.map_err(|error| DiskError::NotDurable { file: name, reason: error.to_string() })
    }

    fn acknowledge(&self, group: Vec<Waiting>, first: u64) {
        {
            let mut queue = lock(&self.queue);
            queue.is_full = false;
            for (waiting, sequence) in group.iter().zip(first..) {
                if let Some(key) = waiting.key {
                    queue.batches.written(key, sequence);
                }
            }
        }
        let now = self.clock.elapsed();
        Counters::add(&self.counters.entries, group.len() as u64);
        for (waiting, sequence) in group.into_iter().zip(first..) {
            Counters::add(&self.counters.records, u64::from(waiting.entry.records));
            self.counters.took(now.saturating_sub(waiting.since));
            waiting.promise.0.settle(Ok(sequence));
        }
    }

    fn refuse(&self, group: Vec<Waiting>, free: u64) {
        let mut queue = lock(&self.queue);
        queue.is_full = true;
        group.iter().filter_map(|waiting| waiting.key).for_each(|key| queue.batches.refuse(&key));
        drop(queue);
        Counters::add(&self.counters.refused_full, group.len() as u64);
        for waiting in group {
            waiting.promise.0.settle(Err(AppendError::Full { free }));
        }
    }

    /// Nothing is taken any more, and everything that waits is told.
    pub(crate) fn fail(&self, reason: &str) {
        let mut queue = lock(&self.queue);
        queue.failure.get_or_insert_with(|| reason.to_owned());
        let entries = std::mem::take(&mut queue.entries);
        let calls = std::mem::take(&mut queue.failure_calls);
        queue.bytes = 0;
        drop(queue);
        self.fail_group(entries);
        self.room.notify_all();
        self.grown.notify_all();
        calls.into_iter().for_each(|call| call(reason));
    }

    fn fail_group(&self, group: impl IntoIterator<Item = Waiting>) {
        let reason = lock(&self.queue).failure.clone().unwrap_or_default();
        for waiting in group {
            waiting.promise.0.settle(Err(AppendError::Failed(reason.clone())));
        }
    }

    /// Puts closed files into the side index. A full disk is no failure here: they are put there when files go.
    fn save_closed(&self) {
        let first = lock(&self.log).files.back().map_or(u64::MAX, |file| file.first);
        match self.save_index(first) {
            Ok(()) | Err(DiskError::Full { .. }) => {}
            Err(error) => self.fail(&error.to_string()),
        }
    }

    /// Puts the files before `open` into the side index that are not there yet, and rewrites it when it has become
    /// long or wrong.
    pub(crate) fn save_index(&self, open: u64) -> Result<(), DiskError> {
        let _one_at_a_time = lock(&self.index);
        let mut new = Vec::new();
        let mut all = Vec::new();
        let (mut firsts, mut is_stale) = (Vec::new(), false);
        {
            let queue = lock(&self.queue);
            let batches = &queue.batches;
            let is_due = |first: u64| first > 0 && first < open;
            for group in batches.groups().filter(|group| is_due(group.first) && !group.is_saved) {
                encode_group(&mut new, self.marker, batches, group);
                firsts.push(group.first);
            }
            if firsts.is_empty() && !batches.is_stale {
                return Ok(());
            }
            is_stale |= batches.is_stale;
            let length = self.disk.length(INDEX).unwrap_or(0);
            let live: usize = batches.groups().map(|group| 64 + 28 * group.ids.len()).sum();
            is_stale |= length > 2 * live as u64 + (1 << 20);
            if is_stale {
                let is_kept =
                    |group: &&Group| is_due(group.first) || group.is_saved && group.first > 0;
                for group in batches.groups().filter(is_kept) {
                    encode_group(&mut all, self.marker, batches, group);
                }
            }
        }
        if is_stale {
            self.disk.remove(INDEX_NEW)?;
            self.disk.append(INDEX_NEW, &all)?;
            self.disk.sync(INDEX_NEW)?;
            self.disk.rename(INDEX_NEW, INDEX)?;
        } else {
            let length = self.disk.length(INDEX).unwrap_or(0);
            if let Err(error) = self.disk.append(INDEX, &new) {
                self.disk.truncate(INDEX, length)?;
                return Err(error);
            }
            if let Err(error) = self.disk.sync(INDEX) {
                // As with entries: the next process must not take it for durable.
                let _gone = self.disk.truncate(INDEX, length);
                return Err(error);
            }
        }
        self.disk.sync_folder()?;
        let mut queue = lock(&self.queue);
        queue.batches.saved(&firsts);
        queue.batches.is_stale &= !is_stale;
        Ok(())
    }
}
