//! The text decoders over real lines and over arbitrary bytes.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failed unwrap is a failed test; the counts are for reading"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ingest::format::{
    Format, access, auditd, cef, csv, kv, leef, line, syslog, timestamp, w3c, zeek,
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

/// The line decoder with a JSON decoder that only checks.
fn decode_line(record: &[u8]) -> Result<Format, Malformed> {
    run(record, |record, fields| {
        line::decode(record, fields, &mut |document, _| match serde_json::from_slice::<
            serde_json::Value,
        >(document)
        {
            Ok(_) => Ok(Format::Json),
            Err(error) => Err(Malformed(error.to_string())),
        })
    })
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
        ("metron", &[]),
        ("loghub", &[]),
        ("wazuh-ruleset-tests", &[]),
        ("crowdsec-hub", &[]),
        ("ossec-log-entries", &[]),
        ("plaso", &[]),
        ("splunk-data-sources", &[]),
        ("sekoia-intakes", &[]),
        ("zeek-wrccdc", &[]),
        ("tenzir-library", &[]),
    ];
    for (folder, least) in expected {
        let counts = counts(&data, folder);
        for (word, least) in *least {
            let count = counts.get(word).copied().unwrap_or_default();
            assert!(count >= *least, "{folder}: {count} {word}, expected at least {least}");
        }
    }
}
