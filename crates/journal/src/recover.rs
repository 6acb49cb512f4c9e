//! Opening: what a crash has left, bounded by the size of one file.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex};

use ports::{Clock, Disk, DiskError, FileName};

use crate::batches::{Batches, Group};
use crate::config::Mutation;
use crate::counters::Counters;
use crate::frame::{FILE_HEAD, Marker, file_head, read_file_head};
use crate::index;
use crate::log::{Log, LogFile, first_of};
use crate::read::Cursors;
use crate::receipt::lock;
use crate::scan::{CHUNK, Scan, Step};
use crate::write::{Core, Queue};
use crate::{Config, Cut, Lost, OpenError, Recovered};

/// The file that holds the marker, laid out as the head of a file whose first number is 0.
const MARKER: &str = "marker";
const MARKER_NEW: &str = "marker.new";

/// What was read of a file.
#[derive(Default)]
struct Read {
    group: Group,
    /// Stretches of damage, with the numbers missing there and whether those were acknowledged.
    damage: Vec<Damage>,
    /// Everything up to this number was durable, as frames say.
    attested: u64,
    /// Where damage begins that reaches to the end.
    tail: Option<u64>,
}

struct Damage {
    bytes: (u64, u64),
    numbers: (u64, u64),
}

impl Core {
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        clock: Arc<dyn Clock>,
        config: Config,
    ) -> Result<(Self, Recovered), OpenError> {
        config.check()?;
        let since = clock.elapsed();
        let mut firsts: Vec<u64> = disk.list()?.iter().filter_map(|name| first_of(name)).collect();
        firsts.sort_unstable();
        let (marker, is_marker_whole) = find_marker(disk.as_ref(), &firsts, config.marker)?;
        let mut batches = Batches::default();
        let is_index_whole = index::load(disk.as_ref(), marker, &mut batches)?;
        batches.is_stale = !is_index_whole;
        let mut core = Self {
            disk,
            clock,
            config,
            marker,
            queue: Mutex::new(Queue::with(batches)),
            work: Condvar::new(),
            room: Condvar::new(),
            log: Mutex::default(),
            grown: Condvar::new(),
            index: Mutex::default(),
            cursors: Mutex::new(Cursors::default()),
            counters: Counters::new(),
        };
        let mut recovered = core.recover(&firsts)?;
        recovered.is_index_damaged = !is_index_whole;
        if !is_marker_whole {
            let end = FILE_HEAD as u64;
            let file = MARKER.to_owned();
            recovered.lost.push(Lost {
                first: 1,
                last: 0,
                file,
                from: 0,
                to: end,
                kept: None,
                was_acknowledged: false,
            });
        }
        recovered.took = core.clock.elapsed().saturating_sub(since);
        Ok((core, recovered))
    }

    fn recover(&mut self, firsts: &[u64]) -> Result<Recovered, DiskError> {
        let mut recovered = Recovered {
            durable: 0,
            files: 0,
            bytes: 0,
            bytes_read: 0,
            batches: 0,
            lost: Vec::new(),
            cut: None,
            is_index_damaged: false,
            took: std::time::Duration::ZERO,
        };
        let gone = self.last_released(firsts);
        let mut files = VecDeque::new();
        let mut expected = gone.max(self.config.committed) + 1;
        let (mut scanned, mut attested) = (Vec::new(), 0);
        for (place, first) in firsts.iter().copied().enumerate() {
            let following = firsts.get(place + 1).copied();
            let mut file =
                LogFile { first, bytes: self.disk.length(&LogFile { first, bytes: 0 }.name())? };
            if first > expected {
                recovered.lost.push(missing(expected, first - 1));
            }
            attested = attested.max(first - 1);
            let is_done = following.is_some_and(|next| next - 1 <= self.config.committed);
            if let Some(last) = self.trusted(&file, following, is_done) {
                expected = expected.max(last + 1);
                files.push_back(file);
                continue;
            }
            let mut read = self.scan(&file, following, &mut recovered.bytes_read)?;
            attested = attested.max(read.attested);
            if following.is_none() {
                let is_kept = self.cut_tail(&mut file, &mut read, &mut recovered)?;
                if !is_kept {
                    continue;
                }
            }
            let last = following.map_or(read.group.last, |next| next - 1);
            self.report(&file, &read, following.is_some(), attested, &mut recovered);
            expected = expected.max(last + 1);
            read.group.bytes = file.bytes;
            self.adopt(read.group);
            scanned.push(file.name());
            files.push_back(file);
        }
        self.make_durable(&scanned)?;
        self.settle(files, expected - 1, gone, &mut recovered)?;
        Ok(recovered)
    }

    /// The last number that the side index knows of files before the oldest one.
    fn last_released(&self, firsts: &[u64]) -> u64 {
        let queue = lock(&self.queue);
        let oldest = firsts.first().copied().unwrap_or(u64::MAX);
        let gone = queue.batches.groups().filter(|group| group.first < oldest);
        gone.map(|group| group.last).max().unwrap_or(0)
    }

    /// The last number of a file that need not be read: it is closed, the side index has its batches, and it is as
    /// long as it was.
    fn trusted(&self, file: &LogFile, following: Option<u64>, is_done: bool) -> Option<u64> {
        let next = following?;
        let queue = lock(&self.queue);
        let group = queue.batches.group(file.first)?;
        let is_same = group.is_saved && group.bytes == file.bytes && group.last + 1 == next;
        (is_same || is_done).then_some(next - 1)
    }

    fn scan(
        &self,
        file: &LogFile,
        following: Option<u64>,
        count: &mut u64,
    ) -> Result<Read, DiskError> {
        let name = file.name();
        let head = self.disk.read(&name, 0, FILE_HEAD)?;
        let mut read = Read {
            group: Group { first: file.first, last: file.first - 1, ..Group::default() },
            ..Read::default()
        };
        if head != file_head(self.marker, file.first) {
            let end = file.bytes.min(FILE_HEAD as u64);
            read.damage.push(Damage { bytes: (0, end), numbers: (file.first, file.first - 1) });
            if file.bytes <= FILE_HEAD as u64 {
                read.tail = Some(0);
            }
        }
        let fill = |from, most| {
            let bytes = self.disk.read(&name, from, most)?;
            *count += bytes.len() as u64;
            Ok::<_, DiskError>(bytes)
        };
        let range = (FILE_HEAD as u64, file.bytes);
        let ceiling = following.map_or(u64::MAX - 1, |next| next - 1);
        let mut scan = Scan::new(fill, self.marker, range, (file.first, ceiling)).by(CHUNK);
        let mut open: Option<(u64, u64)> = None;
        while let Some(step) = scan.next()? {
            match step {
                Step::Damage { from, to } => {
                    open = Some((from, to));
                    if self.config.is(Mutation::TruncateAtDamage) {
                        break;
                    }
                }
                Step::Frame { view, .. } => {
                    let expected = read.group.last + 1;
                    if view.sequence > expected || open.is_some() {
                        let bytes = open.take().unwrap_or((0, 0));
                        read.damage.push(Damage { bytes, numbers: (expected, view.sequence - 1) });
                    }
                    read.group.last = view.sequence;
                    read.attested = read.attested.max(view.durable);
                    if let Some(batch) = view.batch
                        && let Ok(tenant) = view.tenant.to_owned().try_into()
                    {
                        let key = lock(&self.queue).batches.key(&tenant, view.source, batch);
                        read.group.ids.push((view.sequence, key));
                    }
                }
            }
        }
        if let Some((from, _)) = open {
            read.tail = Some(from);
        }
        Ok(read)
    }

    /// Cuts what is no frame off the end of the last file; false when nothing of the file is left.
    fn cut_tail(
        &self,
        file: &mut LogFile,
        read: &mut Read,
        recovered: &mut Recovered,
    ) -> Result<bool, DiskError> {
        let has_frames = read.group.last >= file.first;
        let from = if has_frames { read.tail.unwrap_or(file.bytes) } else { 0 };
        if from < file.bytes {
            let kept = self.keep(file, from, file.bytes);
            let bytes = file.bytes - from;
            recovered.cut = Some(Cut { file: file.name(), from, bytes, kept });
        }
        if !has_frames {
            self.disk.remove(&file.name())?;
            return Ok(false);
        }
        if from < file.bytes {
            self.disk.truncate(&file.name(), from)?;
            file.bytes = from;
        }
        read.tail = None;
        Ok(true)
    }

    fn report(
        &self,
        file: &LogFile,
        read: &Read,
        is_closed: bool,
        attested: u64,
        recovered: &mut Recovered,
    ) {
        let ending = read.tail.map(|from| (from, file.bytes));
        let following_last = |last: u64| (read.group.last + 1, last);
        let mut all: Vec<((u64, u64), (u64, u64))> =
            read.damage.iter().map(|damage| (damage.bytes, damage.numbers)).collect();
        if is_closed && let Some(last) = self.last_by_name(file) {
            if let Some(bytes) = ending {
                all.push((bytes, following_last(last)));
            } else if last > read.group.last {
                all.push(((file.bytes, file.bytes), following_last(last)));
            }
        }
        for ((from, to), (first, last)) in all {
            if last >= first && last <= self.config.committed {
                continue;
            }
            let kept = self.keep(file, from, to);
            let was_acknowledged = is_closed || last <= attested;
            let lost = Lost { first, last, file: file.name(), from, to, kept, was_acknowledged };
            Counters::add(&self.counters.lost, lost.count());
            recovered.lost.push(lost);
        }
    }

    /// The last number of a closed file: the next file's name says it.
    fn last_by_name(&self, file: &LogFile) -> Option<u64> {
        let names = self.disk.list().ok()?;
        let next =
            names.iter().filter_map(|name| first_of(name)).find(|first| *first > file.first)?;
        Some(next - 1)
    }

    fn adopt(&self, mut group: Group) {
        let mut queue = lock(&self.queue);
        if let Some(saved) = queue.batches.group(group.first).filter(|saved| saved.is_saved) {
            let is_same =
                saved.ids == group.ids && saved.bytes == group.bytes && saved.last == group.last;
            group.is_saved = true;
            queue.batches.is_stale |= !is_same;
        }
        queue.batches.insert(group);
    }

    /// What was read may stand in the memory of the system only: senders are told of it as durable, so make it so.
    /// It does not help when `fsync` had failed and the process was killed before it could cut the entries off: the
    /// system takes them for written then, and they go when the power goes.
    fn make_durable(&self, scanned: &[FileName]) -> Result<(), DiskError> {
        if self.config.is(Mutation::SkipRecoverySync) {
            return Ok(());
        }
        scanned.iter().try_for_each(|name| self.disk.sync(name))?;
        if self.disk.list()?.iter().any(|name| name == index::INDEX) {
            self.disk.sync(index::INDEX)?;
        }
        self.disk.sync_folder()
    }

    fn settle(
        &self,
        files: VecDeque<LogFile>,
        durable: u64,
        gone: u64,
        recovered: &mut Recovered,
    ) -> Result<(), DiskError> {
        let released = gone.max(self.config.committed);
        let is_open = files.back().is_some_and(|file| {
            lock(&self.queue)
                .batches
                .group(file.first)
                .is_some_and(|group| !group.is_saved && group.last == durable)
        });
        *lock(&self.log) = Log { files, durable, released, is_open };
        match self.release(self.config.committed) {
            Err(crate::ReadError::Disk(DiskError::Full { .. })) | Ok(()) => {}
            Err(crate::ReadError::Disk(error)) => return Err(error),
            Err(error) => {
                return Err(DiskError::Failed {
                    file: MARKER.to_owned(),
                    reason: error.to_string(),
                });
            }
        }
        let log = lock(&self.log);
        recovered.durable = durable;
        recovered.files = log.files.len();
        recovered.bytes = log.bytes();
        recovered.batches = lock(&self.queue).batches.len();
        Ok(())
    }
}

