//! A buffered reader that can look ahead, knows its offset, and keeps a failure until it is asked for.

use std::io::{self, BufRead, Read};

/// Bytes asked for in one read.
const READ_BYTES: usize = 64 * 1024;

/// Bytes of one layer of an input.
pub(super) struct Source {
    reader: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    offset: u64,
    failure: Option<io::Error>,
    ended: bool,
}

impl Source {
    pub(super) fn new(reader: Box<dyn Read + Send>) -> Self {
        Self {
            reader,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            offset: 0,
            failure: None,
            ended: false,
        }
    }

    /// What is buffered.
    #[inline]
    pub(super) fn data(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// At least `want` bytes, fewer only when the input ends before.
    pub(super) fn fill(&mut self, want: usize) -> &[u8] {
        while !self.ended && self.end - self.start < want {
            self.read_more(want);
        }
        self.data()
    }

    /// Reads more than is buffered. `false` when there is no more.
    pub(super) fn fill_more(&mut self) -> bool {
        let have = self.end - self.start;
        // Growing by half again keeps the number of passes over a long record small.
        self.fill(have + (have / 2).max(1)).len() > have
    }

    fn read_more(&mut self, want: usize) {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        let room = want.max(self.end + READ_BYTES);
        if self.buffer.len() < room {
            self.buffer.resize(room, 0);
        }
        let Some(free) = self.buffer.get_mut(self.end..) else { return };
        match self.reader.read(free) {
            Ok(0) => self.ended = true,
            Ok(count) => self.end += count.min(free.len()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                self.failure = Some(error);
                self.ended = true;
            }
        }
    }

    /// Whether nothing comes after what is buffered.
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Offset of the first buffered byte.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Passes over `count` buffered bytes.
    pub(super) fn pass(&mut self, count: usize) {
        let count = count.min(self.end - self.start);
        self.start += count;
        self.offset += count as u64;
    }

    /// Hands out the first `count` buffered bytes.
    pub(super) fn take(&mut self, count: usize) -> Vec<u8> {
        let bytes = self.data().get(..count).unwrap_or_else(|| self.data()).to_vec();
        self.pass(bytes.len());
        if self.start == self.end && self.buffer.len() > 4 << 20 {
            // A single long record must not hold its memory until the input ends.
            self.buffer = Vec::new();
            (self.start, self.end) = (0, 0);
        }
        bytes
    }

    /// Why reading stopped, when it was not the end of the input.
    pub(super) fn take_failure(&mut self) -> Option<io::Error> {
        self.failure.take()
    }
}

impl Read for Source {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let data = self.fill_buf()?;
        let count = data.len().min(into.len());
        if let (Some(to), Some(from)) = (into.get_mut(..count), data.get(..count)) {
            to.copy_from_slice(from);
        }
        self.pass(count);
        Ok(count)
    }
}

impl BufRead for Source {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.fill(1).is_empty()
            && let Some(failure) = self.failure.take()
        {
            return Err(failure);
        }
        Ok(self.data())
    }

    fn consume(&mut self, count: usize) {
        self.pass(count);
    }
}
