//! Rows of Zeek's TSV logs under their `#fields` and `#types` lines.

use std::borrow::Cow;

use memchr::memchr;
use model::Value;

use super::Format;
use super::scan::{hex_byte, integer};
use crate::{Fields, Malformed};

/// What the header lines of a log say; the parts of [`crate::Shape::Zeek`].
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    /// `#path`.
    pub path: &'a str,
    /// `#fields`.
    pub fields: &'a [Box<str>],
    /// `#types`.
    pub types: &'a [Box<str>],
    /// `#separator`, `#set_separator`.
    pub separators: (u8, u8),
    /// `#empty_field`, `#unset_field`.
    pub absent: (&'a str, &'a str),
}

/// Decodes a row. `count`, `int` and `port` become whole numbers, `bool` a boolean, `double` and `interval`
/// numbers, `time` stays the text it is (a float would cost it its last digits); sets and vectors become
/// several values; unset and empty ones are left out. `_path` is the header's `#path`.
pub fn decode(
    row: &[u8],
    header: &Header<'_>,
    fields: &mut Fields<'_>,
) -> Result<Format, Malformed> {
    let columns = header.fields.len();
    let cells = memchr::memchr_iter(header.separators.0, row).count() + 1;
    if cells != columns {
        return Err(Malformed::new(format!(
            "Zeek row of {cells} cells under a #fields line of {columns}"
        )));
    }
    fields.put("_path", header.path.as_bytes());
    let (empty, unset) = (header.absent.0.as_bytes(), header.absent.1.as_bytes());
    for (index, cell) in row.split(|byte| *byte == header.separators.0).enumerate() {
        let Some(name) = header.fields.get(index) else { continue };
        if cell == unset || cell == empty || cell.is_empty() {
            continue;
        }
        let kind = header.types.get(index).map_or("string", |kind| kind);
        match element_kind(kind) {
            None => put(name, kind, cell, fields),
            Some(kind) => {
                for element in cell.split(|byte| *byte == header.separators.1) {
                    if element != unset {
                        put(name, kind, element, fields);
                    }
                }
            }
        }
    }
    Ok(Format::Zeek)
}

/// The type within `set[…]` and `vector[…]`.
fn element_kind(kind: &str) -> Option<&str> {
    let inner = kind.strip_prefix("set[").or_else(|| kind.strip_prefix("vector["))?;
    Some(inner.strip_suffix(']').unwrap_or(inner))
}

fn put(name: &str, kind: &str, cell: &[u8], fields: &mut Fields<'_>) {
    let value = match kind {
        "count" | "int" | "port" => integer(cell).map(Value::Int),
        "double" | "interval" => number(cell).map(Value::Float),
        "bool" => match cell {
            b"T" => Some(Value::Bool(true)),
            b"F" => Some(Value::Bool(false)),
            _ => None,
        },
        _ => None,
    };
    match value {
        Some(value) => {
            let id = fields.id(name);
            fields.put_value(id, value);
        }
        None => fields.put(name, &unescaped(cell)),
    }
}

fn number(cell: &[u8]) -> Option<f64> {
    std::str::from_utf8(cell).ok()?.parse::<f64>().ok().filter(|number| number.is_finite())
}

/// `\x09` and `\\` resolved.
fn unescaped(cell: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'\\', cell).is_none() {
        return Cow::Borrowed(cell);
    }
    let mut plain = Vec::with_capacity(cell.len());
    let mut rest = cell;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match (byte, after) {
            (b'\\', [b'x', high, low, tail @ ..]) if hex_byte(*high, *low).is_some() => {
                plain.extend(hex_byte(*high, *low));
                rest = tail;
            }
            (b'\\', [b'\\', tail @ ..]) => {
                plain.push(b'\\');
                rest = tail;
            }
            _ => plain.push(*byte),
        }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::super::Format;
    use super::super::probe::{Probe, probe};
    use super::{Header, decode};

    fn row(text: &str) -> Probe {
        let names: Vec<Box<str>> =
            ["ts", "port", "tags", "ok", "rate", "note", "nothing", "times"].map(Into::into).into();
        let types: Vec<Box<str>> = [
            "time",
            "port",
            "set[string]",
            "bool",
            "double",
            "string",
            "count",
            "vector[interval]",
        ]
        .map(Into::into)
        .into();
        let header = Header {
            path: "conn",
            fields: &names,
            types: &types,
            separators: (b'\t', b','),
            absent: ("(empty)", "-"),
        };
        probe(text.as_bytes(), |row, fields| decode(row, &header, fields))
    }

    #[test]
    fn types_decide() {
        let probe = row("1521911720.615923\t443\ta,b\\x2cc\tT\t0.5\tx\\x09y\\\\\t-\t1.5,-,2");
        assert_eq!(probe.format, Ok(Format::Zeek));
        assert_eq!(probe.first("_path"), "conn");
        assert_eq!(probe.first("ts"), "1521911720.615923");
        assert_eq!(probe.first("port"), "#443");
        assert_eq!(probe.all("tags"), ["a", "b,c"]);
        assert_eq!(probe.first("ok"), "#true");
        assert_eq!(probe.first("rate"), "#0.5");
        assert_eq!(probe.first("note"), "x\ty\\");
        assert_eq!(probe.first("nothing"), "(absent)");
        assert_eq!(probe.all("times"), ["#1.5", "#2"]);
    }

    #[test]
    fn cells_must_fit_the_header() {
        assert!(row("1\t2").format.is_err());
        assert_eq!(row("1\t2\t(empty)\tF\t-\t-\t-\t-").all("tags"), Vec::<&str>::new());
    }
}
