//! Records of the Linux audit daemon, and putting together the lines of one event.
//!
//! `type=SYSCALL msg=audit(1364481363.243:24287): arch=c000003e syscall=2 …`, with `node=` before and the
//! enriched names (`UID="root"`) after 0x1D; after the audit documentation project's "Audit event fields" and
//! "Audit record types" and `auparse`.

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use memchr::{memchr, memmem, memrchr};

mod paths;

use super::Format;
use super::scan::{Scan, find_early, hex_byte, name, put_number};
use crate::{Fields, Malformed};

/// The daemon writes these in hexadecimal, without quotes, when they hold spaces, quotes or control characters.
const ENCODED: [&str; 14] = [
    "proctitle",
    "exe",
    "comm",
    "name",
    "cwd",
    "cmd",
    "acct",
    "data",
    "key",
    "path",
    "file",
    "dir",
    "ocomm",
    "grp",
];
/// How far into a line the stamp may stand: behind a syslog header and a node name.
const STAMP_WITHIN: usize = 512;
/// How many lines may lie between two lines of one event.
const WINDOW: usize = 64;

/// Where the stamp of a line is and what stands around it.
#[derive(Debug, Clone, Copy)]
struct Stamp<'a> {
    node: Option<&'a [u8]>,
    kind: &'a [u8],
    /// `1364481363.243`.
    time: &'a [u8],
    serial: &'a [u8],
    /// What follows `): `.
    rest: &'a [u8],
}

/// Whether a line is an audit record (perhaps behind a syslog header).
pub fn is_record(line: &[u8]) -> bool {
    stamp(line).is_some()
}

fn stamp(line: &[u8]) -> Option<Stamp<'_>> {
    let at = find_early(line, b"audit(", STAMP_WITHIN)?;
    let (head, tail) = line.split_at(at);
    let mut scan = Scan::new(tail);
    scan.take(6);
    let time = scan.until(b':').filter(|time| is_time(time))?;
    let serial = scan.take_while(|byte| byte.is_ascii_digit());
    if serial.is_empty() || !scan.eat_all(b")") {
        return None;
    }
    scan.eat(b':');
    scan.spaces();
    let kind = word_after(head, b"type=")?;
    Some(Stamp { node: word_after(head, b"node="), kind, time, serial, rest: scan.rest })
}

fn is_time(text: &[u8]) -> bool {
    (10..=24).contains(&text.len())
        && text.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
}

/// The word behind the last `key`.
fn word_after<'a>(head: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let at = memmem::rfind(head, key)?;
    let word = Scan::new(head.get(at + key.len()..)?).word()?;
    (!word.is_empty()).then_some(word)
}

/// Decodes the lines of one event. Every record's fields are put under their own names, so `type` and what
/// several records share (`name`, `pid` …) have several values. `audit.time` is the stamp's seconds with
/// fraction, `audit.serial` its number; the arguments of EXECVE are joined with spaces as `command_line`;
/// `saddr` also becomes `saddr.family`, `saddr.address`, `saddr.port`, `saddr.path`. `target_path` is the name
/// in the last PATH of nametype CREATE, else DELETE, else NORMAL, made absolute with `cwd`; `created_path` and
/// `deleted_path` are the last name created and the first one deleted (the old name of a renamed file). The values `?` and
/// `(null)` mean that there is none and are left out.
pub fn decode(record: &[u8], fields: &mut Fields<'_>) -> Result<Format, Malformed> {
    let mut any = false;
    let mut gathered = Gathered::default();
    for line in record.split(|byte| *byte == b'\n') {
        let Some(stamp) = stamp(line) else { continue };
        if !any {
            fields.put("audit.time", stamp.time);
            put_number(fields, "audit.serial", stamp.serial);
            if let Some(node) = stamp.node {
                fields.put("node", node);
            }
            any = true;
        }
        fields.put("type", stamp.kind);
        access_vector(stamp.rest, fields);
        pairs(stamp.rest.trim_ascii_end(), 0, &mut |key, value| {
            put(stamp.kind, key, value, &mut gathered, fields);
        });
        gathered.paths.end_record();
        if fields.is_full() {
            break;
        }
    }
    paths::put_gathered(&gathered, fields);
    if any {
        Ok(Format::Auditd)
    } else {
        Err(Malformed::new("no audit(seconds:serial) stamp with a type before it".to_owned()))
    }
}

/// What several fields or records of an event give together.
#[derive(Debug, Default)]
struct Gathered {
    /// The arguments of EXECVE.
    command_line: Vec<u8>,
    paths: paths::Paths,
}

