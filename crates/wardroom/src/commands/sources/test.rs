//! `wardroom sources test`: samples become the events that are expected of them, and those are valid OCSF.

use std::io::{Cursor, Write as _};
use std::path::Path;

use ingest::input::{self, Piece};
use ingest::mapping::Scratch;
use ingest::{Ingest, Limits};
use model::{FieldTable, ProblemReason, Schema, event_to_ocsf};
use serde_json::Value as Json;

use crate::content::{Mappings, Sample, Strictness};
use crate::exit::{Code, Failure, Outcome};
use crate::output::counted;
use crate::output::file::write_file;
use crate::terminal::Console;
use crate::visible::{shorten, visible};

/// Differences and violations that are shown of one sample.
const SHOWN_MAX: usize = 12;

/// What a sample became.
#[derive(Default)]
struct Mapped {
    events: Vec<Json>,
    faults: Vec<String>,
}

/// Tests the sources of `ids` (all when empty).
pub(super) fn run(
    ids: &[String],
    dir: Option<&Path>,
    update: bool,
    console: &mut Console,
) -> Outcome {
    let mappings = match dir {
        Some(dir) => Mappings::only(dir)?,
        None => Mappings::layered(&[])?,
    };
    let (ingest, broken) = mappings.ingest(FieldTable::default(), Strictness::PassOver)?;
    let wanted: Vec<String> =
        if ids.is_empty() { mappings.ids().map(str::to_owned).collect() } else { ids.to_vec() };
    let (mut failed, mut samples) = (0, 0);
    for id in &wanted {
        if mappings.origin(id).is_none() {
            let near = dir.map_or_else(
                || "`wardroom sources list`".to_owned(),
                |dir| dir.display().to_string(),
            );
            return Err(Failure::not_found(format!("no source '{id}'; see {near}")));
        }
        if let Some(it) = broken.iter().find(|it| it.id == *id) {
            failed += 1;
            writeln!(console.out, "FAIL {id}\n    {}", it.message)?;
            continue;
        }
        let all = mappings.samples(id);
        if all.is_empty() {
            failed += 1;
            writeln!(
                console.out,
                "FAIL {id}\n    no samples; write records into samples/<name>.raw"
            )?;
        }
        for sample in &all {
            samples += 1;
            failed += u32::from(!check(id, sample, dir.filter(|_| update), &ingest, console)?);
        }
    }
    let others = broken.iter().filter(|it| !wanted.contains(&it.id));
    others.for_each(|it| console.note(&format!("left out, not tested here: {}", it.message)));
    writeln!(
        console.out,
        "{}, {}, {failed} failed",
        counted(wanted.len(), "source"),
        counted(samples, "sample")
    )?;
    Ok(if failed == 0 { Code::Ok } else { Code::Gate })
}

/// Checks one sample and says how it went; whether it passed.
fn check(
    id: &str,
    sample: &Sample,
    update: Option<&Path>,
    ingest: &Ingest,
    console: &mut Console,
) -> Result<bool, Failure> {
    let mut result = read(id, sample, ingest);
    let mut word = "ok  ";
    match (&sample.expected, update) {
        (_, Some(dir)) => {
            let path = dir.join(id).join("samples").join(format!("{}.ocsf.json", sample.name));
            let text = serde_json::to_string_pretty(&result.events)? + "\n";
            if sample.expected.as_ref().map(|it| &*it.bytes) != Some(text.as_bytes()) {
                write_file(&path, text.as_bytes())?;
                word = "new ";
            }
        }
        (Some(expected), None) => match serde_json::from_slice::<Json>(&expected.bytes) {
            Ok(expected) => {
                differences("", &expected, &Json::Array(result.events), &mut result.faults);
            }
            Err(error) => result.faults.push(format!("{}: {error}", expected.origin)),
        },
        (None, None) => {
            result.faults.push(format!(
                "samples/{}.ocsf.json is missing; write it with `wardroom sources test {id} --dir DIR --update` and review it",
                sample.name
            ));
        }
    }
    let passed = result.faults.is_empty();
    writeln!(console.out, "{} {id}/{}", if passed { word } else { "FAIL" }, sample.name)?;
    for fault in result.faults.iter().take(SHOWN_MAX) {
        writeln!(console.out, "    {}", shorten(&visible(fault), 500))?;
    }
    if result.faults.len() > SHOWN_MAX {
        writeln!(console.out, "    … {} more", result.faults.len() - SHOWN_MAX)?;
    }
    Ok(passed)
}

