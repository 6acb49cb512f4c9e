//! Which fields each rule must hand over, and where each correlation finds its own among them.

use rustc_hash::FxHashMap;

use super::hit::Values;
use crate::sigma::ast::{CorrelationKind, Ordering};
use crate::sigma::{Correlation, RuleRef, RuleSet};

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// The position in the group's values.
    Group(usize),
    /// The position in the values of the event.
    Event(usize),
}

/// One input of a correlation: positions in the values that it hands over.
#[derive(Debug, Clone, Default)]
pub(super) struct InputPlan {
    pub(super) group: Vec<usize>,
    pub(super) measured: Vec<usize>,
    pub(super) passed: Vec<Origin>,
}

/// A correlation made ready.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) correlation: Correlation,
    pub(super) is_reported: bool,
    pub(super) inputs: Vec<InputPlan>,
    /// The fields that it passes on to correlations that refer to it.
    pub(super) passes: Vec<Box<str>>,
    /// Whether the condition is decided with each event (else when the window is over).
    pub(super) is_immediate: bool,
}

impl Plan {
    /// Whether what is measured meets the condition.
    pub(super) fn holds(&self, measured: f64) -> bool {
        self.correlation
            .rule
            .condition
            .iter()
            .all(|(ordering, number)| ordering.holds(measured, *number))
    }

    pub(super) fn kind(&self) -> CorrelationKind {
        self.correlation.rule.kind
    }

    pub(super) fn span_ms(&self) -> i64 {
        self.correlation.rule.timespan_ms
    }
}

/// The whole plan.
#[derive(Debug, Clone, Default)]
pub(super) struct Plans {
    pub(super) correlations: Vec<Plan>,
    /// For each rule the fields it hands over; `None` when no correlation refers to it.
    pub(super) needs: Vec<Option<Vec<Box<str>>>>,
    /// Who takes what: (correlation, position among its inputs).
    pub(super) takers: FxHashMap<RuleRef, Vec<(usize, usize)>>,
}

impl Plans {
    pub(super) fn new(set: &RuleSet) -> Self {
        let mut needs: FxHashMap<RuleRef, Vec<Box<str>>> = FxHashMap::default();
        let mut takers: FxHashMap<RuleRef, Vec<(usize, usize)>> = FxHashMap::default();
        // A correlation stands after those that it refers to, so from the end all that refer to it are known.
        for (index, correlation) in set.correlations.iter().enumerate().rev() {
            let passes = needs.get(&RuleRef::Correlation(index)).cloned().unwrap_or_default();
            let group_by = &correlation.rule.group_by;
            let passed: Vec<&Box<str>> =
                passes.iter().filter(|field| !group_by.contains(field)).collect();
            for (position, input) in correlation.inputs.iter().enumerate() {
                let of_input = needs.entry(*input).or_default();
                let group = correlation.group_fields.get(position).into_iter().flatten();
                let measured = correlation.measured_fields.get(position).into_iter().flatten();
                for field in group.chain(measured).chain(passed.iter().copied()) {
                    if !of_input.contains(field) {
                        of_input.push(field.clone());
                    }
                }
            }
        }
        let mut correlations = Vec::with_capacity(set.correlations.len());
        for (index, correlation) in set.correlations.iter().enumerate() {
            for (position, input) in correlation.inputs.iter().enumerate() {
                takers.entry(*input).or_default().push((index, position));
            }
            let is_reported = set.is_correlation_reported.get(index).copied().unwrap_or(true);
            let passes = needs.get(&RuleRef::Correlation(index)).cloned().unwrap_or_default();
            correlations.push(plan(correlation, is_reported, passes, &needs));
        }
        let needs = (0..set.rules.len()).map(|index| needs.remove(&RuleRef::Rule(index))).collect();
        Self { correlations, needs, takers }
    }
}

fn plan(
    correlation: &Correlation,
    is_reported: bool,
    passes: Vec<Box<str>>,
    needs: &FxHashMap<RuleRef, Vec<Box<str>>>,
) -> Plan {
    let rule = &correlation.rule;
    let input_plan = |(position, input): (usize, &RuleRef)| {
        let handed = needs.get(input).map(Vec::as_slice).unwrap_or_default();
        let find =
            |field: &str| handed.iter().position(|have| &**have == field).unwrap_or(usize::MAX);
        let positions = |fields: &[Vec<Box<str>>]| {
            fields.get(position).into_iter().flatten().map(|field| find(field)).collect::<Vec<_>>()
        };
        let passed = passes.iter().map(|field| {
            match rule.group_by.iter().position(|group| group == field) {
                Some(at) => Origin::Group(at),
                None => Origin::Event(find(field)),
            }
        });
        InputPlan {
            group: positions(&correlation.group_fields),
            measured: positions(&correlation.measured_fields),
            passed: passed.collect(),
        }
    };
    let only_grows =
        !matches!(rule.kind, CorrelationKind::ValueAvg | CorrelationKind::ValuePercentile);
    let only_lower =
        rule.condition.iter().all(|(ordering, _)| matches!(ordering, Ordering::Gt | Ordering::Gte));
    Plan {
        inputs: correlation.inputs.iter().enumerate().map(input_plan).collect(),
        correlation: correlation.clone(),
        is_reported,
        passes,
        is_immediate: only_grows && only_lower,
    }
}

/// The values at positions; `None` as soon as one is missing.
pub(super) fn pick(values: &Values, positions: &[usize]) -> Option<Vec<std::sync::Arc<str>>> {
    positions.iter().map(|position| values.get(*position).cloned().flatten()).collect()
}
