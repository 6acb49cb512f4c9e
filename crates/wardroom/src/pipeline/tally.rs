//! What was read: events by kind, problems by reason, records without a time.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{Catalog, EventBatch, KindId, Problem, ProblemReason};
use serde::Serialize;

use crate::exit::Code;
use crate::output::counted;
use crate::terminal::Console;
use crate::visible::{shorten, visible};

/// Problems that are told one by one.
const TOLD_MAX: usize = 20;

/// Counts over a run.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Events by kind: how many, and how many of them without a time.
    kinds: BTreeMap<KindId, (u64, u64)>,
    problems: BTreeMap<ProblemReason, u64>,
    told: Vec<String>,
    /// Bytes of decoded input.
    pub(crate) bytes: u64,
}

/// One row of the summary.
#[derive(Debug, Serialize)]
pub(crate) struct KindCount {
    /// `source/kind`.
    pub(crate) kind: String,
    /// OCSF class.
    pub(crate) class: String,
    /// Events of it.
    pub(crate) events: u64,
    /// Events of it without a readable time.
    pub(crate) without_time: u64,
}

impl Tally {
    /// The events of a batch that was decoded from `bytes` bytes.
    pub(crate) fn of(batch: &EventBatch, bytes: u64) -> Self {
        let mut tally = Self { bytes, ..Self::default() };
        for event in batch.iter() {
            let count = tally.kinds.entry(event.kind()).or_default();
            count.0 += 1;
            count.1 += u64::from(event.time().is_none());
        }
        tally
    }

    /// Adds another tally to this one.
    pub(crate) fn add(&mut self, other: &Self) {
        for (kind, count) in &other.kinds {
            let sum = self.kinds.entry(*kind).or_default();
            sum.0 += count.0;
            sum.1 += count.1;
        }
        self.bytes += other.bytes;
    }

    /// Counts a problem and remembers the first ones in words.
    pub(crate) fn problem(&mut self, name: &Arc<str>, problem: &Problem) {
        *self.problems.entry(problem.reason).or_default() += 1;
        let is_routine =
            matches!(problem.reason, ProblemReason::Unrecognised | ProblemReason::NoTime);
        if !is_routine && self.told.len() < TOLD_MAX {
            let place = problem.line.map_or_else(
                || format!("offset {}", problem.offset),
                |line| format!("line {line}"),
            );
            let words = format!("{name}: {place}: {}: {}", problem.reason.as_str(), problem.detail);
            self.told.push(shorten(&visible(&words), 400).into_owned());
        }
    }

    /// All events.
    pub(crate) fn events(&self) -> u64 {
        self.kinds.values().map(|count| count.0).sum()
    }

    /// Events that no source recognised.
    pub(crate) fn unrecognised(&self) -> u64 {
        self.kinds.get(&KindId::UNRECOGNISED).map_or(0, |count| count.0)
    }

    /// Problems that say only that nothing recognised a record; those are counted as events already.
    pub(crate) fn routine_unrecognised(&self) -> u64 {
        self.problems.get(&ProblemReason::Unrecognised).copied().unwrap_or_default()
    }

    /// How many sources wrote the events.
    pub(crate) fn sources(&self, catalog: &Catalog) -> usize {
        let mut seen: Vec<usize> =
            self.kinds.keys().filter_map(|kind| catalog.kind(*kind).source).collect();
        seen.sort_unstable();
        seen.dedup();
        seen.len()
    }

    /// Problems by reason.
    pub(crate) fn problems(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.problems.iter().map(|(reason, count)| (reason.as_str(), *count))
    }

    /// All problems.
    pub(crate) fn problem_count(&self) -> u64 {
        self.problems.values().sum()
    }

    /// What is lost: records and files that no rule saw, by reason.
    fn losses(&self) -> impl Iterator<Item = (ProblemReason, u64)> {
        let all = self.problems.iter().map(|(reason, count)| (*reason, *count));
        all.filter(|(reason, _)| reason.is_loss())
    }

    /// How the run ends: [`Code::Incomplete`] when a record or a file is lost or a rule was `refused`. That is told
    /// even to those who want quiet, for the output alone looks whole.
    pub(crate) fn conclude(&self, refused: usize, console: &Console) -> Code {
        let mut parts = Vec::new();
        let lost: u64 = self.losses().map(|(_, count)| count).sum();
        if lost > 0 {
            let reasons: Vec<String> = self
                .losses()
                .map(|(reason, count)| format!("{} {count}", reason.as_str()))
                .collect();
            let what = if lost == 1 { "record or file" } else { "records or files" };
            parts.push(format!("{lost} {what} could not be read whole ({})", reasons.join(", ")));
        }
        if refused > 0 {
            let what = if refused == 1 { "rule was" } else { "rules were" };
            parts.push(format!("{refused} {what} refused"));
        }
        if parts.is_empty() {
            return Code::Ok;
        }
        console.complain(&format!("incomplete: {}; all the rest was done", parts.join(", ")));
        Code::Incomplete
    }

    /// Events by kind, in the order of the catalog.
    pub(crate) fn rows(&self, catalog: &Catalog) -> Vec<KindCount> {
        let row = |(kind, count): (&KindId, &(u64, u64))| KindCount {
            kind: if *kind == KindId::UNRECOGNISED {
                "unrecognised".to_owned()
            } else {
                catalog.kind_label(*kind)
            },
            class: catalog.kind(*kind).class_name.to_string(),
            events: count.0,
            without_time: count.1,
        };
        self.kinds.iter().map(row).collect()
    }

    /// The first problems in words.
    pub(crate) fn told(&self) -> &[String] {
        &self.told
    }

    /// Tells the first problems to the person, and how many there were.
    pub(crate) fn tell(&self, console: &Console) {
        for words in &self.told {
            console.note(&format!("problem: {words}"));
        }
        let told = self.told.len() as u64;
        let quiet = [ProblemReason::Unrecognised, ProblemReason::NoTime];
        let routine: u64 = quiet.iter().filter_map(|reason| self.problems.get(reason)).sum();
        let more = self.problem_count().saturating_sub(told + routine);
        if more > 0 {
            console.note(&format!(
                "problem: {more} more; --dead-letters FILE writes all of them with their records"
            ));
        }
    }

    /// The counts as a table and as lines.
    pub(crate) fn table(&self, catalog: &Catalog, console: &Console) -> String {
        let rows = self.rows(catalog).into_iter().map(|row| {
            vec![row.kind, row.class, row.events.to_string(), row.without_time.to_string()]
        });
        let table = console.table(&["SOURCE/KIND", "OCSF CLASS", "EVENTS", "WITHOUT TIME"], rows);
        let events = self.events();
        let recognised = events - self.unrecognised();
        let percent = if events == 0 { 0.0 } else { recognised as f64 * 100.0 / events as f64 };
        let mut text = format!(
            "{table}\n\n{}, {recognised} recognised ({percent:.1} %)\n",
            counted(events, "event")
        );
        if self.problem_count() == 0 {
            text.push_str("no problems\n");
        } else {
            let parts: Vec<String> =
                self.problems().map(|(reason, count)| format!("{reason} {count}")).collect();
            text += &[
                counted(self.problem_count(), "problem"),
                ": ".to_owned(),
                parts.join(", "),
                "\n".to_owned(),
            ]
            .concat();
        }
        text
    }
}
