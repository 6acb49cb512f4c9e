//! The correlator: hits in the order of time through the windows.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, VecDeque};

use model::FindingId;
use rustc_hash::FxHashMap;
use sha2::{Digest, Sha256};

use super::hit::{
    CorrelationHit, CorrelationStatistics, EventKey, Hit, Settings, Statistics, Support, Values,
};
use super::plan::{Origin, Plan, Plans, pick};
use super::window::{GroupKey, Item, Window, number_of_item};
use crate::sigma::ast::CorrelationKind;
use crate::sigma::{RuleRef, RuleSet};

/// The correlations of a rule set and their state.
#[derive(Debug, Clone)]
pub struct Correlator {
    pub(super) plans: Plans,
    pub(super) settings: Settings,
    pub(super) waiting: BinaryHeap<Reverse<Hit>>,
    /// Nothing before it is awaited any more.
    pub(super) watermark_ms: i64,
    pub(super) states: Vec<State>,
    pub(super) statistics: Statistics,
    /// No window is due before it.
    pub(super) next_due_ms: i64,
}

/// The groups of one correlation.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    pub(super) groups: FxHashMap<GroupKey, Window>,
    pub(super) dues: BTreeSet<(i64, GroupKey)>,
    pub(super) statistics: CorrelationStatistics,
}

/// Something that a rule or correlation found, on its way to those who take it.
struct Fact {
    source: RuleRef,
    time_ms: i64,
    key: EventKey,
    values: Values,
    evidence: u64,
    finding: Option<[u8; 16]>,
}

impl Correlator {
    /// A correlator without state.
    pub fn new(set: &RuleSet, settings: Settings) -> Self {
        let plans = Plans::new(set);
        let states = vec![State::default(); plans.correlations.len()];
        Self {
            plans,
            settings,
            waiting: BinaryHeap::new(),
            watermark_ms: i64::MIN,
            states,
            statistics: Statistics::default(),
            next_due_ms: i64::MAX,
        }
    }

    /// The fields whose values a hit of a rule must carry, in this order; `None` when no correlation wants its hits.
    pub fn needs(&self, rule: usize) -> Option<&[Box<str>]> {
        self.plans.needs.get(rule)?.as_deref()
    }

    /// Takes a hit in. It waits until the watermark has passed it.
    pub fn observe(&mut self, hit: Hit) {
        if self.needs(hit.rule).is_none() {
            return;
        }
        if hit.time_ms < self.watermark_ms {
            self.statistics.late += 1;
            return;
        }
        self.watermark_ms =
            self.watermark_ms.max(hit.time_ms.saturating_sub(self.settings.lateness_ms));
        self.waiting.push(Reverse(hit));
    }

    /// Processes all that the watermark has passed. `seen_ms` is the latest time of any event so far, whether it met a
    /// rule or not, when the caller knows it.
    pub fn advance(&mut self, seen_ms: Option<i64>) -> Vec<CorrelationHit> {
        if let Some(seen_ms) = seen_ms {
            self.watermark_ms =
                self.watermark_ms.max(seen_ms.saturating_sub(self.settings.lateness_ms));
        }
        let mut found = Vec::new();
        while let Some(Reverse(hit)) = self.waiting.peek() {
            let is_hurried = hit.time_ms >= self.watermark_ms;
            if is_hurried && self.waiting.len() <= self.settings.waiting_max {
                break;
            }
            if let Some(Reverse(hit)) = self.waiting.pop() {
                if is_hurried {
                    // What comes before it from now on is late.
                    self.statistics.hurried += 1;
                    self.watermark_ms = self.watermark_ms.max(hit.time_ms);
                }
                self.process(hit, &mut found);
            }
        }
        self.pass_time(self.watermark_ms, &mut found);
        found
    }

    /// Processes everything that waits and decides all windows as if their time were over. Windows that are not over
    /// are decided with what they hold. Afterwards there is no state.
    pub fn finish(&mut self) -> Vec<CorrelationHit> {
        let mut found = Vec::new();
        while let Some(Reverse(hit)) = self.waiting.pop() {
            self.process(hit, &mut found);
        }
        self.pass_time(i64::MAX, &mut found);
        found
    }

    /// What was not used and what was given up so far.
    pub fn statistics(&self) -> Statistics {
        let of = |state: &State| CorrelationStatistics {
            groups: state.groups.len(),
            ..state.statistics.clone()
        };
        Statistics {
            waiting: self.waiting.len(),
            correlations: self.states.iter().map(of).collect(),
            ..self.statistics.clone()
        }
    }

