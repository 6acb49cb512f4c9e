//! What is lost makes the exit code 5: the output holds all the rest, and the last words say what is missing.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
#![allow(clippy::print_stderr, reason = "what was skipped is told")]

mod support;

use support::{OWN, RULE, Ran, World, sysmon};

fn world() -> World {
    let world = World::new();
    world.write("rules/encoder.yml", RULE);
    world.write("logs/a.json", sysmon(1, "ws-1", "powershell -enc A"));
    world
}

fn detect(world: &World, more: &[&str]) -> Ran {
    let arguments: Vec<&str> =
        ["detect", "logs", "-o", "ndjson"].iter().chain(more).chain(&OWN).copied().collect();
    world.run(&arguments)
}

/// The findings are all there, the run says what is lost, and both commands end with 5.
fn assert_incomplete(world: &World, findings: usize, words: &[&str]) {
    let ran = detect(world, &["--fail-level", "critical"]);
    assert_eq!(ran.code, 5, "{}", ran.err);
    assert_eq!(ran.out.lines().count(), findings, "{}", ran.out);
    for word in words {
        assert!(ran.err.contains(word), "'{word}' is not in: {}", ran.err);
    }
    let quiet = world.run(&["parse", "logs", "--stats", "--quiet"]);
    assert_eq!(quiet.code, 5, "{}", quiet.err);
    assert!(quiet.err.starts_with("incomplete: "), "{}", quiet.err);
}

#[test]
fn a_malformed_record() {
    let world = world();
    let (before, after) =
        (sysmon(2, "ws-2", "powershell -enc A"), sysmon(3, "ws-3", "powershell -enc A"));
    world.write("logs/b.json", format!("{before}{{\"EventID\": 1, \"Image\": }}\n{after}"));
    let words = "incomplete: 1 record or file could not be read whole (malformed 1); all the rest";
    assert_incomplete(&world, 3, &[words, "logs/b.json: line 2: malformed"]);
}

#[test]
fn json_cut_in_the_middle() {
    let world = world();
    let lines: String = (2..5).map(|at| sysmon(at, "ws", "powershell -enc A")).collect();
    world.write("logs/cut.json", &lines.as_bytes()[..lines.len() - 40]);
    // What stands before the cut is read, so the third event fires as well.
    assert_incomplete(&world, 4, &["malformed 1", "logs/cut.json"]);
    let array = format!("[{}]", lines.trim_end().replace('\n', ","));
    world.write("logs/cut.json", &array.as_bytes()[..array.len() - 60]);
    assert_incomplete(&world, 3, &["malformed 1", "logs/cut.json"]);
}

#[test]
fn an_array_that_ends_between_two_records() {
    let world = world();
    let record = sysmon(2, "ws", "powershell -enc A");
    world.write("logs/cut.json", format!("[{},", record.trim_end()));
    assert_incomplete(&world, 2, &["malformed 1", "logs/cut.json", "ends within its list"]);
    world.write("logs/cut.json", format!("{{\"Records\":[{}],\"next\": ", record.trim_end()));
    assert_incomplete(&world, 2, &["malformed 1", "logs/cut.json"]);
    world.write("logs/cut.json", format!("{{\"Records\":[{}],\"next\": 7}}", record.trim_end()));
    assert_eq!(detect(&world, &[]).code, 0);
}

#[test]
fn xml_cut_in_the_middle() {
    let world = world();
    let event = "<Event><System><Provider Name='Microsoft-Windows-Sysmon'/><EventID>1</EventID>\
                 <Channel>Microsoft-Windows-Sysmon/Operational</Channel></System></Event>\n";
    world.write("logs/cut.xml", format!("<Events>\n{event}{event}{}", event.split_at(60).0));
    assert_incomplete(&world, 1, &["malformed 1", "logs/cut.xml"]);
}

