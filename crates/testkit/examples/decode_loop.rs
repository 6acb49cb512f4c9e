//! JSON bytes to mapped events alone, for profilers: `cargo run --release --example decode_loop -- attack|benign [rounds]`.
#![allow(clippy::print_stdout, reason = "an example prints")]

use std::hint::black_box;

use ingest::input::{self, Piece};
use ingest::mapping::Scratch;
use model::EventBatch;
use testkit::{corpus, generate};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let which = arguments.next().unwrap_or_default();
    let rounds: usize = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(1);
    let data = corpus::data_dir();
    let dir = data
        .as_ref()
        .map_or_else(|| corpus::content_dir().join("rules"), |data| data.join("sigma/rules"));
    let (ingest, _) = match corpus::engine(&corpus::rules(&corpus::rule_files(&dir))) {
        Ok(both) => both,
        Err(error) => return println!("{error}"),
    };
    let json = match (&*which, &data) {
        ("attack", Some(data)) => {
            let files = corpus::files(&data.join("evtx"), &["evtx"]);
            let read = files.into_iter().filter_map(|path| std::fs::read(path).ok());
            let batches: Vec<EventBatch> =
                read.flat_map(|bytes| corpus::events(&ingest, "evtx", bytes).0).collect();
            corpus::flat_json(&batches, &ingest)
        }
        _ => generate::windows_json(20_000, 7),
    };
    let mut scratch = Scratch::default();
    let mut events = 0;
    for _ in 0..rounds {
        let reader = Box::new(std::io::Cursor::new(json.clone()));
        for piece in input::open(reader, "loop".into(), None, ingest::Limits::default()) {
            if let Piece::Chunk(chunk) = piece {
                events += black_box(ingest.decode(chunk, None, &mut scratch)).batch.len();
            }
        }
    }
    println!("{events} events");
}
