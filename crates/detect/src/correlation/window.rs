//! The events of one group and what is measured over them.

use std::collections::VecDeque;
use std::sync::Arc;

use model::FindingId;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::hit::{EventKey, Values};
use super::plan::Plan;
use crate::sigma::ast::CorrelationKind;
use crate::sigma::number_of_text;

/// The values that the events of a group agree on.
pub(super) type GroupKey = Arc<[Arc<str>]>;

/// An event, or a finding of another correlation, in a window.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Item {
    pub(super) time_ms: i64,
    pub(super) key: EventKey,
    /// Position among the correlation's inputs.
    pub(super) input: u32,
    /// What the condition measures.
    pub(super) measured: Box<[Arc<str>]>,
    /// What is passed on to other correlations.
    pub(super) passed: Values,
    pub(super) evidence: u64,
    pub(super) finding: Option<[u8; 16]>,
}

/// A finding that was reported and whose window is not over.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Reported {
    pub(super) id: [u8; 16],
    /// The count in the last report.
    pub(super) count: u64,
}

/// The window of one group.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Window {
    /// The events, in order of processing.
    pub(super) items: VecDeque<Item>,
    /// All events of the window, also those that are not kept.
    pub(super) count: u64,
    /// First event; meaningful once the window is anchored.
    pub(super) start_ms: i64,
    pub(super) last_ms: i64,
    /// When something is to be done: forget, decide or close.
    pub(super) due_ms: i64,
    pub(super) reported: Option<Reported>,
    #[serde(skip)]
    tally: Tally,
}

/// Counts that follow the items, so that measuring does not look at all of them.
#[derive(Debug, Clone, Default)]
struct Tally {
    distinct: FxHashMap<Box<[Arc<str>]>, u32>,
    inputs: Vec<u32>,
}

impl Window {
    pub(super) fn finding_id(&self) -> Option<FindingId> {
        self.reported.as_ref().map(|reported| FindingId(reported.id))
    }

    /// Whether the window no longer slides: it was reported, or the condition is decided at its end.
    pub(super) fn is_anchored(&self, plan: &Plan) -> bool {
        self.reported.is_some() || !plan.is_immediate
    }

    /// Takes an event in; returns how many events were given up.
    pub(super) fn push(&mut self, item: Item, plan: &Plan, events_max: usize) -> u64 {
        let time_ms = item.time_ms;
        let mut evicted = 0;
        self.last_ms = time_ms;
        if self.is_anchored(plan) {
            if self.count == 0 {
                self.start_ms = time_ms;
            }
            self.count += 1;
            self.due_ms = self.start_ms.saturating_add(plan.span_ms());
            // The window's beginning makes its name, so it is the new events that are only counted.
            if self.items.len() < events_max {
                self.add(item, plan);
            } else {
                evicted = 1;
            }
            return evicted;
        }
        let from_ms = time_ms.saturating_sub(plan.span_ms());
        while self.items.front().is_some_and(|oldest| oldest.time_ms < from_ms) {
            self.pop(plan);
        }
        if self.items.len() >= events_max {
            self.pop(plan);
            evicted = 1;
        }
        self.add(item, plan);
        self.count = self.items.len() as u64;
        self.start_ms = self.items.front().map_or(time_ms, |oldest| oldest.time_ms);
        self.due_ms = time_ms.saturating_add(plan.span_ms());
        evicted
    }

    /// Marks the window as reported; from now on it does not slide.
    pub(super) fn anchor(&mut self, id: [u8; 16], plan: &Plan) {
        self.reported = Some(Reported { id, count: self.count });
        self.due_ms = self.start_ms.saturating_add(plan.span_ms());
    }

    fn add(&mut self, item: Item, plan: &Plan) {
        self.tally.add(&item, plan);
        self.items.push_back(item);
    }

    fn pop(&mut self, plan: &Plan) {
        if let Some(item) = self.items.pop_front() {
            self.tally.remove(&item, plan);
        }
    }

