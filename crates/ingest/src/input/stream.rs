//! One input without containers around it: finds its shape and cuts it into chunks.

use std::collections::VecDeque;
use std::sync::Arc;

use model::{Problem, ProblemReason, Timestamp};

use super::boundary;
use super::charset;
use super::document::{self, Documents};
use super::element::{self, Next};
use super::event_log::{self, EventLog};
use super::row::{self, HashHeader};
use super::shape::{self, Sniffed};
use super::source::Source;
use super::{Piece, failure, problem};
use crate::{Chunk, Limits, Shape};

/// How much of an input its shape is found from.
const WINDOW_BYTES: usize = 64 * 1024;

/// How much of a record that breaks a limit is kept.
const EXCESS_BYTES: usize = 4096;

/// An input with records.
pub(super) struct Stream {
    source: Source,
    kind: Kind,
    shape: Arc<Shape>,
    line: u64,
    name: Arc<str>,
    reference: Option<Timestamp>,
    limits: Limits,
    ready: VecDeque<Piece>,
    is_in_noise: bool,
    has_ended: bool,
}

enum Kind {
    Lines,
    Csv(u8),
    HashRows { header: HashHeader, is_changed: bool },
    Documents(Documents),
    Elements,
    EventLog(EventLog),
}

/// How far whole records reach in what is buffered.
enum Cut {
    At(usize),
    TooLong,
    End,
}

impl Stream {
    pub(super) fn new(
        mut source: Source,
        name: Arc<str>,
        reference: Option<Timestamp>,
        limits: Limits,
    ) -> Self {
        let is_event_log = source.fill(event_log::MAGIC.len()).starts_with(event_log::MAGIC);
        if !is_event_log {
            source = charset::to_utf8(source);
        }
        let mut stream = Self {
            source,
            kind: Kind::Lines,
            shape: Arc::new(Shape::Lines),
            line: 1,
            name,
            reference,
            limits,
            ready: VecDeque::new(),
            is_in_noise: false,
            has_ended: false,
        };
        if is_event_log {
            let log = EventLog::new();
            stream.shape = Arc::clone(log.shape());
            stream.kind = Kind::EventLog(log);
        } else {
            stream.find_shape();
        }
        stream
    }

    fn find_shape(&mut self) {
        let window = self.source.fill(WINDOW_BYTES);
        let window = window.get(..WINDOW_BYTES).unwrap_or(window);
        let is_all = window.len() < WINDOW_BYTES;
        let sniffed = shape::sniff(window, is_all);
        let blank = window.len() - window.trim_ascii_start().len();
        match sniffed {
            Sniffed::Lines => {}
            Sniffed::Documents => {
                self.kind = Kind::Documents(Documents::new());
                self.shape = Arc::new(Shape::Json);
            }
            Sniffed::Elements => {
                self.kind = Kind::Elements;
                self.shape = Arc::new(Shape::Xml);
            }
            Sniffed::HashRows => {
                self.pass(blank);
                self.kind = Kind::HashRows { header: HashHeader::default(), is_changed: true };
            }
            Sniffed::Csv { delimiter } => {
                self.pass(blank);
                let data = self.source.data();
                let end = memchr::memchr(b'\n', data).map_or(data.len(), |at| at + 1);
                let header = data.get(..end).unwrap_or_default();
                self.shape = Arc::new(row::csv_shape(header, delimiter));
                self.kind = Kind::Csv(delimiter);
                self.pass(end);
            }
            Sniffed::Noise => {
                let words = "binary data, not text: no log format known here begins like this";
                self.report(problem(
                    ProblemReason::NotText,
                    words.to_owned(),
                    self.source.offset(),
                ));
                self.has_ended = true;
            }
        }
    }

    /// Passes over bytes without records, counting lines.
    fn pass(&mut self, count: usize) {
        let passed = self.source.data().get(..count).unwrap_or_default();
        self.line += memchr::memchr_iter(b'\n', passed).count() as u64;
        self.source.pass(count);
    }

    fn report(&mut self, problem: Problem) {
        self.ready.push_back(Piece::Problem { name: Arc::clone(&self.name), problem });
    }

    /// Bytes that are wanted in one chunk.
    fn target(&self) -> usize {
        self.limits.chunk_bytes.min(self.limits.record_bytes_max).max(1)
    }

