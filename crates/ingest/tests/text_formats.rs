//! The text decoders over real lines and over arbitrary bytes.
#![allow(clippy::disallowed_methods, reason = "tests read the test data")]
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failed unwrap is a failed test; the counts are for reading"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ingest::format::{
    Documents, Format, access, auditd, cef, csv, kv, leef, line, syslog, timestamp, w3c, zeek,
};
use ingest::{Fields, Malformed};
use model::{BatchBuilder, FieldTable, Timestamp};
use proptest::prelude::*;

/// Where the real logs are, when they are here.
fn test_data() -> Option<PathBuf> {
    let folder = std::env::var_os("WARDROOM_TEST_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: {} is no folder, no test data", folder.display());
    None
}

fn run(
    record: &[u8],
    decode: impl FnOnce(&[u8], &mut Fields<'_>) -> Result<Format, Malformed>,
) -> Result<Format, Malformed> {
    let mut builder = BatchBuilder::default();
    let table = FieldTable::default();
    let format = decode(record, &mut Fields::new(&mut builder, &table, record, 4096));
    // Every value must be readable.
    for slot in builder.record() {
        let _bytes = builder.bytes(record, slot.value);
    }
    format
}

/// The line decoder.
fn decode_line(record: &[u8]) -> Result<Format, Malformed> {
    run(record, |record, fields| line::decode(record, fields, &mut Documents::new(64)))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// The records of a file: lines, `log N pass = …` of Wazuh's cases, the one event of a SEKOIA case.
fn records(folder: &str, path: &Path) -> Vec<Vec<u8>> {
    let bytes = std::fs::read(path).unwrap();
    match folder {
        "sekoia-intakes" => {
            let case: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
            case["input"]["message"]
                .as_str()
                .map(|text| text.as_bytes().to_vec())
                .into_iter()
                .collect()
        }
        "wazuh-ruleset-tests" => String::from_utf8_lossy(&bytes)
            .lines()
            .filter(|line| line.starts_with("log "))
            .filter_map(|line| line.split_once('=').map(|(_, log)| log.trim().as_bytes().to_vec()))
            .collect(),
        _ => bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect(),
    }
}

/// What became of one folder's records, by word.
fn counts(data: &Path, folder: &str) -> BTreeMap<&'static str, usize> {
    let show = std::env::var("WARDROOM_SHOW").unwrap_or_default();
    let mut counts = BTreeMap::new();
    for path in files(&data.join("logs").join(folder)) {
        let is_document =
            path.extension().is_some_and(|extension| extension == "xml" || extension == "json");
        if is_document && folder != "sekoia-intakes" && folder != "zeek-wrccdc" {
            continue;
        }
        for record in records(folder, &path) {
            if record.trim_ascii().is_empty() {
                continue;
            }
            let outcome = decode_line(&record);
            let word = match &outcome {
                Ok(format) => format.as_str(),
                Err(_) => "malformed",
            };
            *counts.entry(word).or_default() += 1;
            if show == word {
                println!(
                    "{folder}: {outcome:?} {}",
                    String::from_utf8_lossy(record.get(..160).unwrap_or(&record))
                );
            }
        }
    }
    println!("{folder}: {counts:?}");
    counts
}

#[test]
fn real_lines_are_what_they_are() {
    let Some(data) = test_data() else { return };
    // Folder, and least numbers of records for formats.
    let expected: &[(&str, &[(&str, usize)])] = &[
        ("metron", &[("access", 1), ("cef", 40), ("json", 30), ("leef", 2), ("syslog", 320)]),
        ("loghub", &[("syslog", 3000), ("text", 7500)]),
        (
            "wazuh-ruleset-tests",
            &[
                ("access", 15),
                ("auditd", 23),
                ("json", 300),
                ("keyvalue", 45),
                ("leef", 4),
                ("syslog", 260),
                ("windows", 115),
            ],
        ),
        (
            "crowdsec-hub",
            &[
                ("access", 590),
                ("auditd", 17),
                ("cef", 3),
                ("json", 580),
                ("keyvalue", 1200),
                ("syslog", 350),
            ],
        ),
        ("ossec-log-entries", &[("syslog", 490)]),
        ("plaso", &[("access", 15), ("auditd", 36), ("json", 25), ("syslog", 55)]),
        ("splunk-data-sources", &[("auditd", 2), ("json", 45), ("keyvalue", 2), ("syslog", 2)]),
        (
            "sekoia-intakes",
            &[
                ("access", 20),
                ("cef", 120),
                ("json", 830),
                ("windows", 70),
                ("keyvalue", 130),
                ("leef", 25),
                ("syslog", 110),
            ],
        ),
        ("zeek-wrccdc", &[("json", 7500)]),
        ("tenzir-library", &[("json", 20), ("keyvalue", 30)]),
    ];
    for (folder, least) in expected {
        let counts = counts(&data, folder);
        for (word, least) in *least {
            let count = counts.get(word).copied().unwrap_or_default();
            assert!(count >= *least, "{folder}: {count} {word}, expected at least {least}");
        }
        let malformed = counts.get("malformed").copied().unwrap_or_default();
        assert!(
            malformed <= 1 + counts.values().sum::<usize>() / 100,
            "{folder}: {malformed} malformed"
        );
    }
}

/// The value of a header line such as `#fields`.
fn directive<'t>(text: &'t str, name: &str) -> &'t str {
    text.lines()
        .find_map(|line| line.strip_prefix(name))
        .unwrap_or_default()
        .trim_matches(['\t', ' ', '\r'])
}

