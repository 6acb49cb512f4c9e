//! Walking over the bytes of a record, for the text decoders.

use std::borrow::Cow;

use model::Value;

use crate::Fields;

/// A place in a record; what stands before it has been read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scan<'a> {
    /// What has not been read.
    pub(super) rest: &'a [u8],
}

impl<'a> Scan<'a> {
    pub(super) fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    /// The next byte, left in place.
    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// Reads `byte` when it is next.
    #[inline]
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        match self.rest.split_first() {
            Some((first, rest)) if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// Reads `prefix` when it is next.
    pub(super) fn eat_all(&mut self, prefix: &[u8]) -> bool {
        match self.rest.strip_prefix(prefix) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Reads spaces and says how many.
    #[inline]
    pub(super) fn spaces(&mut self) -> usize {
        self.take_while(|byte| byte == b' ').len()
    }

    /// Reads the bytes for which `wanted` holds.
    #[inline]
    pub(super) fn take_while(&mut self, wanted: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.rest.iter().position(|byte| !wanted(*byte)).unwrap_or(self.rest.len());
        self.take(end)
    }

    /// Reads up to `count` bytes.
    #[inline]
    pub(super) fn take(&mut self, count: usize) -> &'a [u8] {
        let (head, rest) = self.rest.split_at(count.min(self.rest.len()));
        self.rest = rest;
        head
    }

    /// Reads up to `byte` and over it; nothing is read when it does not occur.
    #[inline]
    pub(super) fn until(&mut self, byte: u8) -> Option<&'a [u8]> {
        let end = memchr::memchr(byte, self.rest)?;
        let head = self.take(end);
        self.take(1);
        Some(head)
    }

    /// Reads up to the next space and over it, or to the end; `None` at the end.
    #[inline]
    pub(super) fn word(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        Some(self.until(b' ').unwrap_or_else(|| self.take(usize::MAX)))
    }

    /// Reads a number of `least` to `most` (at most nine) decimal digits.
    #[inline]
    pub(super) fn digits(&mut self, least: usize, most: usize) -> Option<u32> {
        let count =
            self.rest.iter().take(most.min(9)).take_while(|byte| byte.is_ascii_digit()).count();
        if count < least {
            return None;
        }
        let digits = self.take(count);
        Some(digits.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0')))
    }
}

/// A whole number in decimal, with an optional sign, that fits 64 bits.
pub(super) fn integer(bytes: &[u8]) -> Option<i64> {
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

/// A field name from the record itself.
pub(super) fn name(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// Puts a text under a name of the record; an empty text is an explicitly empty value.
pub(super) fn put_named(fields: &mut Fields<'_>, key: &[u8], value: &[u8]) {
    let key = name(key);
    if value.is_empty() {
        let id = fields.id(&key);
        fields.put_value(id, Value::Null);
    } else {
        fields.put(&key, value);
    }
}

/// Puts a whole number when the text is one, else the text; nothing for `-` and for an empty text.
pub(super) fn put_number(fields: &mut Fields<'_>, key: &str, value: &[u8]) {
    if value.is_empty() || value == b"-" {
        return;
    }
    match integer(value) {
        Some(number) => fields.put_int(key, number),
        None => fields.put(key, value),
    }
}

/// Puts a text unless it is `-` or empty.
pub(super) fn put_present(fields: &mut Fields<'_>, key: &str, value: &[u8]) {
    if !value.is_empty() && value != b"-" {
        fields.put(key, value);
    }
}

/// The position of `needle` within the first `within` bytes.
pub(super) fn find_early(haystack: &[u8], needle: &[u8], within: usize) -> Option<usize> {
    memchr::memmem::find(haystack.get(..within).unwrap_or(haystack), needle)
}

/// Whether the bytes have the shape of an IPv4 or IPv6 address (cheap: characters only).
pub(super) fn looks_like_ip(bytes: &[u8]) -> bool {
    let dots = memchr::memchr_iter(b'.', bytes).count();
    let four = dots == 3 && bytes.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    let six = memchr::memchr_iter(b':', bytes).count() >= 2
        && bytes.iter().all(|byte| {
            byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.' | b'%' | b'[' | b']')
        });
    four || six
}

/// The byte of two hexadecimal digits.
pub(super) fn hex_byte(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    Some((digit(high)? * 16 + digit(low)?) as u8)
}
