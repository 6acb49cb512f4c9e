//! Rows of W3C extended logs (IIS, Blue Coat, AWS CloudFront …) under their `#Fields:` line.

use std::borrow::Cow;

use super::Format;
use super::scan::Scan;
use crate::{Fields, Malformed};

/// What the directives of a log say; the parts of [`crate::Shape::W3c`].
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    /// `#Fields:`.
    pub fields: &'a [Box<str>],
    /// `#Software:`, or nothing.
    pub software: &'a str,
    /// `#Date:`, or nothing.
    pub date: &'a str,
}

/// Decodes a row. Names are those of `#Fields:`; `-` is left out; `+` stays as it is. `date` and `time` stand
/// also joined by a space as `date_time`, the date being that of `#Date:` when the row has none. `w3c.software`
/// is the header's `#Software:`.
pub fn decode(
    row: &[u8],
    header: &Header<'_>,
    fields: &mut Fields<'_>,
) -> Result<Format, Malformed> {
    let mut scan = Scan::new(row.trim_ascii_end());
    let (mut date, mut time) = (None, None);
    let mut columns = header.fields.iter();
    loop {
        scan.take_while(is_gap);
        if scan.rest.is_empty() {
            break;
        }
        let cell = cell(&mut scan);
        let Some(name) = columns.next() else {
            return Err(Malformed::new(format!(
                "W3C row has more cells than the {} of its #Fields line",
                header.fields.len()
            )));
        };
        match &**name {
            "date" => date = cell_bytes(&cell),
            "time" => time = cell_bytes(&cell),
            _ => {}
        }
        if *cell != *b"-" && !cell.is_empty() {
            fields.put(name, &cell);
        }
    }
    if columns.next().is_some() {
        return Err(Malformed::new(format!(
            "W3C row has fewer cells than the {} of its #Fields line",
            header.fields.len()
        )));
    }
    put_date_time(row, date, time, header.date, fields);
    if !header.software.is_empty() {
        fields.put("w3c.software", header.software.as_bytes());
    }
    Ok(Format::W3c)
}

fn is_gap(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// The bytes of a cell that stands in the row as it is.
fn cell_bytes<'a>(cell: &Cow<'a, [u8]>) -> Option<&'a [u8]> {
    match cell {
        Cow::Borrowed(bytes) => Some(bytes),
        Cow::Owned(_) => None,
    }
}

/// The next cell: up to a space, or between quotes in which `""` stands for a quote.
fn cell<'a>(scan: &mut Scan<'a>) -> Cow<'a, [u8]> {
    let whole = *scan;
    if !scan.eat(b'"') {
        return Cow::Borrowed(scan.take_while(|byte| !is_gap(byte)));
    }
    let inside = scan.rest;
    let mut doubled = false;
    let mut from = 0;
    while let Some(at) = inside.get(from..).and_then(|rest| memchr::memchr(b'"', rest)) {
        let end = from + at;
        match inside.get(end + 1) {
            Some(b'"') => {
                doubled = true;
                from = end + 2;
            }
            Some(next) if !is_gap(*next) => from = end + 1,
            _ => {
                let value = scan.take(end);
                scan.take(1);
                return if doubled { Cow::Owned(undoubled(value)) } else { Cow::Borrowed(value) };
            }
        }
    }
    // A quote that never closes is an ordinary character.
    *scan = whole;
    Cow::Borrowed(scan.take_while(|byte| !is_gap(byte)))
}

fn undoubled(value: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = memchr::memmem::find(rest, b"\"\"") {
        let (head, tail) = rest.split_at(at + 1);
        plain.extend_from_slice(head);
        rest = tail.get(1..).unwrap_or_default();
    }
    plain.extend_from_slice(rest);
    plain
}

fn put_date_time(
    row: &[u8],
    date: Option<&[u8]>,
    time: Option<&[u8]>,
    header_date: &str,
    fields: &mut Fields<'_>,
) {
    let Some(time) = time.filter(|time| *time != b"-") else { return };
    let day = header_date.split(' ').next().unwrap_or_default().as_bytes();
    let Some(date) = date.filter(|date| *date != b"-").or((!day.is_empty()).then_some(day)) else {
        return;
    };
    let position = |part: &[u8]| (part.as_ptr() as usize).wrapping_sub(row.as_ptr() as usize);
    let start = position(date);
    if position(time) == start.wrapping_add(date.len() + 1)
        && let Some(both) = row.get(start..start + date.len() + 1 + time.len())
    {
        fields.put("date_time", both);
    } else {
        fields.put("date_time", &[date, b" ", time].concat());
    }
}

#[cfg(test)]
mod tests {
    use super::super::Format;
    use super::super::probe::{Probe, probe};
    use super::{Header, decode};

    fn row(names: &[&str], date: &str, text: &str) -> Probe {
        let names: Vec<Box<str>> = names.iter().map(|name| (*name).into()).collect();
        let header = Header { fields: &names, software: "IIS", date };
        probe(text.as_bytes(), |row, fields| decode(row, &header, fields))
    }

    #[test]
    fn rows() {
        let names = ["date", "time", "cs(User-Agent)", "cs-uri-query", "x-note"];
        let probe = row(&names, "", "2026-03-02 09:00:01 Mozilla/5.0+(X11) - \"a \"\"b\"\" c\"\r");
        assert_eq!(probe.format, Ok(Format::W3c));
        assert_eq!(probe.first("date_time"), "2026-03-02 09:00:01");
        assert_eq!(probe.first("cs(User-Agent)"), "Mozilla/5.0+(X11)");
        assert_eq!(probe.first("cs-uri-query"), "(absent)");
        assert_eq!(probe.first("x-note"), "a \"b\" c");
        assert_eq!(probe.first("w3c.software"), "IIS");
        assert_eq!(probe.copied, 2, "only the unescaped cell and the software");
    }

    #[test]
    fn the_header_may_hold_the_date() {
        let probe = row(&["time", "c-ip"], "2026-03-02 00:00:00", "09:00:01\t192.0.2.1");
        assert_eq!(probe.first("date_time"), "2026-03-02 09:00:01");
        let apart = row(&["time", "date"], "", "09:00:01 2026-03-02");
        assert_eq!(apart.first("date_time"), "2026-03-02 09:00:01");
    }

    #[test]
    fn cells_must_fit_the_header() {
        assert!(row(&["a"], "", "1 2").format.is_err());
        assert!(row(&["a", "b"], "", "1").format.is_err());
    }
}
