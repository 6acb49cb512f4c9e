//! Reports, layers and dead letters are whole or not there.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::process::{Command, Stdio};

use support::{OWN, World, world_with_findings};

const OUTPUTS: [(&str, &str); 3] =
    [("--report", "r.html"), ("--navigator", "n.json"), ("--dead-letters", "d.ndjson")];

/// A shell line in the world; `$W` is the binary.
fn shell(world: &World, line: &str) -> (i32, String, String) {
    let output = Command::new("sh")
        .args(["-c", line])
        .current_dir(world.path(""))
        .env("W", env!("CARGO_BIN_EXE_wardroom"))
        .env("XDG_CONFIG_HOME", world.path("config"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

fn leftovers(world: &World) -> Vec<String> {
    let names = std::fs::read_dir(world.path("")).unwrap();
    names
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.contains(".part"))
        .collect()
}

#[test]
fn without_room_the_old_file_stays() {
    let world = world_with_findings();
    world
        .write("logs/noise.log", format!("nobody knows this {}\n", "line ".repeat(40)).repeat(200));
    for (option, name) in OUTPUTS {
        world.write(name, "the old one");
        // One block of 512 bytes; what a write beyond it says is an error, not a signal.
        let line = format!(
            "trap '' XFSZ; ulimit -f 1; exec \"$W\" detect logs {option} {name} {}",
            OWN.join(" ")
        );
        let (code, _, said) = shell(&world, &line);
        assert_eq!(code, 5, "{option}: {said}");
        assert!(said.contains(name) && said.contains("free space"), "{option}: {said}");
        assert_eq!(world.read(name), "the old one", "{option}");
        assert_eq!(leftovers(&world), Vec::<String>::new(), "{option}");
    }
}

#[test]
fn a_run_that_fails_leaves_the_old_files() {
    let world = world_with_findings();
    for (_, name) in OUTPUTS {
        world.write(name, "the old one");
    }
    let options: Vec<String> =
        OUTPUTS.iter().map(|(option, name)| format!("{option} {name}")).collect();
    let line =
        format!("exec \"$W\" detect logs {} {} >/dev/full", options.join(" "), OWN.join(" "));
    let (code, _, said) = shell(&world, &line);
    assert_eq!(code, 5, "{said}");
    for (_, name) in OUTPUTS.iter().take(2) {
        assert_eq!(world.read(name), "the old one", "{name}: {said}");
    }
    assert_eq!(leftovers(&world), Vec::<String>::new());
}

#[test]
fn streams_and_devices_are_written_as_they_are() {
    let world = world_with_findings();
    let own = OWN.join(" ");
    let (code, out, said) =
        shell(&world, &format!("\"$W\" detect logs -o ndjson --report /dev/stdout {own} | cat"));
    assert!(code == 0 && out.contains("\n<!doctype html>"), "{said}{out}");
    assert!(out.starts_with('{') && out.trim_end().ends_with("</html>"), "{out}");
    let line = format!("\"$W\" detect logs -o ndjson --report /dev/stdout {own} >both");
    assert_eq!(shell(&world, &line).0, 0);
    assert_eq!(world.read("both"), out);
    for (option, _) in OUTPUTS {
        let line = format!("\"$W\" detect logs {option} /dev/null {own}");
        assert_eq!(shell(&world, &line).0, 0, "{option}");
        let line =
            format!("rm -f p; mkfifo p; cat p >got & \"$W\" detect logs {option} p {own} && wait");
        let (code, _, said) = shell(&world, &line);
        assert_eq!(code, 0, "{option}: {said}");
    }
    let line =
        format!("rm -f p; mkfifo p; cat p >got & \"$W\" detect logs --report p {own} && wait");
    assert_eq!(shell(&world, &line).0, 0);
    assert!(world.read("got").contains("</html>"));
}

#[test]
fn a_wrong_place_is_told_before_the_work() {
    let world = world_with_findings();
    for (option, _) in OUTPUTS {
        let run = |place: &str| {
            let all: Vec<&str> =
                ["detect", "logs", option, place].iter().chain(&OWN).copied().collect();
            world.run(&all)
        };
        let ran = run("no/such/folder.html");
        assert_eq!((ran.code, ran.out.as_str()), (4, ""), "{option}: {}", ran.err);
        let ran = run("logs");
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{option}: {}", ran.err);
        assert!(ran.err.contains("logs: it is a folder; name a file"), "{}", ran.err);
        let ran = run("logs/a.json/x");
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{option}: {}", ran.err);
        assert!(!ran.err.contains("os error"), "{}", ran.err);
    }
}