    fn process(&mut self, hit: Hit, found: &mut Vec<CorrelationHit>) {
        self.pass_time(hit.time_ms, found);
        let fact = Fact {
            source: RuleRef::Rule(hit.rule),
            time_ms: hit.time_ms,
            key: hit.key,
            values: hit.values,
            evidence: hit.evidence,
            finding: None,
        };
        self.spread(fact, found);
    }

    /// Hands a fact to all who take it, and what they find to those who take that.
    fn spread(&mut self, fact: Fact, found: &mut Vec<CorrelationHit>) {
        let mut facts = VecDeque::from([fact]);
        while let Some(fact) = facts.pop_front() {
            let count = self.plans.takers.get(&fact.source).map_or(0, Vec::len);
            for taker in 0..count {
                let taker = self
                    .plans
                    .takers
                    .get(&fact.source)
                    .and_then(|takers| takers.get(taker))
                    .copied();
                if let Some((correlation, input)) = taker {
                    facts.extend(self.take(correlation, input, &fact, found));
                }
            }
        }
    }

    /// Puts a fact into a window of a correlation; returns what that makes hold.
    fn take(
        &mut self,
        correlation: usize,
        input: usize,
        fact: &Fact,
        found: &mut Vec<CorrelationHit>,
    ) -> Option<Fact> {
        let plan = self.plans.correlations.get(correlation)?;
        let state = self.states.get_mut(correlation)?;
        let positions = plan.inputs.get(input)?;
        state.statistics.taken += 1;
        let Some(group) = pick(&fact.values, &positions.group) else {
            state.statistics.ungrouped += 1;
            return None;
        };
        let Some(measured) = pick(&fact.values, &positions.measured) else {
            state.statistics.unmeasured += 1;
            return None;
        };
        let passed = positions.passed.iter().map(|origin| match origin {
            Origin::Group(at) => group.get(*at).cloned(),
            Origin::Event(at) => fact.values.get(*at).cloned().flatten(),
        });
        let item = Item {
            time_ms: fact.time_ms,
            key: fact.key,
            input: input as u32,
            measured: measured.into(),
            passed: passed.collect(),
            evidence: fact.evidence,
            finding: fact.finding,
        };
        let wants_number = matches!(
            plan.kind(),
            CorrelationKind::ValueSum
                | CorrelationKind::ValueAvg
                | CorrelationKind::ValuePercentile
        );
        if wants_number && number_of_item(&item).is_none() {
            state.statistics.unmeasured += 1;
            return None;
        }
        let group: GroupKey = group.into();
        let evicted = state.make_room(&group, self.settings.groups_max);
        let result = state.push(correlation, plan, &group, item, &self.settings);
        if let Some(due) = state.dues.first() {
            self.next_due_ms = self.next_due_ms.min(due.0);
        }
        // A group that is given up after its finding was reported still says how large it became.
        if let Some((group, window)) = evicted {
            found.extend(final_report(correlation, plan, &group, &window, &self.settings));
        }
        let hit = result?;
        let fact =
            state.groups.get(&group).map(|window| fact_of(correlation, plan, &group, window, &hit));
        found.push(hit);
        fact
    }

    /// Handles every window that is due before `now_ms`, in the order of time.
    fn pass_time(&mut self, now_ms: i64, found: &mut Vec<CorrelationHit>) {
        let is_over = |due_ms: i64| due_ms < now_ms || now_ms == i64::MAX;
        while is_over(self.next_due_ms) {
            let first = |(index, state): (usize, &State)| {
                state.dues.first().map(|(due_ms, _)| (*due_ms, index))
            };
            let Some((due_ms, index)) = self.states.iter().enumerate().filter_map(first).min()
            else {
                self.next_due_ms = i64::MAX;
                return;
            };
            self.next_due_ms = due_ms;
            if !is_over(due_ms) {
                return;
            }
            if let Some(fact) = self.close(index, due_ms, found) {
                self.spread(fact, found);
            }
        }
    }

    /// Forgets, decides or closes the window of a correlation that is due first.
    fn close(
        &mut self,
        index: usize,
        due_ms: i64,
        found: &mut Vec<CorrelationHit>,
    ) -> Option<Fact> {
        let plan = self.plans.correlations.get(index)?;
        let state = self.states.get_mut(index)?;
        let (_, group) = state.dues.pop_first()?;
        let window = state.groups.remove(&group)?;
        if plan.is_immediate {
            found.extend(final_report(index, plan, &group, &window, &self.settings));
            return None;
        }
        let measured = window.measure(plan);
        if !plan.holds(measured) {
            return None;
        }
        let id = finding_id(plan, &group, window.start_ms);
        let hit = report(index, plan, &group, &window, FindingId(id), &self.settings, true);
        let fact = Fact { time_ms: due_ms, ..fact_of(index, plan, &group, &window, &hit) };
        found.push(hit);
        Some(fact)
    }
}

