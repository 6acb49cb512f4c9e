//! Syslog envelopes: RFC 5424, RFC 3164 and what is written in its name.
//!
//! Read are: priority or none; octet counts; `Mar  2 09:00:01` with and without year, fraction and zone; ISO
//! stamps without the version digit (rsyslog's forward and file formats); a missing host; Cisco's sequence
//! numbers and marks; a relay's envelope around the device's own.

use std::borrow::Cow;

use memchr::memchr;

use super::scan::{Scan, looks_like_ip, name};
use crate::Fields;

/// The parts of an envelope; parts that are absent (or `-`) are `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// Facility times eight plus severity.
    pub priority: Option<u16>,
    /// 0 (emergency) to 7 (debug), when it was written as a word.
    pub severity: Option<u8>,
    /// When, as written.
    pub timestamp: Option<&'a [u8]>,
    /// The host that the record is of.
    pub hostname: Option<&'a [u8]>,
    /// The host that passed it on, when it put an envelope of its own around the first.
    pub relay: Option<&'a [u8]>,
    /// APP-NAME or tag.
    pub appname: Option<&'a [u8]>,
    /// PROCID or the number in brackets.
    pub procid: Option<&'a [u8]>,
    /// MSGID, or Cisco's `FACILITY-SEVERITY-MNEMONIC`.
    pub msgid: Option<&'a [u8]>,
    /// STRUCTURED-DATA with its brackets.
    pub structured: Option<&'a [u8]>,
    /// What is left: the message.
    pub body: &'a [u8],
}

/// Takes the envelope off a record. `None` when it carries nothing that says syslog: neither priority nor a
/// stamp with host or tag, nor `tag[number]:`, nor a Cisco message id.
pub fn envelope(record: &[u8]) -> Option<Envelope<'_>> {
    let mut scan = Scan::new(record);
    octet_count(&mut scan);
    let priority = priority(&mut scan);
    let version_one = scan.rest.starts_with(b"1 ")
        && (priority.is_some() || starts_with_iso(scan.rest.get(2..)?));
    if version_one && let Some(envelope) = rfc5424(scan.rest.get(2..)?) {
        return Some(Envelope { priority, ..envelope });
    }
    if starts_with_unversioned(scan.rest)
        && let Some(envelope) = rfc5424(scan.rest)
    {
        return Some(Envelope { priority, ..envelope });
    }
    let mut envelope = rfc3164(scan.rest, priority.is_some())?;
    if let Some(outer) = envelope.hostname
        && envelope.appname.is_none()
        && starts_with_stamp(envelope.body)
        && let Some(inner) = rfc3164(envelope.body, false)
        && inner.timestamp.is_some()
    {
        envelope = Envelope { relay: Some(outer), ..inner };
    }
    Some(Envelope { priority, ..envelope })
}

/// Puts the parts as `syslog.*`, all but the body.
pub fn put(envelope: &Envelope<'_>, fields: &mut Fields<'_>) {
    let mut severity = envelope.severity;
    if let Some(priority) = envelope.priority {
        fields.put_int("syslog.priority", i64::from(priority));
        fields.put_int("syslog.facility", i64::from(priority >> 3));
        severity = Some((priority & 7) as u8);
    }
    if let Some(severity) = severity {
        fields.put_int("syslog.severity", i64::from(severity));
    }
    let texts = [
        ("syslog.timestamp", envelope.timestamp),
        ("syslog.hostname", envelope.hostname),
        ("syslog.relay", envelope.relay),
        ("syslog.appname", envelope.appname),
        ("syslog.procid", envelope.procid),
        ("syslog.msgid", envelope.msgid),
    ];
    for (key, text) in texts {
        if let Some(text) = text {
            fields.put(key, text);
        }
    }
    if let Some(structured) = envelope.structured {
        let mut scan = Scan::new(structured);
        elements(&mut scan, &mut |id, param, value| {
            fields.put(&format!("syslog.sd.{}.{}", name(id), name(param)), &unescaped(value));
        });
    }
}

/// `63 ` before `<`: the frame length of RFC 6587.
fn octet_count(scan: &mut Scan<'_>) {
    let mut ahead = *scan;
    if ahead.digits(1, 7).is_some() && ahead.eat(b' ') && ahead.peek() == Some(b'<') {
        *scan = ahead;
    }
}

