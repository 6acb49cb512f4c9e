//! The regression cases of SigmaHQ: every rule fires on its own recording, through the whole way.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
#![expect(clippy::print_stdout, reason = "the figures are what the test shows")]

use std::path::{Path, PathBuf};

use detect::Scratch;
use model::EventBatch;
use testkit::corpus;

/// (rule id, why its recording cannot make it fire).
const DEFECTS: &[(&str, &str)] = &[];

struct Case {
    rule: String,
    recording: PathBuf,
    least: usize,
}

/// The cases of an `info.yml`. What is commented out is no case.
fn cases(info: &Path, data: &Path) -> Vec<Case> {
    let text = std::fs::read_to_string(info).unwrap();
    let mut rule = String::new();
    let mut in_tests = false;
    let mut cases: Vec<Case> = Vec::new();
    for line in text.lines() {
        let line = line.trim_end();
        in_tests |= line.starts_with("regression_tests_info:");
        let (key, value) = line.trim_start_matches([' ', '-']).split_once(": ").unwrap_or_default();
        match key {
            "id" if line.starts_with(' ') && !in_tests => value.clone_into(&mut rule),
            "name" if in_tests && !line.starts_with('#') => {
                cases.push(Case { rule: rule.clone(), recording: PathBuf::new(), least: 1 });
            }
            "path" if !cases.is_empty() => {
                cases.last_mut().unwrap().recording =
                    data.join(value.replace("regression_data/", "regression/"));
            }
            "match_count" if !cases.is_empty() => {
                cases.last_mut().unwrap().least = value.parse().unwrap();
            }
            _ => {}
        }
    }
    cases
}

#[test]
fn each_rule_fires_on_its_own_recording() {
    let Some(data) = corpus::data_dir() else {
        println!("skipped: each_rule_fires_on_its_own_recording: no test data");
        return;
    };
    let infos = corpus::files(&data.join("regression"), &["yml"]);
    let infos = infos.into_iter().filter(|path| path.ends_with("info.yml"));
    let cases: Vec<Case> = infos.flat_map(|path| cases(&path, &data)).collect();
    let files: Vec<_> = [
        "rules",
        "rules-emerging-threats",
        "rules-threat-hunting",
        "rules-compliance",
        "rules-placeholder",
        "deprecated",
        "unsupported",
    ]
    .iter()
    .flat_map(|folder| corpus::rule_files(&data.join("sigma").join(folder)))
    .collect();
    let rules = corpus::rules(&files);
    let (ingest, engine) = corpus::engine(&rules).unwrap();
    let mut scratch = Scratch::default();
    let mut failed = Vec::new();
    for case in &cases {
        let number = rules.rules.iter().position(|rule| *rule.meta.id == *case.rule);
        let (batches, problems) =
            corpus::events(&ingest, "recording", std::fs::read(&case.recording).unwrap());
        let events = batches.iter().map(EventBatch::len).sum::<usize>();
        let fired = batches
            .iter()
            .flat_map(EventBatch::iter)
            .filter(|event| {
                engine
                    .evaluate(*event, &mut scratch)
                    .iter()
                    .any(|hit| Some(*hit as usize) == number)
            })
            .count();
        let is_defect = DEFECTS.iter().any(|(id, _)| *id == case.rule);
        if (fired < case.least) != is_defect {
            let known = number.is_some();
            failed.push(format!("{} {}: fired {fired} of {}; {events} events, {problems} problems, rule loaded: {known}", case.rule, case.recording.display(), case.least));
        }
    }
    println!(
        "regression: {} cases, {} fire, {} listed as defects of the recording",
        cases.len(),
        cases.len() - failed.len() - DEFECTS.len(),
        DEFECTS.len()
    );
    assert!(cases.len() >= 90, "{}", cases.len());
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
