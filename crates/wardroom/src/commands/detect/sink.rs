//! Findings written as they are found.

use std::io::Write as _;

use model::{Attack, Finding};
use serde_json::{Value as Json, json};

use crate::args::FindingOutput;
use crate::exit::Failure;
use crate::findings::in_one_line;
use crate::output::ocsf::finding_to_ocsf;
use crate::terminal::Console;
use crate::time;
use crate::visible::{cell, write_json};

const COLUMNS: [&str; 13] = [
    "first",
    "last",
    "level",
    "title",
    "entity",
    "count",
    "why",
    "attack",
    "file",
    "offset",
    "kind",
    "rule_id",
    "finding_id",
];

/// Where findings go while they are found. A table is written at the end, from the groups.
pub(super) struct Sink {
    output: FindingOutput,
    limit: u64,
    written: u64,
}

impl Sink {
    /// A sink for this form, with at most `limit` findings (0: all).
    pub(super) fn new(output: FindingOutput, limit: u64) -> Self {
        Self { output, limit, written: 0 }
    }

    /// Writes what comes before the first finding.
    pub(super) fn begin(&self, console: &mut Console) -> Result<(), Failure> {
        match self.output {
            FindingOutput::Json => console.out.write_all(b"[")?,
            FindingOutput::Csv => {
                console.out.write_all(&row(&COLUMNS.map(str::to_owned))?)?;
                console.out.write_all(b"\n")?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Writes one rendered finding.
    pub(super) fn write(&mut self, rendered: &[u8], console: &mut Console) -> Result<(), Failure> {
        if self.limit > 0 && self.written >= self.limit {
            return Ok(());
        }
        let is_array = self.output == FindingOutput::Json;
        if is_array && self.written > 0 {
            console.out.write_all(b",\n")?;
        }
        console.out.write_all(rendered)?;
        if !is_array {
            console.out.write_all(b"\n")?;
        }
        self.written += 1;
        Ok(())
    }

    /// Writes what comes after the last finding.
    pub(super) fn end(&self, console: &mut Console) -> Result<(), Failure> {
        if self.output == FindingOutput::Json {
            console.out.write_all(b"]\n")?;
        }
        Ok(())
    }
}

/// A finding in its form, without a line end; `None` in a table, which is made of the groups.
pub(super) fn render(output: FindingOutput, finding: &Finding) -> Result<Option<Vec<u8>>, Failure> {
    let mut line = Vec::new();
    match output {
        FindingOutput::Table => return Ok(None),
        FindingOutput::Csv => line = row(&csv_row(finding))?,
        FindingOutput::Ocsf => write_json(&mut line, &finding_to_ocsf(finding))?,
        FindingOutput::Json | FindingOutput::Ndjson => {
            write_json(&mut line, &finding_to_json(finding))?;
        }
    }
    Ok(Some(line))
}

fn row<const N: usize>(cells: &[String; N]) -> Result<Vec<u8>, Failure> {
    let mut line = Vec::new();
    let mut writer = csv::Writer::from_writer(&mut line);
    writer.write_record(cells.iter().map(|text| cell(text).into_owned()))?;
    writer.flush()?;
    drop(writer);
    // The sink ends lines.
    line.pop();
    Ok(line)
}

fn attack_words(finding: &Finding) -> Vec<&str> {
    let words = finding.rule.attacks.iter().map(|attack| match attack {
        Attack::Tactic(word) | Attack::Technique(word) => &**word,
    });
    words.collect()
}

fn csv_row(finding: &Finding) -> [String; COLUMNS.len()] {
    let rule = &finding.rule;
    let first = finding.evidence.first();
    let at = |time: Option<model::Timestamp>| time.map(time::rfc3339).unwrap_or_default();
    [
        at(finding.first),
        at(finding.last),
        rule.level.as_str().to_owned(),
        rule.title.to_string(),
        finding.entity.clone(),
        finding.count.to_string(),
        in_one_line(finding),
        attack_words(finding).join(" "),
        first.map(|it| it.file.to_string()).unwrap_or_default(),
        first.map(|it| it.offset.to_string()).unwrap_or_default(),
        first.map(|it| it.kind.clone()).unwrap_or_default(),
        rule.id.to_string(),
        finding.id.to_string(),
    ]
}

/// The finding as Wardroom's own JSON: shorter than OCSF, the reasons as a tree.
fn finding_to_json(finding: &Finding) -> Json {
    let rule = &finding.rule;
    json!({
        "id": finding.id.to_string(),
        "level": rule.level,
        "title": rule.title,
        "first": finding.first.map(time::rfc3339),
        "last": finding.last.map(time::rfc3339),
        "entity": finding.entity,
        "count": finding.count,
        "attack": attack_words(finding),
        "rule": {"id": rule.id, "version": rule.version, "path": rule.path, "line": rule.line},
        "why": finding.why,
        "evidence": finding.evidence,
    })
}
