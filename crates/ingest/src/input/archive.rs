//! Zip archives (APPNOTE.TXT 6.3): entry after entry as readers of their own.
//!
//! A file that can be searched is read by its central directory. A stream, and a file whose directory is
//! missing, is read from local header to local header, so that a truncated archive gives what it has.

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use flate2::Crc;
use flate2::bufread::DeflateDecoder;
use zip::{CompressionMethod, ZipArchive};

use super::ReadSeek;
use super::container::{Counted, Excess, Ledger, Metered};
use super::source::Source;
use crate::Limits;

/// An entry: its name and its content, or why it cannot be read.
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) content: io::Result<Source>,
}

/// The entries of an archive, folders left out.
pub(super) enum Archive {
    Indexed(Indexed),
    Sequential(Sequential),
}

impl Archive {
    /// The next entry, or why the archive cannot be read on.
    pub(super) fn next_entry(
        &mut self,
        ledger: &Arc<Ledger>,
        limits: Limits,
    ) -> Option<io::Result<Entry>> {
        match self {
            Self::Indexed(archive) => archive.next_entry(ledger, limits).map(Ok),
            Self::Sequential(archive) => archive.next_entry(ledger, limits).transpose(),
        }
    }
}

type Shared = Arc<Mutex<Box<dyn ReadSeek>>>;

/// An archive read by its central directory.
pub(super) struct Indexed {
    file: Shared,
    entries: std::vec::IntoIter<Listed>,
}

struct Listed {
    name: String,
    start: u64,
    packed: u64,
    crc: u32,
    method: Method,
}

#[derive(Clone, Copy)]
enum Method {
    Stored,
    Deflate,
    Zstd,
    Encrypted,
    Unknown,
}

impl Indexed {
    /// Reads the directory; gives the file back when there is none that can be read.
    pub(super) fn open(mut file: Box<dyn ReadSeek>) -> Result<Self, (Box<dyn ReadSeek>, String)> {
        match list(&mut file) {
            Ok(entries) => {
                Ok(Self { file: Arc::new(Mutex::new(file)), entries: entries.into_iter() })
            }
            Err(error) => Err((file, error.to_string())),
        }
    }

    fn next_entry(&mut self, ledger: &Arc<Ledger>, limits: Limits) -> Option<Entry> {
        let listed = self.entries.next()?;
        let section =
            Section { file: Arc::clone(&self.file), at: listed.start, left: listed.packed };
        let reader = BufReader::with_capacity(64 * 1024, section);
        let content = unpack(reader, listed.method, Some(listed.crc), ledger, limits);
        Some(Entry { name: listed.name, content })
    }
}

/// The entries that the central directory lists.
fn list(file: &mut Box<dyn ReadSeek>) -> zip::result::ZipResult<Vec<Listed>> {
    let mut archive = ZipArchive::new(BufReader::new(file))?;
    let mut entries = Vec::new();
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index)?;
        if entry.is_dir() {
            continue;
        }
        entries.push(Listed {
            name: String::from_utf8_lossy(entry.name_raw()).into_owned(),
            start: entry.data_start().unwrap_or_default(),
            packed: entry.compressed_size(),
            crc: entry.crc32(),
            method: match entry.compression() {
                _ if entry.encrypted() => Method::Encrypted,
                CompressionMethod::Stored => Method::Stored,
                CompressionMethod::Deflated => Method::Deflate,
                #[expect(
                    deprecated,
                    reason = "the number names it without the crate's own zstd feature"
                )]
                CompressionMethod::Unsupported(93) => Method::Zstd,
                _ => Method::Unknown,
            },
        });
    }
    Ok(entries)
}

/// A range of a file that others read, too.
struct Section {
    file: Shared,
    at: u64,
    left: u64,
}

impl Read for Section {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(into.len());
        let Some(into) = into.get_mut(..most) else { return Ok(0) };
        if into.is_empty() {
            return Ok(0);
        }
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(self.at))?;
        let count = file.read(into)?;
        if count == 0 {
            return Err(truncated());
        }
        self.at += count as u64;
        self.left -= count as u64;
        Ok(count)
    }
}

fn truncated() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the archive ends in the middle of an entry")
}

