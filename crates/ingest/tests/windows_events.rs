//! Every Windows event of the test data's logs, whatever wraps it, has the names of one form.
#![allow(clippy::disallowed_methods, reason = "tests read the test data")]
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failed unwrap is a failed test; what is missing is for reading"
)]

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use ingest::format::{Documents, Format, csv, line};
use ingest::input::{Piece, open, records};
use ingest::{Fields, Limits, Shape};
use model::{BatchBuilder, FieldTable, Value};

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

/// What a collector would be given: the bytes of the file, or the events that a test file quotes.
fn inputs(folder: &str, path: &Path) -> Vec<Vec<u8>> {
    let bytes = std::fs::read(path).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    match folder {
        "sekoia-intakes" => {
            let case: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
            case["input"]["message"]
                .as_str()
                .map(|text| text.as_bytes().to_vec())
                .into_iter()
                .collect()
        }
        "wazuh-ruleset-tests" => text
            .lines()
            .filter(|line| line.starts_with("log "))
            .filter_map(|line| line.split_once('=').map(|(_, log)| log.trim().as_bytes().to_vec()))
            .collect(),
        _ => vec![bytes],
    }
}

type Found = BTreeMap<String, Vec<String>>;

/// The records of an input: what they are, their fields, their text.
fn decode(input: Vec<u8>) -> Vec<(Format, Found, String)> {
    let mut found = Vec::new();
    for piece in open(Box::new(Cursor::new(input)), "x".into(), None, Limits::default()) {
        let Piece::Chunk(chunk) = piece else { continue };
        let mut documents = Documents::new(64);
        let table = FieldTable::default();
        let mut builder = BatchBuilder::default();
        for range in records(&chunk) {
            let record = chunk.bytes.get(range).unwrap();
            let mut fields = Fields::new(&mut builder, &table, &chunk.bytes, 4096);
            let format = match &*chunk.shape {
                Shape::Lines => line::decode(record, &mut fields, &mut documents),
                Shape::Json | Shape::Xml => documents.decode(record, &mut fields),
                Shape::Csv { header, delimiter } => {
                    csv::decode(record, header, *delimiter, &mut fields, &mut documents)
                }
                _ => continue,
            };
            // What is malformed is no Windows event; the test says so where it should have been one.
            let format = format.unwrap_or(Format::Text);
            let mut pairs = Found::new();
            for slot in builder.record() {
                let text = match slot.value {
                    Value::Null => String::new(),
                    Value::Bool(truth) => truth.to_string(),
                    Value::Int(number) => number.to_string(),
                    Value::Float(number) => number.to_string(),
                    value => String::from_utf8_lossy(
                        builder.bytes(&chunk.bytes, value).unwrap_or_default(),
                    )
                    .into_owned(),
                };
                let name = builder.unknown_name(slot.field).unwrap_or_default().to_owned();
                pairs.entry(name).or_default().push(text);
            }
            builder.abandon();
            found.push((format, pairs, String::from_utf8_lossy(record).into_owned()));
        }
    }
    found
}

/// Marks that only a whole Windows event has.
fn is_windows(text: &str) -> bool {
    let text: String =
        text.chars().filter(|letter| !letter.is_whitespace() && *letter != '\\').collect();
    let has = |marks: &[&str]| marks.iter().all(|mark| text.contains(mark));
    has(&["schemas.microsoft.com/win/2004/08/events", "EventID"])
        || has(&["\"win\":{", "\"eventID\""])
        || has(&["\"winlog\":{", "\"channel\""])
        || has(&["\"EventID\":", "\"Channel\":"])
        || has(&["\"EventID\":", "\"SourceName\":"])
        || has(&["\"EventCode\":", "\"Logfile\":"])
        || has(&["\"event_id\":", "\"log_name\":"])
        || has(&["WindowsEventLogsTable"])
        || has(&["WinEvtLog:", "("])
}