    fn step(&mut self) {
        let is_more = match self.kind {
            Kind::Lines => self.step_rows(boundary::last_line_end),
            Kind::Csv(delimiter) => {
                self.step_rows(|data, _| boundary::last_row_end(data, delimiter))
            }
            Kind::HashRows { .. } => self.step_hash_rows(),
            Kind::Documents(_) => self.step_documents(),
            Kind::Elements => self.step_elements(),
            Kind::EventLog(_) => self.step_event_log(),
        };
        if !is_more {
            self.has_ended = true;
            if let Some(error) = self.source.take_failure() {
                let problem = failure(&error, self.source.offset(), "the input ends early");
                self.report(problem);
            }
        }
    }

    /// Looks for the end of the last record in about a chunk's worth of bytes.
    fn cut(&mut self, boundary: impl Fn(&[u8], bool) -> Option<usize>) -> Cut {
        let target = self.target();
        let mut want = target;
        loop {
            let is_enough = self.source.fill(want).len() > want;
            let is_all = self.source.has_ended() && !is_enough;
            let data = self.source.data();
            if data.is_empty() {
                return Cut::End;
            }
            if is_all
                && data.len() <= self.limits.record_bytes_max.max(target)
                && data.len() <= want
            {
                return Cut::At(data.len());
            }
            let data = data.get(..want).unwrap_or(data);
            if let Some(end) = boundary(data, false) {
                return Cut::At(end);
            }
            if data.len() > self.limits.record_bytes_max {
                // A record of many lines is broken up between two of them.
                return memchr::memrchr(b'\n', data).map_or(Cut::TooLong, |at| Cut::At(at + 1));
            }
            want = data.len().max(want).saturating_mul(2).min(self.limits.record_bytes_max + 1);
        }
    }

    fn step_rows(&mut self, boundary: impl Fn(&[u8], bool) -> Option<usize>) -> bool {
        match self.cut(boundary) {
            Cut::At(end) => self.emit(end),
            Cut::TooLong => self.pass_long_line(),
            Cut::End => return false,
        }
        true
    }

    fn step_hash_rows(&mut self) -> bool {
        if self.source.fill(1).first() == Some(&b'#') {
            match self.cut(|data, _| memchr::memchr(b'\n', data).map(|at| at + 1)) {
                Cut::At(_) => {
                    let data = self.source.data();
                    let end = memchr::memchr(b'\n', data).map_or(data.len(), |at| at + 1);
                    let line = data.get(..end).unwrap_or_default();
                    if let Kind::HashRows { header, is_changed } = &mut self.kind {
                        *is_changed |= header.read(line);
                    }
                    self.pass(end);
                }
                Cut::TooLong => self.pass_long_line(),
                Cut::End => return false,
            }
            return true;
        }
        if let Kind::HashRows { header, is_changed } = &mut self.kind
            && std::mem::take(is_changed)
        {
            self.shape = Arc::new(header.shape());
        }
        match self.cut(boundary::last_plain_line_end) {
            Cut::At(end) => {
                let rows = self.source.data().get(..end).unwrap_or_default();
                // A header in the middle: the file was rotated or put together.
                let end = memchr::memmem::find(rows, b"\n#").map_or(end, |at| at + 1);
                self.emit(end);
            }
            Cut::TooLong => self.pass_long_line(),
            Cut::End => return false,
        }
        true
    }

    fn step_documents(&mut self) -> bool {
        let Kind::Documents(documents) = &mut self.kind else { return false };
        let found = documents.find(&mut self.source, &self.limits);
        self.line += documents.take_lines_passed();
        match found {
            document::Found::Records { start, end } => {
                self.pass(start);
                self.emit(end - start);
            }
            document::Found::Excess { start, is_deep } => {
                self.pass(start);
                let words = if is_deep {
                    format!("JSON nested deeper than {} levels", self.limits.depth_max)
                } else {
                    format!("a JSON record longer than {} bytes", self.limits.record_bytes_max)
                };
                self.report_excess(words);
                if let Kind::Documents(documents) = &mut self.kind {
                    documents.pass_record(&mut self.source);
                    self.line += documents.take_lines_passed();
                }
            }
            document::Found::End => {
                if let Kind::Documents(documents) = &self.kind
                    && documents.is_cut()
                {
                    let words = "the JSON ends within its list: what comes after is missing";
                    let offset = self.source.offset();
                    self.report(problem(ProblemReason::Malformed, words.to_owned(), offset));
                }
                return false;
            }
        }
        true
    }

