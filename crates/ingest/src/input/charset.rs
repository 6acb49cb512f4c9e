//! Character sets: everything that is text leaves here as UTF-8 (or as the bytes it was).

use std::io::{self, Read};

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_16BE, UTF_16LE};

use super::source::Source;

/// Makes a source of UTF-8 of a source of text: passes over a byte order mark and turns UTF-16, with or
/// without a mark, into UTF-8. Other bytes stay as they are.
pub(super) fn to_utf8(mut source: Source) -> Source {
    let window = source.fill(4096);
    let (encoding, mark) = match window {
        [0xEF, 0xBB, 0xBF, ..] => (None, 3),
        [0xFF, 0xFE, ..] => (Some(UTF_16LE), 2),
        [0xFE, 0xFF, ..] => (Some(UTF_16BE), 2),
        _ => (unmarked_utf16(window), 0),
    };
    source.pass(mark);
    match encoding {
        Some(encoding) => Source::new(Box::new(Utf16Reader::new(source, encoding))),
        None => source,
    }
}

/// UTF-16 of mostly Latin text has a zero in nearly every other byte.
fn unmarked_utf16(window: &[u8]) -> Option<&'static Encoding> {
    let pairs = window.len().min(4096) / 2;
    if pairs < 4 {
        return None;
    }
    let (mut even, mut odd) = (0, 0);
    for pair in window.chunks_exact(2).take(pairs) {
        match pair {
            [0, 0] => return None,
            [0, _] => even += 1,
            [_, 0] => odd += 1,
            _ => {}
        }
    }
    if odd * 10 >= pairs * 6 && even * 50 <= pairs {
        Some(UTF_16LE)
    } else if even * 10 >= pairs * 6 && odd * 50 <= pairs {
        Some(UTF_16BE)
    } else {
        None
    }
}

/// Reads UTF-16 as UTF-8; broken surrogates become U+FFFD.
struct Utf16Reader {
    source: Source,
    decoder: Decoder,
    ready: Vec<u8>,
    at: usize,
    is_done: bool,
}

impl Utf16Reader {
    fn new(source: Source, encoding: &'static Encoding) -> Self {
        Self {
            source,
            decoder: encoding.new_decoder_without_bom_handling(),
            ready: Vec::new(),
            at: 0,
            is_done: false,
        }
    }

    fn decode_more(&mut self) -> io::Result<()> {
        self.ready.resize(96 * 1024, 0);
        self.at = 0;
        let input = self.source.fill(1);
        let is_last = input.is_empty();
        let (result, read, written, _) =
            self.decoder.decode_to_utf8(input, &mut self.ready, is_last);
        self.source.pass(read);
        self.ready.truncate(written);
        if is_last && result == CoderResult::InputEmpty {
            self.is_done = true;
            if let Some(failure) = self.source.take_failure() {
                return Err(failure);
            }
        }
        Ok(())
    }
}

impl Read for Utf16Reader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.at >= self.ready.len() {
            if self.is_done {
                return Ok(0);
            }
            self.decode_more()?;
        }
        let ready = self.ready.get(self.at..).unwrap_or_default();
        let count = ready.len().min(into.len());
        if let (Some(to), Some(from)) = (into.get_mut(..count), ready.get(..count)) {
            to.copy_from_slice(from);
        }
        self.at += count;
        Ok(count)
    }
}
