//! The hot loop alone, for profilers: `cargo run --release --example match_loop -- attack|benign [rounds]`.
//!
//! Under callgrind: `valgrind --tool=callgrind --toggle-collect='*Engine*evaluate*' target/release/examples/match_loop attack 1`.
#![allow(clippy::print_stdout, reason = "an example prints")]

use std::hint::black_box;

use detect::Scratch;
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
    let rules = corpus::rules(&corpus::rule_files(&dir));
    let (ingest, engine) = match corpus::engine(&rules) {
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
    let (batches, _) = corpus::events(&ingest, "loop", json);
    let mut scratch = Scratch::default();
    let mut asked = vec![0_u32; rules.rules.len()];
    let (mut events, mut hits) = (0_u32, 0);
    for _ in 0..rounds {
        for event in batches.iter().flat_map(EventBatch::iter) {
            events += 1;
            hits += black_box(engine.evaluate(event, &mut scratch)).len();
            scratch.candidates().iter().for_each(|rule| asked[*rule as usize] += 1);
        }
    }
    let candidates: u32 = asked.iter().sum();
    println!(
        "{events} events, {hits} hits, {:.2} candidates an event",
        f64::from(candidates) / f64::from(events)
    );
    let mut often: Vec<(u32, usize)> =
        asked.into_iter().enumerate().map(|(rule, count)| (count, rule)).collect();
    often.sort_unstable_by(|left, right| right.cmp(left));
    for (count, rule) in often.into_iter().take(12) {
        let share = f64::from(count) / f64::from(events);
        println!(
            "  asked for {share:.3} of the events: {} ({:?})",
            rules.rules[rule].meta.path,
            engine.cost(rule)
        );
    }
}
