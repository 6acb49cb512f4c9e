//! How much of each folder of real logs is recognised and mapped, and the least that each folder of a source of ours
//! may have (`folders.tsv`).
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
#![expect(clippy::print_stdout, reason = "the figures are what the test shows")]

use std::collections::BTreeMap;
use std::path::Path;

use ingest::input::{self, Piece};
use ingest::mapping::Scratch;
use ingest::{Ingest, Limits};
use model::{FieldTable, KindId, ProblemReason, Timestamp};
use serde_json::Value as Json;
use testkit::corpus;

/// Folder, tab, least percentage, tab, why less than 95 (or `-`).
const FLOORS: &str = include_str!("folders.tsv");

/// The year of timestamps that say none.
const REFERENCE: Timestamp = Timestamp(1_767_225_600_000);

/// Inputs by folder: names and bytes.
type Folders = BTreeMap<String, Vec<(String, Vec<u8>)>>;

#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    records: usize,
    recognised: usize,
    unrecognised: usize,
    lost: usize,
}

impl Tally {
    fn percent(&self) -> f64 {
        100.0 * self.recognised as f64 / self.records.max(1) as f64
    }
}

fn put(folders: &mut Folders, folder: &str, name: &Path, bytes: impl Into<Vec<u8>>) {
    folders.entry(folder.to_owned()).or_default().push((name.display().to_string(), bytes.into()));
}

/// The first parts of a path below `root`.
fn below(path: &Path, root: &Path, parts: usize) -> String {
    let parts = path.strip_prefix(root).unwrap().components().take(parts);
    parts.map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// Every file below a folder as it is, grouped by the first parts of its path.
fn as_they_are(folders: &mut Folders, logs: &Path, folder: &str, parts: usize) {
    let endings = ["log", "json", "jsonl", "txt", "csv", "xml", "ndjson", ""];
    let mut open = vec![logs.join(folder)];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            let ending = path.extension().unwrap_or_default();
            let is_log = folder == "metron"
                || folder == "ossec-log-entries"
                || endings.iter().any(|known| ending == *known);
            if is_log && !path.ends_with("index.json") {
                put(folders, &below(&path, logs, parts), &path, std::fs::read(&path).unwrap());
            }
        }
    }
}

/// `input.message` is the record as it was received. Line ends within a record of text are written `#012`, as syslog
/// daemons do, because files of text have a record a line.
fn sekoia(folders: &mut Folders, logs: &Path) {
    for path in corpus::files(&logs.join("sekoia-intakes"), &["json"]) {
        let case: Json = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let Some(message) = case["input"]["message"].as_str() else { continue };
        let is_text = !message.trim_start().starts_with(['{', '[']) && !message.contains("<Event");
        let message =
            if is_text { message.trim().replace('\n', "#012") } else { message.to_owned() };
        put(folders, &below(&path, logs, 3), &path, message);
    }
}

/// `event` is the record; folders are the types of log.
fn panther(folders: &mut Folders, logs: &Path) {
    for path in corpus::files(&logs.join("panther-rule-tests"), &["jsonl"]) {
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            let case: Json = serde_json::from_str(line).unwrap();
            let first = case["log_type"].as_array().map_or(&case["log_type"], |all| &all[0]);
            let kind = case["event"].get("p_log_type").unwrap_or(first);
            put(
                folders,
                &format!("panther/{}", kind.as_str().unwrap_or("none")),
                &path,
                case["event"].to_string(),
            );
        }
    }
}

/// `raw_N.txt` is a record; `raw_events_N.json` has one a line under `body`.
fn open_xp(folders: &mut Folders, logs: &Path, root: &str) {
    for path in corpus::files(&logs.join(root), &["txt", "json"]) {
        let whole = path.display().to_string();
        let part = [
            "auditd",
            "eslogger",
            "es-logger",
            "Windows",
            "WMI",
            "windows_open_package",
            "macos",
            "mssql",
            "teamcity",
            "IIS",
        ]
        .iter()
        .find(|part| whole.to_lowercase().contains(&part.to_lowercase()));
        let folder = format!("{root}/{}", part.unwrap_or(&"other"));
        let text = std::fs::read_to_string(&path).unwrap();
        if path.extension().is_some_and(|ending| ending == "txt") {
            put(folders, &folder, &path, text);
            continue;
        }
        for line in text.lines() {
            let body = serde_json::from_str::<Json>(line)
                .ok()
                .and_then(|line| line["body"].as_str().map(str::to_owned));
            if let Some(body) = body {
                put(folders, &format!("{folder} events"), &path, body);
            }
        }
    }
}

