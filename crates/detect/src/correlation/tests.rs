//! Tests of the correlator: what each type finds, and that nothing depends on batches, order or interruptions.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::reference::{Outcome, findings};
use super::{CorrelationHit, Correlator, EventKey, Hit, Settings, statement};
use crate::sigma::{Placeholders, RuleRef, RuleSet};

/// Rules `a`, `b`, `c` (indices 0, 1, 2) and the correlations given as (name, section).
fn rules(correlations: &[(&str, &str)]) -> RuleSet {
    let base = ["a", "b", "c"].map(|name| {
        format!("title: {name}\nname: {name}\nlogsource: {{product: x}}\ndetection: {{s: {{f: {name}}}, condition: s}}\n")
    });
    let correlations = correlations.iter().map(|(name, section)| {
        format!("title: {name}\nname: {name}\ncorrelation: {{{section}}}\n")
    });
    let text = base.into_iter().chain(correlations).collect::<Vec<_>>().join("---\n");
    let (set, refusals) = RuleSet::load([("test.yml", text.as_str())], &Placeholders::default());
    assert!(refusals.is_empty(), "{refusals:?}");
    set
}

/// An event: rule, second, user, value. The same names serve all fields but the user.
type Sample = (usize, i64, Option<&'static str>, Option<&'static str>);

fn hit(correlator: &Correlator, number: u64, sample: Sample) -> Hit {
    let (rule, second, user, value) = sample;
    let of = |field: &str| if field.starts_with("user") { user } else { value };
    let values = correlator
        .needs(rule)
        .unwrap_or_default()
        .iter()
        .map(|field| of(field).map(Into::into))
        .collect();
    Hit {
        time_ms: second * 1_000,
        key: EventKey { input: 0, offset: number },
        rule,
        values,
        evidence: number,
    }
}

fn run(set: &RuleSet, samples: &[Sample]) -> Vec<CorrelationHit> {
    let mut correlator = Correlator::new(set, Settings::default());
    for (number, sample) in samples.iter().enumerate() {
        correlator.observe(hit(&correlator, number as u64, *sample));
    }
    correlator.finish()
}

/// The last report of each finding: (begin in seconds, count, measured).
fn last(hits: &[CorrelationHit]) -> Vec<(i64, u64, f64)> {
    let mut found: Vec<(&CorrelationHit, (i64, u64, f64))> = Vec::new();
    for hit in hits {
        let outcome = (hit.window_start_ms / 1_000, hit.count, hit.measured);
        match found.iter_mut().find(|(before, _)| before.id == hit.id) {
            Some((_, before)) => *before = outcome,
            None => found.push((hit, outcome)),
        }
    }
    found.into_iter().map(|(_, outcome)| outcome).collect()
}

fn found(section: &str, samples: &[Sample]) -> Vec<(i64, u64, f64)> {
    last(&run(&rules(&[("t", section)]), samples))
}

fn at(rule: usize, second: i64) -> Sample {
    (rule, second, Some("u"), None)
}

fn valued(second: i64, value: &'static str) -> Sample {
    (0, second, Some("u"), Some(value))
}

const COUNT: &str =
    "type: event_count, rules: [a], group-by: [user], timespan: 10s, condition: {gte: 3}";

#[test]
fn windows_slide_and_include_both_ends() {
    assert_eq!(found(COUNT, &[at(0, 0), at(0, 9), at(0, 11)]), []);
    assert_eq!(found(COUNT, &[at(0, 0), at(0, 6), at(0, 9), at(0, 16)]), [(0, 3, 3.0)]);
    assert_eq!(found(COUNT, &[at(0, 0), at(0, 8), at(0, 12), at(0, 18)]), [(8, 3, 3.0)]);
    assert_eq!(found(COUNT, &[at(0, 0), at(0, 5), at(0, 10)]), [(0, 3, 3.0)]);
}

