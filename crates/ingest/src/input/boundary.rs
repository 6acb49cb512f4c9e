//! Where records end: cutting a stream into chunks, and a chunk into records.

use std::ops::Range;

use super::element;
use super::scan::{JsonScanner, is_between};
use crate::{Chunk, Shape};

/// How far into a line the serial of an audit record is looked for.
const AUDIT_WINDOW: usize = 300;

/// Bytes of a CSV row after which an open quote is taken for a stray one.
const QUOTED_ROW_BYTES_MAX: usize = 256 * 1024;

/// Where the last record that is whole ends, for lines. A line that begins with a tab belongs to the one
/// before it, and audit records of one event stay together. `is_all` says that nothing follows `data`.
pub(super) fn last_line_end(data: &[u8], is_all: bool) -> Option<usize> {
    let mut end = data.len();
    loop {
        let newline = memchr::memrchr(b'\n', data.get(..end)?)?;
        let next = data.get(newline + 1..)?;
        let start = memchr::memrchr(b'\n', data.get(..newline)?).map_or(0, |at| at + 1);
        let can_end = match next.first() {
            None => is_all,
            Some(b'\t') => false,
            Some(_) => match audit_event(data.get(start..newline)?) {
                None => true,
                Some(event) => {
                    let is_whole = next.len() >= AUDIT_WINDOW || next.contains(&b'\n') || is_all;
                    is_whole && audit_event(next) != Some(event)
                }
            },
        };
        if can_end {
            return Some(newline + 1);
        }
        end = newline;
    }
}

/// The `time:serial` of an audit record (`type=SYSCALL msg=audit(1364481363.243:24287): …`), which all
/// records of one event share.
pub fn audit_event(line: &[u8]) -> Option<&[u8]> {
    let line = line.get(..line.len().min(AUDIT_WINDOW))?;
    let line = memchr::memchr(b'\n', line).and_then(|end| line.get(..end)).unwrap_or(line);
    let from = memchr::memmem::find(line, b"msg=audit(")? + b"msg=audit(".len();
    let rest = line.get(from..)?;
    rest.get(..memchr::memchr(b')', rest)?)
}

/// Where the last whole row ends, for rows of one line each.
pub(super) fn last_plain_line_end(data: &[u8], _is_all: bool) -> Option<usize> {
    memchr::memrchr(b'\n', data).map(|at| at + 1)
}

/// Where the last whole row ends, for CSV whose quoted cells may hold line ends.
pub(super) fn last_row_end(data: &[u8], delimiter: u8) -> Option<usize> {
    let mut at = 0;
    while let Some(length) = row_end(data.get(at..)?, delimiter) {
        at += length;
    }
    (at > 0).then_some(at)
}

/// The length of the CSV row at the beginning with its line end; `None` when it does not end.
fn row_end(data: &[u8], delimiter: u8) -> Option<usize> {
    let mut at = 0;
    loop {
        // At the beginning of a cell.
        if data.get(at) == Some(&b'"') {
            at += 1;
            loop {
                at += memchr::memchr(b'"', data.get(at..)?)? + 1;
                match data.get(at) {
                    Some(b'"') => at += 1,
                    Some(b'\r' | b'\n') => break,
                    Some(byte) if *byte == delimiter => break,
                    // A quote within the cell that is not doubled: not standard, but harmless.
                    Some(_) => {}
                    None => return None,
                }
            }
        }
        at += memchr::memchr2(delimiter, b'\n', data.get(at..)?)? + 1;
        if data.get(at - 1) == Some(&b'\n') {
            return Some(at);
        }
    }
}

/// The records of a chunk as ranges of its bytes, line ends and separators left out.
///
/// A record of [`Shape::Lines`] is a line with the lines after it that begin with a tab; the lines of an audit
/// event come one by one. An EVTX chunk is one record.
pub fn records(chunk: &Chunk) -> Records<'_> {
    Records { bytes: &chunk.bytes, shape: &chunk.shape, at: 0, are_quotes_stray: false }
}

/// See [`records`].
#[derive(Debug, Clone)]
pub struct Records<'a> {
    bytes: &'a [u8],
    shape: &'a Shape,
    at: usize,
    are_quotes_stray: bool,
}

impl Iterator for Records<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        loop {
            let start = self.at;
            let rest = self.bytes.get(start..).filter(|rest| !rest.is_empty())?;
            let (skip, length) = match self.shape {
                Shape::Lines => (0, joined_line(rest)),
                Shape::Json => document(rest),
                Shape::Xml => element::in_chunk(rest),
                Shape::Evtx => (0, rest.len()),
                Shape::Csv { delimiter, .. } => (0, self.row(rest, *delimiter)),
                Shape::Zeek { .. } | Shape::W3c { .. } => (0, line(rest)),
            };
            // Always on, even if a splitter were to find nothing.
            self.at = start + skip + length.max(usize::from(skip == 0));
            let mut record =
                self.bytes.get(start + skip..start + skip + length).unwrap_or_default();
            if *self.shape != Shape::Evtx {
                record = record.strip_suffix(b"\n").unwrap_or(record);
                record = record.strip_suffix(b"\r").unwrap_or(record);
            }
            let is_comment = matches!(self.shape, Shape::Zeek { .. } | Shape::W3c { .. })
                && record.first() == Some(&b'#');
            if !is_comment && !record.trim_ascii().is_empty() {
                return Some(start + skip..start + skip + record.len());
            }
        }
    }
}

impl Records<'_> {
    fn row(&mut self, rest: &[u8], delimiter: u8) -> usize {
        if !self.are_quotes_stray {
            let window = rest.get(..QUOTED_ROW_BYTES_MAX).unwrap_or(rest);
            if let Some(length) = row_end(window, delimiter) {
                return length;
            }
            // The last row of an input need not have a line end. Otherwise the quote is never closed, and
            // looking for its end again in every row would take for ever.
            self.are_quotes_stray = window.contains(&b'\n');
        }
        line(rest)
    }
}

fn line(rest: &[u8]) -> usize {
    memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1)
}

fn joined_line(rest: &[u8]) -> usize {
    let mut length = line(rest);
    while rest.get(length) == Some(&b'\t') {
        length += line(rest.get(length..).unwrap_or_default());
    }
    length
}

/// What stands before the next JSON document, and its length.
fn document(rest: &[u8]) -> (usize, usize) {
    let skip = rest.iter().position(|byte| !is_between(*byte)).unwrap_or(rest.len());
    let rest = rest.get(skip..).unwrap_or_default();
    let length = match rest.first() {
        Some(b'{' | b'[') => JsonScanner::default().end_of_value(rest).unwrap_or(rest.len()),
        _ => line(rest),
    };
    (skip, length)
}
