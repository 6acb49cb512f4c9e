//! The words of the command line: help, completions, manual pages.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use support::World;

#[test]
fn help_is_reviewed() {
    let world = World::new();
    for command in [
        vec!["--help"],
        vec!["detect", "--help"],
        vec!["parse", "--help"],
        vec!["sources", "test", "--help"],
        vec!["rules", "--help"],
        vec!["rules", "import", "--help"],
    ] {
        let ran = world.run(&command);
        assert_eq!(ran.code, 0);
        insta::assert_snapshot!(command.join(" "), ran.out);
    }
}

#[test]
fn completions_are_made_for_each_shell() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = world.run(&["completions", shell]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(ran.out.contains("navigator"), "{shell}");
    }
}

#[test]
fn manual_pages_are_made_for_each_command() {
    let world = World::new();
    assert_eq!(world.run(&["man", "man1"]).code, 0);
    for page in ["wardroom.1", "wardroom-detect.1", "wardroom-rules-import.1"] {
        assert!(world.read(&format!("man1/{page}")).contains(".TH"), "{page}");
    }
}

#[test]
fn colour_is_for_terminals_and_for_those_who_ask() {
    let world = support::world_with_findings();
    let arguments: Vec<&str> = ["detect", "logs"].iter().chain(&support::OWN).copied().collect();
    assert!(!world.run(&arguments).out.contains('\u{1b}'));
    let asked: Vec<&str> = arguments.iter().chain(&["--color", "always"]).copied().collect();
    assert!(world.run(&asked).out.contains("\u{1b}[1m"));
}

#[cfg(target_os = "linux")]
#[test]
fn help_that_cannot_be_written_is_a_failure() {
    let world = World::new();
    for words in ["--help", "--version"] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let output = world.command(&[words]).stdout(full).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(5), "{words}: {said}");
        assert!(said.contains("the disk is full"), "{words}: {said}");
    }
    assert_eq!(world.run(&["--no-such-option"]).code, 2);
}
