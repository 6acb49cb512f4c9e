//! Reading what is durable, and letting go of it.

use ports::DiskError;

use crate::counters::Counters;
use crate::frame::{FILE_HEAD, file_head};
use crate::log::LogFile;
use crate::receipt::lock;
use crate::scan::{CHUNK, Scan, Step};
use crate::write::Core;
use crate::{Batch, Lost, ReadError};

/// How many places are remembered where consumers go on reading.
const CURSORS: usize = 8;

/// Where consumers go on reading: number, file, place.
#[derive(Debug, Default)]
pub(crate) struct Cursors(Vec<(u64, u64, u64)>);

impl Cursors {
    fn take(&mut self, next: u64, file: u64) -> Option<u64> {
        let place = self.0.iter().position(|cursor| (cursor.0, cursor.1) == (next, file))?;
        Some(self.0.remove(place).2)
    }

    fn put(&mut self, next: u64, file: u64, at: u64) {
        if self.0.len() >= CURSORS {
            self.0.remove(0);
        }
        self.0.push((next, file, at));
    }
}

/// Where an entry is.
enum Place {
    /// It is not durable yet.
    Nowhere,
    /// The files are gone up to this number, and nobody let go of them.
    Missing(u64),
    In(Stretch),
}

/// A stretch of one file to read.
struct Stretch {
    file: LogFile,
    from: u64,
    /// The last number that it can hold.
    last: u64,
    /// Whether everything in it was acknowledged: something later was written after it had become durable.
    is_closed: bool,
}

impl Core {
    pub(crate) fn read(&self, from: u64, bytes_max: usize) -> Result<Batch, ReadError> {
        let from = from.max(1);
        let mut batch = Batch { next: from, ..Batch::default() };
        let mut bytes = 0;
        while bytes < bytes_max.max(1) {
            match self.stretch(batch.next)? {
                Place::Nowhere => break,
                Place::Missing(oldest) => {
                    let file = LogFile { first: batch.next, bytes: 0 };
                    batch.lost.push(self.lost(&file, (0, 0), (batch.next, oldest - 1), true));
                    batch.next = oldest;
                }
                Place::In(stretch) => {
                    self.check_head(&stretch, &mut batch)?;
                    self.read_stretch(&stretch, &mut batch, &mut bytes, bytes_max)?;
                }
            }
        }
        if !batch.lost.is_empty() {
            let mut queue = lock(&self.queue);
            for lost in batch.lost.iter().filter(|lost| lost.count() > 0) {
                Counters::add(&self.counters.lost, lost.count());
                queue.batches.forget(lost.first, lost.last);
            }
        }
        Ok(batch)
    }

    fn stretch(&self, next: u64) -> Result<Place, ReadError> {
        let log = lock(&self.log);
        if next > log.durable {
            return Ok(Place::Nowhere);
        }
        let after = log.files.partition_point(|file| file.first <= next);
        let Some(file) = after.checked_sub(1).and_then(|place| log.files.get(place)).cloned()
        else {
            let oldest = log.oldest();
            if next > log.released {
                return Ok(Place::Missing(oldest));
            }
            return Err(ReadError::Released { from: next, oldest });
        };
        let following = log.files.get(after).map(|file| file.first);
        let last = following.map_or(log.durable, |first| first - 1);
        drop(log);
        let from = lock(&self.cursors).take(next, file.first).unwrap_or(FILE_HEAD as u64);
        Ok(Place::In(Stretch { file, from, last, is_closed: following.is_some() }))
    }

    /// A head that is damaged costs no entry, but it is said.
    fn check_head(&self, stretch: &Stretch, batch: &mut Batch) -> Result<(), DiskError> {
        let file = &stretch.file;
        if stretch.from == FILE_HEAD as u64 && batch.next == file.first {
            let head = self.disk.read(&file.name(), 0, FILE_HEAD)?;
            if head != file_head(self.marker, file.first) {
                let none = (file.first, file.first - 1);
                batch.lost.push(self.lost(file, (0, FILE_HEAD as u64), none, false));
            }
        }
        Ok(())
    }

