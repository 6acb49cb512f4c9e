//! A second way to the same findings, for tests: all events at once, every window measured from scratch.

use std::collections::{BTreeMap, BTreeSet};

use super::hit::Hit;
use crate::sigma::Correlation;
use crate::sigma::RuleRef;
use crate::sigma::ast::CorrelationKind;

/// What a finding is in the end: correlation, group, begin, last event, events, measured.
pub(super) type Outcome = (usize, Vec<String>, i64, i64, u64, u64);

/// Time, position among the inputs, what is measured.
type Event = (i64, usize, Vec<String>);

/// The findings of one correlation of base rules whose condition is `gte`, over hits in order of time.
pub(super) fn findings(
    index: usize,
    correlation: &Correlation,
    hits: &[Hit],
    needs: &[Vec<Box<str>>],
) -> Vec<Outcome> {
    let mut groups: BTreeMap<Vec<String>, Vec<Event>> = BTreeMap::new();
    for hit in hits {
        let Some(input) =
            correlation.inputs.iter().position(|input| *input == RuleRef::Rule(hit.rule))
        else {
            continue;
        };
        let value = |field: &str| -> Option<String> {
            let at = needs.get(hit.rule)?.iter().position(|have| &**have == field)?;
            hit.values.get(at)?.as_deref().map(str::to_owned)
        };
        let all = |fields: &[Box<str>]| {
            fields.iter().map(|field| value(field)).collect::<Option<Vec<_>>>()
        };
        let group = correlation.group_fields.get(input).and_then(|fields| all(fields));
        let measured = correlation.measured_fields.get(input).and_then(|fields| all(fields));
        if let (Some(group), Some(measured)) = (group, measured) {
            groups.entry(group).or_default().push((hit.time_ms, input, measured));
        }
    }
    let mut outcomes = Vec::new();
    for (group, events) in groups {
        let mut from = 0;
        let mut at = 0;
        while at < events.len() {
            // The window that ends with this event, over the events that no finding holds yet.
            let end_ms = events[at].0;
            let start = (from..=at)
                .find(|&i| events[i].0 >= end_ms - correlation.rule.timespan_ms)
                .unwrap_or(at);
            let threshold = correlation.rule.condition[0].1;
            if measure(correlation.rule.kind, &events[start..=at]) < threshold {
                at += 1;
                continue;
            }
            let begin_ms = events[start].0;
            let last = (at..events.len())
                .take_while(|&i| events[i].0 <= begin_ms + correlation.rule.timespan_ms)
                .last()
                .unwrap_or(at);
            let window = &events[start..=last];
            let measured = measure(correlation.rule.kind, window) as u64;
            outcomes.push((
                index,
                group.clone(),
                begin_ms,
                events[last].0,
                window.len() as u64,
                measured,
            ));
            from = last + 1;
            at = last + 1;
        }
    }
    outcomes
}

fn measure(kind: CorrelationKind, window: &[Event]) -> f64 {
    match kind {
        CorrelationKind::ValueCount => {
            window.iter().map(|event| &event.2).collect::<BTreeSet<_>>().len() as f64
        }
        CorrelationKind::Temporal => {
            window.iter().map(|event| event.1).collect::<BTreeSet<_>>().len() as f64
        }
        _ => window.len() as f64,
    }
}
