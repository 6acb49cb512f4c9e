//! Compression: recognised by its first bytes, measured against bombs.

use std::io::{self, BufRead, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;

use super::source::Source;
use crate::Limits;

/// What the first bytes of an input say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Container {
    Gzip,
    Zstd,
    Zip,
    /// Not unpacked here; the words say what it is.
    Foreign(&'static str),
    None,
}

/// Looks at the first bytes of an input.
pub(super) fn recognise(window: &[u8]) -> Container {
    const FOREIGN: [(&[u8], &str); 16] = [
        (b"\xFD7zXZ\x00", "xz-compressed data; unpack it first"),
        (b"7z\xBC\xAF\x27\x1C", "a 7-Zip archive; unpack it first"),
        (b"Rar!\x1A\x07", "a RAR archive; unpack it first"),
        (b"\x04\x22\x4D\x18", "LZ4-compressed data; unpack it first"),
        (b"\x7FELF", "a program (ELF), not a log"),
        (b"%PDF-", "a PDF document, not a log"),
        (b"\x89PNG", "an image, not a log"),
        (b"\xFF\xD8\xFF", "an image, not a log"),
        (b"SQLite format 3\x00", "an SQLite database; export its tables as CSV or JSON"),
        (b"PAR1", "a Parquet file; export it as JSON lines"),
        (b"\xD0\xCF\x11\xE0", "an OLE document, not a log"),
        (b"\xD4\xC3\xB2\xA1", "a packet capture; run Zeek or Suricata on it and read their logs"),
        (b"\x0A\x0D\x0D\x0A", "a packet capture; run Zeek or Suricata on it and read their logs"),
        (b"LfLe", "an event log of Windows XP (EVT); convert it to EVTX first"),
        (b"LPKSHHRH", "a systemd journal; export it with journalctl -o json"),
        (b"regf", "a registry hive, not a log"),
    ];
    match window {
        [0x1F, 0x8B, 0x08, ..] => return Container::Gzip,
        [0x28, 0xB5, 0x2F, 0xFD, ..] => return Container::Zstd,
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => return Container::Zip,
        [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, ..] => {
            return Container::Foreign("bzip2-compressed data; unpack it first");
        }
        _ => {}
    }
    if window.get(257..262) == Some(b"ustar") {
        return Container::Foreign("a tar archive; unpack it first");
    }
    FOREIGN
        .iter()
        .find(|(magic, _)| window.starts_with(magic))
        .map_or(Container::None, |(_, words)| Container::Foreign(words))
}

/// Something unpacks to more than the limits allow. Travels as an [`io::Error`] through the layers.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Excess(pub(super) String);

/// Bytes taken from the file itself and unpacked in all, shared by the layers of an input.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// The furthest that the file has been read; reading a place twice does not count twice.
    pub(super) packed: AtomicU64,
    pub(super) unpacked: AtomicU64,
}

/// Counts what a decoder takes.
pub(super) struct Counted<R> {
    inner: R,
    count: Arc<AtomicU64>,
}

impl<R> Counted<R> {
    pub(super) fn new(inner: R) -> (Self, Arc<AtomicU64>) {
        let count = Arc::new(AtomicU64::new(0));
        (Self { inner, count: Arc::clone(&count) }, count)
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        self.count.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.count.fetch_add(count as u64, Ordering::Relaxed);
        self.inner.consume(count);
    }
}

/// Watches the ratio of what comes out of a decoder to what went in.
pub(super) struct Metered<R> {
    inner: R,
    packed: Arc<AtomicU64>,
    unpacked: u64,
    ledger: Arc<Ledger>,
    limits: Limits,
}

impl<R> Metered<R> {
    pub(super) fn new(
        inner: R,
        packed: Arc<AtomicU64>,
        ledger: Arc<Ledger>,
        limits: Limits,
    ) -> Self {
        Self { inner, packed, unpacked: 0, ledger, limits }
    }
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        self.unpacked += count as u64;
        let total = self.ledger.unpacked.fetch_add(count as u64, Ordering::Relaxed) + count as u64;
        let layers = [
            (self.unpacked, self.packed.load(Ordering::Relaxed)),
            (total, self.ledger.packed.load(Ordering::Relaxed)),
        ];
        for (unpacked, packed) in layers {
            if unpacked > self.limits.ratio_free_bytes
                && unpacked > packed.max(1).saturating_mul(self.limits.ratio_max)
            {
                let words = format!(
                    "{packed} bytes unpack to more than {unpacked}, over the limit of {} to 1; \
                     unpack it yourself if you trust it",
                    self.limits.ratio_max
                );
                return Err(io::Error::other(Excess(words)));
            }
        }
        Ok(count)
    }
}

/// The content of gzip data, all members of it.
pub(super) fn gunzip(source: Source, ledger: &Arc<Ledger>, limits: Limits) -> Source {
    let (counted, packed) = Counted::new(source);
    Source::new(Box::new(Metered::new(
        Members { decoder: MultiGzDecoder::new(counted), has_content: false },
        packed,
        Arc::clone(ledger),
        limits,
    )))
}

/// Says of what follows the last member that it is no gzip; the decoder's own words are about a header.
struct Members<R> {
    decoder: MultiGzDecoder<R>,
    has_content: bool,
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let result = self.decoder.read(into);
        match &result {
            Ok(count) => self.has_content |= *count > 0,
            Err(error) if self.has_content && error.kind() == io::ErrorKind::InvalidInput => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "behind the gzip data stands something that is no gzip; all before it was read, the rest was not",
                ));
            }
            Err(_) => {}
        }
        result
    }
}

/// The content of zstd data, all frames of it.
pub(super) fn unzstd(source: Source, ledger: &Arc<Ledger>, limits: Limits) -> io::Result<Source> {
    let (counted, packed) = Counted::new(source);
    let decoder = zstd::stream::read::Decoder::with_buffer(counted)?;
    Ok(Source::new(Box::new(Metered::new(decoder, packed, Arc::clone(ledger), limits))))
}