    fn read_stretch(
        &self,
        stretch: &Stretch,
        batch: &mut Batch,
        bytes: &mut usize,
        bytes_max: usize,
    ) -> Result<(), DiskError> {
        let Stretch { file, from, last, is_closed } = stretch;
        let name = file.name();
        let fill = |from, most| self.disk.read(&name, from, most);
        let first = if *from == FILE_HEAD as u64 { file.first } else { batch.next };
        let mut scan = Scan::new(fill, self.marker, (*from, file.bytes), (first, *last))
            .by(bytes_max.saturating_add(4096).min(CHUNK));
        let mut damage = None;
        let (mut at, mut previous) = (*from, first - 1);
        while *bytes < bytes_max.max(1) {
            match scan.next()? {
                None => break,
                Some(Step::Damage { from, to }) => damage = Some((from, to)),
                Some(Step::Frame { view, end }) => {
                    at = end;
                    let (sequence, durable) = (view.sequence, view.durable);
                    let is_next = std::mem::replace(&mut previous, sequence) + 1 == sequence;
                    let Some(frame) = (sequence >= batch.next).then(|| view.to_frame()).flatten()
                    else {
                        damage = None;
                        continue;
                    };
                    if sequence > batch.next || damage.is_some() && is_next {
                        let range = damage.take().unwrap_or((end, end));
                        let is_certain = *is_closed || durable >= batch.next;
                        batch.lost.push(self.lost(
                            file,
                            range,
                            (batch.next, sequence - 1),
                            is_certain,
                        ));
                    }
                    damage = None;
                    *bytes += frame.payload.len() + FILE_HEAD;
                    batch.next = sequence + 1;
                    batch.frames.push(frame);
                }
            }
        }
        if *bytes < bytes_max.max(1) && batch.next <= *last {
            // The end of the file was reached and entries are missing.
            let range = damage.unwrap_or((file.bytes, file.bytes));
            batch.lost.push(self.lost(file, range, (batch.next, *last), true));
            batch.next = last + 1;
        } else if batch.next <= *last || !is_closed {
            lock(&self.cursors).put(batch.next, file.first, at);
        }
        Ok(())
    }

    fn lost(
        &self,
        file: &LogFile,
        (from, to): (u64, u64),
        numbers: (u64, u64),
        is_certain: bool,
    ) -> Lost {
        let (first, last) = numbers;
        let kept = self.keep(file, from, to);
        Lost { first, last, file: file.name(), from, to, kept, was_acknowledged: is_certain }
    }

    /// Copies damaged bytes aside, once; `None` when there are none or no room is left for such copies.
    pub(crate) fn keep(&self, file: &LogFile, from: u64, to: u64) -> Option<String> {
        if to <= from {
            return None;
        }
        let name = format!("{:020}-{from}.damaged", file.first);
        let names = self.disk.list().ok()?;
        let is_kept = |name: &String| name.ends_with(".damaged");
        if names.contains(&name) {
            return Some(name);
        }
        let used: u64 = names
            .iter()
            .filter(|name| is_kept(name))
            .filter_map(|name| self.disk.length(name).ok())
            .sum();
        if used + (to - from) > self.config.damaged_bytes_max || self.disk.free().ok()? < to - from
        {
            return None;
        }
        let mut place = from;
        while place < to {
            let most = usize::try_from(to - place).unwrap_or(CHUNK).min(CHUNK);
            let bytes = self.disk.read(&file.name(), place, most).ok()?;
            if bytes.is_empty() {
                break;
            }
            place += bytes.len() as u64;
            self.disk.append(&name, &bytes).ok()?;
        }
        self.disk.sync(&name).and_then(|()| self.disk.sync_folder()).ok()?;
        Some(name)
    }

    pub(crate) fn release(&self, up_to: u64) -> Result<(), ReadError> {
        let released = self.let_go(up_to);
        if let Err(ReadError::Disk(error @ DiskError::NotDurable { .. })) = &released {
            self.fail(&error.to_string());
        }
        released
    }

    fn let_go(&self, up_to: u64) -> Result<(), ReadError> {
        let (gone, open) = {
            let mut log = lock(&self.log);
            let nexts = log.files.iter().skip(1).map(|file| file.first);
            let count = nexts.take_while(|next| next - 1 <= up_to).count();
            let gone: Vec<LogFile> = log.files.iter().take(count).cloned().collect();
            log.released =
                gone.last().map_or(log.released, |_| log.released.max(up_to.min(log.durable)));
            (gone, log.files.back().map_or(u64::MAX, |file| file.first))
        };
        // Before anything goes, its batches are written down: without that a repeat would be taken in again.
        self.save_index(open)?;
        for file in &gone {
            self.remove(file)?;
        }
        if !gone.is_empty() {
            self.disk.sync_folder()?;
        }
        let oldest = lock(&self.log).oldest();
        lock(&self.queue).batches.evict(oldest, self.config.batches_kept);
        Ok(())
    }

    fn remove(&self, file: &LogFile) -> Result<(), DiskError> {
        let mut log = lock(&self.log);
        log.files.retain(|other| other.first != file.first);
        drop(log);
        self.disk.remove(&file.name())
    }
}
