//! Tests of the plain evaluator and its reasons.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use super::detection::Placeholders;
use super::evaluate::Evaluator;
use super::samples::{catalog, event, load, load_with, rule};
use super::why::first_failure;

const JSON: &str = "{}";

/// Whether a selection `sel` with one line holds for an event.
fn holds(line: &str, pairs: &[(&str, &str)]) -> bool {
    let (set, refusals) = load(&rule(&format!("    sel:\n        {line}\n    condition: sel")));
    assert!(refusals.is_empty(), "{line}: {refusals:?}");
    let catalog = catalog();
    let batch = event(pairs, JSON);
    let evaluator = Evaluator::new(&catalog, &set.regexes);
    let condition = &set.rules.first().unwrap().condition;
    let verdict = evaluator.holds(condition, batch.get(0));
    assert_eq!(evaluator.why(condition, batch.get(0)).holds, verdict, "{line}");
    verdict
}

#[test]
fn every_modifier_has_a_case_that_holds_and_one_that_does_not() {
    let cases: &[(&str, &str, &str)] = &[
        ("f: abc", "ABC", "abcd"),
        ("f: 'a*c'", "aXXc", "abcd"),
        ("f: 'a?c'", "abc", "ac"),
        (r"f: 'a\*c'", "a*c", "abc"),
        ("f: 4625", "\"4625\"", "4626"),
        ("f: '4625'", "4625", "46250"),
        ("f: true", "\"TRUE\"", "\"1\""),
        ("f: null", "null", "\"\""),
        ("f: ''", "\"\"", "null"),
        ("f|contains: b", "abc", "xyz"),
        ("f|contains: 5", "256", "26"),
        ("f|startswith: ab", "ABc", "cab"),
        ("f|endswith: bc", "aBC", "bcd"),
        ("f|contains|all: [a, b]", "xbxa", "xbx"),
        ("f|cased: Abc", "Abc", "abc"),
        ("f|contains|cased: Abc", "xAbcx", "xabcx"),
        ("f|neq: abc", "x", "ABC"),
        ("f|neq: [abc, x]", "y", "x"),
        ("f|windash|contains: ' -p '", "a /p b", "a p b"),
        ("f|re: '^a.c$'", "abc", "ABC"),
        ("f|re|i: '^a.c$'", "ABC", "abbc"),
        ("f|re|m: '^b$'", "\"a\\nb\"", "ab"),
        ("f|re|s: 'a.b'", "\"a\\nb\"", "ab"),
        ("f|re: 'a.b'", "xaxbx", "\"a\\nb\""),
        ("f|base64: foobar", "Zm9vYmFy", "foobar"),
        ("f|base64offset|contains: /bin/bash", "eC9iaW4vYmFzaA==", "bash"),
        ("f|wide|base64offset|contains: Invoke", "SQBuAHYAbwBrAGUA", "Invoke"),
        ("f|utf16le|base64: cmd", "YwBtAGQA", "cmd"),
        ("f|utf16be|base64: cmd", "AGMAbQBk", "cmd"),
        ("f|utf16|base64: cmd", "//5jAG0AZAA=", "cmd"),
        ("f|utf16le: c", "\"c\\u0000\"", "c"),
        ("f|lt: 5", "4", "5"),
        ("f|lte: 5", "\"5.0\"", "6"),
        ("f|gt: 5", "5.5", "5"),
        ("f|gte: 5", "5", "abc"),
        ("f|hour: 23", "2024-05-06T23:10:00Z", "2024-05-06T22:10:00Z"),
        ("f|minute|gte: 30", "2024-05-06 23:31:00", "2024-05-06"),
        ("f|day: 6", "2024-05-06", "2024-05-07"),
        ("f|week: 19", "2024-05-06T23:10:00+02:00", "2024-05-13"),
        ("f|month: 11", "1700000000", "1600000000"),
        ("f|year|lt: 2024", "1700000000000", "1710000000000"),
        ("f|cidr: 10.0.0.0/8", "10.1.2.3", "11.1.2.3"),
        ("f|cidr: 10.0.0.0/8", "::ffff:10.1.2.3", "x"),
        ("f|cidr: 'fe80::/10'", "fe80::1%eth0", "::1"),
        ("f|exists: true", "null", ""),
        ("f|fieldref: g", "SAME", "other"),
        ("f|fieldref|contains: g", "xxsamexx", "sam"),
        ("f|startswith|fieldref: g", "samexx", "xsame"),
        ("f|fieldref|endswith: g", "xxsame", "samex"),
        ("f|fieldref|neq: g", "other", "Same"),
    ];
    for (line, yes, no) in cases {
        assert!(holds(line, &[("f", yes), ("g", "same")]), "{line} should hold for {yes}");
        let absent = line.contains("exists");
        let pairs = [("f", *no), ("g", "same")];
        let pairs = pairs.get(usize::from(absent)..).unwrap();
        assert!(!holds(line, pairs), "{line} should not hold for {no}");
    }
}

#[test]
fn absent_fields_fulfil_only_negative_tests() {
    assert!(holds("f: null", &[]));
    assert!(holds("f|exists: false", &[]));
    assert!(holds("f|neq: x", &[]));
    assert!(!holds("f: ''", &[]));
    assert!(!holds("f: '*'", &[]));
    assert!(!holds("f|fieldref: g", &[("f", "x")]));
    assert!(!holds("f|exists: false", &[("f", "null")]));
}

#[test]
fn any_of_several_values_is_enough() {
    assert!(holds("f: b", &[("f", "a"), ("f", "b")]));
    assert!(holds("f|contains|all: [a, b]", &[("f", "xa"), ("f", "xb")]));
}

