//! Lists of rows in the four forms.

use std::io::Write as _;

use serde_json::{Map, Value as Json};

use crate::args::ListOutput;
use crate::exit::Failure;
use crate::terminal::Console;
use crate::visible::{cell, visible, write_json};

/// Writes rows under a header. JSON keys are the header's words in lower snake case.
pub(crate) fn write_list(
    console: &mut Console,
    output: ListOutput,
    header: &[&str],
    rows: impl IntoIterator<Item = Vec<Json>>,
) -> Result<(), Failure> {
    let as_object = |row: Vec<Json>| -> Json {
        let keys =
            header.iter().map(|name| name.to_ascii_lowercase().replace([' ', '/', '&'], "_"));
        Json::Object(keys.zip(row).collect::<Map<_, _>>())
    };
    match output {
        ListOutput::Table => {
            let shown = |row: Vec<Json>| {
                row.iter().map(|value| visible(&text(value)).into_owned()).collect()
            };
            let table = console.table(header, rows.into_iter().map(shown));
            writeln!(console.out, "{table}")?;
        }
        ListOutput::Json => {
            let all: Vec<Json> = rows.into_iter().map(as_object).collect();
            write_json(&mut console.out, &all)?;
            console.out.write_all(b"\n")?;
        }
        ListOutput::Ndjson => {
            for row in rows {
                write_json(&mut console.out, &as_object(row))?;
                console.out.write_all(b"\n")?;
            }
        }
        ListOutput::Csv => {
            let mut csv = csv::Writer::from_writer(&mut console.out);
            csv.write_record(header.iter().map(|name| name.to_ascii_lowercase()))?;
            for row in rows {
                csv.write_record(row.iter().map(|value| cell(&text(value)).into_owned()))?;
            }
            csv.flush()?;
        }
    }
    Ok(())
}

/// A value as text: lists joined with commas.
fn text(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        Json::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
