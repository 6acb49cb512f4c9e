//! Rules over the stream: every event is evaluated once.

use std::collections::BTreeMap;
use std::sync::Arc;

use detect::Engine;
use detect::correlation::{
    CorrelationHit, Correlator, EventKey, Hit, RestoreError, Settings, statement,
};
use detect::sigma::RuleSet;
use model::{EventBatch, EventRef, FieldId, Finding, FindingId, Level, Timestamp, Why};
use serde_json::{Value, json};

/// The kind of record that a finding is.
pub const FINDING: &str = "finding";

/// How far an event may come behind the latest one and still be correlated.
const LATENESS_MS: i64 = 2 * 60_000;
/// An event may claim a time so far ahead of its arrival; beyond it the claim does not move the windows.
const AHEAD_MS: i64 = 5 * 60_000;
/// Hits that wait for their order.
const WAITING_MAX: usize = 200_000;
/// Events named in a finding.
const SUPPORT_MAX: usize = 20;
/// Findings of one rule that are kept between two commits; the rest is counted.
const FINDINGS_OF_A_RULE_MAX: u32 = 500;
/// Bits of a handle that are the event's number within its entry of the journal.
const INDEX_BITS: u32 = 20;

/// A finding as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Kept {
    /// Its id among the records: first the time, so that lists are in order of time.
    pub(super) id: String,
    /// Texts that it is found by.
    pub(super) keys: BTreeMap<String, String>,
    /// What is known.
    pub(super) body: Value,
    /// Whether a later report of the same finding replaces it.
    pub(super) may_grow: bool,
}

/// The active rules and the state of their correlations.
pub struct Detection {
    rules: Arc<RuleSet>,
    engine: Arc<Engine>,
    correlator: Correlator,
    /// For each rule the fields that correlations read of its events.
    needs: Vec<Option<Vec<Option<FieldId>>>>,
    scratch: detect::Scratch,
    latest_ms: Option<i64>,
    found: Vec<Kept>,
    counts: BTreeMap<u32, u32>,
    /// Findings that were not kept because their rule made too many.
    pub(super) over_budget: u64,
}

impl std::fmt::Debug for Detection {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Detection")
            .field("rules", &self.rules.rules.len())
            .finish_non_exhaustive()
    }
}

impl Detection {
    /// Rules compiled for the mappings by which events are decoded, without any state.
    pub fn new(engine: Arc<Engine>) -> Self {
        let rules = Arc::clone(engine.rules());
        let settings = Settings {
            lateness_ms: LATENESS_MS,
            waiting_max: WAITING_MAX,
            support_max: SUPPORT_MAX,
            ..Settings::default()
        };
        let correlator = Correlator::new(&rules, settings);
        let fields = &engine.catalog().fields;
        let needs = (0..rules.rules.len())
            .map(|rule| Some(correlator.needs(rule)?.iter().map(|name| fields.get(name)).collect()))
            .collect();
        Self {
            rules,
            engine,
            correlator,
            needs,
            scratch: detect::Scratch::default(),
            latest_ms: None,
            found: Vec::new(),
            counts: BTreeMap::new(),
            over_budget: 0,
        }
    }

    /// Takes up the state of correlations that was saved with a position; nothing for none.
    pub(super) fn restore(&mut self, saved: &[u8]) -> Result<(), RestoreError> {
        if !saved.is_empty() {
            self.correlator.restore(&self.rules, saved)?;
        }
        Ok(())
    }

    /// The state of correlations.
    pub(super) fn save(&self) -> Result<Vec<u8>, serde_json::Error> {
        self.correlator.save(&self.rules)
    }

    /// Evaluates every rule for every event of an entry.
    pub(super) fn evaluate(
        &mut self,
        batch: &EventBatch,
        sequence: u64,
        ingested_at: Timestamp,
        listener: &Arc<str>,
    ) {
        let mut scratch = std::mem::take(&mut self.scratch);
        for (index, event) in batch.iter().enumerate() {
            let key = EventKey { input: sequence as u32, offset: index as u64 };
            let handle = sequence << INDEX_BITS | index as u64 & ((1 << INDEX_BITS) - 1);
            for rule in self.engine.evaluate(event, &mut scratch) {
                Self::hold(
                    &self.rules,
                    &self.engine,
                    (&mut self.found, &mut self.counts, &mut self.over_budget),
                    *rule,
                    (event, handle, listener),
                );
                if let (Some(Some(fields)), Some(time)) =
                    (self.needs.get(*rule as usize), event.time())
                {
                    let values = fields.iter().map(|field| value_of(event, *field)).collect();
                    let rule = *rule as usize;
                    self.correlator.observe(Hit {
                        time_ms: time.0,
                        key,
                        rule,
                        values,
                        evidence: handle,
                    });
                }
            }
            let time = event.time().filter(|time| time.0 <= ingested_at.0 + AHEAD_MS);
            self.latest_ms = self.latest_ms.max(time.map(|time| time.0));
        }
        self.scratch = scratch;
    }

