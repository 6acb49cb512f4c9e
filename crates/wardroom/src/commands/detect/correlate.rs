//! Hits of single rules to findings of correlations, with the events behind them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use detect::correlation::{CorrelationHit, Correlator, EventKey, Hit, Settings, statement};
use model::{Evidence, Finding, FindingId, Level, Timestamp, Why};

use super::work::CorrelationInput;
use crate::findings::shorten_event;
use crate::inputs::{Inputs, Source};
use crate::loaded::Loaded;
use crate::output::counted;
use crate::terminal::Console;

/// Bytes of evidence that wait for a correlation to want them.
const EVIDENCE_BYTES_MAX: usize = 48 << 20;
/// Findings that may still grow.
const OPEN_MAX: usize = 10_000;
/// Hits that wait for their order.
const WAITING_MAX: usize = 200_000;
/// Events shown with a finding.
const SUPPORT_MAX: usize = 20;

/// Files are read one after the other, so events of the same hour may come hours of reading apart: they all wait.
/// Standard input may never end, so there the watermark follows closely.
pub(super) fn lateness_of(inputs: &Inputs) -> i64 {
    if inputs.sources.contains(&Source::Stdin) { 600_000 } else { i64::MAX / 4 }
}

/// The correlator's settings for the command line.
pub(super) fn settings(lateness_ms: i64) -> Settings {
    Settings {
        lateness_ms,
        waiting_max: WAITING_MAX,
        support_max: SUPPORT_MAX,
        ..Settings::default()
    }
}

/// The correlator and what it needs beside it.
pub(super) struct Correlating<'l> {
    loaded: &'l Loaded,
    correlator: Correlator,
    lateness_ms: i64,
    min_level: Level,
    store: EvidenceStore,
    input: u32,
    name: Arc<str>,
    latest_ms: Option<i64>,
    /// Findings that a later report may replace.
    open: BTreeMap<FindingId, CorrelationHit>,
}

impl<'l> Correlating<'l> {
    /// Without state.
    pub(super) fn new(
        loaded: &'l Loaded,
        correlator: Correlator,
        lateness_ms: i64,
        min_level: Level,
    ) -> Self {
        let (store, name) = (EvidenceStore::default(), Arc::from(""));
        Self {
            loaded,
            correlator,
            lateness_ms,
            min_level,
            store,
            input: 0,
            name,
            latest_ms: None,
            open: BTreeMap::new(),
        }
    }

    /// Takes the hits of a chunk in and gives the findings that are final.
    pub(super) fn take(
        &mut self,
        name: &Arc<str>,
        hits: Vec<CorrelationInput>,
        latest_ms: Option<i64>,
    ) -> Vec<Finding> {
        if *name != self.name {
            self.input += 1;
            self.name = Arc::clone(name);
        }
        for hit in hits {
            let evidence = self.store.put(hit.evidence);
            let key = EventKey { input: self.input, offset: hit.offset };
            self.correlator.observe(Hit {
                time_ms: hit.time.0,
                key,
                rule: hit.rule,
                values: hit.values,
                evidence,
            });
        }
        self.latest_ms = self.latest_ms.max(latest_ms);
        let found = self.correlator.advance(self.latest_ms);
        let mut done = self.sort(found);
        done.extend(self.close());
        done
    }

    /// Decides everything that is open.
    pub(super) fn finish(&mut self) -> Vec<Finding> {
        let found = self.correlator.finish();
        let mut done = self.sort(found);
        let open = std::mem::take(&mut self.open);
        done.extend(open.into_values().filter_map(|hit| self.finding(&hit)));
        done
    }

    /// Final findings leave; others wait for the report that may replace them.
    fn sort(&mut self, found: Vec<CorrelationHit>) -> Vec<Finding> {
        let mut done = Vec::new();
        for hit in found {
            if hit.is_final {
                self.open.remove(&hit.id);
                done.extend(self.finding(&hit));
            } else {
                self.open.insert(hit.id, hit);
            }
        }
        done
    }

