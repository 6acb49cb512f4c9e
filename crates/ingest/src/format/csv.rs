//! Rows of tables with a header (RFC 4180 and its kin).

use super::{Documents, Format};
use crate::{Fields, Malformed};

/// Decodes a row under `header`; columns become fields, empty cells and columns without a name are left out.
/// A row may be shorter than the header, not longer. Windows events are exported as tables too: a row with the
/// columns of one gives a Windows event.
pub fn decode(
    row: &[u8],
    header: &[Box<str>],
    delimiter: u8,
    fields: &mut Fields<'_>,
    documents: &mut Documents,
) -> Result<Format, Malformed> {
    let mut is_longer = false;
    let format = documents.row(fields, |put| {
        cells(row, delimiter, &mut |index, cell| match header.get(index) {
            Some(name) if !name.is_empty() && !cell.is_empty() => put(name, cell),
            None if !cell.is_empty() => is_longer = true,
            _ => {}
        })
    })?;
    if is_longer {
        return Err(Malformed::new(format!(
            "CSV row has more cells than the header's {} columns",
            header.len()
        )));
    }
    Ok(format)
}

/// Calls `visit` with the number and the bytes of each cell of a row.
pub fn cells(
    row: &[u8],
    delimiter: u8,
    visit: &mut dyn FnMut(usize, &[u8]),
) -> Result<(), Malformed> {
    if memchr::memchr(b'"', row).is_none() {
        let row = row.strip_suffix(b"\n").unwrap_or(row);
        let row = row.strip_suffix(b"\r").unwrap_or(row);
        row.split(|byte| *byte == delimiter)
            .enumerate()
            .for_each(|(index, cell)| visit(index, cell));
        return Ok(());
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .buffer_capacity(row.len().clamp(64, 8192))
        .from_reader(row);
    let mut record = csv::ByteRecord::with_capacity(row.len(), 64);
    match reader.read_byte_record(&mut record) {
        Ok(true) => record.iter().enumerate().for_each(|(index, cell)| visit(index, cell)),
        Ok(false) => return Err(Malformed::new("CSV row without cells".to_owned())),
        Err(error) => return Err(Malformed::new(format!("CSV row cannot be read: {error}"))),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::Format;
    use super::super::probe::probe;
    use super::{Documents, decode};

    #[test]
    fn rows() {
        let header: Vec<Box<str>> = ["a", "b", "c"].map(Into::into).into();
        let run = |text: &str| {
            probe(text.as_bytes(), |row, fields| {
                decode(row, &header, b',', fields, &mut Documents::new(9))
            })
        };
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
