//! On a terminal: narrow ones, and those that know no colours.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
#![allow(clippy::print_stderr, reason = "what was skipped is told")]

mod support;

use std::process::{Command, Stdio};

use support::{World, world_with_findings};

/// What the binary shows on a terminal of this kind and width; `None` without the program `script`, which makes one.
fn shown(world: &World, term: &str, columns: usize, words: &str) -> Option<String> {
    let line = format!("stty cols {columns}; exec \"$W\" {words}");
    let output = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .current_dir(world.path(""))
        .env("W", env!("CARGO_BIN_EXE_wardroom"))
        .env("TERM", term)
        .env("XDG_CONFIG_HOME", world.path("config"))
        .env_remove("NO_COLOR")
        .env_remove("COLUMNS")
        .stdin(Stdio::null())
        .output();
    let Ok(output) = output else {
        eprintln!("skipped: a test on a terminal, no program `script`");
        return None;
    };
    Some(String::from_utf8_lossy(&output.stdout).replace('\r', ""))
}

#[test]
fn a_terminal_that_knows_no_colours_gets_none() {
    let world = world_with_findings();
    let words = "detect logs --no-builtin-rules --rules rules";
    let Some(plain) = shown(&world, "dumb", 100, words) else { return };
    assert!(plain.contains("Many Encoders") && !plain.contains('\u{1b}'), "{plain}");
    let coloured = shown(&world, "xterm", 100, words).unwrap();
    assert!(coloured.contains("\u{1b}[1mMany Encoders"), "{coloured}");
}

#[test]
fn a_narrow_terminal_gets_blocks_instead_of_columns() {
    let world = world_with_findings();
    let words = "rules list --no-builtin-rules --rules rules";
    let Some(narrow) = shown(&world, "dumb", 36, words) else { return };
    assert!(narrow.contains("LEVEL: critical\nTITLE: Many Encoders\n"), "{narrow}");
    assert!(narrow.lines().all(|line| line.chars().count() <= 36), "{narrow}");
    let wide = shown(&world, "dumb", 150, words).unwrap();
    assert!(wide.contains("┆ TITLE"), "{wide}");
    let stats = shown(&world, "dumb", 36, "parse logs --stats").unwrap();
    assert!(stats.contains("EVENTS: 5\n"), "{stats}");
}
