//! The rule files of SigmaHQ and the correlation examples of the test data: all load or say why not.
#![allow(clippy::disallowed_methods, reason = "tests read the test data")]

use std::collections::BTreeMap;

mod support;

use detect::sigma::{Placeholders, RuleSet};
use support::{rule_files, test_data};

fn load(files: &[(String, String)]) -> (RuleSet, Vec<detect::sigma::Refusal>) {
    RuleSet::load(
        files.iter().map(|(path, text)| (path.as_str(), text.as_str())),
        &Placeholders::default(),
    )
}

#[test]
#[expect(clippy::print_stdout, reason = "the table is what the test shows")]
fn the_rules_of_sigmahq_load_or_say_why_not() {
    let Some(data) = test_data("the_rules_of_sigmahq_load_or_say_why_not") else { return };
    let folders = [
        ("rules", 1.0),
        ("rules-emerging-threats", 0.99),
        ("rules-threat-hunting", 0.99),
        ("rules-compliance", 0.99),
        ("rules-placeholder", 0.0),
        ("deprecated", 0.9),
        ("unsupported", 0.0),
    ];
    println!("{:<24}{:>7}{:>7}{:>9}", "folder", "files", "rules", "refused");
    for (folder, least) in folders {
        let files = rule_files(&data.join("sigma").join(folder));
        let (set, refusals) = load(&files);
        println!("{folder:<24}{:>7}{:>7}{:>9}", files.len(), set.rules.len(), refusals.len());
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for refusal in &refusals {
            assert!(
                refusal.line > 0 && refusal.column > 0 && !refusal.way_out.is_empty(),
                "{refusal}"
            );
            *reasons.entry(&refusal.reason).or_default() += 1;
        }
        for (reason, count) in &reasons {
            println!("    {count:>4} {reason}");
        }
        assert!(
            !files.is_empty() && set.rules.len() as f64 >= files.len() as f64 * least,
            "{folder}: {refusals:#?}"
        );
    }
}

#[test]
fn rules_with_placeholders_load_once_the_placeholders_have_values() {
    let Some(data) = test_data("rules_with_placeholders_load_once_the_placeholders_have_values")
    else {
        return;
    };
    let files = rule_files(&data.join("sigma/rules-placeholder"));
    let mut placeholders = Placeholders::default();
    loop {
        let texts = files.iter().map(|(path, text)| (path.as_str(), text.as_str()));
        let (set, refusals) = RuleSet::load(texts, &placeholders);
        let before = placeholders.len();
        for refusal in &refusals {
            if let Some(name) = refusal.reason.split('%').nth(1) {
                placeholders.insert(name.into(), vec!["10.0.0.1".into(), "adm*".into()]);
            }
        }
        if placeholders.len() == before {
            assert_eq!((set.rules.len(), refusals.len()), (files.len(), 0), "{refusals:#?}");
            return;
        }
    }
}

#[test]
fn the_correlation_examples_load_or_say_why_not() {
    let Some(data) = test_data("the_correlation_examples_load_or_say_why_not") else { return };
    let files = rule_files(&data.join("correlation"));
    assert!(files.len() > 200);
    let mut correlations = 0;
    for file in &files {
        let (set, refusals) = load(std::slice::from_ref(file));
        correlations += set.correlations.len();
        assert!(
            !set.rules.is_empty() || !set.correlations.is_empty() || !refusals.is_empty(),
            "{}",
            file.0
        );
        for refusal in &refusals {
            assert!(
                refusal.line > 0 && !refusal.way_out.is_empty() && refusal.reason.len() > 5,
                "{refusal}"
            );
        }
    }
    assert!(correlations >= 130, "{correlations}");
}