/// `log N pass = …` is a record.
fn wazuh(folders: &mut Folders, logs: &Path) {
    for path in corpus::files(&logs.join("wazuh-ruleset-tests"), &["ini"]) {
        for line in String::from_utf8_lossy(&std::fs::read(&path).unwrap()).lines() {
            if let Some((key, log)) = line.split_once('=')
                && key.trim_start().starts_with("log ")
            {
                put(folders, &below(&path, logs, 2), &path, log.trim());
            }
        }
    }
}

fn folders(logs: &Path) -> Folders {
    let mut folders = Folders::new();
    sekoia(&mut folders, logs);
    panther(&mut folders, logs);
    open_xp(&mut folders, logs, "open-xp-rules");
    open_xp(&mut folders, logs, "xp-rules");
    wazuh(&mut folders, logs);
    let plain = [
        ("aws-cloudtrail-invictus", 1),
        ("crowdsec-hub", 2),
        ("gcp-security-analytics", 1),
        ("loghub", 2),
        ("m365-ual-invictus", 1),
        ("metron", 2),
        ("msticpy", 3),
        ("ossec-log-entries", 2),
        ("plaso", 3),
        ("rsigma-schema-classification", 2),
        ("splunk-data-sources", 2),
        ("tenzir-library", 2),
        ("windows-dns-debug", 1),
        ("zeek-wrccdc", 3),
    ];
    plain.iter().for_each(|(folder, parts)| as_they_are(&mut folders, logs, folder, *parts));
    folders
}

/// Records of an input: recognised, unrecognised, and those that could not become an event at all. A broken record
/// is an event with what could be read of it.
fn tally(ingest: &Ingest, name: &str, bytes: &[u8], tally: &mut Tally, words: &mut Vec<String>) {
    let mut scratch = Scratch::default();
    let reader = Box::new(std::io::Cursor::new(bytes.to_vec()));
    for piece in input::open(reader, name.into(), Some(REFERENCE), Limits::default()) {
        let problems = match piece {
            Piece::Chunk(chunk) => {
                let mut decoded = ingest.decode(chunk, None, &mut scratch);
                decoded.problems.retain(|problem| problem.reason != ProblemReason::Malformed);
                for event in decoded.batch.iter() {
                    tally.records += 1;
                    if event.kind() == KindId::UNRECOGNISED {
                        tally.unrecognised += 1;
                        words.push(format!(
                            "{name}: {}",
                            String::from_utf8_lossy(event.raw())
                                .chars()
                                .take(400)
                                .collect::<String>()
                        ));
                    } else {
                        tally.recognised += 1;
                    }
                }
                decoded.problems
            }
            Piece::Problem { problem, .. } => vec![problem],
        };
        for problem in problems {
            let is_lost = matches!(
                problem.reason,
                ProblemReason::Malformed | ProblemReason::DamagedContainer | ProblemReason::NotText
            );
            if is_lost {
                tally.records += 1;
                tally.lost += 1;
                words.push(format!("{name}: {}: {}", problem.reason.as_str(), problem.detail));
            }
        }
    }
}

#[test]
fn folders_of_our_sources_are_recognised() {
    let Some(data) = corpus::data_dir() else {
        println!("skipped: folders_of_our_sources_are_recognised: no test data");
        return;
    };
    let show = std::env::var("SHOW_UNRECOGNISED").unwrap_or_default();
    let ingest = Ingest::new(corpus::mapper(&FieldTable::default()).unwrap(), Limits::default());
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    for (folder, inputs) in folders(&data.join("logs")) {
        let mut words = Vec::new();
        let counted = tallies.entry(folder.clone()).or_default();
        inputs.iter().for_each(|(name, bytes)| tally(&ingest, name, bytes, counted, &mut words));
        if folder == show {
            words.iter().for_each(|words| println!("  {words}"));
        }
    }
    println!(
        "{:<64}{:>8}{:>11}{:>13}{:>6}{:>8}",
        "folder", "records", "recognised", "unrecognised", "lost", "percent"
    );
    for (folder, it) in &tallies {
        println!(
            "{folder:<64}{:>8}{:>11}{:>13}{:>6}{:>8.1}",
            it.records,
            it.recognised,
            it.unrecognised,
            it.lost,
            it.percent()
        );
    }
    let mut below_floor = Vec::new();
    for line in FLOORS.lines().filter(|line| !line.starts_with('#')) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [folder, floor, reason] = columns[..] else { panic!("not three columns: {line}") };
        let floor: f64 = floor.parse().unwrap();
        assert!(floor >= 95.0 || reason.len() > 20, "a floor below 95 needs a reason: {line}");
        match tallies.get(folder) {
            Some(tally) if tally.percent() >= floor => {}
            Some(tally) => below_floor
                .push(format!("{folder}: {:.1} %, the floor is {floor}", tally.percent())),
            None => below_floor.push(format!("{folder}: no such folder")),
        }
    }
    assert!(
        below_floor.is_empty(),
        "{}\nSHOW_UNRECOGNISED=<folder> shows records",
        below_floor.join("\n")
    );
}