fn unpack<R: BufRead + Send + 'static>(
    packed: R,
    method: Method,
    crc: Option<u32>,
    ledger: &Arc<Ledger>,
    limits: Limits,
) -> io::Result<Source> {
    let (counted, count) = Counted::new(packed);
    let reader: Box<dyn Read + Send> = match method {
        Method::Stored => Box::new(counted),
        Method::Deflate => Box::new(DeflateDecoder::new(counted)),
        Method::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(counted)?.single_frame()),
        Method::Encrypted => {
            return Err(io::Error::other("the entry is encrypted; decrypt it first"));
        }
        Method::Unknown => {
            return Err(io::Error::other(
                "the entry's compression method is not supported; unpack it first",
            ));
        }
    };
    let checked = Checked { inner: reader, crc: Crc::new(), expected: crc };
    Ok(Source::new(Box::new(Metered::new(checked, count, Arc::clone(ledger), limits))))
}

/// Compares the checksum at the end.
struct Checked {
    inner: Box<dyn Read + Send>,
    crc: Crc,
    expected: Option<u32>,
}

impl Read for Checked {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        if count == 0 && !into.is_empty() && self.expected.is_some_and(|crc| crc != self.crc.sum())
        {
            self.expected = None;
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the checksum of the entry is wrong",
            ));
        }
        self.crc.update(into.get(..count).unwrap_or_default());
        Ok(count)
    }
}

/// An archive read from local header to local header.
pub(super) struct Sequential {
    home: Arc<Mutex<Option<Home>>>,
}

/// The stream between two entries, and how much of the last entry was not read.
struct Home {
    source: Source,
    left: u64,
}

impl Sequential {
    pub(super) fn new(source: Source) -> Self {
        Self { home: Arc::new(Mutex::new(Some(Home { source, left: 0 }))) }
    }

    fn next_entry(&mut self, ledger: &Arc<Ledger>, limits: Limits) -> io::Result<Option<Entry>> {
        let taken = self.home.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Home { mut source, left }) = taken else { return Ok(None) };
        pass(&mut source, left);
        loop {
            if !find_header(&mut source)? {
                return Ok(None);
            }
            let Some(header) = read_header(&mut source) else { return Err(truncated()) };
            if header.name.ends_with('/') {
                pass(&mut source, header.packed.unwrap_or(0));
                continue;
            }
            let lent =
                Lent { source: Some(source), left: header.packed, home: Arc::clone(&self.home) };
            let method = match (header.method, header.packed) {
                // Without a length the end of a stored entry cannot be found.
                (Method::Stored, None) => Method::Unknown,
                (method, _) => method,
            };
            let crc = header.packed.map(|_| header.crc);
            let content = unpack(lent, method, crc, ledger, limits);
            return Ok(Some(Entry { name: header.name, content }));
        }
    }
}

fn pass(source: &mut Source, mut count: u64) {
    while count > 0 {
        let have = source.fill(1).len() as u64;
        if have == 0 {
            return;
        }
        let step = have.min(count);
        source.pass(step as usize);
        count -= step;
    }
}

/// Passes on to the next local header; `false` at the central directory.
fn find_header(source: &mut Source) -> io::Result<bool> {
    loop {
        let data = source.fill(4);
        if data.len() < 4 {
            return match source.take_failure() {
                Some(failure) => Err(failure),
                None => Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "the archive ends without its directory",
                )),
            };
        }
        match data {
            [b'P', b'K', 3, 4, ..] => return Ok(true),
            [b'P', b'K', 1, 2, ..] | [b'P', b'K', 5 | 6, 6, ..] => {
                return Ok(false);
            }
            _ => {
                let next = memchr::memchr(b'P', data.get(1..).unwrap_or_default());
                let step = next.map_or(data.len(), |at| at + 1);
                source.pass(step);
            }
        }
    }
}

struct Header {
    name: String,
    method: Method,
    packed: Option<u64>,
    crc: u32,
}

