//! Tests of loading: refusals with their places, filters, correlations.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use super::ast::{CorrelationKind, Ordering};
use super::detection::Placeholders;
use super::evaluate::Evaluator;
use super::ruleset::{RuleRef, RuleSet};
use super::samples::{catalog, event, load, rule};

fn refusal(text: &str) -> String {
    let (set, refusals) = load(text);
    assert!(set.rules.is_empty() && refusals.len() == 1, "{text}: {refusals:?}");
    refusals.first().unwrap().to_string()
}

#[test]
fn refusals_say_where_what_and_the_way_out() {
    let detection = |lines: &str| rule(&format!("    sel:\n        {lines}\n    condition: sel"));
    let cases = [
        (detection("f|foo: 1"), "test.yml:6:11: no modifier 'foo'; the modifiers are"),
        (
            detection("f|contains|re: 1"),
            "test.yml:6:20: the modifier 're' cannot follow 'contains'",
        ),
        (detection("f|contains|base64: x"), "cannot follow 'contains'; encode first"),
        (detection("f|contains|contains: x"), "stands twice"),
        (detection("'|exists': true"), "needs a field"),
        (detection("f|i: x"), "write it after 're'"),
        (
            detection("f|re: 'a(?=b)'"),
            "test.yml:6:15: the regular expression 'a(?=b)' cannot be used: look-around",
        ),
        (detection("f|cidr: 10.0.0.0/40"), "'10.0.0.0/40' is not a network"),
        (detection("f|exists: 'yes'"), "the modifier 'exists' cannot take text"),
        (detection("f|lt: '5'"), "without quotes"),
        (detection("f|hour: 24"), "from 0 to 23"),
        (detection("f|base64: 'a*'"), "wildcards cannot be encoded"),
        (detection("f|contains: null"), "null where text"),
        (detection("f: [a, null]"), "test.yml:6:16: null cannot be part of a list"),
        (detection("f|all: a"), "'all' on a single value"),
        (detection("f: {a: b}"), "is a map"),
        (detection("f: []"), "without values"),
        (detection("f: 1\n        f: 2"), "test.yml:7:9: the key 'f' stands twice"),
        (detection("f|windash: '------'"), "more than 5 dashes"),
        (rule("    sel:\n        f: 1"), "test.yml:4:1: no condition"),
        (rule("    condition: sel"), "no selection"),
        (
            rule("    sel:\n        f: 1\n    condition: sel and other"),
            "test.yml:7:24: no selection 'other'",
        ),
        (rule("    sel: {}\n    condition: sel"), "a selection without conditions"),
        ("title: x\ndetection:\n    a: [b]\n    condition: a\n".to_owned(), "no logsource"),
        ("title: x\nlogsource:\n    product: a\n".to_owned(), "no detection"),
        ("- a\n- b\n".to_owned(), "the document is a list"),
        (String::new(), "the file is empty"),
        ("a: [".to_owned(), "not YAML"),
        ("action: global\ntitle: x\n".to_owned(), "test.yml:1:1: 'action' joins documents"),
        (
            rule("    s: [a]\n    condition: s").replace("title", "level: bad\ntitle"),
            "test.yml:1:8: no level 'bad'",
        ),
    ];
    for (text, expected) in cases {
        let words = refusal(&text);
        assert!(words.contains(expected), "{words} does not contain {expected}");
    }
}

#[test]
fn regular_expressions_of_one_file_are_limited() {
    let values: Vec<String> = (0..200).map(|number| format!("'a{number}'")).collect();
    let words = refusal(&rule(&format!(
        "    sel:\n        f|re: [{}]\n    condition: sel",
        values.join(", ")
    )));
    assert!(words.contains("the file has more than 128 of them"), "{words}");
}

#[test]
fn old_aggregations_name_correlation_rules() {
    let text =
        rule("    sel:\n        f: 1\n    timeframe: 5m\n    condition: sel | count() by f > 5");
    let words = refusal(&text);
    assert!(
        words.contains("test.yml:8:20") && words.contains("write a correlation rule"),
        "{words}"
    );
}

#[test]
fn ids_are_unique_and_the_first_stays() {
    let one = rule("    s: [a]\n    condition: s").replace("title", "id: AB\ntitle");
    let two = rule("    s: [b]\n    condition: s").replace("title", "id: ab\ntitle");
    let (set, refusals) = RuleSet::load(
        [("one.yml", one.as_str()), ("two.yml", two.as_str())],
        &Placeholders::default(),
    );
    assert_eq!(set.rules.len(), 1);
    let words = refusals.first().unwrap().to_string();
    assert!(words.starts_with("two.yml:1:1: the id 'ab' is already used in one.yml:1"), "{words}");
}

#[test]
fn versions_follow_the_meaning() {
    let version = |text: &str| load(text).0.rules.first().unwrap().meta.version.clone();
    let text = rule("    s: [a, b]\n    condition: s");
    assert_eq!(version(&text), version(&text.replace("title: Test", "title: Other # comment")));
    assert_ne!(version(&text), version(&text.replace("[a, b]", "[a, c]")));
    assert_ne!(version(&text), version(&text.replace("product: test", "product: other")));
    let filtered =
        format!("{}---\n{}", text.replace("title", "id: r\ntitle"), filter("r", "test", "not x"));
    assert_ne!(version(&text), version(&filtered));
}