    /// A rule holds for an event.
    fn hold(
        rules: &RuleSet,
        engine: &Engine,
        (found, counts, over_budget): (&mut Vec<Kept>, &mut BTreeMap<u32, u32>, &mut u64),
        rule: u32,
        (event, handle, listener): (EventRef<'_>, u64, &Arc<str>),
    ) {
        if !rules.is_reported.get(rule as usize).copied().unwrap_or(true) {
            return;
        }
        let count = counts.entry(rule).or_default();
        *count += 1;
        if *count > FINDINGS_OF_A_RULE_MAX {
            *over_budget += 1;
            return;
        }
        if let Some(finding) = engine.finding(rule, event, listener) {
            found.push(kept(&finding, &[handle], false));
        }
    }

    /// Lets the windows of correlations go on, `idle_ms` after the last event came, and gives all that was found since
    /// it was last asked.
    pub(super) fn take_found(&mut self, idle_ms: i64) -> Vec<Kept> {
        let seen = self.latest_ms.map(|latest| latest.saturating_add(idle_ms.max(0)));
        for hit in self.correlator.advance(seen) {
            self.found.extend(self.correlated(&hit));
        }
        self.counts.clear();
        std::mem::take(&mut self.found)
    }

    fn correlated(&self, hit: &CorrelationHit) -> Option<Kept> {
        let correlation = self.rules.correlations.get(hit.correlation)?;
        if !hit.is_reported {
            return None;
        }
        let values: Vec<&str> = hit.group.iter().map(|(_, value)| &**value).collect();
        let pairs = hit.group.iter().map(|(field, value)| (field.to_string(), value.to_string()));
        let finding = Finding {
            id: hit.id,
            rule: Arc::clone(&correlation.rule.meta),
            first: Some(Timestamp(hit.window_start_ms)),
            last: Some(Timestamp(hit.last_ms)),
            entity: if values.is_empty() { "-".to_owned() } else { values.join(", ") },
            count: hit.count,
            evidence: Vec::new(),
            why: Why::Correlation {
                statement: statement(correlation, hit.measured),
                group: pairs.collect(),
                measured: hit.measured.to_string(),
            },
        };
        let handles: Vec<u64> = hit.support.iter().map(|support| support.evidence).collect();
        Some(kept(&finding, &handles, true))
    }
}

fn kept(finding: &Finding, handles: &[u64], may_grow: bool) -> Kept {
    let rule = &finding.rule;
    let first_ms = finding.first.map_or(0, |time| time.0);
    let keys = [
        ("rule", rule.id.to_string()),
        ("entity", finding.entity.clone()),
        ("level", level_of(rule.level).to_owned()),
    ];
    let events: Vec<String> = handles
        .iter()
        .map(|handle| {
            let (sequence, index) = (handle >> INDEX_BITS, handle & ((1 << INDEX_BITS) - 1));
            format!("{sequence:016x}{index:016x}")
        })
        .collect();
    let body = json!({
        "id": finding.id.to_string(),
        "rule": {"id": rule.id, "version": rule.version, "title": rule.title},
        "level": level_of(rule.level),
        "attack": rule.attacks,
        "first_ms": finding.first.map(|time| time.0),
        "last_ms": finding.last.map(|time| time.0),
        "entity": finding.entity,
        "count": finding.count,
        "why": finding.why,
        "evidence": finding.evidence,
        "events": events,
    });
    let keys = keys.into_iter().map(|(name, text)| (name.to_owned(), text)).collect();
    Kept { id: record_id(first_ms, finding.id), keys, body, may_grow }
}

/// The id of a finding's record.
fn record_id(first_ms: i64, id: FindingId) -> String {
    format!("{:013}-{id}", first_ms.max(0))
}

fn level_of(level: Level) -> &'static str {
    level.as_str()
}

fn value_of(event: EventRef<'_>, field: Option<FieldId>) -> Option<Arc<str>> {
    let text = event.text(event.first(field?)?);
    (!text.is_empty()).then(|| Arc::from(&*text))
}