fn missing(first: u64, last: u64) -> Lost {
    let file = LogFile { first, bytes: 0 }.name();
    Lost { first, last, file, from: 0, to: 0, kept: None, was_acknowledged: true }
}

/// The journal's marker, and whether its file was whole (or there was nothing to begin with).
fn find_marker(
    disk: &dyn Disk,
    firsts: &[u64],
    fresh: Marker,
) -> Result<(Marker, bool), OpenError> {
    let names = disk.list()?;
    let has_file = names.iter().any(|name| name == MARKER);
    let bytes = if has_file { disk.read(MARKER, 0, FILE_HEAD + 1)? } else { Vec::new() };
    if let Some((0, marker)) = read_file_head(&bytes)
        && bytes.len() == FILE_HEAD
    {
        return Ok((marker, true));
    }
    let mut found = None;
    for first in firsts {
        let file = LogFile { first: *first, bytes: 0 };
        let head = disk.read(&file.name(), 0, FILE_HEAD)?;
        found = found.or(read_file_head(&head).filter(|(number, _)| number == first));
    }
    let has_frames = || -> Result<bool, DiskError> {
        let mut lengths =
            firsts.iter().map(|first| disk.length(&LogFile { first: *first, bytes: 0 }.name()));
        lengths.try_fold(false, |any, length| Ok(any || length? > FILE_HEAD as u64))
    };
    let marker = match found {
        Some((_, marker)) => marker,
        None if has_frames()? => return Err(OpenError::NoMarker),
        None => fresh,
    };
    disk.remove(MARKER_NEW)?;
    disk.append(MARKER_NEW, &file_head(marker, 0))?;
    disk.sync(MARKER_NEW)?;
    disk.rename(MARKER_NEW, MARKER)?;
    disk.sync_folder()?;
    Ok((marker, found.is_none()))
}
