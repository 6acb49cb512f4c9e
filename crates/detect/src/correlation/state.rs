//! Saving the correlator's state and taking it up again, also after the rules changed.

use std::cmp::Reverse;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::hit::{CorrelationStatistics, EventKey, Hit, Statistics, Values};
use super::process::{Correlator, State};
use super::window::{GroupKey, Window};
use crate::sigma::RuleSet;

/// Version of the format below.
const FORMAT: u32 = 1;

/// Why a saved state cannot be taken up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// Not a saved state.
    #[error("not a saved correlation state: {0}; remove it to begin without state")]
    Malformed(String),
    /// Saved by another version of this program.
    #[error(
        "the correlation state has format {0}, this program reads {FORMAT}; remove it to begin without state"
    )]
    Format(u32),
}

/// What became of a saved state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restored {
    /// Groups taken up.
    pub groups: usize,
    /// Hits that wait taken up.
    pub waiting: usize,
    /// Ids of rules that changed or are gone: their groups and hits are given up.
    pub changed: Vec<Box<str>>,
}

#[derive(Serialize, Deserialize)]
struct Saved {
    format: u32,
    watermark_ms: i64,
    statistics: Statistics,
    /// Rules with hits that wait.
    rules: Vec<SavedRule>,
    waiting: Vec<SavedHit>,
    correlations: Vec<SavedCorrelation>,
}

#[derive(Serialize, Deserialize)]
struct SavedRule {
    id: Box<str>,
    version: Box<str>,
    needs: Vec<Box<str>>,
}

#[derive(Serialize, Deserialize)]
struct SavedHit {
    time_ms: i64,
    key: EventKey,
    /// Position in [`Saved::rules`].
    rule: usize,
    values: Values,
    evidence: u64,
}

#[derive(Serialize, Deserialize)]
struct SavedCorrelation {
    id: Box<str>,
    version: Box<str>,
    passes: Vec<Box<str>>,
    statistics: CorrelationStatistics,
    groups: Vec<(Vec<Arc<str>>, Window)>,
}

impl Correlator {
    /// The whole state as JSON. `set` is the rule set that the correlator was made of.
    ///
    /// # Errors
    /// Only when memory ends while writing.
    pub fn save(&self, set: &RuleSet) -> Result<Vec<u8>, serde_json::Error> {
        let mut positions: FxHashMap<usize, usize> = FxHashMap::default();
        let mut rules = Vec::new();
        let mut hits: Vec<&Hit> = self.waiting.iter().map(|Reverse(hit)| hit).collect();
        hits.sort_unstable();
        let mut waiting = Vec::with_capacity(hits.len());
        for hit in hits {
            let Some(meta) = set.rules.get(hit.rule).map(|rule| &rule.meta) else { continue };
            let rule = *positions.entry(hit.rule).or_insert_with(|| {
                let needs = self.needs(hit.rule).unwrap_or_default().to_vec();
                rules.push(SavedRule { id: meta.id.clone(), version: meta.version.clone(), needs });
                rules.len() - 1
            });
            let Hit { time_ms, key, values, evidence, .. } = hit.clone();
            waiting.push(SavedHit { time_ms, key, rule, values, evidence });
        }
        let saved = Saved {
            format: FORMAT,
            watermark_ms: self.watermark_ms,
            statistics: self.statistics.clone(),
            rules,
            waiting,
            correlations: self.saved_correlations(),
        };
        serde_json::to_vec(&saved)
    }

    fn saved_correlations(&self) -> Vec<SavedCorrelation> {
        let both = self.plans.correlations.iter().zip(&self.states);
        both.map(|(plan, state)| {
            let mut groups: Vec<(Vec<Arc<str>>, Window)> =
                state.groups.iter().map(|(key, window)| (key.to_vec(), window.clone())).collect();
            groups.sort_unstable_by(|left, right| left.0.cmp(&right.0));
            let meta = &plan.correlation.rule.meta;
            SavedCorrelation {
                id: meta.id.clone(),
                version: meta.version.clone(),
                passes: plan.passes.clone(),
                statistics: state.statistics.clone(),
                groups,
            }
        })
        .collect()
    }

    /// Takes up a saved state in place of the present one. Correlations and rules are found by id and must have the
    /// same version: a rule that means something else begins anew.
    ///
    /// # Errors
    /// When the bytes are not a state of this format; the present state stays.
    pub fn restore(&mut self, set: &RuleSet, bytes: &[u8]) -> Result<Restored, RestoreError> {
        let saved: Saved = serde_json::from_slice(bytes)
            .map_err(|error| RestoreError::Malformed(error.to_string()))?;
        if saved.format != FORMAT {
            return Err(RestoreError::Format(saved.format));
        }
        let mut restored = Restored::default();
        *self = Self::new(set, self.settings);
        self.watermark_ms = saved.watermark_ms;
        self.statistics = saved.statistics;
        self.restore_waiting(set, &saved.rules, saved.waiting, &mut restored);
        for correlation in saved.correlations {
            self.restore_correlation(correlation, &mut restored);
        }
        Ok(restored)
    }

    fn restore_waiting(
        &mut self,
        set: &RuleSet,
        rules: &[SavedRule],
        hits: Vec<SavedHit>,
        restored: &mut Restored,
    ) {
        let find = |saved: &SavedRule| {
            let same =
                |meta: &model::RuleMeta| meta.id == saved.id && meta.version == saved.version;
            let index = set.rules.iter().position(|rule| same(&rule.meta))?;
            Some((index, mapping(&saved.needs, self.needs(index)?)))
        };
        let found: Vec<Option<(usize, Vec<Option<usize>>)>> = rules.iter().map(find).collect();
        for (rule, _) in rules.iter().zip(&found).filter(|(_, found)| found.is_none()) {
            restored.changed.push(rule.id.clone());
        }
        for hit in hits {
            if let Some(Some((rule, map))) = found.get(hit.rule) {
                let values = mapped(&hit.values, map);
                let SavedHit { time_ms, key, evidence, .. } = hit;
                self.waiting.push(Reverse(Hit { time_ms, key, rule: *rule, values, evidence }));
                restored.waiting += 1;
            }
        }
    }

    fn restore_correlation(&mut self, saved: SavedCorrelation, restored: &mut Restored) {
        let same = |meta: &model::RuleMeta| meta.id == saved.id && meta.version == saved.version;
        let found =
            self.plans.correlations.iter().position(|plan| same(&plan.correlation.rule.meta));
        let both = found.and_then(|index| {
            Some((self.plans.correlations.get(index)?, self.states.get_mut(index)?))
        });
        let Some((plan, state)) = both else {
            restored.changed.push(saved.id);
            return;
        };
        let map = mapping(&saved.passes, &plan.passes);
        *state = State { statistics: saved.statistics, ..State::default() };
        for (key, mut window) in saved.groups {
            let key: GroupKey = key.into();
            for item in &mut window.items {
                item.passed = mapped(&item.passed, &map);
            }
            window.recount(plan);
            self.next_due_ms = self.next_due_ms.min(window.due_ms);
            state.dues.insert((window.due_ms, key.clone()));
            state.groups.insert(key, window);
            restored.groups += 1;
        }
    }
}

/// For each wanted field its position among those that were saved.
fn mapping(saved: &[Box<str>], wanted: &[Box<str>]) -> Vec<Option<usize>> {
    wanted.iter().map(|field| saved.iter().position(|have| have == field)).collect()
}

fn mapped(values: &Values, map: &[Option<usize>]) -> Values {
    map.iter()
        .map(|position| position.and_then(|position| values.get(position).cloned().flatten()))
        .collect()
}
