//! Records given as text, through the real reading and mapping.

use std::io::Cursor;

use ingest::input::{self, Piece};
use ingest::mapping::Scratch;
use ingest::{Ingest, Limits};
use model::{EventBatch, Problem};

/// Events and what could not be read.
#[derive(Default)]
pub(super) struct Records {
    /// One batch for each chunk.
    pub(super) batches: Vec<EventBatch>,
    /// In words.
    pub(super) problems: Vec<String>,
}

/// Reads bytes as if they were a file of this name.
pub(super) fn read(bytes: Vec<u8>, name: &str, ingest: &Ingest, forced: Option<usize>) -> Records {
    let mut records = Records::default();
    let mut scratch = Scratch::default();
    let words = |problem: &Problem| format!("{}: {}", problem.reason.as_str(), problem.detail);
    for piece in input::open(Box::new(Cursor::new(bytes)), name.into(), None, Limits::default()) {
        match piece {
            Piece::Chunk(chunk) => {
                let decoded = ingest.decode(chunk, forced, &mut scratch);
                records.problems.extend(decoded.problems.iter().map(words));
                records.batches.push(decoded.batch);
            }
            Piece::Problem { problem, .. } => records.problems.push(words(&problem)),
        }
    }
    records
}