impl State {
    /// Gives up the group that would end first when a new one would be too many.
    fn make_room(&mut self, group: &GroupKey, groups_max: usize) -> Option<(GroupKey, Window)> {
        if self.groups.len() < groups_max.max(1) || self.groups.contains_key(group) {
            return None;
        }
        let (_, oldest) = self.dues.pop_first()?;
        self.statistics.groups_evicted += 1;
        self.groups.remove_entry(&oldest)
    }

    fn push(
        &mut self,
        index: usize,
        plan: &Plan,
        group: &GroupKey,
        item: Item,
        settings: &Settings,
    ) -> Option<CorrelationHit> {
        let window = self.groups.entry(group.clone()).or_default();
        self.dues.remove(&(window.due_ms, group.clone()));
        self.statistics.events_evicted += window.push(item, plan, settings.events_max.max(1));
        let hit =
            (plan.is_immediate && window.reported.is_none() && plan.holds(window.measure(plan)))
                .then(|| {
                    let id = finding_id(plan, group, window.start_ms);
                    window.anchor(id, plan);
                    report(index, plan, group, window, FindingId(id), settings, false)
                });
        self.dues.insert((window.due_ms, group.clone()));
        hit
    }
}

/// The last report of a finding whose window grew after the first one.
fn final_report(
    index: usize,
    plan: &Plan,
    group: &GroupKey,
    window: &Window,
    settings: &Settings,
) -> Option<CorrelationHit> {
    let id = window.finding_id()?;
    let has_grown = window.reported.as_ref().is_some_and(|reported| reported.count < window.count);
    has_grown.then(|| report(index, plan, group, window, id, settings, true))
}

fn report(
    index: usize,
    plan: &Plan,
    group: &GroupKey,
    window: &Window,
    id: FindingId,
    settings: &Settings,
    is_final: bool,
) -> CorrelationHit {
    let rule = &plan.correlation.rule;
    let support = window.items.iter().take(settings.support_max).map(|item| Support {
        source: plan
            .correlation
            .inputs
            .get(item.input as usize)
            .copied()
            .unwrap_or(RuleRef::Correlation(index)),
        time_ms: item.time_ms,
        key: item.key,
        evidence: item.evidence,
        finding: item.finding.map(FindingId),
    });
    CorrelationHit {
        correlation: index,
        id,
        is_reported: plan.is_reported,
        group: rule.group_by.iter().cloned().zip(group.iter().cloned()).collect(),
        window_start_ms: window.start_ms,
        last_ms: window.last_ms,
        count: window.count,
        measured: window.measure(plan),
        support: support.collect(),
        is_final,
    }
}

/// A finding as an input of other correlations.
fn fact_of(
    index: usize,
    plan: &Plan,
    group: &GroupKey,
    window: &Window,
    hit: &CorrelationHit,
) -> Fact {
    let last = window.items.back();
    let passed = last.map(|item| item.passed.clone());
    let own = plan.passes.iter().map(|field| {
        plan.correlation
            .rule
            .group_by
            .iter()
            .position(|name| name == field)
            .and_then(|at| group.get(at).cloned())
    });
    Fact {
        source: RuleRef::Correlation(index),
        time_ms: hit.last_ms,
        key: last.map_or(EventKey { input: 0, offset: 0 }, |item| item.key),
        values: passed.unwrap_or_else(|| own.collect()),
        evidence: last.map_or(0, |item| item.evidence),
        finding: Some(hit.id.0),
    }
}

/// Hash of rule, version, window and group: the same events give the same id.
fn finding_id(plan: &Plan, group: &GroupKey, start_ms: i64) -> [u8; 16] {
    let mut hash = Sha256::new();
    let meta = &plan.correlation.rule.meta;
    for text in [&*meta.id, &*meta.version].into_iter().chain(group.iter().map(|value| &**value)) {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    }
    hash.update(start_ms.to_le_bytes());
    let mut id = [0; 16];
    for (to, from) in id.iter_mut().zip(hash.finalize()) {
        *to = from;
    }
    id
}