/// `<0>` to `<191>`.
fn priority(scan: &mut Scan<'_>) -> Option<u16> {
    let mut ahead = *scan;
    if !ahead.eat(b'<') {
        return None;
    }
    let number = ahead.digits(1, 3)?;
    if number > 191 || !ahead.eat(b'>') {
        return None;
    }
    *scan = ahead;
    Some(number as u16)
}

/// `2026-11-24T`.
fn starts_with_iso(text: &[u8]) -> bool {
    matches!(
        text,
        [b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', b'-', _, _, b'-', _, _, b'T', ..]
    )
}

/// RFC 5424 that has lost its version with the priority: `STAMP HOST APP PROCID - -` or `… - [sd]`.
fn starts_with_unversioned(text: &[u8]) -> bool {
    let mut words = text.splitn(7, |byte| *byte == b' ').skip(3);
    let procid = words.next().unwrap_or_default();
    starts_with_iso(text)
        && !procid.is_empty()
        && (procid == b"-" || procid.iter().all(u8::is_ascii_digit))
        && words.next() == Some(b"-")
        && words.next().is_some_and(|structured| structured == b"-" || structured.starts_with(b"["))
}

fn starts_with_stamp(text: &[u8]) -> bool {
    starts_with_iso(text) || bsd_stamp(text).is_some()
}

/// What follows `VERSION SP` in RFC 5424 section 6.
fn rfc5424(text: &[u8]) -> Option<Envelope<'_>> {
    let mut scan = Scan::new(text);
    let mut parts = [None; 5];
    for part in &mut parts {
        let word = scan.word()?;
        *part = (word != b"-").then_some(word);
    }
    let [timestamp, hostname, appname, procid, msgid] = parts;
    if timestamp.is_some_and(|stamp| !starts_with_iso(stamp)) {
        return None;
    }
    let mut structured = None;
    if scan.peek() == Some(b'[') {
        let whole = scan.rest;
        let mut after = scan;
        if elements(&mut after, &mut |_, _, _| {}) {
            structured = whole.get(..whole.len() - after.rest.len());
            scan = after;
        }
    } else {
        scan.eat(b'-');
    }
    scan.spaces();
    scan.eat_all("\u{feff}".as_bytes());
    Some(Envelope {
        timestamp,
        hostname,
        appname,
        procid,
        msgid,
        structured,
        body: scan.rest,
        ..Envelope::default()
    })
}

/// Reads SD-ELEMENTs and hands on id, name and (escaped) value of every parameter. `false` when they are not
/// well formed.
fn elements<'a>(scan: &mut Scan<'a>, found: &mut dyn FnMut(&'a [u8], &'a [u8], &'a [u8])) -> bool {
    let is_name = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'=' | b']' | b'"');
    while scan.eat(b'[') {
        let id = scan.take_while(is_name);
        if id.is_empty() {
            return false;
        }
        loop {
            scan.spaces();
            if scan.eat(b']') {
                break;
            }
            let param = scan.take_while(is_name);
            if param.is_empty() || !scan.eat_all(b"=\"") {
                return false;
            }
            let Some(value) = quoted(scan) else { return false };
            found(id, param, value);
        }
    }
    true
}

/// Up to the closing quote; what is escaped stays so.
fn quoted<'a>(scan: &mut Scan<'a>) -> Option<&'a [u8]> {
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', scan.rest.get(at..)?)?;
        if scan.rest.get(at) == Some(&b'"') {
            let value = scan.take(at);
            scan.take(1);
            return Some(value);
        }
        at += 2;
    }
}

fn unescaped(value: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'\\', value).is_none() {
        return Cow::Borrowed(value);
    }
    let mut plain = Vec::with_capacity(value.len());
    let mut bytes = value.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match bytes.peek() {
            Some(next @ (b'"' | b'\\' | b']')) if byte == b'\\' => {
                plain.push(*next);
                bytes.next();
            }
            _ => plain.push(byte),
        }
    }
    Cow::Owned(plain)
}

