//! `key=value` pairs as firewalls, appliances and logfmt writers send them.
//!
//! No document defines the format. What is read: values bare, in `"` or in `'` (a quote closes where a
//! separator or the end follows); pairs apart by spaces, tabs, `,`, `;`, `|` or `^`, found out from the first
//! pair; bare values reach up to the next key, so they may hold spaces; Check Point's `key:"value";` too.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter, memchr2};

mod colon;

use super::Format;
use super::scan::put_named;
use crate::{Fields, Malformed};

/// Longest key that is taken for one.
const KEY_MAX: usize = 64;
/// Pairs that a text must hold before they are taken out of it.
const PAIRS_IN_TEXT: usize = 3;
/// Longest head of a message of Huawei's.
const HUAWEI_HEAD_MAX: usize = 128;

/// How the pairs of one record stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Style {
    /// `=` or `:`.
    assign: u8,
    /// Between pairs; a space stands for spaces and tabs.
    separator: u8,
}

const SPACED: Style = Style { assign: b'=', separator: b' ' };

/// A key and where the value before it ended.
#[derive(Debug, Clone, Copy)]
struct Key {
    before: usize,
    start: usize,
    assign: usize,
}

/// Whether the record begins with a pair and holds a second one.
pub fn begins_with_pair(record: &[u8]) -> bool {
    let (body, assign) = unwrapped(record);
    let Some(first) = first_key(body, assign) else { return false };
    let style = style_of(body, first, assign);
    next_key(body, first.assign + 1, style).is_some()
}

/// Decodes a record that [`begins_with_pair`]. Keys become field names; an empty value is
/// [`model::Value::Null`]; words in capitals after a number (`ID=18547 DF SYN`) are values of `flags`.
pub fn decode(record: &[u8], fields: &mut Fields<'_>) -> Result<Format, Malformed> {
    let (body, assign) = unwrapped(record);
    let Some(first) = first_key(body, assign) else {
        return Err(Malformed::new("no key=value pair at the beginning of the record".to_owned()));
    };
    put_pairs(body, first, style_of(body, first, assign), fields);
    Ok(Format::KeyValue)
}

/// Takes the pairs out of a text that does not begin with one (`… authentication failure; logname= uid=0 …`),
/// when there are at least three; or the `Key: value, Key: value` pairs of Cisco Firepower, when there are at
/// least five. Says whether it did.
pub fn decode_within(text: &[u8], fields: &mut Fields<'_>) -> bool {
    // Their addresses hold what looks like pairs.
    let is_firepower = text.starts_with(b"%FTD-") || text.starts_with(b"%NGIPS-");
    (is_firepower && colon::decode(text, fields))
        || decode_equals(behind_huawei_head(text), fields)
        || (!is_firepower && colon::decode(text, fields))
}

/// What follows `%%01MODULE/6/BRIEF(l):` or `…(s)[8]:` of Huawei's devices.
fn behind_huawei_head(text: &[u8]) -> &[u8] {
    let head = text.get(..HUAWEI_HEAD_MAX).unwrap_or(text);
    if !text.starts_with(b"%%") {
        return text;
    }
    let end = memchr_iter(b':', head).find(|at| {
        at.checked_sub(1).and_then(|last| head.get(last)).is_some_and(|byte| b")]".contains(byte))
    });
    end.and_then(|end| text.get(end + 1..)).unwrap_or(text)
}

fn decode_equals(text: &[u8], fields: &mut Fields<'_>) -> bool {
    if memchr_iter(b'=', text).take(PAIRS_IN_TEXT).count() < PAIRS_IN_TEXT {
        return false;
    }
    let Some(first) = next_key(text, 0, SPACED) else { return false };
    let style = style_of(text, first, b'=');
    let mut from = first.assign + 1;
    for _ in 1..PAIRS_IN_TEXT {
        match next_key(text, from, style) {
            Some(key) => from = key.assign + 1,
            None => return false,
        }
    }
    put_pairs(text, first, style, fields);
    true
}

/// Without the brackets that Check Point puts around its pairs, and what stands between key and value.
fn unwrapped(record: &[u8]) -> (&[u8], u8) {
    let record = record.trim_ascii();
    // The name of the sending program has stayed, its header has not.
    let bracketed = record.strip_prefix(b"syslog").unwrap_or(record);
    let Some(inner) = bracketed.strip_prefix(b"[") else { return (record, b'=') };
    let inner = inner.strip_suffix(b"]").unwrap_or(inner);
    let key = inner.iter().take(KEY_MAX).take_while(|byte| is_key_byte(**byte)).count();
    if key > 0 && inner.get(key..key + 2) == Some(b":\"") { (inner, b':') } else { (record, b'=') }
}

fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'@' | b'#' | b'$')
}