#[test]
fn a_finding_grows_within_its_window_and_the_next_begins_after_it() {
    let samples: Vec<Sample> = (0..30).map(|second| at(0, second)).collect();
    assert_eq!(found(COUNT, &samples), [(0, 11, 11.0), (11, 11, 11.0), (22, 8, 8.0)]);
    let reports = run(&rules(&[("t", COUNT)]), &samples);
    let first: Vec<_> = reports.iter().filter(|report| report.window_start_ms == 0).collect();
    assert_eq!(
        first.iter().map(|report| (report.count, report.is_final)).collect::<Vec<_>>(),
        [(3, false), (11, true)]
    );
    assert_eq!(first.first().unwrap().support.len(), 3);
    assert_eq!(first.last().unwrap().support.last().unwrap().evidence, 10);
}

#[test]
fn groups_are_apart_and_events_without_group_are_counted() {
    let set = rules(&[("t", COUNT)]);
    let mut correlator = Correlator::new(&set, Settings::default());
    for (number, user) in
        [Some("u"), Some("v"), None, Some("u"), Some("v"), Some("u")].into_iter().enumerate()
    {
        correlator.observe(hit(&correlator, number as u64, (0, 1, user, None)));
    }
    let hits = correlator.finish();
    assert_eq!(hits.len(), 1);
    let only = hits.first().unwrap();
    assert_eq!(
        only.group.iter().map(|(field, value)| (&**field, &**value)).collect::<Vec<_>>(),
        [("user", "u")]
    );
    assert_eq!(correlator.statistics().correlations.first().unwrap().ungrouped, 1);
}

#[test]
fn without_group_by_all_events_are_one_group() {
    let section = "type: event_count, rules: [a, b], timespan: 10s, condition: {gt: 2}";
    assert_eq!(
        found(section, &[(0, 0, None, None), (1, 1, None, None), (0, 2, None, None)]),
        [(0, 3, 3.0)]
    );
}

#[test]
fn values_are_counted_summed_averaged_and_ranked() {
    let section = |kind: &str, condition: &str| {
        format!(
            "type: {kind}, rules: [a], group-by: [user], timespan: 10s, condition: {{field: v, {condition}}}"
        )
    };
    let values = [valued(0, "1"), valued(1, "2"), valued(2, "2"), valued(3, "9")];
    assert_eq!(found(&section("value_count", "gte: 3"), &values), [(0, 4, 3.0)]);
    assert_eq!(found(&section("value_count", "gte: 4"), &values), []);
    assert_eq!(found(&section("value_sum", "gt: 4"), &values), [(0, 4, 14.0)]);
    assert_eq!(found(&section("value_avg", "gte: 3.5"), &values), [(0, 4, 3.5)]);
    assert_eq!(found(&section("value_avg", "gt: 3.5"), &values), []);
    assert_eq!(
        found(&section("value_percentile", "percentile: 75, lte: 2"), &values),
        [(0, 4, 2.0)]
    );
    assert_eq!(found(&section("value_percentile", "gt: 1"), &values), [(0, 4, 2.0)]);
    let set = rules(&[("t", &section("value_sum", "gt: 4"))]);
    let mut correlator = Correlator::new(&set, Settings::default());
    for (number, sample) in [valued(0, "x"), at(0, 1), valued(2, "5")].into_iter().enumerate() {
        correlator.observe(hit(&correlator, number as u64, sample));
    }
    assert_eq!(last(&correlator.finish()), [(2, 1, 5.0)]);
    assert_eq!(correlator.statistics().correlations.first().unwrap().unmeasured, 2);
}

#[test]
fn several_fields_count_distinct_tuples() {
    let section =
        "type: value_count, rules: [a], timespan: 10s, condition: {field: [user, v], gte: 3}";
    let samples = [
        (0, 0, Some("u"), Some("1")),
        (0, 1, Some("u"), Some("2")),
        (0, 2, Some("u"), Some("1")),
        (0, 3, Some("w"), Some("1")),
    ];
    assert_eq!(found(section, &samples), [(0, 4, 3.0)]);
}

#[test]
fn upper_bounds_are_decided_when_the_window_is_over() {
    let section = |condition: &str| {
        format!(
            "type: event_count, rules: [a], group-by: [user], timespan: 10s, condition: {{{condition}}}"
        )
    };
    let three_then_one = [at(0, 0), at(0, 1), at(0, 2), at(0, 20)];
    assert_eq!(found(&section("lt: 3"), &three_then_one), [(20, 1, 1.0)]);
    assert_eq!(found(&section("lte: 3"), &three_then_one), [(0, 3, 3.0), (20, 1, 1.0)]);
    assert_eq!(found(&section("eq: 3"), &three_then_one), [(0, 3, 3.0)]);
    assert_eq!(found(&section("neq: 3"), &three_then_one), [(20, 1, 1.0)]);
    assert_eq!(found(&section("gte: 2, lte: 3"), &three_then_one), [(0, 3, 3.0)]);
    assert_eq!(found(&section("gte: 2, lt: 3"), &three_then_one), []);
}

