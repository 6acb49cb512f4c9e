//! `wardroom rules test`: each rule on events that it must find and on near misses that it must not.

use std::io::Write as _;
use std::path::PathBuf;

use detect::correlation::{Correlator, EventKey, Hit, Settings, Values};
use detect::sigma::RuleRef;
use model::{EventRef, Timestamp};
use serde::Deserialize;
use serde_json::Value as Json;

use super::records;
use crate::args::SourcesSelection;
use crate::content::{RuleFile, rules_of_paths};
use crate::exit::{Code, Outcome};
use crate::loaded::Loaded;
use crate::output::counted;
use crate::pipeline;
use crate::terminal::Console;
use crate::time;
use crate::visible::visible;

/// Events of one case.
const EVENTS_MAX: u32 = 100_000;

/// A test file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TestFile {
    #[serde(rename = "match", default)]
    must: Vec<Case>,
    #[serde(rename = "no_match", default)]
    must_not: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    event: Option<Json>,
    #[serde(default)]
    raw: Option<String>,
    #[serde(default)]
    events: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    #[serde(default)]
    at: Option<String>,
    #[serde(default = "one")]
    repeat: u32,
    #[serde(default)]
    every: Option<String>,
    #[serde(default)]
    event: Option<Json>,
    #[serde(default)]
    raw: Option<String>,
}

const fn one() -> u32 {
    1
}

/// A record of a case and the time it is given.
struct Record {
    text: String,
    at: Option<Timestamp>,
}

/// What the rules of a file found in a case.
#[derive(Default)]
struct Verdict {
    fired: bool,
    events: u32,
    kinds: Vec<String>,
    problems: Vec<String>,
}

/// Runs the tests of the rules below `paths` (the built-in ones when there are none).
pub(super) fn run(paths: &[PathBuf], sources: &SourcesSelection, console: &mut Console) -> Outcome {
    let files = rules_of_paths(paths)?;
    let loaded =
        Loaded::of_files(files, &detect::sigma::Placeholders::default(), &sources.sources)?;
    let forced = pipeline::forced(sources.source.as_deref(), loaded.catalog())?;
    let (mut cases, mut failed, mut untested) = (0, 0, 0);
    for refusal in &loaded.refusals {
        failed += 1;
        writeln!(console.out, "FAIL {}", visible(&refusal.to_string()))?;
    }
    for file in &loaded.files {
        let Some(text) = &file.test else {
            untested += 1;
            continue;
        };
        let faults = match serde_saphyr::from_str::<TestFile>(text) {
            Ok(test) => {
                cases += test.must.len() + test.must_not.len();
                check(file, &test, &loaded, forced)
            }
            Err(error) => vec![format!("the test cannot be read: {error}")],
        };
        for fault in &faults {
            failed += 1;
            writeln!(console.out, "FAIL {}: {}", file.path, visible(fault))?;
        }
    }
    writeln!(
        console.out,
        "{}, {}, {failed} failed, {untested} without a test",
        counted(loaded.files.len(), "rule file"),
        counted(cases, "case"),
    )?;
    Ok(if failed == 0 { Code::Ok } else { Code::Gate })
}

fn check(file: &RuleFile, test: &TestFile, loaded: &Loaded, forced: Option<usize>) -> Vec<String> {
    let mut faults = Vec::new();
    if test.must.is_empty() || test.must_not.is_empty() {
        faults.push("a test has at least one case under match and one under no_match".to_owned());
    }
    let wanted = test
        .must
        .iter()
        .map(|case| (case, true))
        .chain(test.must_not.iter().map(|case| (case, false)));
    for (case, must_fire) in wanted {
        let verdict = match records_of(case) {
            Ok(records) => judge(file, &records, loaded, forced),
            Err(words) => {
                faults.push(format!("case '{}': {words}", case.name));
                continue;
            }
        };
        if verdict.events == 0 {
            faults.push(format!(
                "case '{}': no event came out of it; {}",
                case.name,
                verdict.problems.join("; ")
            ));
        } else if verdict.fired != must_fire {
            let words = if must_fire { "must fire, does not" } else { "must not fire, does" };
            let mut seen = verdict.kinds.join(", ");
            if !verdict.problems.is_empty() {
                seen = format!("{seen}; {}", verdict.problems.join("; "));
            }
            faults.push(format!("case '{}': {words} (read as {seen})", case.name));
        }
    }
    faults
}

