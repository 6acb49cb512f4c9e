//! `<Event>` elements in a stream of XML.

/// What comes next in a stretch of XML.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// An element: its place. It may end with another's beginning when its own end is missing.
    Element { start: usize, end: usize },
    /// An element begins here and does not end.
    Open { start: usize },
    /// No element begins; from here on could be the beginning of one.
    None { keep: usize },
}

/// How long a tag may be that is kept whole when the buffer ends within it.
const TAG_BYTES_MAX: usize = 4096;

const END: &[u8] = b"</Event>";

/// Whether an `<Event>` element begins here (and not `<Events>`).
pub(super) fn is_start(at: &[u8]) -> bool {
    at.starts_with(b"<Event") && matches!(at.get(6), Some(b'>' | b' ' | b'\t' | b'\r' | b'\n'))
}

fn find_start(data: &[u8], from: usize) -> Option<usize> {
    let rest = data.get(from..)?;
    memchr::memmem::find_iter(rest, b"<Event")
        .map(|at| from + at)
        .find(|at| data.get(*at..).is_some_and(is_start))
}

/// Finds the next element.
pub(super) fn next(data: &[u8]) -> Next {
    let Some(start) = find_start(data, 0) else {
        // `<Event` and the byte after it may be cut in two.
        let safe = data.len().saturating_sub(TAG_BYTES_MAX);
        let cut = memchr::memrchr(b'<', data).filter(|at| *at >= safe);
        return Next::None { keep: cut.unwrap_or(data.len().saturating_sub(6)) };
    };
    let body = data.get(start..).unwrap_or_default();
    let Some(end) = memchr::memmem::find(body, END).map(|at| at + END.len()) else {
        return Next::Open { start };
    };
    let element = body.get(..end).unwrap_or_default();
    let length = find_start(element, 6).unwrap_or(end);
    Next::Element { start, end: start + length }
}

/// Whether nothing but markup and white space stands between elements.
pub(super) fn is_markup(mut between: &[u8]) -> bool {
    loop {
        between = between.trim_ascii();
        let Some(rest) = between.strip_prefix(b"<") else {
            return between.is_empty() || between == b"\xEF\xBB\xBF";
        };
        let Some(end) = memchr::memchr(b'>', rest) else { return true };
        between = rest.get(end + 1..).unwrap_or_default();
    }
}

/// What stands before the next element of a chunk, and its length.
pub(super) fn in_chunk(rest: &[u8]) -> (usize, usize) {
    match next(rest) {
        Next::Element { start, end } => (start, end - start),
        Next::Open { start } => (start, rest.len() - start),
        Next::None { .. } => (rest.len(), 0),
    }
}