#[test]
fn zeek_rows_fit_their_headers() {
    let Some(data) = test_data() else { return };
    let mut rows = 0;
    for path in files(&data.join("logs/zeek-wrccdc/zeek-default")) {
        let bytes = std::fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        let boxed = |line: &str| line.split('\t').map(Into::into).collect::<Vec<Box<str>>>();
        let (names, types) =
            (boxed(directive(&text, "#fields")), boxed(directive(&text, "#types")));
        assert_eq!(names.len(), types.len(), "{}", path.display());
        let header = zeek::Header {
            path: directive(&text, "#path"),
            fields: &names,
            types: &types,
            separators: (b'\t', b','),
            absent: ("(empty)", "-"),
        };
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let outcome = run(line.as_bytes(), |row, fields| zeek::decode(row, &header, fields));
            assert_eq!(outcome, Ok(Format::Zeek), "{}: {line}", path.display());
            let stamp = line.split('\t').next().unwrap_or_default();
            assert!(
                names[0].as_ref() != "ts" || timestamp::parse(stamp.as_bytes(), None).is_some(),
                "{line}"
            );
            rows += 1;
        }
    }
    println!("zeek rows: {rows}");
    assert!(rows > 10_000);
}

#[test]
fn w3c_rows_fit_their_headers() {
    let Some(data) = test_data() else { return };
    let (mut rows, mut bad) = (0, 0);
    for path in files(&data.join("logs/plaso/iis")) {
        let bytes = std::fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        let mut names: Vec<Box<str>> = Vec::new();
        for line in text.lines() {
            if let Some(fields) = line.strip_prefix("#Fields:") {
                names = fields.split_ascii_whitespace().map(Into::into).collect();
            } else if !line.starts_with('#') && !line.is_empty() {
                let header = w3c::Header { fields: &names, software: "", date: "" };
                let outcome = run(line.as_bytes(), |row, fields| w3c::decode(row, &header, fields));
                rows += 1;
                bad += usize::from(outcome.is_err());
            }
        }
    }
    println!("w3c rows: {rows}, malformed {bad}");
    assert!(rows >= 20 && bad == 0);
}