/// Length of `Mmm d[d] [yyyy] hh:mm:ss[.fff]` or `yyyy Mmm d hh:mm:ss`, with a zone word when a colon follows it.
fn bsd_stamp(text: &[u8]) -> Option<usize> {
    const MONTHS: [&[u8]; 12] = [
        b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov",
        b"Dec",
    ];
    let mut scan = Scan::new(text);
    let year_first = scan.digits(4, 4).is_some() && scan.eat(b' ');
    if !year_first {
        scan = Scan::new(text);
    }
    if !MONTHS.contains(&scan.take(3)) || scan.spaces() == 0 {
        return None;
    }
    scan.digits(1, 2)?;
    if scan.spaces() == 0 {
        return None;
    }
    let mut ahead = scan;
    if ahead.digits(4, 4).is_some() && ahead.spaces() > 0 {
        scan = ahead;
    }
    scan.digits(1, 2)?;
    for _ in 0..2 {
        if !scan.eat(b':') {
            return None;
        }
        scan.digits(2, 2)?;
    }
    if matches!(scan.peek(), Some(b'.' | b',')) {
        let mut ahead = scan;
        ahead.take(1);
        if ahead.digits(1, 9).is_some() {
            scan = ahead;
        }
    }
    let mut ahead = scan;
    let zoned = ahead.spaces() == 1
        && (2..=5).contains(&ahead.take_while(|byte| byte.is_ascii_uppercase()).len())
        && ahead.peek() == Some(b':');
    if zoned {
        scan = ahead;
    }
    Some(text.len() - scan.rest.len())
}

/// Length of an ISO stamp with `T` (or, `spaced`, with a space and a fraction).
fn iso_stamp(text: &[u8]) -> Option<usize> {
    if starts_with_iso(text) {
        let end = text.iter().take(40).position(|byte| matches!(byte, b' ' | b'\t'))?;
        return super::timestamp::parse(text.get(..end)?, None).map(|_| end);
    }
    // `2021-05-28 18:08:01,124`, `2023-01-23 03:22:29.290427-0800`.
    let day = text.iter().take(12).position(|byte| *byte == b' ')?;
    let end = day + 1 + text.get(day + 1..)?.iter().take(40).position(|byte| *byte == b' ')?;
    if day != 10 || end < 20 {
        return None;
    }
    super::timestamp::parse(text.get(..end)?, None).map(|_| end)
}

/// Everything but RFC 5424, after the priority.
fn rfc3164(text: &[u8], has_priority: bool) -> Option<Envelope<'_>> {
    let mut scan = Scan::new(text);
    let mut envelope = Envelope::default();
    scan.spaces();
    cisco_prefix(&mut scan, &mut envelope);
    let mut certain = has_priority;
    if let Some(length) = bsd_stamp(scan.rest) {
        envelope.timestamp = Some(scan.take(length));
        certain = true;
    } else if let Some(length) = iso_stamp(scan.rest) {
        envelope.timestamp = Some(scan.take(length));
    }
    if envelope.timestamp.is_some() {
        scan.eat(b':');
        if scan.spaces() == 0 && !scan.rest.is_empty() {
            return None;
        }
        host(&mut scan, &mut envelope);
    }
    let mut after = scan;
    let tagged = tag(&mut after, &mut envelope);
    if tagged {
        scan = after;
    }
    envelope.body = scan.rest;
    if envelope.msgid.is_none() {
        envelope.msgid = cisco_id(envelope.body);
    }
    let from_address = envelope.timestamp.is_some_and(starts_with_iso)
        && envelope.hostname.is_some_and(looks_like_ip);
    let tag_says = tagged && (envelope.timestamp.is_some() || envelope.procid.is_some());
    (certain || from_address || tag_says || envelope.msgid.is_some()).then_some(envelope)
}

/// IOS: sequence number, host and clock mark before the stamp: `123: host: *Mar  1 …`; or the time since the
/// start in place of the stamp: `00:00:46: %LINK-3-UPDOWN`, which no calendar knows and which is passed over.
fn cisco_prefix<'a>(scan: &mut Scan<'a>, envelope: &mut Envelope<'a>) {
    if bsd_stamp(scan.rest).is_some() {
        return;
    }
    number_and_colon(scan);
    let mut ahead = *scan;
    let word = ahead.take_while(is_host_byte);
    let host = word.strip_suffix(b":");
    ahead.spaces();
    let numbered = number_and_colon(&mut ahead);
    clock_mark(&mut ahead);
    if bsd_stamp(ahead.rest).is_some() && (numbered || host.is_some()) && !word.is_empty() {
        envelope.hostname = host.or(Some(word));
        *scan = ahead;
    } else if host.is_some_and(|uptime| uptime.first().is_some_and(u8::is_ascii_digit))
        && cisco_id(ahead.rest).is_some()
    {
        *scan = ahead;
    } else {
        clock_mark(scan);
    }
}