fn filter(rules: &str, product: &str, condition: &str) -> String {
    format!(
        "title: F\nlogsource:\n    product: {product}\nfilter:\n    rules: [{rules}]\n    x:\n        User: root\n    \
         condition: {condition}\n"
    )
}

#[test]
fn filters_are_joined_to_the_rules_they_name() {
    let text =
        rule("    s:\n        f: 1\n    condition: s").replace("title", "id: r\nname: n\ntitle");
    let (set, refusals) = load(&format!("{text}---\n{}", filter("n", "test", "not x")));
    assert!(refusals.is_empty(), "{refusals:?}");
    let catalog = catalog();
    let evaluator = Evaluator::new(&catalog, &set.regexes);
    let condition = &set.rules.first().unwrap().condition;
    assert!(evaluator.holds(condition, event(&[("f", "1"), ("User", "x")], "{}").get(0)));
    assert!(!evaluator.holds(condition, event(&[("f", "1"), ("User", "root")], "{}").get(0)));

    let reason =
        |filter: String| load(&format!("{text}---\n{filter}")).1.first().unwrap().to_string();
    assert!(
        reason(filter("n", "other", "not x"))
            .contains("test.yml:15:13: the rule 'n' has another log source")
    );
    assert!(reason(filter("m", "test", "not x")).contains("no rule 'm'"));
    assert!(reason(filter("", "test", "not x")).contains("names no rules"));
}

const CHAIN: &str = "
title: Chain
name: chain
level: high
correlation:
    type: temporal_ordered
    rules: [many, ok]
    group-by: [User]
    timespan: 10m
---
title: Many
name: many
generate: true
correlation:
    type: event_count
    rules: [base]
    group-by: [who]
    timespan: 90s
    condition:
        gte: 10
        lt: 20
    aliases:
        who:
            base: TargetUser
---
title: Base
name: base
logsource: {product: test}
detection: {s: {e: 1}, condition: s}
---
title: Ok
name: ok
logsource: {product: test}
detection: {s: {e: 2}, condition: s}
";

#[test]
fn correlations_resolve_names_aliases_and_order() {
    let (set, refusals) = load(CHAIN);
    assert!(refusals.is_empty(), "{refusals:?}");
    let [many, chain] = set.correlations.as_slice() else { panic!("two correlations") };
    assert_eq!(&*many.rule.meta.title, "Many");
    assert_eq!(many.inputs, [RuleRef::Rule(0)]);
    assert_eq!(many.group_fields, [vec!["TargetUser".into()]]);
    assert_eq!(many.rule.condition, [(Ordering::Gte, 10.0), (Ordering::Lt, 20.0)]);
    assert_eq!((many.rule.kind, many.rule.timespan_ms), (CorrelationKind::EventCount, 90_000));
    assert_eq!(chain.inputs, [RuleRef::Correlation(0), RuleRef::Rule(1)]);
    assert_eq!(chain.rule.condition, [(Ordering::Gte, 2.0)]);
    assert_eq!(set.is_reported, [true, false]);
    assert_eq!(set.is_correlation_reported, [false, true]);
    let other = load(&CHAIN.replace("e: 1", "e: 3")).0;
    let version = |set: &RuleSet| set.correlations.last().unwrap().rule.meta.version.clone();
    assert_ne!(
        version(&set),
        version(&other),
        "a change of a base rule changes the correlation's version"
    );
}

#[test]
fn unknown_references_and_circles_refuse_the_correlation_only() {
    let (set, refusals) = load(&CHAIN.replace("rules: [base]", "rules: [nope]"));
    assert_eq!((set.rules.len(), set.correlations.len(), refusals.len()), (2, 0, 2));
    assert!(
        refusals.iter().any(|it| it.to_string().starts_with("test.yml:16:13: no rule 'nope'")),
        "{refusals:?}"
    );
    assert!(refusals.iter().any(|it| it.reason.contains("'many' is refused")), "{refusals:?}");

    let (set, refusals) = load(&CHAIN.replace("rules: [base]", "rules: [chain]"));
    assert_eq!((set.rules.len(), set.correlations.len()), (2, 0));
    assert!(refusals.iter().any(|it| it.reason.contains("refers to itself")), "{refusals:?}");
}

#[test]
fn correlation_sections_are_checked() {
    let cases = [
        ("type: event_count", "type: bigger", "no correlation type 'bigger'"),
        ("timespan: 90s", "timespan: 90", "'90' is not a timespan"),
        ("timespan: 90s", "timespan: 99999999999d", "is not a timespan"),
        ("gte: 10", "near: 10", "no 'near' in the condition"),
        ("gte: 10", "gte: ten", "a number is expected"),
        ("gte: 10", "gte: 10\n        field: x", "1 fields where this correlation type takes 0"),
        ("base: TargetUser", "other: TargetUser", "names no field for the rule 'base'"),
        ("generate: true", "generate: 'no'", "'generate' is text"),
        ("rules: [base]", "rules: [base, base]", "stands twice"),
    ];
    for (from, to, expected) in cases {
        let refusals = load(&CHAIN.replace(from, to)).1;
        let found = refusals.iter().any(|it| it.to_string().contains(expected));
        assert!(found, "{to}: {refusals:?}");
    }
}
