//! `wardroom detect` from logs to every form of output.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use model::Schema;
use serde_json::Value as Json;
use support::{OWN, Ran, World, sysmon, world_with_findings};

fn detect(world: &World, more: &[&str]) -> Ran {
    let arguments: Vec<&str> = ["detect", "logs"].iter().chain(&OWN).chain(more).copied().collect();
    world.run(&arguments)
}

fn lines(ran: &Ran) -> Vec<Json> {
    ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_table_groups_by_rule_worst_first_and_is_no_failure() {
    let world = world_with_findings();
    let ran = detect(&world, &[]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let (worst, other) = (
        ran.out.find("CRITICAL      Many Encoders  1 finding").unwrap(),
        ran.out.find("HIGH          Hidden Encoder  4 findings").unwrap(),
    );
    assert!(worst < other, "{}", ran.out);
    assert!(ran.out.contains("ws-1 (3), ws-2"));
    let why = "why   3 events within 1 hour (3 or more wanted) for Computer = ws-1\n";
    assert!(ran.out.contains(why), "{}", ran.out);
    assert!(ran.out.contains("5 findings (1 critical, 4 high) in 5 events of 1 source; 0 unrecognised, 0 problems; 2 rules, 0 refused"));
    assert!(
        !ran.out.contains('\u{1b}') && !ran.out.contains('\u{202e}'),
        "no colour in a pipe, no hostile characters"
    );
}

#[test]
fn output_does_not_depend_on_threads_or_run() {
    let world = world_with_findings();
    for host in 0..400 {
        let lines: String =
            (0..9).map(|minute| sysmon(minute, &format!("h{host}"), "powershell -enc A")).collect();
        world.write(&format!("logs/more/{host:03}.json"), lines);
    }
    for output in ["table", "ndjson", "csv", "ocsf"] {
        let one = detect(&world, &["--output", output, "--threads", "1"]);
        let eight = detect(&world, &["--output", output, "--threads", "8"]);
        assert!(one.out == eight.out, "{output} differs");
        assert_eq!(one.code, 0);
    }
}

#[test]
fn every_ocsf_finding_is_valid() {
    let world = world_with_findings();
    let findings = lines(&detect(&world, &["--output", "ocsf"]));
    assert_eq!(findings.len(), 5);
    for finding in &findings {
        assert_eq!(Schema::embedded().validate(finding), Vec::<String>::new());
    }
    let correlation = findings.iter().find(|it| it["severity_id"] == 5).unwrap();
    assert_eq!(correlation["count"], 3);
    assert_eq!(correlation["evidences"].as_array().unwrap().len(), 3);
}

#[test]
fn json_carries_why_with_the_span_and_no_raw_hostile_character() {
    let world = world_with_findings();
    let ran = detect(&world, &["--output", "ndjson"]);
    assert!(!ran.out.chars().any(|it| it == '\u{202e}' || (it.is_control() && it != '\n')));
    let finding = lines(&ran).into_iter().find(|it| it["level"] == "high").unwrap();
    let text = finding["why"].to_string();
    assert!(text.contains("\"span\":[10,15]"), "{text}");
    assert_eq!(finding["evidence"][0]["file"], "logs/a.json");
    let array: Json = serde_json::from_str(&detect(&world, &["--output", "json"]).out).unwrap();
    assert_eq!(array.as_array().unwrap().len(), 5);
}

#[test]
fn csv_cells_start_no_formula() {
    let world = World::new();
    world
        .write("rules/r.yml", support::RULE.replace("title: Hidden Encoder", "title: '=cmd|calc'"));
    world.write("logs/a.json", sysmon(1, "@host", "powershell -enc A"));
    let ran = detect(&world, &["--output", "csv"]);
    let row = ran.out.lines().nth(1).unwrap();
    assert!(row.contains(",'=cmd|calc,'@host,"), "{row}");
}

#[test]
fn levels_times_and_limits_choose() {
    let world = world_with_findings();
    assert_eq!(lines(&detect(&world, &["-o", "ndjson", "--min-level", "critical"])).len(), 1);
    assert_eq!(lines(&detect(&world, &["-o", "ndjson", "--limit", "2"])).len(), 2);
    let early = detect(&world, &["-o", "ndjson", "--until", "2026-03-02T09:02:00Z"]);
    assert_eq!(lines(&early).len(), 1);
    assert!(early.err.contains("events left out by --since and --until"));
    assert_eq!(lines(&detect(&world, &["-o", "ndjson", "--since", "2026-03-02 09:05"])).len(), 1);
}

#[test]
fn a_gate_fails_only_at_its_level() {
    let world = world_with_findings();
    assert_eq!(detect(&world, &["--fail-level", "high"]).code, 1);
    assert_eq!(detect(&world, &["--fail-level", "high", "--until", "2026-03-02"]).code, 0);
}

#[test]
fn a_time_that_ends_before_it_begins_is_refused() {
    let world = world_with_findings();
    let ran = detect(&world, &["--since", "2026-03-03", "--until", "2026-03-02"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{}", ran.err);
    assert!(ran.err.contains("--until must be the later one"), "{}", ran.err);
}

#[cfg(unix)]
#[test]
fn a_file_is_read_once_however_many_paths_lead_to_it() {
    let world = world_with_findings();
    std::os::unix::fs::symlink("a.json", world.path("logs/current.json")).unwrap();
    let ran = detect(&world, &["logs/a.json", "./logs/../logs/b.json", "logs/", "-o", "ndjson"]);
    assert_eq!(lines(&ran).len(), 5, "{}", ran.out);
    assert!(
        ran.err.contains("read once, though several paths or links lead there: "),
        "{}",
        ran.err
    );
    assert!(ran.err.contains("logs/current.json, logs/a.json, "), "{}", ran.err);
    assert_eq!(ran.code, 0);
    assert_eq!(world.run(&["parse", "logs", "logs", "-o", "ndjson"]).out.lines().count(), 5);
}

#[test]
fn standard_input_is_read() {
    let world = world_with_findings();
    let arguments: Vec<&str> =
        ["detect", "-", "-o", "ndjson"].iter().chain(&OWN).copied().collect();
    let ran = world.run_with(&arguments, sysmon(1, "ws-9", "powershell -enc A").as_bytes());
    assert_eq!(lines(&ran).len(), 1, "{}", ran.err);
}

#[test]
fn report_layer_and_dead_letters_are_written() {
    let world = world_with_findings();
    world.write("logs/c.txt", "nobody knows this line\n");
    let more =
        ["--report", "r.html", "--navigator", "n.json", "--dead-letters", "d.ndjson", "--stats"];
    let ran = detect(&world, &more);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let report = world.read("r.html");
    assert!(
        report.contains("Many Encoders")
            && report.contains("&lt;script&gt;")
            && !report.contains("\u{202e}")
    );
    assert_eq!(report.matches("<script").count(), 1);
    let layer: Json = serde_json::from_str(&world.read("n.json")).unwrap();
    assert_eq!(layer["techniques"][0]["techniqueID"], "T1059.001");
    assert_eq!(layer["techniques"][0]["score"], 4);
    let letter: Json =
        serde_json::from_str(world.read("d.ndjson").lines().next().unwrap()).unwrap();
    assert_eq!(letter["reason"], "unrecognised");
    assert_eq!(letter["raw"], "nobody knows this line");
    assert!(ran.out.contains("microsoft_sysmon/process_creation"));
}

#[test]
fn a_pipe_that_closes_ends_quietly() {
    let world = world_with_findings();
    for host in 0..300 {
        world.write(&format!("logs/{host}.json"), sysmon(1, "h", "powershell -enc A").repeat(20));
    }
    let arguments: Vec<&str> =
        ["detect", "logs", "-o", "ndjson", "-q"].iter().chain(&OWN).copied().collect();
    let mut child = world
        .command(&arguments)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}