/// Maps a sample as if it were a file.
fn read(id: &str, sample: &Sample, ingest: &Ingest) -> Mapped {
    let mut result = Mapped::default();
    let reader = Box::new(Cursor::new(sample.raw.bytes.clone()));
    let name = sample.raw.origin.as_str().into();
    let mut scratch = Scratch::default();
    for piece in input::open(reader, name, None, Limits::default()) {
        let chunk = match piece {
            Piece::Chunk(chunk) => chunk,
            Piece::Problem { problem, .. } => {
                result.faults.push(format!("{}: {}", problem.reason.as_str(), problem.detail));
                continue;
            }
        };
        let decoded = ingest.decode(chunk, None, &mut scratch);
        for problem in decoded.problems {
            if problem.reason != ProblemReason::Unrecognised {
                let place = problem.line.map_or_else(String::new, |line| format!("line {line}: "));
                result.faults.push(format!(
                    "{place}{}: {}",
                    problem.reason.as_str(),
                    problem.detail
                ));
            }
        }
        for event in decoded.batch.iter() {
            let number = result.events.len() + 1;
            let document = event_to_ocsf(event, ingest.mapper().catalog());
            let recognised =
                ingest.mapper().catalog().source_of(event.kind()).map(|source| &*source.id);
            if recognised != Some(id) {
                let seen = recognised.map_or_else(
                    || "not recognised".to_owned(),
                    |other| format!("recognised as {other}"),
                );
                result.faults.push(format!("event {number} is {seen}"));
            }
            let violations = Schema::embedded().validate(&document);
            let kind = ingest.mapper().catalog().kind_label(event.kind());
            result.faults.extend(
                violations
                    .into_iter()
                    .map(|words| format!("event {number} ({kind}): OCSF: {words}")),
            );
            result.events.push(document);
        }
    }
    if result.events.is_empty() {
        result.faults.push("no event came out of it".to_owned());
    }
    result
}

/// Where two documents differ, one line for each place.
fn differences(at: &str, expected: &Json, got: &Json, found: &mut Vec<String>) {
    match (expected, got) {
        (Json::Object(left), Json::Object(right)) => {
            for (name, value) in left {
                let path = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                match right.get(name) {
                    Some(other) => differences(&path, value, other, found),
                    None => found.push(format!("{path}: expected {value}, is missing")),
                }
            }
            for (name, value) in right.iter().filter(|(name, _)| !left.contains_key(*name)) {
                found.push(format!("{at}.{name}: not expected, is {value}"));
            }
        }
        (Json::Array(left), Json::Array(right)) => {
            if left.len() != right.len() {
                found.push(format!(
                    "{at}[]: expected {} elements, are {}",
                    left.len(),
                    right.len()
                ));
            }
            for (index, (left, right)) in left.iter().zip(right).enumerate() {
                differences(&format!("{at}[{index}]"), left, right, found);
            }
        }
        (left, right) if left == right => {}
        (left, right) => found.push(format!("{at}: expected {left}, is {right}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn differences_name_their_place() {
        let mut found = Vec::new();
        let left = json!([{"a": {"b": 1, "c": 2}, "d": [1, 2]}]);
        differences("", &left, &left, &mut found);
        assert!(found.is_empty());
        differences("", &left, &json!([{"a": {"b": 2, "e": 3}, "d": [1]}]), &mut found);
        let expected = [
            "[0].a.b: expected 1, is 2",
            "[0].a.c: expected 2, is missing",
            "[0].a.e: not expected, is 3",
            "[0].d[]: expected 2 elements, are 1",
        ];
        assert_eq!(found, expected);
    }
}
