//! ArcSight Common Event Format: `CEF:0|vendor|product|version|signature|name|severity|key=value …`.
//!
//! After the "ArcSight Common Event Format" implementation standard, version 25. Wild writers leave `=` in
//! values unescaped: a key is only what follows a space.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter, memchr2};

use super::Format;
use super::scan::{put_named, put_present};
use crate::{Fields, Malformed};

const HEADER: [&str; 7] = [
    "cef.version",
    "cef.device_vendor",
    "cef.device_product",
    "cef.device_version",
    "cef.signature_id",
    "cef.name",
    "cef.severity",
];

/// Whether the record is CEF that has lost its `CEF:` to a syslog tag.
pub fn is_headless(record: &[u8]) -> bool {
    matches!(record, [b'0' | b'1', b'|', ..]) && memchr_iter(b'|', record).take(7).count() == 7
}

/// Decodes from `CEF:` (or, headless, from the version) on. Header fields are named `cef.*`, extension keys
/// keep their own names; `\=`, `\|`, `\\`, `\n`, `\r` are resolved.
pub fn decode(record: &[u8], fields: &mut Fields<'_>) -> Result<Format, Malformed> {
    let mut rest = record.strip_prefix(b"CEF:").unwrap_or(record).trim_ascii_start();
    for (index, name) in HEADER.iter().enumerate() {
        let (value, after) = match header_end(rest) {
            Some(end) => (rest.get(..end), rest.get(end + 1..)),
            // The severity may be the last thing when there is no extension.
            None if index + 1 == HEADER.len() => (Some(rest), None),
            None => {
                return Err(Malformed::new(format!(
                    "CEF header ends before {name}: it needs seven parts divided by |"
                )));
            }
        };
        put_present(fields, name, &unescaped(value.unwrap_or_default().trim_ascii()));
        rest = after.unwrap_or_default();
    }
    extension(rest, fields);
    Ok(Format::Cef)
}

/// The next `|` that is not escaped.
fn header_end(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr2(b'|', b'\\', text.get(at..)?)?;
        if text.get(at) == Some(&b'|') {
            return Some(at);
        }
        at += 2;
    }
}

fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'[' | b']' | b':' | b'@')
}

/// Start of the next key and its `=`, at or after `from`.
fn next_key(text: &[u8], from: usize) -> Option<(usize, usize)> {
    let mut search = from;
    loop {
        let equals = search + memchr(b'=', text.get(search..)?)?;
        let key =
            text.get(search..equals)?.iter().rev().take_while(|byte| is_key_byte(**byte)).count();
        let start = equals - key;
        let parted = match start.checked_sub(1).and_then(|index| text.get(index)) {
            None => true,
            Some(before) => before.is_ascii_whitespace() && start > from || start == 0,
        };
        if key > 0 && parted {
            return Some((start, equals));
        }
        search = equals + 1;
    }
}

fn extension(text: &[u8], fields: &mut Fields<'_>) {
    let mut next = next_key(text, 0);
    while let Some((start, equals)) = next {
        next = next_key(text, equals + 1);
        let end = next.map_or(text.len(), |(start, _)| start);
        let key = text.get(start..equals).unwrap_or_default();
        put_named(
            fields,
            key,
            &unescaped(text.get(equals + 1..end).unwrap_or_default().trim_ascii()),
        );
        if fields.is_full() {
            return;
        }
    }
}

fn unescaped(value: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'\\', value).is_none() {
        return Cow::Borrowed(value);
    }
    let mut plain = Vec::with_capacity(value.len());
    let mut bytes = value.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            plain.push(byte);
            continue;
        }
        match bytes.next() {
            Some(b'n') => plain.push(b'\n'),
            Some(b'r') => plain.push(b'\r'),
            Some(escaped @ (b'=' | b'|' | b'\\')) => plain.push(escaped),
            Some(other) => plain.extend([b'\\', other]),
            None => plain.push(b'\\'),
        }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::super::Format;
    use super::super::probe::line;

    #[test]
    fn header_and_extension() {
        let probe = line(concat!(
            r"CEF:0|Vendor\|Co|Product|1.0|100|Name \\ x|Very-High|src=192.0.2.1 msg=a b\=c\nd request=http://x/?a=b c=d ",
            r"cs1= cs1Label=Rule Name filePath=C:\\Windows  act=blocked",
        ));
        assert_eq!(probe.format, Ok(Format::Cef));
        for (name, value) in [
            ("cef.version", "0"),
            ("cef.device_vendor", "Vendor|Co"),
            ("cef.device_product", "Product"),
            ("cef.device_version", "1.0"),
            ("cef.signature_id", "100"),
            ("cef.name", r"Name \ x"),
            ("cef.severity", "Very-High"),
            ("src", "192.0.2.1"),
            ("msg", "a b=c\nd"),
            ("request", "http://x/?a=b"),
            ("c", "d"),
            ("cs1", "#null"),
            ("cs1Label", "Rule Name"),
            ("filePath", r"C:\Windows"),
            ("act", "blocked"),
        ] {
            assert_eq!(probe.first(name), value, "{name}");
        }
    }

    #[test]
    fn ends() {
        assert_eq!(line("CEF:0|v|p|1|2|n|3").first("cef.severity"), "3");
        assert_eq!(line("CEF:0|v|p|1|2|n|3|").format, Ok(Format::Cef));
        assert!(line("CEF:0|v|p|1|2").format.is_err());
        let headless = line("0|Check Point|VPN-1|Check Point|Log|TCP_8000|Unknown|act=Accept");
        assert_eq!((headless.format.clone(), headless.first("act")), (Ok(Format::Cef), "Accept"));
    }
}