    fn step_elements(&mut self) -> bool {
        let target = self.target();
        let mut want = target;
        loop {
            let data = self.source.fill(want);
            let is_all = data.len() < want || self.source.has_ended();
            let data = self.source.data();
            match element::next(data) {
                Next::Element { start, end } => {
                    let mut last = end;
                    while last - start < target
                        && let Next::Element { start: more, end } =
                            element::next(data.get(last..).unwrap_or_default())
                        && element::is_markup(data.get(last..last + more).unwrap_or_default())
                    {
                        last += end;
                    }
                    self.pass_between(start);
                    self.emit(last - start);
                }
                Next::Open { start } if data.len() - start > self.limits.record_bytes_max => {
                    self.pass_between(start);
                    self.report_excess(format!(
                        "an XML event longer than {} bytes",
                        self.limits.record_bytes_max
                    ));
                    self.pass(1);
                }
                Next::Open { start } if is_all => {
                    self.pass_between(start);
                    self.emit(self.source.data().len());
                }
                Next::Open { .. } => {
                    want = data.len() * 2;
                    continue;
                }
                Next::None { .. } if is_all => {
                    let rest = data.len();
                    self.pass_between(rest);
                    return rest > 0;
                }
                Next::None { keep: 0 } => {
                    want = data.len() + WINDOW_BYTES;
                    continue;
                }
                Next::None { keep } => self.pass_between(keep),
            }
            return true;
        }
    }

    /// Passes over what stands between elements; what is not markup is a problem.
    fn pass_between(&mut self, count: usize) {
        let between = self.source.data().get(..count).unwrap_or_default();
        if !element::is_markup(between) {
            let raw = between.trim_ascii();
            let raw = raw.get(..EXCESS_BYTES).unwrap_or(raw).to_vec();
            let words = "text between XML events".to_owned();
            let offset = self.source.offset();
            let line = Some(self.line);
            self.report(Problem {
                reason: ProblemReason::Malformed,
                detail: words,
                offset,
                line,
                source: None,
                raw,
            });
        }
        self.pass(count);
    }

    fn step_event_log(&mut self) -> bool {
        let Kind::EventLog(log) = &mut self.kind else { return false };
        let Some(found) = log.next(&mut self.source) else { return false };
        for piece in found {
            match piece {
                event_log::Found::Chunk { bytes, offset } => {
                    let chunk = self.chunk(bytes, offset, None);
                    self.ready.push_back(Piece::Chunk(chunk));
                }
                event_log::Found::Problem(problem) => self.report(problem),
            }
        }
        true
    }

    /// Hands out the first `count` buffered bytes as a chunk, unless they are not text.
    fn emit(&mut self, count: usize) {
        let offset = self.source.offset();
        let line = Some(self.line);
        let bytes = self.source.take(count);
        self.line += memchr::memchr_iter(b'\n', &bytes).count() as u64;
        if shape::is_noise(&bytes) {
            if !self.is_in_noise {
                self.is_in_noise = true;
                let words = "binary data among the records; it is passed over up to the next text"
                    .to_owned();
                let raw = bytes.get(..EXCESS_BYTES).unwrap_or(&bytes).to_vec();
                self.report(Problem {
                    reason: ProblemReason::NotText,
                    detail: words,
                    offset,
                    line,
                    source: None,
                    raw,
                });
            }
            return;
        }
        self.is_in_noise = false;
        let chunk = self.chunk(bytes, offset, line);
        self.ready.push_back(Piece::Chunk(chunk));
    }

    fn chunk(&self, bytes: Vec<u8>, offset: u64, line: Option<u64>) -> Chunk {
        Chunk {
            bytes,
            offset,
            line,
            shape: Arc::clone(&self.shape),
            reference: self.reference,
            name: Arc::clone(&self.name),
        }
    }

    /// Reports the record at the source's first byte as one that breaks a limit.
    fn report_excess(&mut self, detail: String) {
        let data = self.source.data();
        let raw = data.get(..EXCESS_BYTES).unwrap_or(data).to_vec();
        let line = Some(self.line);
        let offset = self.source.offset();
        self.report(Problem {
            reason: ProblemReason::OverLimit,
            detail,
            offset,
            line,
            source: None,
            raw,
        });
    }

    fn pass_long_line(&mut self) {
        self.report_excess(format!("a line longer than {} bytes", self.limits.record_bytes_max));
        loop {
            let data = self.source.fill(1);
            if data.is_empty() {
                return;
            }
            let end = memchr::memchr(b'\n', data);
            let length = end.map_or(data.len(), |at| at + 1);
            self.pass(length);
            if end.is_some() {
                return;
            }
        }
    }
}

impl Iterator for Stream {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                return Some(piece);
            }
            if self.has_ended {
                return None;
            }
            self.step();
        }
    }
}