fn first_key(body: &[u8], assign: u8) -> Option<Key> {
    let length = body.iter().take(KEY_MAX).take_while(|byte| is_key_byte(**byte)).count();
    let begins = body.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_');
    let assigned = body.get(length) == Some(&assign) && body.get(length + 1) != Some(&assign);
    (begins && assigned).then_some(Key { before: 0, start: 0, assign: length })
}

/// Finds out the separator from what follows the first value.
fn style_of(body: &[u8], first: Key, assign: u8) -> Style {
    let spaced = Style { assign, separator: b' ' };
    let after = first.assign + 1;
    let separator = match quoted(body, after) {
        Some((_, end)) => {
            body.get(end..).and_then(|rest| rest.iter().find(|byte| **byte != b' ')).copied()
        }
        None => separator_before_second(body, after, assign),
    };
    match separator {
        Some(separator @ (b',' | b';' | b'|' | b'^')) => Style { assign, separator },
        _ => spaced,
    }
}

/// The byte before the second key, spaces left out.
fn separator_before_second(body: &[u8], from: usize, assign: u8) -> Option<u8> {
    let mut search = from;
    loop {
        let at = search + memchr(assign, body.get(search..)?)?;
        let value = body.get(search..at)?;
        let key = value.iter().rev().take(KEY_MAX).take_while(|byte| is_key_byte(**byte)).count();
        let before = value.get(..value.len() - key)?;
        match before.trim_ascii_end().last() {
            _ if key == 0 || before.is_empty() => {}
            Some(separator @ (b',' | b';' | b'|' | b'^')) => return Some(*separator),
            _ if before.last().is_some_and(u8::is_ascii_whitespace) => return Some(b' '),
            _ => {}
        }
        search = at + 1;
    }
}

/// The next key at or after `from`. Keys between separators other than spaces may hold spaces.
fn next_key(body: &[u8], from: usize, style: Style) -> Option<Key> {
    let spaced = style.separator == b' ';
    let mut search = from;
    loop {
        let at = search + memchr(style.assign, body.get(search..)?)?;
        let value = body.get(search..at)?;
        let reach = value
            .iter()
            .rev()
            .take(KEY_MAX)
            .take_while(|byte| is_key_byte(**byte) || (!spaced && **byte == b' '))
            .count();
        let padded = at - reach;
        let key = body.get(padded..at)?;
        let start = padded + (key.len() - key.trim_ascii_start().len());
        let before = padded.checked_sub(1).and_then(|index| body.get(index)).copied();
        let parted = match before {
            None => from == 0,
            Some(byte) if spaced => byte.is_ascii_whitespace() || (padded == from && from == 0),
            Some(byte) => byte == style.separator || (byte == b'\t' && padded > from),
        };
        let named = body.get(start).is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_');
        if parted && named && start < at && (padded > from || from == 0) {
            return Some(Key { before: padded.saturating_sub(1).max(from), start, assign: at });
        }
        search = at + 1;
    }
}

/// The text between quotes that begins at `from` and where the quote has ended.
fn quoted(body: &[u8], from: usize) -> Option<(&[u8], usize)> {
    let quote = *body.get(from)?;
    if quote != b'"' && quote != b'\'' {
        return None;
    }
    let mut at = from + 1;
    loop {
        at += memchr2(quote, b'\\', body.get(at..)?)?;
        if body.get(at) == Some(&b'\\') {
            at += 2;
            continue;
        }
        let closes = match body.get(at + 1) {
            None => true,
            Some(next) => {
                next.is_ascii_whitespace()
                    || matches!(next, b',' | b';' | b'|' | b'^' | b')' | b']' | b'}')
            }
        };
        if closes {
            return Some((body.get(from + 1..at)?, at + 1));
        }
        at += 1;
    }
}

fn put_pairs(body: &[u8], first: Key, style: Style, fields: &mut Fields<'_>) {
    let mut next = Some(first);
    // A quote that does not close is not looked for again: the rest of the record holds no closing one.
    let mut unclosed = [false; 2];
    while let Some(key) = next {
        let from = key.assign + 1;
        let name = body.get(key.start..key.assign).unwrap_or_default().trim_ascii();
        let kind = match body.get(from) {
            Some(b'"') => Some(0),
            Some(b'\'') => Some(1),
            _ => None,
        };
        let quoted = kind
            .filter(|kind| !unclosed.get(*kind).is_some_and(|unclosed| *unclosed))
            .and_then(|kind| {
                let found = quoted(body, from);
                if let Some(unclosed) = unclosed.get_mut(kind) {
                    *unclosed = found.is_none();
                }
                found
            });
        if let Some((value, end)) = quoted {
            next = next_key(body, end, style);
            put_named(fields, name, &unescaped(value));
        } else {
            next = next_key(body, from, style);
            let end = next.map_or(body.len(), |next| next.before);
            let value = body.get(from..end).unwrap_or_default().trim_ascii();
            let value = value.strip_suffix(&[style.separator]).unwrap_or(value);
            put_bare(fields, name, value);
        }
        if fields.is_full() {
            return;
        }
    }
}

