//! IBM QRadar Log Event Extended Format 1.0 and 2.0.
//!
//! `LEEF:1.0|vendor|product|version|event id|attributes`, divided by tabs; 2.0 names the divider in a sixth
//! part, as itself or in hexadecimal (`x5E`, `0x5E`), and may leave it out.

use std::borrow::Cow;

use memchr::memchr_iter;

use super::scan::{hex_byte, put_named, put_present};
use super::{Format, kv};
use crate::{Fields, Malformed};

const HEADER: [&str; 5] =
    ["leef.format_version", "leef.vendor", "leef.product", "leef.version", "leef.event_id"];

/// Whether the record is LEEF that has lost its `LEEF:` to a syslog tag.
pub fn is_headless(record: &[u8]) -> bool {
    (record.starts_with(b"1.0|") || record.starts_with(b"2.0|"))
        && memchr_iter(b'|', record).take(5).count() == 5
}

/// Decodes from `LEEF:` (or, headless, from the version) on. Header fields are named `leef.*`, attributes keep
/// their own names.
pub fn decode(record: &[u8], fields: &mut Fields<'_>) -> Result<Format, Malformed> {
    let mut rest = record.strip_prefix(b"LEEF:").unwrap_or(record).trim_ascii_start();
    let second = rest.starts_with(b"2");
    for name in HEADER {
        let Some(end) = memchr::memchr(b'|', rest) else {
            return Err(Malformed::new(format!(
                "LEEF header ends before {name} is closed: it needs five parts with | after each"
            )));
        };
        put_present(fields, name, rest.get(..end).unwrap_or_default().trim_ascii());
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    let (divider, attributes) = if second { named_divider(rest) } else { (None, rest) };
    put_attributes(attributes, divider, fields);
    Ok(Format::Leef)
}

/// The divider that a 2.0 header names, and what follows it.
fn named_divider(rest: &[u8]) -> (Option<u8>, &[u8]) {
    let Some(end) = rest.iter().take(6).position(|byte| *byte == b'|') else { return (None, rest) };
    let (name, after) =
        (rest.get(..end).unwrap_or_default(), rest.get(end + 1..).unwrap_or_default());
    match name {
        // `|` itself as the divider: `2.0|…||key=value`.
        [] if after.first() == Some(&b'|') => (Some(b'|'), after.get(1..).unwrap_or_default()),
        [] => (None, after),
        [divider] => (Some(*divider), after),
        [b'0', b'x' | b'X', high, low] | [b'x' | b'X', high, low] => (hex_byte(*high, *low), after),
        [b'\\', b't'] => (Some(b'\t'), after),
        _ => (None, rest),
    }
}

fn put_attributes(attributes: &[u8], divider: Option<u8>, fields: &mut Fields<'_>) {
    let divider = divider.unwrap_or(b'\t');
    if divider == b'\t' && memchr::memchr(b'\t', attributes).is_none() {
        // rsyslog and others write control characters in octal; some writers divide by spaces against the rule.
        if memchr::memmem::find(attributes, b"#011").is_some() {
            let mut start = 0;
            for end in memchr::memmem::find_iter(attributes, b"#011").chain([attributes.len()]) {
                put_attribute(attributes.get(start..end).unwrap_or_default(), fields);
                start = end + 4;
            }
            return;
        }
        if kv::begins_with_pair(attributes) && kv::decode(attributes, fields).is_ok() {
            return;
        }
    }
    for attribute in attributes.split(|byte| *byte == divider) {
        put_attribute(attribute, fields);
    }
}

fn put_attribute(attribute: &[u8], fields: &mut Fields<'_>) {
    if let Some(equals) = memchr::memchr(b'=', attribute) {
        let (key, value) = attribute.split_at(equals);
        let key = key.trim_ascii();
        if !key.is_empty() {
            put_named(fields, key, &unescaped(value.get(1..).unwrap_or_default().trim_ascii()));
        }
    }
}

/// Some writers escape `=` in values as CEF does; the format itself has no escapes.
fn unescaped(value: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memmem::find(value, b"\\=").is_none() {
        return Cow::Borrowed(value);
    }
    let mut plain = Vec::with_capacity(value.len());
    let mut bytes = value.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' || bytes.peek() != Some(&b'=') {
            plain.push(byte);
        }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::super::Format;
    use super::super::probe::line;

    #[test]
    fn both_versions_and_their_dividers() {
        for text in [
            "LEEF:1.0|Vendor|Product|7.1|42|src=192.0.2.1\tmsg=a=b c\tusrName=",
            "LEEF:2.0|Vendor|Product|7.1|42|^|src=192.0.2.1^msg=a=b c^usrName=",
            "LEEF:2.0|Vendor|Product|7.1|42|x5E|src=192.0.2.1^msg=a=b c^usrName=",
            "LEEF:2.0|Vendor|Product|7.1|42|0x5e|src=192.0.2.1^msg=a=b c^usrName=",
            "LEEF:2.0|Vendor|Product|7.1|42||src=192.0.2.1\tmsg=a=b c\tusrName=",
            "LEEF:2.0|Vendor|Product|7.1|42|src=192.0.2.1\tmsg=a=b c\tusrName=",
            "LEEF:1.0|Vendor|Product|7.1|42|src=192.0.2.1#011msg=a=b c#011usrName=",
            "1.0|Vendor|Product|7.1|42|src=192.0.2.1\tmsg=a=b c\tusrName=",
        ] {
            let probe = line(text);
            assert_eq!(probe.format, Ok(Format::Leef), "{text}");
            for (name, value) in [
                ("leef.vendor", "Vendor"),
                ("leef.product", "Product"),
                ("leef.version", "7.1"),
                ("leef.event_id", "42"),
                ("src", "192.0.2.1"),
                ("msg", "a=b c"),
                ("usrName", "#null"),
            ] {
                assert_eq!(probe.first(name), value, "{name} of {text}");
            }
        }
        assert_eq!(line(r"LEEF:1.0|V|P|1|2|msg=PID\=6 C:\x").first("msg"), r"PID=6 C:\x");
        assert!(line("LEEF:1.0|Vendor|Product").format.is_err());
    }
}