    /// Findings whose window has passed without a further event, and the first ones when too many wait.
    fn close(&mut self) -> Vec<Finding> {
        let Some(latest_ms) = self.latest_ms else { return Vec::new() };
        let watermark_ms = latest_ms.saturating_sub(self.lateness_ms);
        let is_over = |hit: &CorrelationHit| {
            let timespan = self
                .loaded
                .rules
                .correlations
                .get(hit.correlation)
                .map_or(0, |it| it.rule.timespan_ms);
            hit.window_start_ms.saturating_add(timespan) < watermark_ms
        };
        let mut over: Vec<FindingId> =
            self.open.iter().filter(|(_, hit)| is_over(hit)).map(|(id, _)| *id).collect();
        let excess = (self.open.len() - over.len()).saturating_sub(OPEN_MAX);
        let still: Vec<FindingId> =
            self.open.keys().filter(|id| !over.contains(id)).take(excess).copied().collect();
        over.extend(still);
        let hits: Vec<CorrelationHit> = over.iter().filter_map(|id| self.open.remove(id)).collect();
        hits.into_iter().filter_map(|hit| self.finding(&hit)).collect()
    }

    fn finding(&self, hit: &CorrelationHit) -> Option<Finding> {
        let correlation = self.loaded.rules.correlations.get(hit.correlation)?;
        let rule = &correlation.rule.meta;
        if !hit.is_reported || rule.level < self.min_level {
            return None;
        }
        let values: Vec<&str> = hit.group.iter().map(|(_, value)| &**value).collect();
        let evidence = hit.support.iter().filter_map(|support| self.store.get(support.evidence));
        Some(Finding {
            id: hit.id,
            rule: Arc::clone(rule),
            first: Some(Timestamp(hit.window_start_ms)),
            last: Some(Timestamp(hit.last_ms)),
            entity: if values.is_empty() { "-".to_owned() } else { values.join(", ") },
            count: hit.count,
            evidence: evidence.collect(),
            why: Why::Correlation {
                statement: statement(correlation, hit.measured),
                group: hit
                    .group
                    .iter()
                    .map(|(field, value)| (field.to_string(), value.to_string()))
                    .collect(),
                measured: hit.measured.to_string(),
            },
        })
    }

    /// Tells the person what had to be given up.
    pub(super) fn tell(&self, console: &Console) {
        let statistics = self.correlator.statistics();
        if statistics.late > 0 {
            console.note(&format!(
                "{} came too late for correlations; sort the input by time, or give a longer --lateness",
                counted(statistics.late, "event")
            ));
        }
        let evicted: u64 =
            statistics.correlations.iter().map(|it| it.groups_evicted + it.events_evicted).sum();
        if evicted + statistics.hurried > 0 {
            console.note(&format!(
                "correlations gave up {evicted} groups and events and hurried {} to stay within memory",
                statistics.hurried
            ));
        }
    }
}

/// An event in the least memory: its document as text.
pub(super) struct PackedEvidence {
    about: Evidence,
    document: Vec<u8>,
}

impl PackedEvidence {
    /// Packs an event, long texts shortened.
    pub(super) fn new(mut evidence: Evidence) -> Self {
        shorten_event(&mut evidence.event);
        // A document in memory can always be written to memory.
        let document = serde_json::to_vec(&evidence.event).unwrap_or_default();
        evidence.event = serde_json::Value::Null;
        Self { about: evidence, document }
    }

    fn unpack(&self) -> Evidence {
        let event = serde_json::from_slice(&self.document).unwrap_or_default();
        Evidence { event, ..self.about.clone() }
    }
}

/// Events that a correlation may yet want, the latest ones within a bound of bytes.
#[derive(Default)]
struct EvidenceStore {
    first: u64,
    kept: VecDeque<Option<PackedEvidence>>,
    bytes: usize,
}

/// Bytes that an event costs beside its document.
const OVERHEAD: usize = 200;

fn size(evidence: Option<&PackedEvidence>) -> usize {
    OVERHEAD + evidence.map_or(0, |it| it.document.len())
}

impl EvidenceStore {
    /// Keeps an event and returns its handle.
    fn put(&mut self, evidence: Option<PackedEvidence>) -> u64 {
        self.bytes += size(evidence.as_ref());
        self.kept.push_back(evidence);
        while self.bytes > EVIDENCE_BYTES_MAX {
            let Some(oldest) = self.kept.pop_front() else { break };
            self.bytes -= size(oldest.as_ref());
            self.first += 1;
        }
        (self.first + self.kept.len() as u64).saturating_sub(1)
    }

    /// The event of a handle, when it is still there.
    fn get(&self, handle: u64) -> Option<Evidence> {
        let index = handle.checked_sub(self.first)?;
        Some(self.kept.get(index as usize)?.as_ref()?.unpack())
    }
}