/// A value as written, and how.
#[derive(Debug, Clone, Copy)]
enum Written<'a> {
    Bare(&'a [u8]),
    Quoted(&'a [u8]),
}

/// SELinux: `avc:  denied  { read write } for  pid=…`, in AVC records and within the message of USER_AVC.
fn access_vector(text: &[u8], fields: &mut Fields<'_>) {
    let Some(at) = find_early(text, b"avc:", STAMP_WITHIN) else { return };
    let mut scan = Scan::new(text.get(at + 4..).unwrap_or_default());
    scan.spaces();
    let result = scan.take_while(|byte| byte.is_ascii_alphabetic());
    scan.spaces();
    if !scan.eat(b'{') {
        return;
    }
    let Some(permissions) = scan.until(b'}') else { return };
    fields.put("avc.result", result);
    for permission in permissions.split(|byte| *byte == b' ').filter(|word| !word.is_empty()) {
        fields.put("avc.permission", permission);
    }
}

/// Walks `key=value`, `key="value"` and the nested `msg='…'`; what is no pair is passed over.
fn pairs<'a>(text: &'a [u8], depth: usize, found: &mut dyn FnMut(&'a [u8], Written<'a>)) {
    let mut rest = text;
    while let Some(equals) = memchr(b'=', rest) {
        let (head, tail) = rest.split_at(equals);
        let value = tail.get(1..).unwrap_or_default();
        let length = head.iter().rev().take_while(|byte| is_key_byte(**byte)).count();
        let key = head.get(head.len() - length..).unwrap_or_default();
        let (written, after) = written(value);
        if key.is_empty() {
            rest = value;
            continue;
        }
        match written {
            Written::Quoted(inner) if key == b"msg" && depth == 0 => pairs(inner, 1, found),
            _ => found(key, written),
        }
        rest = after;
    }
}

fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'[' | b']' | b'.')
}

/// The value at the beginning of `text` and what follows it.
fn written(text: &[u8]) -> (Written<'_>, &[u8]) {
    match text.first() {
        Some(b'"') => {
            let inner = text.get(1..).unwrap_or_default();
            if let Some(end) = memchr(b'"', inner) {
                let (value, after) = inner.split_at(end);
                return (Written::Quoted(value), after.get(1..).unwrap_or_default());
            }
        }
        Some(b'\'') => {
            let inner = text.get(1..).unwrap_or_default();
            // Up to the last apostrophe: names inside may hold some.
            if let Some(end) = memrchr(b'\'', inner) {
                let (value, after) = inner.split_at(end);
                return (Written::Quoted(value), after.get(1..).unwrap_or_default());
            }
        }
        _ => {}
    }
    let end =
        text.iter().position(|byte| matches!(byte, b' ' | b'\t' | 0x1d)).unwrap_or(text.len());
    let (value, after) = text.split_at(end);
    let value = value.strip_suffix(b",").unwrap_or(value);
    let value = if memchr(b'(', value).is_none() {
        value.strip_suffix(b")").unwrap_or(value)
    } else {
        value
    };
    (Written::Bare(value), after)
}

fn put(
    kind: &[u8],
    key: &[u8],
    value: Written<'_>,
    gathered: &mut Gathered,
    fields: &mut Fields<'_>,
) {
    let key = name(key);
    let argument = if kind == b"EXECVE" { argument_part(&key) } else { None };
    let value = match value {
        Written::Bare(b"?" | b"(null)" | b"{" | b"}") => return,
        Written::Bare(text) if argument.is_some() || ENCODED.contains(&&*key) => {
            decoded(text, &key)
        }
        Written::Quoted(text) | Written::Bare(text) => Cow::Borrowed(text),
    };
    if let Some(part) = argument {
        let line = &mut gathered.command_line;
        if part == 0 && !line.is_empty() {
            line.push(b' ');
        }
        line.extend_from_slice(&value);
    }
    fields.put(&key, &value);
    gathered.paths.see(kind, &key, &value);
    if key == "saddr" {
        socket_address(&value, fields);
    }
}

/// For `a0`, `a1` and the pieces of long arguments `a2[0]`, `a2[1]`: which piece it is.
fn argument_part(key: &str) -> Option<usize> {
    let rest = key.strip_prefix('a')?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    match rest.split_at_checked(digits)? {
        ("", _) => None,
        (_, "") => Some(0),
        (_, piece) => piece.strip_prefix('[')?.strip_suffix(']')?.parse().ok(),
    }
}

/// Hexadecimal in capitals resolved; a process title's zero bytes become spaces. Anything else as it is.
fn decoded<'a>(text: &'a [u8], key: &str) -> Cow<'a, [u8]> {
    let is_hex = |byte: &u8| byte.is_ascii_digit() || (b'A'..=b'F').contains(byte);
    if text.len() < 2 || !text.len().is_multiple_of(2) || !text.iter().all(is_hex) {
        return Cow::Borrowed(text);
    }
    let mut bytes = from_hex(text);
    if key == "proctitle" {
        for byte in &mut bytes {
            if *byte == 0 {
                *byte = b' ';
            }
        }
        bytes.truncate(bytes.trim_ascii_end().len());
    }
    Cow::Owned(bytes)
}

fn from_hex(text: &[u8]) -> Vec<u8> {
    text.chunks_exact(2)
        .map_while(|pair| match pair {
            [high, low] => hex_byte(*high, *low),
            _ => None,
        })
        .collect()
}

