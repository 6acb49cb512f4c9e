//! `wardroom demo`: what it shows works as shown.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use support::World;

/// The commands that the tour shows below its guidance, as words.
fn shown_commands(out: &str) -> Vec<Vec<String>> {
    let program = env!("CARGO_BIN_EXE_wardroom");
    out.lines()
        .filter_map(|line| line.strip_prefix("  ")?.strip_prefix(program))
        .map(|line| line.split_whitespace().map(str::to_owned).collect())
        .collect()
}

#[test]
fn the_tour_finds_the_attack_and_its_commands_work() {
    let world = World::new();
    let ran = world.run(&["demo", "--dir", "tour"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    for words in ["Wardroom demo", "CRITICAL", "more rules with findings", "tour/report.html"] {
        assert!(ran.out.contains(words), "{words}: {}", ran.out);
    }
    assert!(world.read("tour/report.html").contains("Encoded PowerShell"));
    assert!(world.read("tour/layer.json").contains("\"4.5\""));
    let commands = shown_commands(&ran.out);
    assert_eq!(commands.len(), 7, "{}", ran.out);
    for command in commands.iter().filter(|command| !command.contains(&"/var/log".to_owned())) {
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        let shown = world.run(&words);
        assert_eq!(shown.code, 0, "{words:?}: {}", shown.err);
        assert!(!shown.out.is_empty(), "{words:?}");
        if words.contains(&"why") {
            assert!(shown.out.contains(": fires") && shown.out.contains("first failure: "));
        }
    }
}

#[test]
fn without_a_folder_a_fresh_one_is_made_and_named() {
    let world = World::new();
    std::fs::create_dir(world.path("temporary")).unwrap();
    let mut folders = Vec::new();
    for _ in 0..2 {
        let output = world
            .command(&["demo", "--quiet"])
            .env("TMPDIR", world.path("temporary"))
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0));
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        let report = out.lines().map(str::trim).find(|line| line.ends_with("report.html")).unwrap();
        assert!(std::path::Path::new(report).is_file(), "{out}");
        folders.push(report.to_owned());
    }
    assert_ne!(folders[0], folders[1]);
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let world = World::new();
    world.write("file", "x");
    let ran = world.run(&["demo", "--dir", "file"]);
    assert_ne!(ran.code, 0);
    assert!(ran.err.contains("file/day"), "{}", ran.err);
}