    /// Counts the items anew after they were restored.
    pub(super) fn recount(&mut self, plan: &Plan) {
        self.tally = Tally::default();
        for item in &self.items {
            self.tally.add(item, plan);
        }
    }

    /// What the condition compares. Not-a-number (an empty window) stands in no relation to any number.
    pub(super) fn measure(&self, plan: &Plan) -> f64 {
        let numbers = || self.items.iter().filter_map(number_of_item);
        match plan.kind() {
            CorrelationKind::EventCount => self.count as f64,
            CorrelationKind::ValueCount => self.tally.distinct.len() as f64,
            CorrelationKind::Temporal => self.tally.inputs() as f64,
            CorrelationKind::TemporalOrdered => {
                let all = self.tally.inputs();
                // The order can only take away from the number of rules.
                if plan.holds(all as f64) || !plan.is_immediate {
                    self.ordered() as f64
                } else {
                    all as f64
                }
            }
            CorrelationKind::ValueSum => numbers().sum(),
            CorrelationKind::ValueAvg => numbers().sum::<f64>() / numbers().count() as f64,
            CorrelationKind::ValuePercentile => {
                percentile(numbers().collect(), plan.correlation.rule.percentile)
            }
        }
    }

    /// The most rules that occur in the order of the correlation, each not before the one before it. At equal times
    /// any order is the right one: logs often know only seconds.
    fn ordered(&self) -> usize {
        let mut items: Vec<(i64, u32)> =
            self.items.iter().map(|item| (item.time_ms, item.input)).collect();
        items.sort_unstable();
        let mut longest = vec![0_usize; self.tally.inputs.len()];
        for (_, input) in items {
            let (before, from) = longest.split_at_mut(input as usize);
            let chain = before.iter().copied().max().unwrap_or(0) + 1;
            if let Some(own) = from.first_mut() {
                *own = (*own).max(chain);
            }
        }
        longest.into_iter().max().unwrap_or(0)
    }
}

impl Tally {
    fn add(&mut self, item: &Item, plan: &Plan) {
        match plan.kind() {
            CorrelationKind::ValueCount => {
                *self.distinct.entry(item.measured.clone()).or_default() += 1;
            }
            CorrelationKind::Temporal | CorrelationKind::TemporalOrdered => {
                self.inputs.resize(plan.inputs.len(), 0);
                if let Some(count) = self.inputs.get_mut(item.input as usize) {
                    *count += 1;
                }
            }
            _ => {}
        }
    }

    fn remove(&mut self, item: &Item, plan: &Plan) {
        match plan.kind() {
            CorrelationKind::ValueCount => {
                if let Some(count) = self.distinct.get_mut(&item.measured) {
                    *count -= 1;
                    if *count == 0 {
                        self.distinct.remove(&item.measured);
                    }
                }
            }
            CorrelationKind::Temporal | CorrelationKind::TemporalOrdered => {
                if let Some(count) = self.inputs.get_mut(item.input as usize) {
                    *count = count.saturating_sub(1);
                }
            }
            _ => {}
        }
    }

    fn inputs(&self) -> usize {
        self.inputs.iter().filter(|count| **count > 0).count()
    }
}

/// The number that an item measures.
pub(super) fn number_of_item(item: &Item) -> Option<f64> {
    number_of_text(item.measured.first()?.as_bytes())
}

/// The nearest-rank percentile: the smallest value that at least `percent` per cent of the values do not exceed.
fn percentile(mut numbers: Vec<f64>, percent: f64) -> f64 {
    numbers.sort_unstable_by(f64::total_cmp);
    let rank = (percent / 100.0 * numbers.len() as f64).ceil() as usize;
    numbers.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let of = |percent| percentile(vec![30.0, 10.0, 20.0, 40.0], percent).to_string();
        assert_eq!(
            [of(0.0), of(25.0), of(50.0), of(51.0), of(100.0)],
            ["10", "10", "20", "30", "40"]
        );
        assert!(percentile(Vec::new(), 50.0).is_nan());
    }
}