#[test]
fn a_gate_that_found_something_wins() {
    let world = world();
    world.write("logs/b.json", "{\"broken\": \n");
    let ran = detect(&world, &["--fail-level", "high"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.err.contains("incomplete: 1 record"), "{}", ran.err);
}

#[test]
fn records_that_are_kept_are_no_loss() {
    let world = world();
    let odd = sysmon(1, "ws-1", "x")
        .replace("2026-03-02 09:01:00.000", "long ago")
        .replace("4711", "\"no number\"");
    world.write("logs/odd.json", odd);
    world.write("logs/noise.log", "nobody knows this line\n");
    let ran = detect(&world, &[]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(!ran.err.contains("incomplete"), "{}", ran.err);
}

#[test]
fn refused_rules() {
    let world = world();
    for number in 0..12 {
        world.write(&format!("rules/bad{number:02}.yml"), "title: x\ndetection: 7\n");
    }
    let ran = detect(&world, &["--fail-level", "critical"]);
    assert_eq!((ran.code, ran.out.lines().count()), (5, 1), "{}", ran.err);
    for words in [
        "rule refused: rules/bad00.yml:",
        "rule refused: rules/bad09.yml:",
        "… and 2 more: wardroom rules check rules\n",
        "incomplete: 12 rules were refused; all the rest was done",
    ] {
        assert!(ran.err.contains(words), "'{words}' is not in: {}", ran.err);
    }
    assert!(!ran.err.contains("bad10"), "{}", ran.err);
    assert_eq!(detect(&world, &["--fail-level", "high"]).code, 1);
    let quiet = detect(&world, &["--quiet"]);
    assert_eq!(quiet.err, "incomplete: 12 rules were refused; all the rest was done\n");
}

#[cfg(unix)]
#[test]
fn links_that_lead_nowhere() {
    let world = world();
    std::os::unix::fs::symlink("gone.log", world.path("logs/dangling")).unwrap();
    std::os::unix::fs::symlink("circle", world.path("logs/circle")).unwrap();
    let words = ["unreadable 2", "logs/dangling: ", "leads to nothing", "logs/circle: "];
    assert_incomplete(&world, 1, &words);
    let ran = detect(&world, &["--dead-letters", "d.ndjson"]);
    assert!(!ran.err.contains("os error"), "{}", ran.err);
    let letters = world.read("d.ndjson");
    assert_eq!(letters.matches("\"reason\":\"unreadable\"").count(), 2, "{letters}");
    // A link back to a folder around it loses nothing.
    std::fs::remove_file(world.path("logs/dangling")).unwrap();
    std::fs::remove_file(world.path("logs/circle")).unwrap();
    std::os::unix::fs::symlink("../logs", world.path("logs/again")).unwrap();
    assert_eq!(detect(&world, &[]).code, 0);
}

#[cfg(unix)]
#[test]
fn files_and_folders_without_permission() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::CommandExt as _;
    const NOBODY: u32 = 65_534;
    let world = world();
    world.write("logs/secret.json", sysmon(2, "ws-2", "powershell -enc A"));
    world.write("logs/closed/b.json", sysmon(3, "ws-3", "powershell -enc A"));
    let set = |name: &str, mode: u32| {
        std::fs::set_permissions(world.path(name), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    set("", 0o755);
    set("logs/secret.json", 0o000);
    set("logs/closed", 0o000);
    let mut command = world.command(&["detect", "logs", "-o", "ndjson"]);
    command.args(OWN);
    if std::fs::read(world.path("logs/secret.json")).is_ok() {
        // The superuser may read everything, and may become somebody who may not.
        command.uid(NOBODY).gid(NOBODY);
    }
    let output = command.output();
    set("logs/closed", 0o755);
    let Ok(output) = output else {
        eprintln!("skipped: files_and_folders_without_permission, cannot run as nobody");
        return;
    };
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(5), "{said}");
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 1);
    for words in ["unreadable 2", "logs/secret.json: permission denied", "logs/closed: permission"]
    {
        assert!(said.contains(words), "'{words}' is not in: {said}");
    }
    assert!(!said.contains("damaged_container"), "{said}");
}
