//! JSON documents in a stream: concatenated, pretty-printed, in a list, or wrapped in an export.

use super::scan::{JsonScanner, is_between, wrapper};
use super::source::Source;
use crate::Limits;

/// How far a wrapper is looked for.
const WRAPPER_WINDOW: usize = 64 * 1024;

/// How often an input may be searched again after a document without an end.
const RESUMES_MAX: usize = 16;

/// Where in the structure around the records the splitter is.
#[derive(Debug, Clone)]
enum Around {
    /// Outside of everything.
    Top,
    /// In a list at the top.
    List,
    /// In the list of a wrapping object.
    Wrapped,
    /// After that list, on the way to the end of the object.
    Rest(JsonScanner),
}

/// Splits JSON.
#[derive(Debug)]
pub(super) struct Documents {
    around: Around,
    resumes: usize,
    lines_passed: u64,
    /// The last record has no end: it says itself that the input was cut.
    is_record_cut: bool,
    /// The wrapping object has no end.
    is_rest_cut: bool,
}

/// What was found, in terms of the buffered bytes of the source.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Whole records from `start` to `end`.
    Records { start: usize, end: usize },
    /// A record from `start` that breaks a limit; [`Documents::pass_record`] goes on after it.
    Excess { start: usize, is_deep: bool },
    /// Nothing more; the bytes up to here carried no records.
    End,
}

/// How one record ends.
enum Ending {
    At(usize),
    Deep,
    Long,
}

impl Documents {
    pub(super) fn new() -> Self {
        Self {
            around: Around::Top,
            resumes: 0,
            lines_passed: 0,
            is_record_cut: false,
            is_rest_cut: false,
        }
    }

    /// Whether the input ended within the structure around the records, and no record tells of it.
    pub(super) fn is_cut(&self) -> bool {
        let is_open = matches!(self.around, Around::List | Around::Wrapped) || self.is_rest_cut;
        is_open && !self.is_record_cut
    }

    /// How many line ends have been passed since the last time this was asked.
    pub(super) fn take_lines_passed(&mut self) -> u64 {
        std::mem::take(&mut self.lines_passed)
    }

    fn pass(&mut self, source: &mut Source, count: usize) {
        let passed = source.data().get(..count).unwrap_or_default();
        self.lines_passed += memchr::memchr_iter(b'\n', passed).count() as u64;
        source.pass(count);
    }

    /// Finds the next records, about `limits.chunk_bytes` of them. The source is read on but not passed.
    pub(super) fn find(&mut self, source: &mut Source, limits: &Limits) -> Found {
        let mut at = 0;
        let mut found: Option<(usize, usize)> = None;
        loop {
            let skipped = source
                .data()
                .get(at..)
                .and_then(|rest| rest.iter().position(|byte| !is_between(*byte)));
            let Some(skipped) = skipped else {
                at = source.data().len();
                if let Some((start, end)) = found {
                    return Found::Records { start, end };
                }
                // Nothing is kept of separators, however many there are.
                self.pass(source, at);
                at = 0;
                if source.fill(1).is_empty() {
                    return Found::End;
                }
                continue;
            };
            at += skipped;
            if found.is_some_and(|(start, _)| at - start >= limits.chunk_bytes)
                || self.would_move(source, at)
            {
                if let Some((start, end)) = found {
                    return Found::Records { start, end };
                }
                at = self.move_on(source, at);
                continue;
            }
            match self.ending(source, at, limits) {
                Ending::At(end) => {
                    found = Some((found.map_or(at, |(start, _)| start), end));
                    at = end;
                }
                Ending::Deep | Ending::Long if found.is_some() => {
                    let (start, end) = found.unwrap_or_default();
                    return Found::Records { start, end };
                }
                Ending::Deep => return Found::Excess { start: at, is_deep: true },
                Ending::Long => return Found::Excess { start: at, is_deep: false },
            }
        }
    }

