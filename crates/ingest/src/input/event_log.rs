//! The chunks of an EVTX file.

use std::sync::Arc;

use model::{Problem, ProblemReason};

use super::source::Source;
use crate::Shape;
use crate::format::evtx::EVTX_CHUNK_BYTES;

/// Size of the file header.
const HEADER_BYTES: usize = 4096;

/// First bytes of an EVTX file.
pub(super) const MAGIC: &[u8] = b"ElfFile\0";

/// Reading an EVTX file chunk by chunk.
#[derive(Debug)]
pub(super) struct EventLog {
    has_passed_header: bool,
    shape: Arc<Shape>,
}

/// What the next stretch of the file is.
pub(super) enum Found {
    Chunk { bytes: Vec<u8>, offset: u64 },
    Problem(Problem),
}

impl EventLog {
    pub(super) fn new() -> Self {
        Self { has_passed_header: false, shape: Arc::new(Shape::Evtx) }
    }

    pub(super) fn shape(&self) -> &Arc<Shape> {
        &self.shape
    }

    /// The next chunk that has records; unused chunks are passed over.
    pub(super) fn next(&mut self, source: &mut Source) -> Option<Vec<Found>> {
        if !self.has_passed_header {
            self.has_passed_header = true;
            let have = source.fill(HEADER_BYTES).len();
            source.pass(HEADER_BYTES);
            if have < HEADER_BYTES {
                return Some(vec![damaged(0, "the EVTX file ends within its header".to_owned())]);
            }
        }
        let mut unreadable: Option<(u64, u64)> = None;
        loop {
            let offset = source.offset();
            let data = source.fill(EVTX_CHUNK_BYTES);
            let have = data.len().min(EVTX_CHUNK_BYTES);
            let chunk = data.get(..have).unwrap_or_default();
            let is_chunk = chunk.starts_with(b"ElfChnk\0");
            let is_unused = chunk.iter().all(|byte| *byte == 0);
            let mut found = Vec::new();
            if have == 0 || is_chunk {
                if let Some((from, count)) = unreadable {
                    let words =
                        format!("{count} EVTX chunks have no chunk header and cannot be read");
                    found.push(damaged(from, words));
                } else if have == 0 {
                    return None;
                }
            }
            if is_chunk {
                let mut bytes = source.take(have);
                if have < EVTX_CHUNK_BYTES {
                    // The records before the end can be read; zeros end them as in a chunk not yet full.
                    bytes.resize(EVTX_CHUNK_BYTES, 0);
                    let words = format!(
                        "the EVTX file ends {have} bytes into a chunk of {EVTX_CHUNK_BYTES}"
                    );
                    found.push(damaged(offset, words));
                }
                found.push(Found::Chunk { bytes, offset });
                return Some(found);
            }
            if !found.is_empty() {
                return Some(found);
            }
            source.pass(have);
            if !is_unused {
                let (from, count) = unreadable.unwrap_or((offset, 0));
                unreadable = Some((from, count + 1));
            }
        }
    }
}

fn damaged(offset: u64, detail: String) -> Found {
    Found::Problem(Problem {
        reason: ProblemReason::DamagedContainer,
        detail,
        offset,
        line: None,
        source: Some("windows".into()),
        raw: Vec::new(),
    })
}
