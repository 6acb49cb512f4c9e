//! Finding the end of a JSON value without decoding it.

/// Follows nesting and strings byte by byte; can be stopped anywhere and go on with more bytes.
#[derive(Debug, Clone, Default)]
pub(super) struct JsonScanner {
    depth: usize,
    deepest: usize,
    in_string: bool,
    is_escaped: bool,
}

impl JsonScanner {
    /// A scanner that begins inside `depth` objects or lists.
    pub(super) fn inside(depth: usize) -> Self {
        Self { depth, deepest: depth, ..Self::default() }
    }

    /// The deepest nesting seen.
    pub(super) fn deepest(&self) -> usize {
        self.deepest
    }

    /// The length up to and including the byte that closes the value, when it is in `bytes`.
    pub(super) fn end_of_value(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            if self.in_string {
                if self.is_escaped {
                    self.is_escaped = false;
                    at += 1;
                    continue;
                }
                at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
                match bytes.get(at) {
                    Some(b'"') => self.in_string = false,
                    _ => self.is_escaped = true,
                }
                at += 1;
                continue;
            }
            at += 1;
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => {
                    self.depth += 1;
                    self.deepest = self.deepest.max(self.depth);
                }
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return Some(at);
                    }
                }
                _ => {}
            }
        }
        None
    }
}

/// Whether the byte stands between JSON records: white space, commas, and the record separator of RFC 7464.
#[inline]
pub(super) fn is_between(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',' | 0x1E)
}

/// Keys that hold the records of an exported document: AWS, Microsoft Graph, CloudWatch, Google and others.
const WRAPPERS: [&[u8]; 10] = [
    b"Records",
    b"records",
    b"value",
    b"events",
    b"Events",
    b"logEvents",
    b"data",
    b"results",
    b"items",
    b"logs",
];

/// Keys that only a single event has; such a document is not a wrapper, whatever lists it holds.
const OF_EVENTS: [&[u8]; 14] = [
    b"time",
    b"timestamp",
    b"@timestamp",
    b"eventTime",
    b"eventtime",
    b"id",
    b"uuid",
    b"eventName",
    b"event",
    b"published",
    b"ts",
    b"action",
    b"message",
    b"createdDateTime",
];

/// When `document` begins with an object that only wraps a list of objects: the length up to and including
/// the `[` of the list. Every other value before it has to be a scalar.
pub(super) fn wrapper(document: &[u8]) -> Option<usize> {
    let mut rest = document.strip_prefix(b"{")?;
    loop {
        rest = rest.trim_ascii_start();
        rest = rest.strip_prefix(b",").unwrap_or(rest).trim_ascii_start();
        let (key, after) = string(rest)?;
        rest = after.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
        if WRAPPERS.contains(&key)
            && let Some(list) = rest.strip_prefix(b"[")
        {
            let is_list_of_objects = list.trim_ascii_start().first() == Some(&b'{');
            return is_list_of_objects.then_some(document.len() - list.len());
        }
        if OF_EVENTS.contains(&key) {
            return None;
        }
        rest = match rest.first()? {
            b'"' => string(rest)?.1,
            b'{' | b'[' => return None,
            _ => rest.get(memchr::memchr2(b',', b'}', rest)?..)?,
        };
    }
}

/// A string literal at the beginning, without its quotes, and what follows it.
fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let inner = bytes.strip_prefix(b"\"")?;
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', inner.get(at..)?)?;
        if inner.get(at) == Some(&b'"') {
            return Some((inner.get(..at)?, inner.get(at + 1..)?));
        }
        at += 2;
    }
}