    /// Whether the byte at `at` belongs to the structure around the records.
    fn would_move(&self, source: &mut Source, at: usize) -> bool {
        match self.around {
            Around::Rest(_) => true,
            Around::List | Around::Wrapped => source.data().get(at) == Some(&b']'),
            Around::Top => match source.data().get(at) {
                Some(b'[') => true,
                Some(b'{') => {
                    let data = source.fill(at + WRAPPER_WINDOW.min(4096));
                    let window = data.get(at..).unwrap_or_default();
                    wrapper(window.get(..WRAPPER_WINDOW).unwrap_or(window)).is_some()
                }
                _ => false,
            },
        }
    }

    /// Goes into or out of the structure around the records. Returns where to look next.
    fn move_on(&mut self, source: &mut Source, at: usize) -> usize {
        self.pass(source, at);
        match std::mem::replace(&mut self.around, Around::Top) {
            Around::Top => {
                let window = source.data();
                if let Some(length) = wrapper(window.get(..WRAPPER_WINDOW).unwrap_or(window)) {
                    self.around = Around::Wrapped;
                    self.pass(source, length);
                } else {
                    self.around = Around::List;
                    self.pass(source, 1);
                }
            }
            Around::List => self.pass(source, 1),
            Around::Wrapped => {
                self.around = Around::Rest(JsonScanner::inside(1));
                self.pass(source, 1);
            }
            Around::Rest(mut scanner) => loop {
                let (length, is_end) = match scanner.end_of_value(source.data()) {
                    Some(end) => (end, true),
                    None => (source.data().len(), false),
                };
                self.pass(source, length);
                if is_end || source.fill(1).is_empty() {
                    self.is_rest_cut = !is_end;
                    break;
                }
            },
        }
        0
    }

    /// Where the record that begins at `at` ends.
    fn ending(&mut self, source: &mut Source, at: usize, limits: &Limits) -> Ending {
        let opening = source.data().get(at).copied();
        if !matches!(opening, Some(b'{' | b'[')) {
            return self.scalar_ending(source, at, limits);
        }
        let mut scanner = JsonScanner::default();
        let mut scanned = at;
        loop {
            let data = source.data();
            let end = scanner.end_of_value(data.get(scanned..).unwrap_or_default());
            if scanner.deepest() > limits.depth_max {
                return Ending::Deep;
            }
            if let Some(end) = end {
                return if scanned + end - at > limits.record_bytes_max {
                    Ending::Long
                } else {
                    Ending::At(scanned + end)
                };
            }
            scanned = data.len();
            let is_long = scanned - at > limits.record_bytes_max;
            if !is_long && source.fill_more() {
                continue;
            }
            // A document without an end must not swallow those after it.
            let body = source.data().get(at + 1..).unwrap_or_default();
            if self.resumes < RESUMES_MAX
                && let Some(next) = memchr::memmem::find(body, b"\n{")
                && next < limits.record_bytes_max
            {
                self.resumes += 1;
                return Ending::At(at + 1 + next);
            }
            if is_long {
                return Ending::Long;
            }
            self.is_record_cut = true;
            return Ending::At(source.data().len());
        }
    }

    /// The end of something that is neither object nor list: of its line, or of its place in the list.
    fn scalar_ending(&self, source: &mut Source, at: usize, limits: &Limits) -> Ending {
        let mut scanned = at;
        loop {
            let rest = source.data().get(scanned..).unwrap_or_default();
            let end = match self.around {
                Around::Top | Around::Rest(_) => memchr::memchr(b'\n', rest),
                Around::List | Around::Wrapped => memchr::memchr3(b'\n', b',', b']', rest),
            };
            if let Some(end) = end {
                return Ending::At(scanned + end);
            }
            scanned = source.data().len();
            if scanned - at > limits.record_bytes_max {
                return Ending::Long;
            }
            if !source.fill_more() {
                return Ending::At(source.data().len());
            }
        }
    }

    /// Passes over a record that breaks a limit, which begins at the source's first byte.
    pub(super) fn pass_record(&mut self, source: &mut Source) {
        let mut scanner = JsonScanner::default();
        let is_value = matches!(source.data().first(), Some(b'{' | b'['));
        loop {
            let data = source.data();
            let end =
                if is_value { scanner.end_of_value(data) } else { memchr::memchr(b'\n', data) };
            let length = end.unwrap_or(data.len());
            self.pass(source, length);
            if end.is_some() || source.fill(1).is_empty() {
                return;
            }
        }
    }
}
