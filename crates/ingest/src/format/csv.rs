//! Rows of tables with a header (RFC 4180 and its kin).

use super::Format;
use crate::{Fields, Malformed};

/// Decodes a row under `header`; columns become fields, empty cells and columns without a name are left out.
/// A row may be shorter than the header, not longer.
pub fn decode(
    row: &[u8],
    header: &[Box<str>],
    delimiter: u8,
    fields: &mut Fields<'_>,
) -> Result<Format, Malformed> {
    if memchr::memchr(b'"', row).is_none() {
        let cells = row.strip_suffix(b"\n").unwrap_or(row);
        let cells = cells.strip_suffix(b"\r").unwrap_or(cells);
        put_cells(cells.split(|byte| *byte == delimiter), header, fields)?;
        return Ok(Format::Csv);
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .buffer_capacity(row.len().clamp(64, 8192))
        .from_reader(row);
    let mut record = csv::ByteRecord::with_capacity(row.len(), header.len());
    match reader.read_byte_record(&mut record) {
        Ok(true) => put_cells(record.iter(), header, fields)?,
        Ok(false) => return Err(Malformed("CSV row without cells".to_owned())),
        Err(error) => return Err(Malformed(format!("CSV row cannot be read: {error}"))),
    }
    Ok(Format::Csv)
}

fn put_cells<'c>(
    cells: impl Iterator<Item = &'c [u8]>,
    header: &[Box<str>],
    fields: &mut Fields<'_>,
) -> Result<(), Malformed> {
    for (index, cell) in cells.enumerate() {
        if cell.is_empty() {
            continue;
        }
        let Some(name) = header.get(index) else {
            return Err(Malformed(format!(
                "CSV row has more cells than the header's {} columns",
                header.len()
            )));
        };
        if !name.is_empty() {
            fields.put(name, cell);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::Format;
    use super::super::probe::probe;
    use super::decode;

    #[test]
    fn rows() {
        let header: Vec<Box<str>> = ["a", "b", "c"].map(Into::into).into();
        let run =
            |text: &str| probe(text.as_bytes(), |row, fields| decode(row, &header, b',', fields));
        let plain = run("1,,x y\r");
        assert_eq!(plain.format, Ok(Format::Csv));
        assert_eq!(
            (plain.first("a"), plain.first("b"), plain.first("c")),
            ("1", "(absent)", "x y")
        );
        assert_eq!(plain.copied, 0);
        let quoted = run("\"1,2\",\"say \"\"hi\"\"\",\"two\nlines\"");
        assert_eq!(
            (quoted.first("a"), quoted.first("b"), quoted.first("c")),
            ("1,2", "say \"hi\"", "two\nlines")
        );
        assert_eq!(run("1,2").first("b"), "2");
        assert_eq!(run("1,2,3,").format, Ok(Format::Csv));
        assert!(run("1,2,3,4").format.is_err());
    }
}