#[test]
fn an_empty_value_is_null_only_where_the_record_cannot_say_null() {
    let (set, _) = load(&rule("    sel:\n        f: null\n    condition: sel"));
    let catalog = catalog();
    let evaluator = Evaluator::new(&catalog, &set.regexes);
    let condition = &set.rules.first().unwrap().condition;
    assert!(evaluator.holds(condition, event(&[("f", "\"\"")], "f= g=1").get(0)));
    assert!(!evaluator.holds(condition, event(&[("f", "\"\"")], " {\"f\":\"\"}").get(0)));
}

#[test]
fn keywords_look_at_values_and_at_records_that_are_not_json() {
    let keyword = |detection: &str, pairs: &[(&str, &str)], raw: &str| {
        let (set, refusals) = load(&rule(&format!("{detection}\n    condition: kw")));
        assert!(refusals.is_empty(), "{refusals:?}");
        let catalog = catalog();
        let evaluator = Evaluator::new(&catalog, &set.regexes);
        evaluator.holds(&set.rules.first().unwrap().condition, event(pairs, raw).get(0))
    };
    let any = "    kw:\n        - EVIL*exe\n        - 4711";
    assert!(keyword(any, &[("f", "an evil.exe here")], JSON));
    assert!(keyword(any, &[("f", "47115")], JSON));
    assert!(!keyword(any, &[("f", "good")], "{\"evil.exe\": \"good\"}"));
    assert!(keyword(any, &[("f", "good")], "Jan 1 host evil.exe good"));
    let all = "    kw:\n        '|all':\n            - one\n            - two";
    assert!(keyword(all, &[("f", "one"), ("g", "two")], JSON));
    assert!(!keyword(all, &[("f", "one")], JSON));
    assert!(keyword("    kw:\n        '|re': 'a+b'", &[("f", "xaaby")], JSON));
}

#[test]
fn expand_takes_values_of_the_caller() {
    let mut placeholders = Placeholders::default();
    placeholders.insert("admins".into(), vec!["adm_*".into(), "root".into()]);
    let text = rule("    sel:\n        User|expand: '%admins%'\n    condition: sel");
    let (set, refusals) = load_with(&text, &placeholders);
    assert!(refusals.is_empty(), "{refusals:?}");
    let catalog = catalog();
    let evaluator = Evaluator::new(&catalog, &set.regexes);
    let condition = &set.rules.first().unwrap().condition;
    assert!(evaluator.holds(condition, event(&[("User", "ADM_x")], JSON).get(0)));
    assert!(!evaluator.holds(condition, event(&[("User", "rooter")], JSON).get(0)));
    assert!(load(&text).1.first().unwrap().reason.contains("'%admins%'"));
}

#[test]
fn lists_of_maps_are_alternatives_and_maps_are_joined() {
    let text = "    sel:\n        - a: 1\n          b: 2\n        - c: 3\n    condition: sel";
    let (set, _) = load(&rule(text));
    let catalog = catalog();
    let evaluator = Evaluator::new(&catalog, &set.regexes);
    let condition = &set.rules.first().unwrap().condition;
    let of = |pairs: &[(&str, &str)]| evaluator.holds(condition, event(pairs, JSON).get(0));
    assert!(of(&[("a", "1"), ("b", "2")]) && of(&[("c", "3")]) && !of(&[("a", "1")]));
}

#[test]
fn reasons_show_spans_and_the_first_failure() {
    let text = "    sel:\n        Cmd|contains: WHO\n        Ip|cidr: 10.0.0.0/8\n    fil_a:\n        User: root\n    \
                condition: sel and not 1 of fil_*";
    let (set, _) = load(&rule(text));
    let catalog = catalog();
    let evaluator = Evaluator::new(&catalog, &set.regexes);
    let condition = &set.rules.first().unwrap().condition;
    let why = |pairs: &[(&str, &str)]| evaluator.why(condition, event(pairs, JSON).get(0));

    let good = why(&[("Cmd", "äß whoami"), ("Ip", "10.0.0.1")]);
    assert!(good.holds && first_failure(&good).is_none());
    let selection = good.children.first().unwrap();
    assert_eq!(selection.label, "sel");
    let leaf = selection.children.first().unwrap().leaf.clone().unwrap();
    assert_eq!(
        (leaf.operator.as_str(), leaf.pattern.as_str(), leaf.span),
        ("contains", "WHO", Some((3, 6)))
    );

    let failure = |pairs: &[(&str, &str)]| first_failure(&why(pairs)).unwrap();
    assert_eq!(
        failure(&[("Cmd", "dir"), ("Ip", "10.0.0.1")]),
        "Cmd contains 'WHO' does not hold: the value is 'dir'"
    );
    assert!(failure(&[("Cmd", "who")]).ends_with("the event has no field Ip"));
    let filtered = failure(&[("Cmd", "who"), ("Ip", "10.0.0.1"), ("User", "root")]);
    assert_eq!(
        filtered,
        "'not' does not hold, because 1 of fil_* (fil_a (User equals 'root')) holds"
    );
}

#[test]
fn long_choices_are_shortened_in_reasons() {
    let values: Vec<String> = (0..500).map(|number| format!("v{number}")).collect();
    let (set, _) =
        load(&rule(&format!("    sel:\n        f: [{}]\n    condition: sel", values.join(", "))));
    let catalog = catalog();
    let evaluator = Evaluator::new(&catalog, &set.regexes);
    let why =
        evaluator.why(&set.rules.first().unwrap().condition, event(&[("f", "v499")], JSON).get(0));
    let choice = why.children.first().unwrap();
    assert!(choice.holds && choice.children.len() < 100 && choice.children.first().unwrap().holds);
}