/// Reads `123: `.
fn number_and_colon(scan: &mut Scan<'_>) -> bool {
    let mut ahead = *scan;
    let found = ahead.digits(1, 9).is_some() && ahead.eat(b':') && ahead.spaces() > 0;
    if found {
        *scan = ahead;
    }
    found
}

/// Reads the `*` or `.` of a clock that is not synchronised, when a stamp follows.
fn clock_mark(scan: &mut Scan<'_>) {
    if let Some((b'*' | b'.', rest)) = scan.rest.split_first()
        && bsd_stamp(rest).is_some()
    {
        scan.rest = rest;
    }
}

fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':') || byte >= 0x80
}

/// The host after the stamp, unless the tag or the message stands there.
fn host<'a>(scan: &mut Scan<'a>, envelope: &mut Envelope<'a>) {
    if envelope.hostname.is_some() {
        return;
    }
    let mut ahead = *scan;
    let word = ahead.take_while(|byte| is_host_byte(byte) || matches!(byte, b'/' | b'@'));
    let gap = ahead.spaces();
    if word.is_empty()
        || (gap == 0 && !ahead.rest.is_empty())
        || word.starts_with(b"CEF:")
        || word.starts_with(b"LEEF:")
    {
        return;
    }
    if word == b":" {
        *scan = ahead;
        return;
    }
    if let Some(named) = word.strip_suffix(b":") {
        // `host: %SYS-5-CONFIG_I` against `kernel: text`.
        if ahead.peek() == Some(b'%') || starts_with_stamp(ahead.rest) || looks_like_ip(named) {
            envelope.hostname = Some(named);
            *scan = ahead;
        }
        return;
    }
    envelope.hostname = Some(word);
    *scan = ahead;
    if scan.rest.starts_with(b": ") {
        scan.take(2);
    }
}

/// `tag:`, `tag[pid]:`, `tag[pid]`, with a severity word before it. Says whether there was one.
fn tag<'a>(scan: &mut Scan<'a>, envelope: &mut Envelope<'a>) -> bool {
    let severity = severity_word(scan);
    let tag = scan.take_while(|byte| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'_' | b'-' | b'.' | b'/' | b'@' | b'(' | b')' | b'+' | b'\\')
    });
    if tag.is_empty() || tag.len() > 64 {
        return false;
    }
    let mut procid = None;
    if scan.eat(b'[') {
        let end = scan.rest.iter().take(65).position(|byte| *byte == b']');
        let Some(end) = end.filter(|end| *end > 0) else { return false };
        procid = Some(scan.take(end));
        scan.take(1);
    }
    let colon = scan.eat(b':');
    let numeric = procid.is_some_and(|procid| procid.iter().all(u8::is_ascii_digit));
    let ends = matches!(scan.peek(), None | Some(b' ' | b'\t')) || (colon && procid.is_some());
    if !ends || !(colon || numeric) {
        return false;
    }
    scan.spaces();
    envelope.appname = Some(tag);
    envelope.procid = procid;
    envelope.severity = severity;
    true
}

/// F5 and others write the severity between host and tag: `host notice apmd[14311]: …`.
fn severity_word(scan: &mut Scan<'_>) -> Option<u8> {
    const WORDS: [&[u8]; 8] =
        [b"emerg", b"alert", b"crit", b"err", b"warning", b"notice", b"info", b"debug"];
    let mut ahead = *scan;
    let word = ahead.take_while(|byte| byte.is_ascii_lowercase());
    let severity = WORDS.iter().position(|have| *have == word)?;
    if ahead.spaces() != 1 {
        return None;
    }
    *scan = ahead;
    Some(severity as u8)
}

/// `ASA-6-302013` of `%ASA-6-302013: …`.
fn cisco_id(body: &[u8]) -> Option<&[u8]> {
    let inner = body.strip_prefix(b"%")?;
    let end = inner.iter().take(64).position(|byte| *byte == b':')?;
    let id = inner.get(..end)?;
    let fits = id.iter().all(|byte| {
        byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_')
    });
    (fits && memchr::memchr_iter(b'-', id).count() >= 2).then_some(id)
}

#[cfg(test)]
mod tests;