#[test]
fn temporal_needs_all_rules_and_ordered_their_order() {
    let section =
        |kind: &str| format!("type: {kind}, rules: [a, b, c], group-by: [user], timespan: 10s");
    let (temporal, ordered) = (section("temporal"), section("temporal_ordered"));
    let backwards = [at(2, 0), at(1, 1), at(0, 2)];
    assert_eq!(found(&temporal, &backwards), [(0, 3, 3.0)]);
    assert_eq!(found(&ordered, &backwards), []);
    assert_eq!(found(&ordered, &[at(2, 0), at(0, 1), at(1, 2), at(0, 3), at(2, 4)]), [(0, 5, 3.0)]);
    assert_eq!(found(&ordered, &[at(0, 0), at(1, 2), at(2, 11)]), []);
    assert_eq!(
        found(&ordered, &[at(2, 1), at(1, 1), at(0, 1)]),
        [(1, 3, 3.0)],
        "equal times are in order"
    );
    let two = format!("{temporal}, condition: {{gte: 2}}");
    assert_eq!(found(&two, &[at(0, 0), at(0, 1), at(2, 2)]), [(0, 3, 2.0)]);
}

#[test]
fn aliases_name_other_fields() {
    let section = "type: temporal, rules: [a, b], group-by: [who], timespan: 10s, \
                   aliases: {who: {a: user_a, b: user_b}}";
    let hits = run(&rules(&[("t", section)]), &[at(0, 0), at(1, 1), (1, 2, Some("w"), None)]);
    assert_eq!(last(&hits), [(0, 2, 2.0)]);
    assert_eq!(&*hits.first().unwrap().group.first().unwrap().0, "who");
}

#[test]
fn chains_take_findings_with_fields_they_do_not_group_by() {
    let many =
        "type: event_count, rules: [a], group-by: [value], timespan: 10s, condition: {gte: 3}";
    let chain = "type: temporal_ordered, rules: [many, b], group-by: [user], timespan: 20s";
    let set = rules(&[("many", many), ("chain", chain)]);
    let fail = |second| (0, second, Some("u"), Some("host"));
    let hits = run(&set, &[fail(0), fail(1), fail(2), fail(3), at(1, 5)]);
    let chained: Vec<_> = hits.iter().filter(|hit| hit.correlation == 1).collect();
    let only = chained.first().unwrap();
    assert_eq!((chained.len(), only.window_start_ms, only.last_ms), (1, 2_000, 5_000));
    let source = only.support.first().unwrap();
    assert_eq!(source.source, RuleRef::Correlation(0));
    assert_eq!(source.finding, hits.iter().find(|hit| hit.correlation == 0).map(|hit| hit.id));
    assert!(only.is_reported && hits.iter().all(|hit| hit.correlation == 1 || !hit.is_reported));
    assert_eq!(
        run(&set, &[at(1, 0), fail(1), fail(2), fail(3)])
            .iter()
            .filter(|hit| hit.correlation == 1)
            .count(),
        0
    );
}

#[test]
fn late_hits_and_evictions_are_counted() {
    let set = rules(&[("t", COUNT)]);
    let settings =
        Settings { lateness_ms: 5_000, groups_max: 2, events_max: 2, ..Settings::default() };
    let mut correlator = Correlator::new(&set, settings);
    for (number, sample) in [at(0, 100), at(0, 95), at(0, 94)].into_iter().enumerate() {
        correlator.observe(hit(&correlator, number as u64, sample));
    }
    correlator.advance(None);
    assert_eq!(correlator.statistics().late, 1);
    for (number, user) in ["v", "w", "w", "w"].into_iter().enumerate() {
        correlator.observe(hit(&correlator, 9 + number as u64, (0, 101, Some(user), None)));
    }
    assert_eq!(correlator.finish(), []);
    let statistics = correlator.statistics();
    let of = statistics.correlations.first().unwrap();
    assert_eq!((of.groups_evicted, of.events_evicted, of.groups), (1, 1, 0));
}

