//! What a worker does with a chunk: decode, map, evaluate, and make findings of the rules that hold.

use std::collections::BTreeMap;
use std::sync::Arc;

use detect::correlation::Correlator;
use ingest::{Chunk, Decoded};
use model::{EventRef, FieldId, Finding, Level, Problem, RuleMeta, Timestamp};

use super::correlate::PackedEvidence;
use super::sink::render;
use crate::args::FindingOutput;
use crate::findings::EXAMPLES_MAX;
use crate::loaded::Loaded;
use crate::pipeline::Tally;

/// Events of one chunk and rule that are kept as evidence for correlations.
const EVIDENCE_MAX: u32 = 64;

/// What the user wants of the events.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wishes {
    /// The source that all records are of.
    pub(super) forced: Option<usize>,
    /// Findings below it are left out.
    pub(super) min_level: Level,
    /// Events before it are left out.
    pub(super) since: Option<Timestamp>,
    /// Events at or after it are left out.
    pub(super) until: Option<Timestamp>,
    /// The form in which findings are written.
    pub(super) output: FindingOutput,
}

/// Shared by all workers.
pub(super) struct Worker<'l> {
    loaded: &'l Loaded,
    /// For each rule the fields that correlations read of its events; `None` when there is no such correlation.
    needs: Vec<Option<Vec<Option<FieldId>>>>,
    wishes: Wishes,
}

/// One worker's own memory.
#[derive(Default)]
pub(super) struct WorkerState {
    ingest: ingest::mapping::Scratch,
    detect: detect::Scratch,
}

/// An event that a correlation wants.
pub(super) struct CorrelationInput {
    /// Index of the rule.
    pub(super) rule: usize,
    /// When.
    pub(super) time: Timestamp,
    /// Byte offset of the record.
    pub(super) offset: u64,
    /// The fields that the correlation reads.
    pub(super) values: detect::correlation::Values,
    /// The event, when it is kept.
    pub(super) evidence: Option<PackedEvidence>,
}

/// What was found in a chunk.
pub(super) struct Found {
    /// The input's name.
    pub(super) name: Arc<str>,
    /// Events by kind.
    pub(super) tally: Tally,
    /// What could not be read.
    pub(super) problems: Vec<Problem>,
    /// Findings of single events as they are written, in order; empty for a table.
    pub(super) rendered: Vec<Vec<u8>>,
    /// The first findings of each rule, whole.
    pub(super) examples: Vec<Finding>,
    /// The others, only counted: rule, entity, time.
    pub(super) briefs: Vec<(Arc<RuleMeta>, String, Option<Timestamp>)>,
    /// Events for correlations.
    pub(super) hits: Vec<CorrelationInput>,
    /// The latest time of any event.
    pub(super) latest_ms: Option<i64>,
    /// Events outside the wanted time.
    pub(super) outside: u64,
}

impl<'l> Worker<'l> {
    /// A worker over loaded rules.
    pub(super) fn new(loaded: &'l Loaded, correlator: &Correlator, wishes: Wishes) -> Self {
        let fields = &loaded.catalog().fields;
        let needs = (0..loaded.rules.rules.len())
            .map(|rule| Some(correlator.needs(rule)?.iter().map(|name| fields.get(name)).collect()))
            .collect();
        Self { loaded, needs, wishes }
    }

    /// Works on one chunk.
    pub(super) fn work(&self, state: &mut WorkerState, chunk: Chunk) -> Found {
        let (name, bytes) = (Arc::clone(&chunk.name), chunk.bytes.len() as u64);
        let Decoded { batch, problems } =
            self.loaded.ingest.decode(chunk, self.wishes.forced, &mut state.ingest);
        let mut found = Found {
            name,
            tally: Tally::of(&batch, bytes),
            problems,
            rendered: Vec::new(),
            examples: Vec::new(),
            briefs: Vec::new(),
            hits: Vec::new(),
            latest_ms: None,
            outside: 0,
        };
        let mut counts: BTreeMap<u32, u32> = BTreeMap::new();
        for event in batch.iter() {
            if self.is_outside(event.time()) {
                found.outside += 1;
                continue;
            }
            found.latest_ms = found.latest_ms.max(event.time().map(|time| time.0));
            for rule in self.loaded.engine.evaluate(event, &mut state.detect) {
                let count = counts.entry(*rule).or_default();
                *count += 1;
                self.hold(*rule, *count, event, &mut found);
            }
        }
        found
    }

    fn is_outside(&self, time: Option<Timestamp>) -> bool {
        let Some(time) = time else { return false };
        self.wishes.since.is_some_and(|since| time < since)
            || self.wishes.until.is_some_and(|until| time >= until)
    }

    /// A rule holds for an event, for the `count`th time in this chunk.
    fn hold(&self, rule: u32, count: u32, event: EventRef<'_>, found: &mut Found) {
        let (loaded, index) = (self.loaded, rule as usize);
        let Some(meta) = loaded.rules.rules.get(index).map(|rule| &rule.meta) else { return };
        if let (Some(Some(fields)), Some(time)) = (self.needs.get(index), event.time()) {
            let values = fields.iter().map(|field| value_of(event, *field)).collect();
            let evidence = (count <= EVIDENCE_MAX).then(|| {
                PackedEvidence::new(loaded.engine.evidence(&meta.title, event, &found.name))
            });
            found.hits.push(CorrelationInput {
                rule: index,
                time,
                offset: event.offset(),
                values,
                evidence,
            });
        }
        let is_reported = loaded.rules.is_reported.get(index).copied().unwrap_or(true);
        if !is_reported || meta.level < self.wishes.min_level {
            return;
        }
        let is_example = count as usize <= EXAMPLES_MAX;
        if is_example || self.wishes.output != FindingOutput::Table {
            let Some(finding) = loaded.engine.finding(rule, event, &found.name) else { return };
            // Rendered here, on many threads, and dropped here: documents are large. Writing to memory cannot fail.
            found.rendered.extend(render(self.wishes.output, &finding).ok().flatten());
            if is_example {
                found.examples.push(finding);
                return;
            }
        }
        found.briefs.push((Arc::clone(meta), loaded.engine.entity(event), event.time()));
    }
}

fn value_of(event: EventRef<'_>, field: Option<FieldId>) -> Option<Arc<str>> {
    let text = event.text(event.first(field?)?);
    (!text.is_empty()).then(|| Arc::from(&*text))
}
