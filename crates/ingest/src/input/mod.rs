//! Opening inputs: compression, archives, character sets, shape, splitting into chunks.
//!
//! Containers are recognised by their first bytes, never by a name. Everything streams: an input needs memory
//! for one record (at most [`Limits::record_bytes_max`]) and a buffer, however large it is.

mod archive;
mod boundary;
mod charset;
mod container;
mod document;
mod element;
mod event_log;
mod row;
mod scan;
mod shape;
mod source;
mod stream;

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use model::{Problem, ProblemReason, Timestamp};

use self::archive::{Archive, Indexed, Sequential, Watched};
use self::container::{Container, Ledger};
use self::source::Source;
use self::stream::Stream;
use crate::{Chunk, Limits};

pub use self::boundary::{Records, audit_event, records};

/// A file or anything else that can be read and searched.
pub trait ReadSeek: Read + Seek + Send {}

impl<T: Read + Seek + Send> ReadSeek for T {}

/// What comes out of an input.
#[derive(Debug)]
pub enum Piece {
    /// Whole records; the name of the inner input (`archive.zip/entry`) is the chunk's.
    Chunk(Chunk),
    /// Something that could not be read, in the input of this name.
    Problem {
        /// The input: the file, or `archive.zip/entry`.
        name: Arc<str>,
        /// What went wrong.
        problem: Problem,
    },
}

/// An open input: chunks and problems in the order of reading.
pub struct Input {
    archives: Vec<Opened>,
    stream: Option<Stream>,
    ready: Vec<Piece>,
    ledger: Arc<Ledger>,
    reference: Option<Timestamp>,
    limits: Limits,
}

/// An archive whose entries are being read.
struct Opened {
    archive: Archive,
    name: Arc<str>,
    nesting: usize,
    entries: usize,
}

/// Opens an input that can be searched. Never fails: what is wrong with it comes out as problems.
///
/// `name` is what its chunks are called, `reference` when it was last written (for times without a year).
pub fn open(
    reader: Box<dyn ReadSeek>,
    name: Arc<str>,
    reference: Option<Timestamp>,
    limits: Limits,
) -> Input {
    let mut input = Input::empty(reference, limits);
    let mut file: Box<dyn ReadSeek> = Box::new(Watched::new(reader, Arc::clone(&input.ledger)));
    let mut window = Vec::with_capacity(4);
    let first =
        file.by_ref().take(4).read_to_end(&mut window).and_then(|_| file.seek(SeekFrom::Start(0)));
    if let Err(error) = first {
        input.report(&name, &error, 0, "reading failed");
        return input;
    }
    if container::recognise(&window) != Container::Zip {
        input.peel(Source::new(Box::new(file)), name, 0);
        return input;
    }
    match Indexed::open(file) {
        Ok(archive) => input.enter(Archive::Indexed(archive), name, 0),
        Err((mut file, words)) => {
            let words = format!(
                "the archive's directory cannot be read ({words}); its entries are read one by one"
            );
            input.report(&name, &io::Error::other(words), 0, "damaged archive");
            match file.seek(SeekFrom::Start(0)) {
                Ok(_) => input.peel(Source::new(Box::new(file)), name, 0),
                Err(error) => input.report(&name, &error, 0, "reading failed"),
            }
        }
    }
    input
}

/// Opens an input that can only be read from beginning to end, such as standard input.
pub fn open_stream(
    reader: Box<dyn Read + Send>,
    name: Arc<str>,
    reference: Option<Timestamp>,
    limits: Limits,
) -> Input {
    let mut input = Input::empty(reference, limits);
    let reader = Watched::new(reader, Arc::clone(&input.ledger));
    input.peel(Source::new(Box::new(reader)), name, 0);
    input
}

impl Input {
    fn empty(reference: Option<Timestamp>, limits: Limits) -> Self {
        Self {
            archives: Vec::new(),
            stream: None,
            ready: Vec::new(),
            ledger: Arc::new(Ledger::default()),
            reference,
            limits,
        }
    }

