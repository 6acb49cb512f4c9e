//! Whatever comes in, the binary says what is wrong, in which file, and how it ends.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
#![allow(clippy::print_stderr, reason = "what was skipped is told")]

mod support;

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use support::{OWN, RULE, Ran, World, sysmon};

fn detect(world: &World, path: &str) -> Ran {
    let arguments: Vec<&str> =
        ["detect", path, "-o", "ndjson"].iter().chain(&OWN).copied().collect();
    world.run(&arguments)
}

fn world() -> World {
    let world = World::new();
    world.write("rules/encoder.yml", RULE);
    world
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The run ended with this code, said each of these words, and did not panic.
fn assert_said(ran: &Ran, code: i32, words: &[&str]) {
    assert_eq!(ran.code, code, "{}", ran.err);
    for word in words {
        assert!(ran.err.contains(word), "'{word}' is not in: {}", ran.err);
    }
    assert!(!ran.err.contains("panicked"), "{}", ran.err);
}

#[test]
fn a_missing_path() {
    assert_said(
        &detect(&world(), "no/such.log"),
        4,
        &["no/such.log", "does not exist", "check the path"],
    );
}

#[cfg(unix)]
#[test]
fn a_file_without_permission() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = world();
    world.write("secret.log", "x");
    std::fs::set_permissions(world.path("secret.log"), std::fs::Permissions::from_mode(0o000))
        .unwrap();
    if std::fs::read(world.path("secret.log")).is_ok() {
        // The superuser may read everything.
        eprintln!("skipped: a_file_without_permission, run by root");
        return;
    }
    assert_said(&detect(&world, "secret.log"), 3, &["secret.log", "permission denied"]);
}

#[test]
fn an_empty_file() {
    let world = world();
    world.write("empty.log", "");
    assert_said(&detect(&world, "empty.log"), 0, &["no events were read"]);
}

#[test]
fn a_truncated_gzip_keeps_what_was_there() {
    let world = world();
    let mut lines = String::new();
    for minute in 0..6_000 {
        lines += &sysmon(minute % 60, &format!("host{minute}"), "powershell -enc A");
    }
    let packed = gzip(lines.as_bytes());
    world.write("cut.json.gz", &packed[..packed.len() / 2]);
    let ran = detect(&world, "cut.json.gz");
    assert_said(&ran, 5, &["cut.json.gz", "damaged_container"]);
    assert!(ran.out.lines().count() > 500);
}

#[test]
fn a_truncated_evtx() {
    let world = world();
    let mut evtx = b"ElfFile\0".to_vec();
    evtx.resize(4096, 0);
    evtx.extend_from_slice(b"ElfChnk\0");
    evtx.resize(4096 + 1000, 7);
    world.write("cut.evtx", evtx);
    let ran = detect(&world, "cut.evtx");
    assert_said(&ran, 5, &["cut.evtx", "damaged_container"]);
}

#[test]
fn a_gzip_bomb() {
    let world = world();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![b'\n'; 1 << 20];
    for _ in 0..128 {
        encoder.write_all(&zeros).unwrap();
    }
    world.write("bomb.gz", encoder.finish().unwrap());
    assert_said(&detect(&world, "bomb.gz"), 5, &["bomb.gz", "over_limit"]);
}

#[test]
fn a_line_of_a_hundred_megabytes() {
    let world = world();
    let mut long = vec![b'x'; 100 << 20];
    long.push(b'\n');
    long.extend_from_slice(sysmon(1, "after", "powershell -enc A").as_bytes());
    world.write("long.log", long);
    let ran = detect(&world, "long.log");
    assert_said(&ran, 5, &["long.log", "over_limit"]);
    assert_eq!(ran.out.lines().count(), 1, "the record behind it is found");
}

#[test]
fn json_nested_a_hundred_thousand_deep() {
    let world = world();
    let deep = format!("{}1{}\n", "{\"a\":".repeat(100_000), "}".repeat(100_000));
    world.write("deep.json", deep + &sysmon(1, "after", "powershell -enc A"));
    let ran = detect(&world, "deep.json");
    assert_eq!(ran.code, 5, "{}", ran.err);
    assert!(ran.err.contains("deep.json") && !ran.err.contains("panicked"), "{}", ran.err);
}