#[test]
fn too_many_waiting_hits_are_hurried() {
    let set = rules(&[("t", COUNT)]);
    let mut correlator = Correlator::new(&set, Settings { waiting_max: 2, ..Settings::default() });
    for second in 0..5 {
        correlator.observe(hit(&correlator, 0, at(0, second)));
    }
    assert_eq!(correlator.advance(None).len(), 1);
    assert_eq!((correlator.statistics().hurried, correlator.statistics().waiting), (3, 2));
}

#[test]
fn a_changed_rule_begins_anew() {
    let set = rules(&[("t", COUNT)]);
    let mut correlator = Correlator::new(&set, Settings::default());
    correlator.observe(hit(&correlator, 0, at(0, 0)));
    correlator.observe(hit(&correlator, 1, at(0, 305)));
    correlator.advance(None);
    let bytes = correlator.save(&set).unwrap();
    let changed = rules(&[("t", &COUNT.replace("gte: 3", "gte: 4"))]);
    let mut other = Correlator::new(&changed, Settings::default());
    let restored = other.restore(&changed, &bytes).unwrap();
    assert_eq!((restored.groups, restored.waiting, restored.changed.len()), (0, 1, 1));
    assert_eq!(correlator.clone().restore(&set, &bytes).unwrap().groups, 1);
    assert!(
        other
            .restore(&changed, b"{}")
            .unwrap_err()
            .to_string()
            .contains("not a saved correlation state")
    );
    let newer = String::from_utf8(bytes).unwrap().replace("\"format\":1", "\"format\":9");
    assert!(
        other.restore(&changed, newer.as_bytes()).unwrap_err().to_string().contains("format 9")
    );
}

#[test]
fn statements_say_the_condition() {
    let said = |rule: &str, measured: f64| {
        let set = rules(&[("t", rule)]);
        statement(set.correlations.first().unwrap(), measured)
    };
    assert_eq!(said(COUNT, 12.0), "12 events within 10 seconds (3 or more wanted)");
    let over = "rules: [a, b], group-by: [user], timespan: 1h,";
    let values = format!("type: value_count, {over} condition: {{field: v, gte: 5}}");
    assert_eq!(said(&values, 7.0), "7 different values of v within 1 hour (5 or more wanted)");
    let ordered = format!("type: temporal_ordered, {over}");
    assert_eq!(said(&ordered, 2.0), "both of its rules held in this order within 1 hour");
    let sum = format!("type: value_sum, {over} condition: {{field: v, gt: 100}}");
    assert_eq!(said(&sum, 120.5), "v added up to 120.5 within 1 hour (more than 100 wanted)");
}

/// One of everything.
fn all_kinds() -> RuleSet {
    rules(&[
        ("count", COUNT),
        (
            "values",
            "type: value_count, rules: [a, b], group-by: [user], timespan: 8s, condition: {field: v, gte: 3}",
        ),
        ("temporal", "type: temporal, rules: [a, b, c], group-by: [user], timespan: 6s"),
        ("ordered", "type: temporal_ordered, rules: [c, a, b], group-by: [user], timespan: 9s"),
        ("sum", "type: value_sum, rules: [c], timespan: 7s, condition: {field: v, gt: 4}"),
        (
            "mean",
            "type: value_avg, rules: [a, c], group-by: [user], timespan: 7s, condition: {field: v, gt: 1.5}",
        ),
        (
            "few",
            "type: event_count, rules: [b], group-by: [user], timespan: 5s, condition: {lte: 2}",
        ),
        ("range", "type: event_count, rules: [a, b, c], timespan: 9s, condition: {gte: 3, lte: 6}"),
        ("chain", "type: temporal_ordered, rules: [count, b], group-by: [user], timespan: 20s"),
        (
            "late_chain",
            "type: event_count, rules: [few, mean], group-by: [user], timespan: 30s, condition: {gte: 2}",
        ),
    ])
}

