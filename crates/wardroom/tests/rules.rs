//! `wardroom rules` on rules of one's own and of others.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::io::Write as _;

use support::{RULE, World, sysmon};

#[test]
fn built_in_rules_load_and_are_listed() {
    let world = World::new();
    let ran = world.run(&["rules", "list", "--output", "ndjson"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.lines().count() >= 140, "{}", ran.out.lines().count());
    assert!(!ran.err.contains("refused"), "{}", ran.err);
}

#[test]
fn a_test_says_which_case_fails() {
    let world = World::new();
    world.write("rules/encoder.yml", RULE);
    let case = |line: &str| format!("- name: a case\n  event: {line}");
    let (good, near) =
        (sysmon(1, "ws", "powershell -enc A"), sysmon(1, "ws", "powershell -File a.ps1"));
    world.write(
        "rules/tests/encoder.yml",
        format!("match:\n{}no_match:\n{}", case(&good), case(&near)),
    );
    let ran = world.run(&["rules", "test", "rules"]);
    assert_eq!(
        (ran.code, ran.out.trim()),
        (0, "1 rule file, 2 cases, 0 failed, 0 without a test"),
        "{}",
        ran.err
    );
    world.write(
        "rules/tests/encoder.yml",
        format!("match:\n{}no_match:\n{}", case(&near), case(&near)),
    );
    let ran = world.run(&["rules", "test", "rules"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.out.contains(
            "case 'a case': must fire, does not (read as microsoft_sysmon/process_creation)"
        ),
        "{}",
        ran.out
    );
}

#[test]
fn why_shows_the_tree_or_the_first_failure() {
    let world = World::new();
    world.write("rules/encoder.yml", RULE);
    world.write(
        "e.json",
        sysmon(1, "ws", "powershell -enc A") + &sysmon(2, "ws", "powershell -File a"),
    );
    let ran =
        world.run(&["rules", "why", "encoder", "e.json", "--no-builtin-rules", "--rules", "rules"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("event 1: fires"), "{}", ran.out);
    assert!(ran.out.contains("event 2: does not fire"));
    assert!(ran.out.contains("first failure: CommandLine contains"));
    assert!(ran.err.contains("1 of 2 events make it fire"));
}

#[test]
fn why_puts_those_that_fire_first_and_finds_one_by_its_byte() {
    let world = World::new();
    world.write("rules/encoder.yml", RULE);
    let (miss, fires) =
        (sysmon(1, "ws", "powershell -File x"), sysmon(2, "ws", "powershell -enc A"));
    world.write("e.json", format!("{miss}{fires}"));
    let why = |more: &[&str]| {
        let own = ["rules", "why", "encoder", "e.json", "--no-builtin-rules", "--rules", "rules"];
        world.run(&[&own[..], more].concat())
    };
    let ran = why(&["--limit", "1"]);
    assert!(ran.out.starts_with("event 2: fires"), "{}", ran.out);
    assert!(ran.err.contains("1 more event;"));
    let ran = why(&["--offset", "0"]);
    assert!(ran.out.starts_with("event 1: does not fire") && !ran.out.contains("event 2"));
    let ran = why(&["--offset", "7"]);
    assert_eq!(ran.code, 4);
    assert!(ran.err.contains("no record begins at byte 7"), "{}", ran.err);
}

#[test]
fn a_rule_is_found_by_its_file_or_the_folder_it_stands_in() {
    let world = World::new();
    world.write("mine/encoder.yml", RULE);
    world.write("e.json", sysmon(1, "ws", "powershell -enc A"));
    for path in ["mine/encoder.yml", "mine", "./mine/"] {
        let ran = world.run(&["rules", "why", path, "e.json"]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(ran.out.contains("event 1: fires"), "{}", ran.out);
        assert_eq!(world.run(&["rules", "show", path]).code, 0);
        assert_eq!(world.run(&["rules", "fields", path]).code, 0);
    }
    world.write("mine/many.yml", support::CORRELATION);
    let ran = world.run(&["rules", "why", "mine", "e.json"]);
    assert_eq!(ran.code, 2, "{}", ran.err);
    for words in ["2 rules stand in mine", "--rules mine", "11111111-2222", "Hidden Encoder"] {
        assert!(ran.err.contains(words), "{words}: {}", ran.err);
    }
    let ran = world.run(&["rules", "why", "hidden encoder", "e.json", "--rules", "mine"]);
    assert!(ran.code == 0 && ran.out.contains("event 1: fires"), "{}", ran.err);
    let ran = world.run(&["rules", "why", "Many Encoders", "e.json", "--rules", "mine"]);
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.err.contains("ask for one of them: 11111111-2222"), "{}", ran.err);
    world.write("bad/b.yml", "title: x\ndetection: 7\n");
    let ran = world.run(&["rules", "why", "bad", "e.json"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("the rule cannot be used: bad/b.yml"), "{}", ran.err);
}

#[test]
fn fields_show_one_rule_in_every_source() {
    let world = World::new();
    world.write("rules/encoder.yml", RULE);
    let ran = world.run(&[
        "rules",
        "fields",
        "encoder",
        "--no-builtin-rules",
        "--rules",
        "rules",
        "-o",
        "csv",
    ]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(
        ran.out.contains("microsoft_sysmon/process_creation,Image,native,process.file.path"),
        "{}",
        ran.out
    );
    assert!(
        ran.out.contains("microsoft_windows_security/process_creation,Image,alias,"),
        "{}",
        ran.out
    );
}

#[test]
fn check_advises() {
    let world = World::new();
    world.write(
        "rules/r.yml",
        RULE.replace("CommandLine|", "NoSuchField|").replace("  - attack.t1059.001\n", ""),
    );
    let ran = world.run(&["rules", "check", "rules", "-o", "ndjson"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    for words in ["no mapping knows NoSuchField", "names no ATT&CK technique", "has no test"] {
        assert!(ran.out.contains(words), "{words}: {}", ran.out);
    }
    assert_eq!(world.run(&["rules", "check", "rules", "--strict"]).code, 1);
}

#[test]
fn coverage_counts_and_makes_a_layer() {
    let world = World::new();
    let ran = world.run(&["rules", "coverage", "--navigator", "n.json", "-o", "csv"]);
    assert_eq!((ran.code, ran.out.lines().count()), (0, 15), "{}", ran.err);
    assert!(world.read("n.json").contains("\"layer\": \"4.5\""));
}

fn zip_of(world: &World, name: &str, files: &[(&str, &str)]) {
    let mut zip = zip::ZipWriter::new(std::fs::File::create(world.path(name)).unwrap());
    for (path, text) in files {
        zip.start_file(*path, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap();
}

#[test]
fn an_import_keeps_what_the_user_changed() {
    let world = World::new();
    let rule = |number: u32, word: &str| {
        RULE.replace("11111111-2222", &format!("1111111{number}-2222")).replace(" -enc", word)
    };
    let files = |word: &str, more: &[(&'static str, String)]| {
        let mut all = vec![
            ("sigma-1/rules/a.yml", rule(1, word)),
            ("sigma-1/rules/b.yml", rule(2, word)),
            ("sigma-1/rules/c.yml", rule(3, word)),
            ("sigma-1/LICENSE", "terms".to_owned()),
            ("sigma-1/rules/bad.yml", "title: x\ndetection: 7\n".to_owned()),
            ("sigma-1/.github/w.yml", "on: push\n".to_owned()),
        ];
        all.extend(more.iter().cloned());
        all
    };
    let pack = |name: &str, files: &[(&str, String)]| {
        let files: Vec<(&str, &str)> =
            files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        zip_of(&world, name, &files);
    };
    pack(
        "one.zip",
        &files(
            " -one",
            &[("sigma-1/rules/gone.yml", rule(4, " -x")), ("sigma-1/../evil.yml", rule(9, "x"))],
        ),
    );
    let ran = world.run(&["rules", "import", "one.zip", "--to", "own", "--set", "hq"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("4 new") && ran.out.contains("1 refused"), "{}", ran.out);
    assert!(ran.out.contains("rules/bad.yml:"), "{}", ran.out);
    assert_eq!(world.read("own/hq/LICENSE"), "terms");
    assert!(!world.path("own/evil.yml").exists() && !world.path("own/hq/evil.yml").exists());
    // An edit in place, and an override of the same id under another name.
    world.write("own/hq/rules/b.yml", rule(2, " -mine"));
    world.write("own/hq/overrides/c_of_mine.yml", rule(3, " -override"));
    pack("two.zip", &files(" -two", &[]));
    let ran = world.run(&["rules", "import", "two.zip", "--to", "own", "--set", "hq"]);
    for words in ["0 new", "1 changed", "2 kept", "1 removed", "rules/gone.yml"] {
        assert!(ran.out.contains(words), "{words}: {}", ran.out);
    }
    assert!(world.read("own/hq/rules/a.yml").contains(" -two"));
    assert!(world.read("own/hq/rules/b.yml").contains(" -mine"));
    assert!(!world.path("own/hq/rules/gone.yml").exists());
    world.write("e.json", sysmon(1, "ws", "powershell -mine -override -two"));
    let ran =
        world.run(&["detect", "e.json", "--no-builtin-rules", "--rules", "own", "-o", "ndjson"]);
    assert_eq!(ran.out.lines().count(), 3, "{} {}", ran.out, ran.err);
}
