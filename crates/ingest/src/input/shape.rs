//! Finding out what an input holds from its beginning.

use super::scan::{JsonScanner, is_between, wrapper};

/// What the beginning of an input looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sniffed {
    Lines,
    /// JSON that is not one document a line.
    Documents,
    /// Windows event XML.
    Elements,
    /// Rows under `#` lines (Zeek, W3C).
    HashRows,
    /// CSV; the first line is the header.
    Csv {
        delimiter: u8,
    },
    /// Not text.
    Noise,
}

/// Looks at the first bytes; `is_all` says that there are no others.
pub(super) fn sniff(window: &[u8], is_all: bool) -> Sniffed {
    if is_noise(window) {
        return Sniffed::Noise;
    }
    let text = window.trim_ascii_start();
    match text.first() {
        // The record separator of RFC 7464.
        Some(0x1E)
            if text.get(1..).is_some_and(|rest| rest.trim_ascii_start().first() == Some(&b'{')) =>
        {
            Sniffed::Documents
        }
        Some(b'{' | b'[') if is_documents(text) => Sniffed::Documents,
        Some(b'<') if is_event_xml(text) => Sniffed::Elements,
        Some(b'#') if is_hash_rows(text) => Sniffed::HashRows,
        _ => csv_delimiter(text, is_all)
            .map_or(Sniffed::Lines, |delimiter| Sniffed::Csv { delimiter }),
    }
}

/// Whether bytes are binary data. Text has hardly any control characters; a run of zeros, as file systems
/// leave it after a crash, does not make noise of a log.
pub(super) fn is_noise(bytes: &[u8]) -> bool {
    let (mut controls, mut zeros) = (0_usize, 0_usize);
    for byte in bytes {
        zeros += usize::from(*byte == 0);
        controls += usize::from(
            *byte < 0x20
                && !matches!(byte, 0 | b'\t' | b'\n' | b'\r' | 0x0B | 0x0C | 0x1B | 0x1C..=0x1E),
        );
    }
    controls * 50 > bytes.len() || zeros * 10 > bytes.len() * 3
}

/// Whether text that begins with a bracket is JSON which lines do not separate: a list of objects, an object
/// over several lines, or one that wraps a list of records. JSON with one document a line is read as lines.
fn is_documents(text: &[u8]) -> bool {
    if let Some(list) = text.strip_prefix(b"[") {
        return matches!(list.trim_ascii_start().first(), Some(b'{' | b'['))
            || list.trim_ascii() == b"]";
    }
    if !matches!(text.get(1..).and_then(|rest| rest.trim_ascii_start().first()), Some(b'"' | b'}'))
    {
        return false;
    }
    if wrapper(text).is_some() {
        return true;
    }
    let first_line = memchr::memchr(b'\n', text).and_then(|end| text.get(..end));
    // A record cut off at its line end would seem to go on; between lines JSON breaks only after these.
    if first_line
        .is_some_and(|line| matches!(line.trim_ascii_end().last(), Some(b'{' | b'[' | b',' | b':')))
    {
        return true;
    }
    // No line of its own begins by closing or going on with something.
    let second_line =
        first_line.and_then(|line| text.get(line.len() + 1..)).map(<[u8]>::trim_ascii_start);
    if second_line.is_some_and(|line| matches!(line.first(), Some(b'}' | b']' | b','))) {
        return true;
    }
    // Pretty-printed after all, from some later document on.
    if text.split(|byte| *byte == b'\n').any(|line| line == b"{" || line == b"{\r") {
        return true;
    }
    // Several documents on one line.
    JsonScanner::default().end_of_value(text).is_some_and(|end| {
        let next = text
            .get(end..)
            .unwrap_or_default()
            .iter()
            .find(|byte| !matches!(byte, b' ' | b'\t' | b'\r'));
        let is_first_line = first_line.is_none_or(|line| end <= line.len());
        is_first_line
            && next.is_some_and(|byte| *byte == b'{' || *byte != b'\n' && is_between(*byte))
    })
}

fn is_event_xml(text: &[u8]) -> bool {
    let is_event = |at: &[u8]| at.starts_with(b"<Events") || super::element::is_start(at);
    is_event(text)
        || (text.starts_with(b"<?xml") || text.starts_with(b"<!--"))
            && memchr::memmem::find_iter(text, b"<Event")
                .any(|at| text.get(at..).is_some_and(is_event))
}