#[test]
fn all_of_them_have_one_form() {
    let Some(data) = test_data() else { return };
    let folders = [
        ("open-xp-rules", 360),
        ("sekoia-intakes", 100),
        ("splunk-data-sources", 33),
        ("wazuh-ruleset-tests", 115),
        ("tenzir-library", 40),
        ("crowdsec-hub/windows-logs", 1),
    ];
    let mut missing = Vec::new();
    for (folder, least) in folders {
        let (mut count, mut bare) = (0, 0);
        for path in files(&data.join("logs").join(folder)) {
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("norm_")) {
                continue;
            }
            for input in inputs(folder, &path) {
                for (format, fields, text) in decode(input) {
                    if !is_windows(&text) {
                        continue;
                    }
                    count += 1;
                    let lacks: Vec<&str> = ["EventID", "Computer", "Channel", "Provider_Name"]
                        .into_iter()
                        .filter(|name| {
                            fields
                                .get(*name)
                                .is_none_or(|values| values.len() != 1 && *name != "Channel")
                        })
                        .collect();
                    let odd = fields
                        .keys()
                        .any(|name| name.contains('#') || name.starts_with("EventData"));
                    let keywords = fields.get("Keywords").is_some_and(|values| {
                        values.iter().any(|word| {
                            word.trim_start_matches('-').bytes().all(|b| b.is_ascii_digit())
                        })
                    });
                    bare += usize::from(fields.len() < 12);
                    if format != Format::Windows || !lacks.is_empty() || odd || keywords {
                        let begin: String = text.chars().take(300).collect();
                        missing.push(format!(
                            "{} {format:?} lacks {lacks:?} odd {odd} keywords {keywords}: {begin}",
                            path.strip_prefix(&data).unwrap().display()
                        ));
                    }
                }
            }
        }
        println!("{folder}: {count} Windows events, {bare} with few fields");
        assert!(count >= least, "{folder}: {count} Windows events, expected at least {least}");
    }
    for line in &missing {
        println!("{line}");
    }
    println!("{} are not in form", missing.len());
    // Five alerts of other products quote parts of an event; ten files of splunk-data-sources end within their
    // XML or have broken tags.
    assert!(missing.len() <= 15, "{} Windows events are not in form", missing.len());
}

#[test]
fn rows_of_exported_tables_are_events() {
    let security = "TenantId,TimeGenerated,Computer,EventSourceName,Channel,EventID,Account,EventData\n\
        t,2026-03-02T09:00:01Z,h1,Microsoft-Windows-Security-Auditing,Security,4624,CORP\\ann,\n";
    // The table `Event` has the data of the event as XML.
    let event = "TenantId,TimeGenerated,Source,EventLog,Computer,EventID,EventData\n\
        t,2026-03-02T09:00:01Z,Microsoft-Windows-Sysmon,Microsoft-Windows-Sysmon/Operational,h1,11,\
        \"<DataItem type=\"\"System.XmlData\"\"><EventData><Data Name=\"\"Image\"\">C:\\a, b.exe</Data></EventData></DataItem>\"\n";
    let json = "{\"Source\":\"Microsoft-Windows-Sysmon\",\"EventLog\":\"Microsoft-Windows-Sysmon/Operational\",\
        \"Computer\":\"h1\",\"EventID\":11,\"EventData\":\"<EventData><Data Name='Image'>C:\\\\a, b.exe</Data></EventData>\"}\n";
    let first = |input: &str| decode(input.as_bytes().to_vec()).remove(0);
    let (format, fields, _) = first(security);
    assert_eq!(format, Format::Windows);
    assert_eq!(fields["Channel"], ["Security"]);
    assert_eq!(fields["Provider_Name"], ["Microsoft-Windows-Security-Auditing"]);
    assert_eq!(
        (&fields["EventID"], &fields["Computer"]),
        (&vec!["4624".to_owned()], &vec!["h1".to_owned()])
    );
    for input in [event, json] {
        let (format, fields, _) = first(input);
        assert_eq!(format, Format::Windows, "{input}");
        assert_eq!(fields["Channel"], ["Microsoft-Windows-Sysmon/Operational"]);
        assert_eq!(fields["Provider_Name"], ["Microsoft-Windows-Sysmon"]);
        assert_eq!(fields["Image"], ["C:\\a, b.exe"]);
    }
}