/// Reads a local file header (APPNOTE 4.3.7).
fn read_header(source: &mut Source) -> Option<Header> {
    const FIXED: usize = 30;
    const ENCRYPTED: u16 = 1;
    const DESCRIPTOR: u16 = 1 << 3;
    let short =
        |data: &[u8], at: usize| Some(u16::from_le_bytes(data.get(at..at + 2)?.try_into().ok()?));
    let long =
        |data: &[u8], at: usize| Some(u32::from_le_bytes(data.get(at..at + 4)?.try_into().ok()?));
    let data = source.fill(FIXED);
    let flags = short(data, 6)?;
    let method = match short(data, 8)? {
        _ if flags & ENCRYPTED != 0 => Method::Encrypted,
        0 => Method::Stored,
        8 => Method::Deflate,
        93 => Method::Zstd,
        _ => Method::Unknown,
    };
    let crc = long(data, 14)?;
    let size = long(data, 18)?;
    let name_bytes = usize::from(short(data, 26)?);
    let extra_bytes = usize::from(short(data, 28)?);
    let whole = FIXED + name_bytes + extra_bytes;
    let data = source.fill(whole);
    let name = String::from_utf8_lossy(data.get(FIXED..FIXED + name_bytes)?).into_owned();
    let extra = data.get(FIXED + name_bytes..whole)?;
    let packed = match size {
        _ if flags & DESCRIPTOR != 0 => None,
        u32::MAX => Some(zip64_packed(extra)?),
        size => Some(u64::from(size)),
    };
    source.pass(whole);
    Some(Header { name, method, packed, crc })
}

/// The packed size in a Zip64 extra field (APPNOTE 4.5.3): the second of two eight-byte sizes.
fn zip64_packed(mut extra: &[u8]) -> Option<u64> {
    while let [id_low, id_high, size_low, size_high, rest @ ..] = extra {
        let size = usize::from(u16::from_le_bytes([*size_low, *size_high]));
        let body = rest.get(..size)?;
        if u16::from_le_bytes([*id_low, *id_high]) == 1 {
            return Some(u64::from_le_bytes(body.get(8..16)?.try_into().ok()?));
        }
        extra = rest.get(size..)?;
    }
    None
}

/// The stream while an entry reads it; goes back home when the entry is dropped.
struct Lent {
    source: Option<Source>,
    left: Option<u64>,
    home: Arc<Mutex<Option<Home>>>,
}

impl BufRead for Lent {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let left = self.left;
        let Some(source) = self.source.as_mut() else { return Ok(&[]) };
        if left == Some(0) {
            return Ok(&[]);
        }
        let data = source.fill_buf()?;
        if data.is_empty() {
            return Err(truncated());
        }
        let most = left
            .map_or(data.len(), |left| data.len().min(usize::try_from(left).unwrap_or(usize::MAX)));
        Ok(data.get(..most).unwrap_or(data))
    }

    fn consume(&mut self, count: usize) {
        if let Some(source) = self.source.as_mut() {
            source.pass(count);
        }
        if let Some(left) = self.left.as_mut() {
            *left = left.saturating_sub(count as u64);
        }
    }
}

impl Read for Lent {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let data = self.fill_buf()?;
        let count = data.len().min(into.len());
        if let (Some(to), Some(from)) = (into.get_mut(..count), data.get(..count)) {
            to.copy_from_slice(from);
        }
        self.consume(count);
        Ok(count)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(source) = self.source.take() {
            let home = Home { source, left: self.left.unwrap_or(0) };
            *self.home.lock().unwrap_or_else(PoisonError::into_inner) = Some(home);
        }
    }
}

/// Whether the error says that a limit was passed.
pub(super) fn is_excess(error: &io::Error) -> bool {
    error.get_ref().is_some_and(
        <dyn std::error::Error + std::marker::Send + std::marker::Sync + 'static>::is::<Excess>,
    )
}

/// Notes how far a file has been read, for the ratio of all that comes out of it.
pub(super) struct Watched<R> {
    inner: R,
    at: u64,
    ledger: Arc<Ledger>,
}

impl<R> Watched<R> {
    pub(super) fn new(inner: R, ledger: Arc<Ledger>) -> Self {
        Self { inner, at: 0, ledger }
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        self.at += count as u64;
        let furthest: &AtomicU64 = &self.ledger.packed;
        furthest.fetch_max(self.at, Ordering::Relaxed);
        Ok(count)
    }
}

impl<R: Seek> Seek for Watched<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = self.inner.seek(to)?;
        Ok(self.at)
    }
}