/// The records of a case, repetitions written out.
fn records_of(case: &Case) -> Result<Vec<Record>, String> {
    let text = |event: Option<&Json>, raw: Option<&String>| match (event, raw) {
        (Some(event), None) => serde_json::to_string(event).map_err(|error| error.to_string()),
        (None, Some(raw)) => Ok(raw.clone()),
        _ => Err("give either event or raw".to_owned()),
    };
    if case.events.is_empty() {
        return Ok(vec![Record { text: text(case.event.as_ref(), case.raw.as_ref())?, at: None }]);
    }
    let mut records = Vec::new();
    for item in &case.events {
        let written = text(item.event.as_ref(), item.raw.as_ref())?;
        let start = item.at.as_deref().map(time::parse).transpose()?;
        let step = item.every.as_deref().map_or(Ok(0), time::parse_length)?;
        if item.repeat > EVENTS_MAX {
            return Err(format!("repeat is at most {EVENTS_MAX}"));
        }
        for number in 1..=item.repeat {
            let at = start.map(|start| Timestamp(start.0 + step * i64::from(number - 1)));
            records.push(Record { text: written.replace("{n}", &number.to_string()), at });
        }
    }
    Ok(records)
}

/// Whether any rule that a file is named after fires: its correlation when it has one, else its rules.
fn judge(file: &RuleFile, records: &[Record], loaded: &Loaded, forced: Option<usize>) -> Verdict {
    let rules = &loaded.rules;
    let correlations = correlations_of(file, loaded);
    let is_own =
        |rule: u32| rules.rules.get(rule as usize).is_some_and(|it| *it.meta.path == file.path);
    let settings = Settings { lateness_ms: i64::MAX / 4, ..Settings::default() };
    let mut correlator = Correlator::new(rules, settings);
    let mut verdict = Verdict::default();
    let mut scratch = detect::Scratch::default();
    for (number, record) in records.iter().enumerate() {
        let mut read = records::read(
            format!("{}\n", record.text).into_bytes(),
            "test",
            &loaded.ingest,
            forced,
        );
        verdict.problems.append(&mut read.problems);
        for batch in &mut read.batches {
            for index in 0..batch.len() {
                if let Some(at) = record.at {
                    batch.set_time(index, at);
                }
                let event = batch.get(index);
                verdict.events += 1;
                let kind = loaded.catalog().kind_label(event.kind());
                if !verdict.kinds.contains(&kind) {
                    verdict.kinds.push(kind);
                }
                for rule in loaded.engine.evaluate(event, &mut scratch) {
                    verdict.fired |= correlations.is_empty() && is_own(*rule);
                    let key = EventKey { input: number as u32, offset: index as u64 };
                    if let Some(hit) = hit(event, *rule as usize, key, &correlator, loaded) {
                        correlator.observe(hit);
                    }
                }
            }
        }
    }
    verdict.problems.dedup();
    verdict.fired |= correlator.finish().iter().any(|hit| correlations.contains(&hit.correlation));
    verdict
}

/// The correlations of a file that no other correlation of the file builds upon.
fn correlations_of(file: &RuleFile, loaded: &Loaded) -> Vec<usize> {
    let all = || {
        loaded
            .rules
            .correlations
            .iter()
            .enumerate()
            .filter(|(_, it)| *it.rule.meta.path == file.path)
    };
    let is_step =
        |index: usize| all().any(|(_, other)| other.inputs.contains(&RuleRef::Correlation(index)));
    all().map(|(index, _)| index).filter(|index| !is_step(*index)).collect()
}

fn hit(
    event: EventRef<'_>,
    rule: usize,
    key: EventKey,
    correlator: &Correlator,
    loaded: &Loaded,
) -> Option<Hit> {
    let fields = &loaded.catalog().fields;
    let value = |name: &str| {
        let text = event.text(event.first(fields.get(name)?)?);
        (!text.is_empty()).then(|| text.as_ref().into())
    };
    let values: Values = correlator.needs(rule)?.iter().map(|name| value(name)).collect();
    Some(Hit { time_ms: event.time()?.0, key, rule, values, evidence: 0 })
}
