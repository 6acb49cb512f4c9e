//! What a correlation found, as a sentence for people.

use crate::sigma::ast::{CorrelationKind, Ordering};
use crate::sigma::{Correlation, RuleRef};

/// What was measured against what was wanted, for example `12 events within 5 minutes (10 or more wanted)`.
pub fn statement(correlation: &Correlation, measured: f64) -> String {
    let rule = &correlation.rule;
    let fields = rule.fields.join(", ");
    let (value, length) = (number(measured), length(rule.timespan_ms));
    let is_one = (measured - 1.0).abs() < f64::EPSILON;
    let wanted = format!(" ({} wanted)", wanted(&rule.condition));
    let rules = || rules_that_held(measured, correlation.inputs.len(), &wanted);
    match rule.kind {
        CorrelationKind::EventCount => {
            let noun = match correlation.inputs.iter().all(|it| matches!(it, RuleRef::Rule(_))) {
                true if is_one => "event",
                true => "events",
                false if is_one => "finding",
                false => "findings",
            };
            format!("{value} {noun} within {length}{wanted}")
        }
        CorrelationKind::ValueCount if is_one => {
            format!("only 1 value of {fields} within {length}{wanted}")
        }
        CorrelationKind::ValueCount => {
            format!("{value} different values of {fields} within {length}{wanted}")
        }
        CorrelationKind::Temporal => {
            let (held, tail) = rules();
            format!("{held} held within {length}{tail}")
        }
        CorrelationKind::TemporalOrdered => {
            let (held, tail) = rules();
            format!("{held} held in this order within {length}{tail}")
        }
        CorrelationKind::ValueSum => {
            format!("{fields} added up to {value} within {length}{wanted}")
        }
        CorrelationKind::ValueAvg => format!("{fields} averaged {value} over {length}{wanted}"),
        CorrelationKind::ValuePercentile => {
            let share = number(rule.percentile);
            format!(
                "{share} % of the values of {fields} within {length} were {value} or less{wanted}"
            )
        }
    }
}

/// How many of its rules held, and what else there is to say.
fn rules_that_held(measured: f64, all: usize, wanted: &str) -> (String, String) {
    let is_all = (measured - all as f64).abs() < f64::EPSILON;
    match all {
        1 if is_all => ("its rule".to_owned(), String::new()),
        2 if is_all => ("both of its rules".to_owned(), String::new()),
        _ if is_all => (format!("all {all} of its rules"), String::new()),
        _ => (format!("{} of its {all} rules", number(measured)), wanted.to_owned()),
    }
}

fn wanted(condition: &[(Ordering, f64)]) -> String {
    let words = condition.iter().map(|(ordering, limit)| {
        let limit = number(*limit);
        match ordering {
            Ordering::Eq => format!("exactly {limit}"),
            Ordering::Lt => format!("fewer than {limit}"),
            Ordering::Lte => format!("{limit} or fewer"),
            Ordering::Gt => format!("more than {limit}"),
            Ordering::Gte => format!("{limit} or more"),
            Ordering::Neq => format!("any number but {limit}"),
        }
    });
    words.collect::<Vec<_>>().join(" and ")
}

/// At most two digits behind the point.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// In the largest unit that needs no fraction.
fn length(ms: i64) -> String {
    const UNITS: [(i64, &str); 4] =
        [(86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1_000, "second")];
    let whole = UNITS.iter().find(|(unit, _)| ms > 0 && ms % unit == 0);
    match whole.map(|(unit, name)| (ms / unit, name)) {
        Some((1, name)) => format!("1 {name}"),
        Some((count, name)) => format!("{count} {name}s"),
        None => format!("{} seconds", number(ms as f64 / 1_000.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_told_in_the_largest_unit() {
        for (ms, words) in [
            (1_800_000, "30 minutes"),
            (3_600_000, "1 hour"),
            (5_400_000, "90 minutes"),
            (172_800_000, "2 days"),
            (90_000, "90 seconds"),
            (1_500, "1.5 seconds"),
            (0, "0 seconds"),
        ] {
            assert_eq!(length(ms), words);
        }
    }

    #[test]
    fn conditions_are_told_in_words() {
        let range = [(Ordering::Gt, 100.0), (Ordering::Lte, 2_000.5)];
        assert_eq!(wanted(&range), "more than 100 and 2000.5 or fewer");
        assert_eq!(wanted(&[(Ordering::Eq, 0.0)]), "exactly 0");
    }

    #[test]
    fn all_rules_or_some_of_them() {
        let held = |measured, all| rules_that_held(measured, all, " (2 or more wanted)");
        assert_eq!(held(2.0, 2), ("both of its rules".to_owned(), String::new()));
        assert_eq!(held(3.0, 3), ("all 3 of its rules".to_owned(), String::new()));
        let some = ("3 of its 5 rules".to_owned(), " (2 or more wanted)".to_owned());
        assert_eq!(held(3.0, 5), some);
    }
}