fn samples() -> impl Strategy<Value = Vec<Sample>> {
    let user = prop::sample::select(vec![Some("u"), Some("v"), None]);
    let value = prop::sample::select(vec![Some("1"), Some("2"), Some("3"), Some("x"), None]);
    prop::collection::vec((0..3_usize, 0..60_i64, user, value), 0..80)
}

/// All hits, in the order of processing.
fn hits(set: &RuleSet, samples: &[Sample]) -> Vec<Hit> {
    let correlator = Correlator::new(set, Settings::default());
    let mut hits: Vec<Hit> = samples
        .iter()
        .enumerate()
        .map(|(number, sample)| hit(&correlator, number as u64, *sample))
        .collect();
    hits.sort();
    hits
}

const SETTINGS: Settings = Settings {
    lateness_ms: 5_000,
    waiting_max: 1_000,
    groups_max: 100,
    events_max: 100,
    support_max: 5,
};

fn at_once(set: &RuleSet, hits: &[Hit]) -> Vec<CorrelationHit> {
    let mut correlator = Correlator::new(set, SETTINGS);
    for hit in hits {
        correlator.observe(hit.clone());
    }
    correlator.finish()
}

proptest! {
    #[test]
    fn batches_order_and_interruptions_change_nothing(
        samples in samples(),
        jitter in prop::collection::vec(0..=5_000_i64, 80),
        cuts in prop::collection::vec(any::<(bool, bool)>(), 80),
    ) {
        let set = all_kinds();
        let hits = hits(&set, &samples);
        let expected = at_once(&set, &hits);
        // Each hit arrives at most the lateness after its time.
        let mut arrivals: Vec<(i64, &Hit)> =
            hits.iter().zip(&jitter).map(|(hit, delay)| (hit.time_ms + delay, hit)).collect();
        arrivals.sort();
        let mut correlator = Correlator::new(&set, SETTINGS);
        let mut found = Vec::new();
        for ((_, hit), (is_advanced, is_saved)) in arrivals.into_iter().zip(&cuts) {
            correlator.observe(hit.clone());
            if *is_advanced {
                found.extend(correlator.advance(None));
            }
            if *is_saved {
                let bytes = correlator.save(&set).unwrap();
                correlator = Correlator::new(&set, SETTINGS);
                prop_assert!(correlator.restore(&set, &bytes).unwrap().changed.is_empty());
                prop_assert_eq!(correlator.save(&set).unwrap(), bytes);
            }
        }
        prop_assert_eq!(correlator.statistics().late, 0);
        found.extend(correlator.finish());
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn the_reference_finds_the_same(samples in samples()) {
        let set = all_kinds();
        let hits = hits(&set, &samples);
        let correlator = Correlator::new(&set, SETTINGS);
        let needs: Vec<Vec<Box<str>>> = (0..3).map(|rule| correlator.needs(rule).unwrap().to_vec()).collect();
        let mut found: BTreeMap<[u8; 16], Outcome> = BTreeMap::new();
        for hit in at_once(&set, &hits).into_iter().filter(|hit| hit.correlation < 3) {
            let group = hit.group.iter().map(|(_, value)| value.to_string()).collect();
            let outcome =
                (hit.correlation, group, hit.window_start_ms, hit.last_ms, hit.count, hit.measured as u64);
            found.insert(hit.id.0, outcome);
        }
        let mut found: Vec<Outcome> = found.into_values().collect();
        let indexed = set.correlations.iter().enumerate().take(3);
        let mut expected: Vec<Outcome> =
            indexed.flat_map(|(index, correlation)| findings(index, correlation, &hits, &needs)).collect();
        found.sort();
        expected.sort();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn small_bounds_never_lose_the_count_of_what_they_lose(samples in samples()) {
        let set = all_kinds();
        let settings = Settings { groups_max: 1, events_max: 2, waiting_max: 3, ..SETTINGS };
        let mut correlator = Correlator::new(&set, settings);
        for hit in hits(&set, &samples) {
            correlator.observe(hit);
            correlator.advance(None);
            let statistics = correlator.statistics();
            prop_assert!(statistics.waiting <= 3);
            prop_assert!(statistics.correlations.iter().all(|of| of.groups <= 1));
        }
        correlator.finish();
        prop_assert!(correlator.statistics().correlations.iter().all(|of| of.groups == 0));
    }
}