/// A bare value; words in capitals after a number are flags of their own.
fn put_bare(fields: &mut Fields<'_>, name: &[u8], value: &[u8]) {
    if let Some(space) = memchr(b' ', value) {
        let (number, words) = value.split_at(space);
        let is_number = number.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b'x')
            && number.first().is_some_and(u8::is_ascii_digit);
        if is_number && words.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b' ') {
            put_named(fields, name, number);
            for word in words.split(|byte| *byte == b' ').filter(|word| !word.is_empty()) {
                fields.put("flags", word);
            }
            return;
        }
    }
    put_named(fields, name, value);
}

/// `\"` and `\\` resolved, when the writer escapes quotes at all; others leave Windows paths as they are.
fn unescaped(value: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memmem::find(value, b"\\\"").is_none() {
        return Cow::Borrowed(value);
    }
    let mut plain = Vec::with_capacity(value.len());
    let mut bytes = value.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match bytes.peek() {
            Some(next @ (b'"' | b'\\')) if byte == b'\\' => {
                plain.push(*next);
                bytes.next();
            }
            _ => plain.push(byte),
        }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::super::Format;
    use super::super::probe::line;

    #[track_caller]
    fn expect(text: &str, pairs: &[(&str, &str)]) {
        let probe = line(text);
        assert_eq!(probe.format, Ok(Format::KeyValue), "{text}");
        let pairs: Vec<_> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!(probe.pairs, pairs, "{text}");
    }

    #[test]
    fn styles() {
        expect(
            r#"date=2026-03-02 time=09:00:01 logid="0000000013" msg="a \"b\" c" user="" path="C:\x\n""#,
            &[
                ("date", "2026-03-02"),
                ("time", "09:00:01"),
                ("logid", "0000000013"),
                ("msg", r#"a "b" c"#),
                ("user", "#null"),
                ("path", r"C:\x\n"),
            ],
        );
        expect("a=1, b=x, y, c=", &[("a", "1"), ("b", "x, y"), ("c", "#null")]);
        expect(
            "active='true',name='it's here',x=2",
            &[("active", "true"), ("name", "it's here"), ("x", "2")],
        );
        expect(
            "a=\"1\"; Device Name=z w; url=h?q=1",
            &[("a", "1"), ("Device Name", "z w"), ("url", "h?q=1")],
        );
        expect("a=1|b=2 3|c=4", &[("a", "1"), ("b", "2 3"), ("c", "4")]);
        expect("a=1\tb=x y\tc=", &[("a", "1"), ("b", "x y"), ("c", "#null")]);
        expect(
            "id=firewall ivs=Default Network user=bob",
            &[("id", "firewall"), ("ivs", "Default Network"), ("user", "bob")],
        );
        expect(
            "level=info msg=\"never closed b=1",
            &[("level", "info"), ("msg", "\"never closed"), ("b", "1")],
        );
    }

    #[test]
    fn check_point() {
        let probe = line(
            r#"<134>1 2026-03-02T09:00:01Z gw CheckPoint 19710 - [action:"Drop"; origin:"1.2.3.4"; rule:"x=\"y\""]"#,
        );
        assert_eq!(probe.format, Ok(Format::KeyValue));
        assert_eq!(probe.first("action"), "Drop");
        assert_eq!(probe.first("origin"), "1.2.3.4");
        assert_eq!(probe.first("rule"), r#"x="y""#);
        assert_eq!(probe.first("syslog.appname"), "CheckPoint");
    }

    #[test]
    fn check_point_without_header() {
        let probe =
            line(r#"syslog[action:"Accept"; flags:"18"; tag:"a=b[c={1};d=e]"; dst:"1.2.3.4"]"#);
        assert_eq!(probe.format, Ok(Format::KeyValue));
        assert_eq!(
            (probe.first("action"), probe.first("tag"), probe.first("dst")),
            ("Accept", "a=b[c={1};d=e]", "1.2.3.4")
        );
        assert_eq!(line("syslog[7]: something = else").format, Ok(Format::Syslog));
    }

    #[test]
    fn huawei() {
        for head in ["POLICY/6/PERMIT(l):", "POLICY/6/PERMIT(s)[12]:"] {
            let probe = line(&format!(
                "Oct  5 2018 10:52:19 fw %%01{head}vsys=public, protocol=17, source-ip=192.0.2.1, rule-name=Internet Access."
            ));
            assert_eq!(probe.format, Ok(Format::Syslog));
            assert_eq!(
                (probe.first("vsys"), probe.first("protocol"), probe.first("rule-name")),
                ("public", "17", "Internet Access.")
            );
        }
    }

    #[test]
    fn one_pair_is_text() {
        assert_eq!(line("signature=dbus").format, Ok(Format::Text));
        assert_eq!(line("a == b = c").format, Ok(Format::Text));
    }
}