    /// Takes off layers of compression until there is an archive or something with records.
    fn peel(&mut self, mut source: Source, name: Arc<str>, mut nesting: usize) {
        loop {
            let container = container::recognise(source.fill(512));
            if !matches!(container, Container::None | Container::Foreign(_)) {
                nesting += 1;
                if nesting > self.limits.nesting_max {
                    let words = format!(
                        "compressed or archived more than {} times",
                        self.limits.nesting_max
                    );
                    let problem = problem(ProblemReason::OverLimit, words, source.offset());
                    self.ready.push(Piece::Problem { name, problem });
                    return;
                }
            }
            match container {
                Container::Gzip => source = container::gunzip(source, &self.ledger, self.limits),
                Container::Zstd => match container::unzstd(source, &self.ledger, self.limits) {
                    Ok(inner) => source = inner,
                    Err(error) => return self.report(&name, &error, 0, "zstd data cannot be read"),
                },
                Container::Zip => {
                    return self.enter(Archive::Sequential(Sequential::new(source)), name, nesting);
                }
                Container::Foreign(words) => {
                    let problem = problem(ProblemReason::NotText, format!("this is {words}"), 0);
                    self.ready.push(Piece::Problem { name, problem });
                    return;
                }
                Container::None => {
                    self.stream = Some(Stream::new(source, name, self.reference, self.limits));
                    return;
                }
            }
        }
    }

    fn enter(&mut self, archive: Archive, name: Arc<str>, nesting: usize) {
        self.archives.push(Opened { archive, name, nesting, entries: 0 });
    }

    /// Opens the next entry of the innermost archive. `false` when there is no archive left.
    fn open_entry(&mut self) -> bool {
        let Some(opened) = self.archives.last_mut() else { return false };
        let (name, nesting) = (Arc::clone(&opened.name), opened.nesting);
        let Some(next) = opened.archive.next_entry(&self.ledger, self.limits) else {
            self.archives.pop();
            return true;
        };
        opened.entries += 1;
        if opened.entries > self.limits.entries_max {
            self.archives.pop();
            let words =
                format!("more than {} entries; unpack the archive first", self.limits.entries_max);
            let problem = problem(ProblemReason::OverLimit, words, 0);
            self.ready.push(Piece::Problem { name, problem });
            return true;
        }
        match next {
            Ok(entry) => {
                let inner: Arc<str> = format!("{name}/{}", entry.name).into();
                match entry.content {
                    Ok(source) => self.peel(source, inner, nesting),
                    Err(error) => self.report(&inner, &error, 0, "zip entry cannot be read"),
                }
            }
            Err(error) => {
                self.archives.pop();
                self.report(&name, &error, 0, "damaged archive");
            }
        }
        true
    }

    fn report(&mut self, name: &Arc<str>, error: &io::Error, offset: u64, what: &str) {
        self.ready
            .push(Piece::Problem { name: Arc::clone(name), problem: failure(error, offset, what) });
    }
}

impl Iterator for Input {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        loop {
            if !self.ready.is_empty() {
                return Some(self.ready.remove(0));
            }
            if let Some(stream) = self.stream.as_mut() {
                if let Some(piece) = stream.next() {
                    return Some(piece);
                }
                self.stream = None;
            } else if !self.open_entry() {
                return None;
            }
        }
    }
}

/// A problem without a record.
fn problem(reason: ProblemReason, detail: String, offset: u64) -> Problem {
    Problem { reason, detail, offset, line: None, source: None, raw: Vec::new() }
}

/// The problem that a failure to read is.
fn failure(error: &io::Error, offset: u64, what: &str) -> Problem {
    let (reason, words) = if archive::is_excess(error) {
        (ProblemReason::OverLimit, error.to_string())
    } else {
        (ProblemReason::DamagedContainer, format!("{what}: {error}"))
    };
    problem(reason, words, offset)
}