#[test]
fn binary_noise() {
    let world = world();
    let mut state = 7_u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    })
    .take(1 << 20)
    .collect();
    world.write("noise.bin", noise);
    assert_said(&detect(&world, "noise.bin"), 5, &["noise.bin", "not_text"]);
}

#[test]
fn a_yaml_bomb() {
    let world = world();
    let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (name, before) in ('b'..='i').zip('a'..='h') {
        let items = vec![format!("*{before}"); 9].join(", ");
        bomb += &[
            name.to_string(),
            ": &".to_owned(),
            name.to_string(),
            " [".to_owned(),
            items,
            "]\n".to_owned(),
        ]
        .concat();
    }
    world.write("rules/bomb.yml", bomb);
    world.write("a.json", sysmon(1, "ws", "powershell -enc A"));
    let ran = detect(&world, "a.json");
    assert_said(&ran, 5, &["rule refused: rules/bomb.yml:", "incomplete: 1 rule was refused"]);
    assert_eq!(ran.out.lines().count(), 1, "the other rules are used");
    assert_said(&world.run(&["rules", "check", "rules"]), 1, &["1 refused"]);
}

#[test]
fn a_catastrophic_regular_expression() {
    let world = world();
    let pattern = "CommandLine|re: '(?=x)((a{1,1000}){1,1000}){1,1000}$'";
    world.write(
        "rules/re.yml",
        RULE.replace("CommandLine|contains: ' -enc'", pattern).replace("1111-2222", "1111-3333"),
    );
    let ran = world.run(&["rules", "check", "rules"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.out.contains("rules/re.yml:") && ran.out.contains("refused"), "{}", ran.out);
}

#[test]
fn two_rules_of_one_id() {
    let world = world();
    world.write("rules/zwei.yml", RULE);
    let ran = world.run(&["rules", "check", "rules"]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("already used in rules/encoder.yml:1"), "{}", ran.out);
}

#[test]
fn a_folder_without_usable_rules() {
    let world = World::new();
    world.write("rules/broken.yml", "title: x\n");
    world.write("a.json", "{}");
    assert_said(&detect(&world, "a.json"), 2, &["rules/broken.yml", "no rule can be used"]);
}

#[test]
fn a_broken_map_yaml() {
    let world = world();
    world.write("sources/acme_door/source.yaml", "title: Door\nvendor: Acme\nproduct: Door\nclass: network\nsummary: Doors.\ndocs: https://example.com\n");
    world.write("sources/acme_door/map.yaml", "recognise:\n  - format: jsno\nkinds: []\n");
    world.write("a.json", sysmon(1, "ws", "powershell -enc A"));
    let ran = world.run(&["detect", "a.json", "--sources", "sources"]);
    assert_said(&ran, 2, &["sources/acme_door", "map.yaml", "jsno"]);
    let ran = world.run(&["parse", "a.json", "--sources", "sources", "-o", "ndjson"]);
    assert_said(&ran, 5, &["source left out: sources/acme_door"]);
    assert_eq!(ran.out.lines().count(), 1);
    assert_eq!(world.run(&["sources", "test", "--dir", "sources"]).code, 1);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk() {
    let world = world();
    world.write("a.json", sysmon(1, "ws", "powershell -enc A"));
    let arguments: Vec<&str> =
        ["detect", "a.json", "--report", "/dev/full"].iter().chain(&OWN).copied().collect();
    assert_said(&world.run(&arguments), 5, &["/dev/full", "the disk is full"]);
}

#[test]
fn wrong_arguments() {
    let world = world();
    assert_said(&world.run(&["detect"]), 2, &["<PATH>"]);
    assert_said(
        &world.run(&["detect", "x", "--min-level", "bad"]),
        2,
        &["no level 'bad'", "critical"],
    );
    assert_said(&world.run(&["detect", "x", "--since", "noon"]), 2, &["'noon' is no time"]);
    world.write("a.json", "{}");
    assert_said(
        &world.run(&["detect", "a.json", "--source", "acme"]),
        4,
        &["no source 'acme'", "wardroom sources list"],
    );
    assert_said(
        &world.run(&["rules", "show", "acme"]),
        4,
        &["no rule 'acme'", "wardroom rules list"],
    );
    assert_said(&world.run(&["detect", "a.json", "--no-builtin-rules"]), 2, &["--rules DIR"]);
    assert_said(&world.run(&["detect", "-", "-"]), 2, &["only once"]);
}

#[test]
fn an_output_never_overwrites_an_input_or_another_output() {
    let world = world();
    let log = sysmon(1, "ws-1", "whoami");
    world.write("logs/day.jsonl", &log);
    let run = |rest: &[&str]| {
        let arguments: Vec<&str> =
            ["detect", "logs"].iter().chain(rest).chain(&OWN).copied().collect();
        world.run(&arguments)
    };
    for option in ["--report", "--navigator", "--dead-letters"] {
        let ran = run(&[option, "logs/day.jsonl"]);
        assert_said(&ran, 2, &["logs/day.jsonl", "is an input", "another name"]);
        assert_eq!(std::fs::read_to_string(world.path("logs/day.jsonl")).unwrap(), log);
    }
    let ran = run(&["--report", "same.html", "--navigator", "same.html"]);
    assert_said(&ran, 2, &["same.html", "two outputs"]);
}

#[test]
fn names_of_files_cannot_steer_the_terminal() {
    let ran = detect(&world(), "no\u{1b}[31m\u{202e}such.log");
    assert_said(&ran, 4, &["no\\x1b[31m\\u{202e}such.log"]);
    assert!(!ran.err.contains('\u{1b}') && !ran.err.contains('\u{202e}'), "{}", ran.err);
}

#[test]
fn a_wrong_kind_of_path_is_told_in_words() {
    let world = world();
    world.write("a.json", sysmon(1, "ws", "powershell -enc A"));
    for (arguments, words) in [
        ("detect a.json/x", "a part of this path is a file"),
        ("rules why encoder logs --rules rules", "logs: it is a folder; name a file"),
        ("detect a.json --placeholders rules", "it is a folder; name a file"),
        ("man a.json", "a file of this name is in the way"),
        ("demo --dir a.json", "a part of this path is a file"),
        (
            "detect a.json --sources a.json",
            "is a file, not a folder of sources; a folder of sources",
        ),
        ("sources test --dir a.json", "is a file, not a folder of sources"),
    ] {
        std::fs::create_dir_all(world.path("logs")).unwrap();
        let ran = world.run(&arguments.split(' ').collect::<Vec<_>>());
        assert_said(&ran, 2, &[words]);
        assert!(!ran.err.contains("os error"), "{}", ran.err);
    }
    std::fs::create_dir_all(world.path("empty")).unwrap();
    for name in ["empty", "a.json"] {
        let ran = world.run(&["detect", "a.json", "--rules", name]);
        assert_said(&ran, 4, &["no rule in", name, ".yml"]);
    }
}

#[test]
fn a_folder_that_is_no_folder_of_sources() {
    let world = world();
    world.write("a.json", "{}");
    std::fs::create_dir_all(world.path("empty")).unwrap();
    world.write("mine/acme_door/map.yaml", "recognise:\n  - format: json\nkinds: []\n");
    let ran = |folder: &str| world.run(&["parse", "a.json", "--sources", folder]);
    assert_said(&ran("empty"), 4, &["there is no source in empty", "acme_door/source.yaml"]);
    assert_said(&ran("mine/acme_door"), 2, &["is one source", "name the folder around it: mine\n"]);
    assert_said(&ran("mine"), 2, &["mine/acme_door: source.yaml is missing", "docs/mapping.md"]);
    world.write("mine/acme_door/source.yaml", "title: Door\n");
    std::fs::remove_file(world.path("mine/acme_door/map.yaml")).unwrap();
    assert_said(&ran("mine"), 2, &["mine/acme_door: map.yaml is missing"]);
}