fn is_hash_rows(text: &[u8]) -> bool {
    text.split(|byte| *byte == b'\n').take_while(|line| line.first() == Some(&b'#')).any(|line| {
        line.starts_with(b"#Fields:")
            || line.starts_with(b"#fields\t")
            || line.starts_with(b"#separator ")
    })
}

/// The delimiter of CSV with a header. Careful: log lines with commas and CSV without a header stay lines.
fn csv_delimiter(text: &[u8], is_all: bool) -> Option<u8> {
    let mut lines =
        text.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let header = lines.next()?;
    let mut rows: Vec<&[u8]> = lines.take(11).collect();
    if rows.len() < 11 && !is_all {
        rows.pop();
    }
    rows.retain(|row| !row.is_empty());
    if rows.is_empty() {
        return None;
    }
    // Files of AWS flow logs; anywhere else a line of words is no header.
    let names_flows = [b"srcaddr", b"dstaddr"]
        .iter()
        .all(|name| header.split(|byte| *byte == b' ').any(|word| word == *name));
    let delimiters: &[u8] = if names_flows { b" " } else { b",;\t|" };
    delimiters.iter().copied().find(|delimiter| {
        let names = cells(header, *delimiter);
        is_header(&names)
            && rows.iter().take(1).all(|row| is_row(&cells(row, *delimiter), &names))
            && rows.iter().filter(|row| cells(row, *delimiter).len() == names.len()).count() * 2
                > rows.len()
            || is_header(&names)
                && names.len() >= 3
                && has_open_quote(&rows, *delimiter, names.len())
    })
}

/// Whether the first row has a quoted cell that goes on in the next line.
fn has_open_quote(rows: &[&[u8]], delimiter: u8, columns: usize) -> bool {
    rows.first().is_some_and(|row| {
        let cells = cells(row, delimiter);
        cells.len() > 1
            && cells.len() <= columns
            && cells.last().is_some_and(|cell| {
                cell.first() == Some(&b'"') && (cell.len() == 1 || cell.last() != Some(&b'"'))
            })
    })
}

/// The cells of a line, quotes kept.
fn cells(line: &[u8], delimiter: u8) -> Vec<&[u8]> {
    let mut cells = Vec::new();
    let mut start = 0;
    let mut in_quotes = false;
    let mut is_doubled = false;
    for (at, byte) in line.iter().enumerate() {
        if std::mem::take(&mut is_doubled) {
            continue;
        }
        match *byte {
            b'"' if in_quotes && line.get(at + 1) == Some(&b'"') => is_doubled = true,
            b'"' if in_quotes || at == start => in_quotes = !in_quotes,
            byte if byte == delimiter && !in_quotes => {
                cells.push(line.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    cells.push(line.get(start..).unwrap_or_default());
    cells
}

/// Cell without the quotes around it.
fn bare(cell: &[u8]) -> &[u8] {
    cell.strip_prefix(b"\"").and_then(|cell| cell.strip_suffix(b"\"")).unwrap_or(cell).trim_ascii()
}

fn is_header(names: &[&[u8]]) -> bool {
    let is_name = |cell: &&[u8]| {
        let name = bare(cell);
        name.len() <= 80
            && name.first().is_some_and(|byte| {
                byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'@' | b'#' | b'$')
            })
            && name.iter().all(|byte| {
                byte.is_ascii_alphanumeric()
                    || !byte.is_ascii()
                    || b" _-.@#$/()[]{}%".contains(byte)
            })
            && name.iter().filter(|byte| byte.is_ascii_digit()).count() * 2 <= name.len()
    };
    // Tables written with their row numbers have no name over them.
    let names = names
        .split_first()
        .filter(|(first, _)| first.is_empty())
        .map_or(names, |(_, others)| others);
    let mut sorted: Vec<&[u8]> = names.iter().map(|cell| bare(cell)).collect();
    sorted.sort_unstable();
    let are_different = sorted.windows(2).all(|pair| pair.first() != pair.get(1));
    names.len() >= 3 && names.iter().all(is_name) && are_different
}

/// A row of data has as many cells as the header, and not the same words in them.
fn is_row(row: &[&[u8]], names: &[&[u8]]) -> bool {
    row.len() == names.len()
        && !row.iter().zip(names).any(|(cell, name)| bare(cell) == bare(name) && !name.is_empty())
}