/// `struct sockaddr` as the kernel holds it: family in the host's order (little-endian on every platform that
/// is audited in practice), ports and addresses in network order.
fn socket_address(hex: &[u8], fields: &mut Fields<'_>) {
    let bytes = from_hex(hex.get(..512).unwrap_or(hex));
    match bytes.as_slice() {
        [2, 0, high, low, a, b, c, d, ..] => {
            fields.put("saddr.family", b"inet");
            fields.put("saddr.address", Ipv4Addr::new(*a, *b, *c, *d).to_string().as_bytes());
            fields.put_int("saddr.port", i64::from(u16::from_be_bytes([*high, *low])));
        }
        [10, 0, high, low, _, _, _, _, address @ ..] => {
            fields.put("saddr.family", b"inet6");
            if let Some(address) = address.first_chunk::<16>() {
                fields.put("saddr.address", Ipv6Addr::from(*address).to_string().as_bytes());
            }
            fields.put_int("saddr.port", i64::from(u16::from_be_bytes([*high, *low])));
        }
        [1, 0, path @ ..] => {
            fields.put("saddr.family", b"unix");
            // An abstract name begins with a zero byte, written `@`.
            let (mark, path): (&[u8], &[u8]) = match path {
                [0, rest @ ..] => (b"@", rest),
                path => (b"", path),
            };
            let end = memchr(0, path).unwrap_or(path.len());
            let path = [mark, path.get(..end).unwrap_or_default()].concat();
            if path.len() > mark.len() {
                fields.put("saddr.path", &path);
            }
        }
        [16, 0, ..] => fields.put("saddr.family", b"netlink"),
        [low, high, ..] => {
            fields.put_int("saddr.family", i64::from(u16::from_le_bytes([*low, *high])));
        }
        _ => {}
    }
}

/// One record of a chunk of lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Where its bytes are in [`Grouped::bytes`], the last line's end left out.
    pub range: Range<usize>,
    /// Where its first line began in the chunk as it was.
    pub offset: usize,
    /// Number of its first line in the chunk, from zero.
    pub line: usize,
}

/// A chunk of lines in which the lines of an audit event stand together.
#[derive(Debug, Clone)]
pub struct Grouped<'a> {
    /// The chunk, copied only when lines had to be moved.
    pub bytes: Cow<'a, [u8]>,
    /// Its records in order of their first lines; empty lines are left out.
    pub records: Vec<Record>,
}

/// Puts the lines of each audit event together: same node, same stamp, no more than 64 lines apart. Other lines
/// are records of their own.
pub fn group(chunk: &[u8]) -> Grouped<'_> {
    let mut groups: Vec<Vec<(usize, Range<usize>)>> = Vec::new();
    let mut open: Vec<Open<'_>> = Vec::new();
    let mut moved = false;
    let mut start = 0;
    for (number, line) in chunk.split(|byte| *byte == b'\n').enumerate() {
        let range = start..start + line.len();
        start += line.len() + 1;
        if line.trim_ascii().is_empty() {
            continue;
        }
        let stamp = stamp(line);
        open.retain(|event| number - event.last <= WINDOW);
        if let Some(stamp) = stamp
            && let Some(event) = open.iter_mut().rev().find(|event| event.is_of(&stamp))
        {
            moved |= event.group + 1 != groups.len();
            event.last = number;
            if let Some(group) = groups.get_mut(event.group) {
                group.push((number, range));
            }
            continue;
        }
        if let Some(stamp) = stamp {
            open.push(Open {
                node: stamp.node,
                time: stamp.time,
                serial: stamp.serial,
                group: groups.len(),
                last: number,
            });
        }
        groups.push(vec![(number, range)]);
    }
    if moved { together(chunk, &groups) } else { in_place(chunk, &groups) }
}

/// An event that may get further lines.
struct Open<'a> {
    node: Option<&'a [u8]>,
    time: &'a [u8],
    serial: &'a [u8],
    group: usize,
    last: usize,
}

impl Open<'_> {
    fn is_of(&self, stamp: &Stamp<'_>) -> bool {
        self.serial == stamp.serial && self.time == stamp.time && self.node == stamp.node
    }
}

fn in_place<'a>(chunk: &'a [u8], groups: &[Vec<(usize, Range<usize>)>]) -> Grouped<'a> {
    let record = |group: &Vec<(usize, Range<usize>)>| {
        let ((line, first), (_, last)) = (group.first()?, group.last()?);
        Some(Record { range: first.start..last.end, offset: first.start, line: *line })
    };
    Grouped { bytes: Cow::Borrowed(chunk), records: groups.iter().filter_map(record).collect() }
}

fn together<'a>(chunk: &[u8], groups: &[Vec<(usize, Range<usize>)>]) -> Grouped<'a> {
    let mut bytes = Vec::with_capacity(chunk.len() + 1);
    let mut records = Vec::with_capacity(groups.len());
    for group in groups {
        let Some((line, first)) = group.first() else { continue };
        let start = bytes.len();
        for (_, range) in group {
            bytes.extend_from_slice(chunk.get(range.clone()).unwrap_or_default());
            bytes.push(b'\n');
        }
        records.push(Record { range: start..bytes.len() - 1, offset: first.start, line: *line });
    }
    Grouped { bytes: Cow::Owned(bytes), records }
}

#[cfg(test)]
mod tests;
