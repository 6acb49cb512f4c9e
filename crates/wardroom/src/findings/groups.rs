//! Findings grouped by rule, with the entities they are about and a few examples.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{Finding, Level, RuleMeta, Timestamp};

use super::evidence::shorten_evidence;
use super::histogram::Histogram;

/// Findings of a rule that are kept whole.
pub(crate) const EXAMPLES_MAX: usize = 5;
/// Entities of a rule that are told apart.
const ENTITIES_MAX: usize = 1000;

/// What one rule found about one entity.
#[derive(Debug, Clone, Default)]
pub(crate) struct Entity {
    /// How many findings.
    pub(crate) count: u64,
    /// The first event's time.
    pub(crate) first: Option<Timestamp>,
    /// The last event's time.
    pub(crate) last: Option<Timestamp>,
}

/// All findings of one rule.
#[derive(Debug)]
pub(crate) struct Group {
    /// The rule.
    pub(crate) rule: Arc<RuleMeta>,
    /// How many findings.
    pub(crate) count: u64,
    /// The first event's time.
    pub(crate) first: Option<Timestamp>,
    /// The last event's time.
    pub(crate) last: Option<Timestamp>,
    /// By entity; at most [`ENTITIES_MAX`].
    entities: BTreeMap<Box<str>, Entity>,
    /// Findings about entities beyond the limit.
    pub(crate) further: u64,
    /// The first findings, evidence shortened.
    pub(crate) examples: Vec<Finding>,
}

impl Group {
    /// The entities, most findings first.
    pub(crate) fn entities(&self) -> Vec<(&str, &Entity)> {
        let mut all: Vec<(&str, &Entity)> =
            self.entities.iter().map(|(name, entity)| (&**name, entity)).collect();
        all.sort_by(|a, b| b.1.count.cmp(&a.1.count).then_with(|| a.0.cmp(b.0)));
        all
    }
}

/// All findings, grouped.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    by_rule: BTreeMap<Box<str>, Group>,
    /// Over time, by level.
    pub(crate) histogram: Histogram,
    levels: [u64; Level::ALL.len()],
}

impl Groups {
    /// Adds a finding; it is kept as an example while there is room.
    pub(crate) fn add(&mut self, finding: Finding) {
        let rule = Arc::clone(&finding.rule);
        let group = self.count(&rule, &finding.entity, finding.first, finding.last);
        if group.examples.len() < EXAMPLES_MAX {
            group.examples.push(shorten_evidence(finding));
        }
    }

    /// Counts a finding of which nothing more is wanted.
    pub(crate) fn add_brief(
        &mut self,
        rule: &Arc<RuleMeta>,
        entity: &str,
        time: Option<Timestamp>,
    ) {
        self.count(rule, entity, time, time);
    }

    fn count(
        &mut self,
        rule: &Arc<RuleMeta>,
        name: &str,
        first: Option<Timestamp>,
        last: Option<Timestamp>,
    ) -> &mut Group {
        if let Some(count) = self.levels.get_mut(rule.level as usize) {
            *count += 1;
        }
        if let Some(at) = first {
            self.histogram.add(at, rule.level);
        }
        let group = self.by_rule.entry(rule.id.clone()).or_insert_with(|| Group {
            rule: Arc::clone(rule),
            count: 0,
            first: None,
            last: None,
            entities: BTreeMap::new(),
            further: 0,
            examples: Vec::new(),
        });
        group.count += 1;
        group.first = earliest(group.first, first);
        group.last = group.last.max(last);
        if group.entities.len() < ENTITIES_MAX || group.entities.contains_key(name) {
            let entity = group.entities.entry(name.into()).or_default();
            entity.count += 1;
            entity.first = earliest(entity.first, first);
            entity.last = entity.last.max(last);
        } else {
            group.further += 1;
        }
        group
    }

    /// The groups, worst level first, then most findings.
    pub(crate) fn ordered(&self) -> Vec<&Group> {
        let mut all: Vec<&Group> = self.by_rule.values().collect();
        all.sort_by(|a, b| {
            let (left, right) = (&a.rule, &b.rule);
            right
                .level
                .cmp(&left.level)
                .then(b.count.cmp(&a.count))
                .then_with(|| left.title.cmp(&right.title))
        });
        all
    }

    /// All findings.
    pub(crate) fn total(&self) -> u64 {
        self.levels.iter().sum()
    }

    /// Findings of a level.
    pub(crate) fn of_level(&self, level: Level) -> u64 {
        self.levels.get(level as usize).copied().unwrap_or_default()
    }

    /// Findings at or above a level.
    pub(crate) fn at_least(&self, level: Level) -> u64 {
        Level::ALL.into_iter().filter(|it| *it >= level).map(|it| self.of_level(it)).sum()
    }

    /// `2 critical, 5 high …`, the levels that there are.
    pub(crate) fn in_words(&self) -> String {
        let levels = Level::ALL.into_iter().rev().filter(|level| self.of_level(*level) > 0);
        let parts: Vec<String> =
            levels.map(|level| format!("{} {}", self.of_level(level), level.as_str())).collect();
        parts.join(", ")
    }
}

fn earliest(have: Option<Timestamp>, new: Option<Timestamp>) -> Option<Timestamp> {
    match (have, new) {
        (Some(have), Some(new)) => Some(have.min(new)),
        (have, new) => have.or(new),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(id: &str, level: Level) -> Arc<RuleMeta> {
        Arc::new(RuleMeta { id: id.into(), title: id.into(), level, ..RuleMeta::default() })
    }

    #[test]
    fn worst_first_and_entities_are_bounded() {
        let mut groups = Groups::default();
        let (noisy, bad) = (rule("noisy", Level::Low), rule("bad", Level::Critical));
        for index in 0..2000_i64 {
            groups.add_brief(&noisy, &format!("host {index}"), Some(Timestamp(index)));
        }
        groups.add_brief(&bad, "host 1", Some(Timestamp(7)));
        let ordered = groups.ordered();
        assert_eq!(
            ordered.iter().map(|group| &*group.rule.id).collect::<Vec<_>>(),
            ["bad", "noisy"]
        );
        assert_eq!((ordered[1].entities.len(), ordered[1].further), (1000, 1000));
        assert_eq!(
            (ordered[1].first, ordered[1].last),
            (Some(Timestamp(0)), Some(Timestamp(1999)))
        );
        assert_eq!(groups.at_least(Level::Medium), 1);
        assert_eq!(groups.in_words(), "1 critical, 2000 low");
    }
}
