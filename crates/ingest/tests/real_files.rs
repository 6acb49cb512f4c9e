//! Reads every file of the test data to its end: records, problems and forms are counted and printed.
#![allow(clippy::disallowed_methods, reason = "tests read the test data")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
#![expect(clippy::print_stdout, reason = "the counts are what the test is for")]

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use ingest::format::evtx::decode_evtx_chunk;
use ingest::format::json::{JsonDecoder, JsonForm};
use ingest::format::xml::XmlDecoder;
use ingest::input::{Piece, open, records};
use ingest::{Chunk, Fields, Limits, Shape};
use model::{BatchBuilder, FieldTable, KindId, ProblemReason};

fn data_folder() -> Option<PathBuf> {
    let folder = std::env::var_os("WARDROOM_TEST_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    folder.is_dir().then_some(folder)
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() { files_below(&path, found) } else { found.push(path) }
    }
}

#[derive(Default, Debug)]
struct Counts {
    files: usize,
    records: usize,
    fields: usize,
    windows: usize,
    malformed: usize,
    shapes: BTreeMap<String, usize>,
    problems: BTreeMap<&'static str, usize>,
}

impl Counts {
    fn decode(&mut self, chunk: Chunk) {
        let table = FieldTable::default();
        let mut builder = BatchBuilder::default();
        let limits = Limits::default();
        let mut json = JsonDecoder::new(limits.depth_max);
        let mut xml = XmlDecoder::new(limits.depth_max);
        let shape = format!("{:?}", chunk.shape);
        *self.shapes.entry(shape.split([' ', '{']).next().unwrap().to_owned()).or_default() += 1;
        let (raw, ranges) = if *chunk.shape == Shape::Evtx {
            let decoded = decode_evtx_chunk(chunk.bytes, chunk.offset);
            for problem in &decoded.problems {
                *self.problems.entry(problem.reason.as_str()).or_default() += 1;
            }
            (decoded.json, decoded.records.into_iter().map(|(_, range)| range).collect())
        } else {
            let ranges: Vec<_> = records(&chunk).collect();
            (chunk.bytes, ranges)
        };
        for range in ranges {
            self.records += 1;
            let record = raw.get(range.clone()).unwrap();
            let mut fields = Fields::new(&mut builder, &table, &raw, limits.fields_max);
            let form = match (&*chunk.shape, record.first()) {
                (Shape::Xml, _) => xml.decode(record, &mut fields),
                (Shape::Json | Shape::Evtx, _) | (_, Some(b'{')) => {
                    json.decode(record, &mut fields)
                }
                _ => continue,
            };
            if let Ok(form) = form {
                self.windows += usize::from(form == JsonForm::Windows);
                self.fields += fields.record().len();
                builder.finish_record(KindId(0), None, 0, (range.start as u32, range.end as u32));
            } else {
                self.malformed += 1;
                builder.abandon();
            }
        }
    }
}

fn read_all(folder: &str) -> Option<Counts> {
    let Some(data) = data_folder() else {
        println!("skipped: {folder}: no test data");
        return None;
    };
    let mut paths = Vec::new();
    files_below(&data.join(folder), &mut paths);
    let mut counts = Counts::default();
    for path in paths {
        counts.files += 1;
        let name = path.strip_prefix(&data).unwrap().to_string_lossy().into_owned();
        let before = counts.records;
        for piece in
            open(Box::new(File::open(&path).unwrap()), name.clone().into(), None, Limits::default())
        {
            match piece {
                Piece::Chunk(chunk) => counts.decode(chunk),
                Piece::Problem { name, problem } => {
                    println!("  {name}: {} {}", problem.reason.as_str(), problem.detail);
                    *counts.problems.entry(problem.reason.as_str()).or_default() += 1;
                }
            }
        }
        if counts.records == before {
            println!("  {name}: no records");
        }
    }
    println!("{folder}: {counts:?}");
    Some(counts)
}

#[test]
fn event_logs_are_read_to_their_end() {
    let Some(counts) = read_all("evtx") else { return };
    assert_eq!(counts.malformed, 0);
    assert_eq!(counts.records, counts.windows);
}

#[test]
fn hunt_recordings_are_read_to_their_end() {
    let Some(counts) = read_all("hunt") else { return };
    assert_eq!(counts.malformed, 0);
}

#[test]
fn regression_files_are_read_to_their_end() {
    let Some(counts) = read_all("regression") else { return };
    assert_eq!(counts.problems.get(ProblemReason::NotText.as_str()), None);
}

#[test]
fn logs_are_read_to_their_end() {
    read_all("logs");
}

/// A generator of numbers that needs no crate: xorshift with a fixed seed.
fn next_number(state: &mut u64) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state as usize
}

#[test]
fn damaged_samples_are_read_to_their_end() {
    let Some(data) = data_folder() else {
        println!("skipped: damaged samples: no test data");
        return;
    };
    let mut paths = Vec::new();
    for folder in
        ["evtx", "hunt/atomic", "logs/splunk-data-sources", "logs/zeek-wrccdc", "logs/msticpy"]
    {
        let mut found = Vec::new();
        files_below(&data.join(folder), &mut found);
        found.retain(|path| path.metadata().unwrap().len() < 200_000);
        let step = (found.len() / 12).max(1);
        paths.extend(found.into_iter().step_by(step));
    }
    let mut state = 0x9E37_79B9_7F4A_7C15;
    let mut counts = Counts::default();
    for path in paths {
        let whole = std::fs::read(&path).unwrap();
        for round in 0..6 {
            let mut bytes = whole.clone();
            if round % 3 == 0 {
                bytes.truncate(next_number(&mut state) % (bytes.len() + 1));
            }
            for _ in 0..(1 << round) {
                let place = next_number(&mut state) % bytes.len().max(1);
                if let Some(byte) = bytes.get_mut(place) {
                    *byte = next_number(&mut state) as u8;
                }
            }
            counts.files += 1;
            for piece in open(
                Box::new(std::io::Cursor::new(bytes)),
                "damaged".into(),
                None,
                Limits::default(),
            ) {
                match piece {
                    Piece::Chunk(chunk) => counts.decode(chunk),
                    Piece::Problem { problem, .. } => {
                        *counts.problems.entry(problem.reason.as_str()).or_default() += 1;
                    }
                }
            }
        }
    }
    println!("damaged: {counts:?}");
    assert!(counts.records > 1000);
}