/// What syslog and access log lines say about time must be readable.
#[test]
fn real_stamps_are_read() {
    let Some(data) = test_data() else { return };
    let reference = Some(Timestamp(1_772_442_001_000));
    let (mut read, mut unread) = (0, 0);
    for folder in [
        "metron",
        "loghub",
        "wazuh-ruleset-tests",
        "crowdsec-hub",
        "ossec-log-entries",
        "plaso",
        "sekoia-intakes",
    ] {
        for path in files(&data.join("logs").join(folder)) {
            for record in records(folder, &path) {
                let Some(stamp) =
                    syslog::envelope(record.trim_ascii()).and_then(|envelope| envelope.timestamp)
                else {
                    continue;
                };
                if timestamp::parse(stamp, reference).is_some() {
                    read += 1;
                } else {
                    unread += 1;
                    println!("{folder}: {}", String::from_utf8_lossy(stamp));
                }
            }
        }
    }
    println!("stamps: {read} read, {unread} not");
    assert!(read > 4000 && unread * 100 < read);
}

/// Bytes that resemble records: pieces of the formats in any order, and noise.
fn records_like() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::sample::select(vec![
        "<34>",
        "<34>1 ",
        "Mar  2 09:00:01 ",
        "2026-03-02T09:00:01Z ",
        "host ",
        "sshd[7]: ",
        "- ",
        "[a@1 b=\"c\"] ",
        "[a:\"",
        "%ASA-6-1:",
        "*",
        "123: ",
        "CEF:0|",
        "|",
        "\\",
        "LEEF:2.0|",
        "x5E|",
        "\t",
        "a=b ",
        "a1[0]=",
        "=",
        "\"",
        "'",
        ", ",
        "; ",
        "{\"a\":1}",
        "[{",
        "]",
        "type=EXECVE ",
        "type=SOCKADDR msg=audit(1364481363.243:7): ",
        "msg='",
        "saddr=0A00",
        "41",
        "avc: denied { read } ",
        "\u{1d}",
        "\n",
        "1.2.3.4 - - [02/Mar/2026:09:00:01 +0000] ",
        "\"GET / HTTP/1.1\" 200 1 ",
        "1461576382.642 1 ",
        "TCP_MISS/200 1 GET x - A/b c",
        "é",
    ]);
    let noise = prop::collection::vec(any::<u8>(), 0..12);
    prop::collection::vec(
        prop_oneof![6 => pieces.prop_map(|piece| piece.as_bytes().to_vec()), 1 => noise],
        0..24,
    )
    .prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_decoder_panics(record in records_like(), separator in any::<u8>()) {
        let names: Vec<Box<str>> = ["date", "time", "c"].map(Into::into).into();
        let types: Vec<Box<str>> = ["set[count]", "double", "string"].map(Into::into).into();
        let _outcome = decode_line(&record);
        let _outcome = run(&record, cef::decode);
        let _outcome = run(&record, leef::decode);
        let _outcome = run(&record, kv::decode);
        let _outcome = run(&record, auditd::decode);
        let _outcome = run(&record, |record, fields| access::decode(record, fields).ok_or(Malformed::new(String::new())));
        let _outcome = run(&record, |record, fields| csv::decode(record, &names, separator, fields, &mut Documents::new(64)));
        let header = w3c::Header { fields: &names, software: "x", date: "2026-03-02" };
        let _outcome = run(&record, |record, fields| w3c::decode(record, &header, fields));
        let header = zeek::Header { path: "x", fields: &names, types: &types, separators: (separator, b','), absent: ("", "-") };
        let _outcome = run(&record, |record, fields| zeek::decode(record, &header, fields));
    }

    #[test]
    fn grouping_keeps_every_line(record in records_like()) {
        let grouped = auditd::group(&record);
        let lines = |bytes: &[u8]| {
            let mut lines: Vec<_> = bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).map(<[u8]>::to_vec).collect();
            lines.sort();
            lines
        };
        let kept: Vec<u8> = grouped.records.iter().flat_map(|record| [&grouped.bytes[record.range.clone()], b"\n"].concat()).collect();
        prop_assert_eq!(lines(&kept), lines(&record));
    }
}
