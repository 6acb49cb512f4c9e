//! EVTX (Windows XML event log, as documented in libyal's libevtx): one 64 KiB chunk to JSON records.
//!
//! The JSON of a record is its raw form from here on; [`super::json::JsonDecoder`] makes fields of it.

use std::ops::Range;
use std::sync::Arc;

use evtx::{EvtxChunkData, ParserSettings};
use model::{Problem, ProblemReason};

/// Size of a chunk in bytes.
pub const EVTX_CHUNK_BYTES: usize = 65_536;

/// The records of one chunk.
#[derive(Debug, Default)]
pub struct EvtxRecords {
    /// The JSON of all records, one after the other.
    pub json: Vec<u8>,
    /// Record id and place in `json` of each record.
    pub records: Vec<(u64, Range<usize>)>,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

/// Decodes the chunk that begins at `offset` of its file. Damaged records become problems; those that can be
/// read come back all the same.
pub fn decode_evtx_chunk(chunk: Vec<u8>, offset: u64) -> EvtxRecords {
    let mut found = EvtxRecords::default();
    let settings = Arc::new(ParserSettings::new().indent(false));
    let mut data = match EvtxChunkData::new(chunk, false) {
        Ok(data) => data,
        Err(error) => {
            found
                .problems
                .push(problem(offset, format!("EVTX chunk cannot be read: {}", in_words(&error))));
            return found;
        }
    };
    let mut parsed = match data.parse(settings) {
        Ok(parsed) => parsed,
        Err(error) => {
            found
                .problems
                .push(problem(offset, format!("EVTX chunk cannot be read: {}", in_words(&error))));
            return found;
        }
    };
    found.json.reserve(4 * EVTX_CHUNK_BYTES);
    for record in parsed.iter() {
        match record.and_then(evtx::EvtxRecord::into_json_bytes) {
            Ok(record) => {
                let start = found.json.len();
                found.json.extend_from_slice(&record.data);
                found.records.push((record.event_record_id, start..found.json.len()));
                found.json.push(b'\n');
            }
            Err(error) => {
                found.problems.push(problem(
                    offset,
                    format!("EVTX record cannot be read: {}", in_words(&error)),
                ));
            }
        }
    }
    found
}

/// An error with its causes.
fn in_words(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let more = inner.to_string();
        if !words.contains(&more) {
            words.push_str(": ");
            words.push_str(&more);
        }
        cause = inner.source();
    }
    words
}

fn problem(offset: u64, detail: String) -> Problem {
    Problem {
        reason: ProblemReason::DamagedContainer,
        detail,
        offset,
        line: None,
        source: Some("windows".into()),
        raw: Vec::new(),
    }
}
