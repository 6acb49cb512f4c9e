//! Matching, loading and the whole way from JSON and EVTX to findings, beside peers in the same run.
//!
//! Prints events per second of CPU and ratios; lines `FIGURE <name> <value> <unit>` are for scripts. Runs on real
//! rules and recordings where they are at hand, else on the product's own rules and recorded day, and says which.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and stops when it cannot go on"
)]

use std::hint::black_box;
use std::sync::Arc;

use detect::sigma::{Placeholders, RuleSet};
use detect::{Engine, Scratch};
use ingest::Ingest;
use ingest::input::{self, Piece};
use model::{EventBatch, FieldTable};
use rsigma_eval::event::JsonEvent;
use rsigma_parser::LogSource;
use testkit::{corpus, generate};

/// Runs of each measurement; medians are printed.
const RUNS: usize = 5;

/// A run passes over its corpus until it has seen so many events: a run of milliseconds would measure how the caches
/// fill after the other's turn.
const EVENTS_A_RUN: usize = 50_000;

fn passes(events: usize) -> usize {
    EVENTS_A_RUN.div_ceil(events.max(1))
}

/// CPU seconds of this thread so far.
fn cpu() -> f64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

fn cpu_of<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = cpu();
    let result = work();
    (cpu() - start, result)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Median CPU seconds of two pieces of work that take turns.
fn against(mut ours: impl FnMut(), mut theirs: impl FnMut()) -> (f64, f64) {
    let (mut left, mut right) = (Vec::new(), Vec::new());
    ours();
    for _ in 0..RUNS {
        left.push(cpu_of(&mut ours).0);
        right.push(cpu_of(&mut theirs).0);
    }
    (median(left), median(right))
}

fn rss_mib() -> f64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() * 4096.0 / f64::from(1 << 20)
}

/// Rule files, EVTX files, and where they are from.
fn corpus_files() -> (Vec<(String, String)>, Vec<Vec<u8>>, &'static str) {
    match corpus::data_dir() {
        Some(data) => {
            let rules = corpus::rule_files(&data.join("sigma/rules"));
            let read = |path| std::fs::read(path).ok();
            let evtx =
                corpus::files(&data.join("evtx"), &["evtx"]).into_iter().filter_map(read).collect();
            (rules, evtx, "SigmaHQ rules and recorded EVTX files")
        }
        None => (
            corpus::rule_files(&corpus::content_dir().join("rules")),
            Vec::new(),
            "own rules, generated events",
        ),
    }
}

fn main() {
    // Under `cargo test` benches are built and run with `--test`; nothing is to be measured then.
    if std::env::args().any(|argument| argument == "--test" || argument == "--list") {
        return;
    }
    let (rule_files, evtx, from) = corpus_files();
    println!("corpus: {from}; {} rule files, {} EVTX files", rule_files.len(), evtx.len());
    let before = rss_mib();
    let (load, (rules, refused)) = cpu_of(|| {
        let texts = rule_files.iter().map(|(path, text)| (path.as_str(), text.as_str()));
        let (rules, refused) = RuleSet::load(texts, &Placeholders::default());
        (Arc::new(rules), refused.len())
    });
    let parsed_mib = rss_mib() - before;
    let mut fields = FieldTable::default();
    Engine::names(&rules, &mut fields);
    let mapper = corpus::mapper(&fields).unwrap();
    let catalog = Arc::clone(mapper.catalog());
    let ingest = Ingest::new(mapper, ingest::Limits::default());
    let before = rss_mib();
    let (compile, engine) = cpu_of(|| Engine::compile(Arc::clone(&rules), Arc::clone(&catalog)));
    println!(
        "load: {} rules, {refused} refused; parse {load:.3} s, compile {compile:.3} s of CPU",
        rules.rules.len()
    );
    println!("FIGURE load_cpu_s {:.3} s", load + compile);
    println!("FIGURE rules_mib {:.1} MiB", parsed_mib + rss_mib() - before);

    let recorded: Vec<EventBatch> =
        evtx.iter().flat_map(|bytes| corpus::events(&ingest, "evtx", bytes.clone()).0).collect();
    let attack = corpus::flat_json(&recorded, &ingest);
    drop(recorded);
    let benign = generate::windows_json(60_000, 7);
    let mut ratios = Vec::new();
    for (name, json) in [("attack", &attack), ("benign", &benign)] {
        if !json.is_empty() {
            ratios.push(matching(name, json, &ingest, &engine, &rule_files));
        }
    }
    println!("FIGURE match_ratio {:.2} x", ratios.iter().copied().fold(f64::INFINITY, f64::min));
    rules_cost(if attack.is_empty() { &benign } else { &attack }, &rule_files, &ingest, &engine);
    let whole = [("attack", &attack), ("benign", &benign)]
        .map(|(name, json)| from_json(name, json, &ingest, &engine));
    println!(
        "FIGURE json_ratio {:.2} x",
        whole.into_iter().flatten().fold(f64::INFINITY, f64::min)
    );
    if !evtx.is_empty() {
        from_evtx(&evtx, &ingest, &engine);
    }
}

/// The peer with the same rules, loaded as one collection as its documentation advises.
fn peer(rule_files: &[(String, String)]) -> rsigma_eval::Engine {
    let parsed =
        rule_files.iter().filter_map(|(_, text)| rsigma_parser::parse_sigma_yaml(text).ok());
    let rules: Vec<_> = parsed.flat_map(|collection| collection.rules).collect();
    let mut peer = rsigma_eval::Engine::new();
    let refused = peer.add_rules(&rules);
    println!("rsigma-eval: {} rules, {} refused", peer.rule_count(), refused.len());
    peer
}

/// Pre-parsed events against rsigma-eval, log source routing for both. Returns our rate by theirs.
fn matching(
    name: &str,
    json: &[u8],
    ingest: &Ingest,
    engine: &Engine,
    rule_files: &[(String, String)],
) -> f64 {
    let (batches, _) = corpus::events(ingest, name, json.to_vec());
    let peer = peer(rule_files);
    let documents: Vec<serde_json::Value> = json
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect();
    let catalog = engine.catalog();
    let sources: Vec<LogSource> = batches
        .iter()
        .flat_map(EventBatch::iter)
        .map(|event| {
            let served = &catalog.kind(event.kind()).logsources;
            let first = |words: &[Box<str>]| words.first().map(ToString::to_string);
            LogSource {
                product: first(&served.products),
                category: first(&served.categories),
                service: first(&served.services),
                ..LogSource::default()
            }
        })
        .collect();
    let passes = passes(sources.len());
    let events = sources.len() * passes;
    let (mut hits, mut peer_hits) = (0, 0);
    let mut scratch = Scratch::default();
    let (ours, theirs) = against(
        || {
            hits = 0;
            for event in (0..passes).flat_map(|_| batches.iter().flat_map(EventBatch::iter)) {
                hits += black_box(engine.evaluate(event, &mut scratch)).len();
            }
        },
        || {
            peer_hits = 0;
            for (document, source) in (0..passes).flat_map(|_| documents.iter().zip(&sources)) {
                peer_hits +=
                    black_box(peer.evaluate_with_logsource(&JsonEvent::borrow(document), source))
                        .len();
            }
        },
    );
    let rate = |seconds: f64| events as f64 / seconds;
    println!(
        "match {name}: {events} events; ours {:.0}/CPU-s ({:.2} us), {hits} hits; rsigma-eval {:.0}/CPU-s ({:.2} us), {peer_hits} hits; ratio {:.2}",
        rate(ours),
        1e6 / rate(ours),
        rate(theirs),
        1e6 / rate(theirs),
        theirs / ours
    );
    theirs / ours
}

/// Our own cost with all rules by our cost with every tenth.
fn rules_cost(json: &[u8], rule_files: &[(String, String)], ingest: &Ingest, engine: &Engine) {
    let tenth: Vec<(String, String)> = rule_files.iter().step_by(10).cloned().collect();
    let few = Engine::compile(corpus::rules(&tenth), Arc::clone(engine.catalog()));
    let (batches, _) = corpus::events(ingest, "all", json.to_vec());
    let passes = passes(batches.iter().map(EventBatch::len).sum());
    let (mut scratch, mut scratch_few) = (Scratch::default(), Scratch::default());
    let run = |engine: &Engine, scratch: &mut Scratch| {
        for event in (0..passes).flat_map(|_| batches.iter().flat_map(EventBatch::iter)) {
            black_box(engine.evaluate(event, scratch));
        }
    };
    let (all, some) = against(|| run(engine, &mut scratch), || run(&few, &mut scratch_few));
    println!("cost of rules: all {all:.3} s, every tenth {some:.3} s of CPU");
    println!("FIGURE rules_cost_ratio {:.2} x", all / some);
}

/// JSON bytes to findings against serde_json alone. Returns our rate by its rate.
fn from_json(name: &str, json: &[u8], ingest: &Ingest, engine: &Engine) -> Option<f64> {
    if json.is_empty() {
        return None;
    }
    let mut scratch = ingest::mapping::Scratch::default();
    let mut marks = Scratch::default();
    let mut findings = 0;
    let chunks: Vec<ingest::Chunk> = chunks(json);
    let passes = passes(lines(json) as usize);
    let (ours, theirs) = against(
        || {
            findings = 0;
            for chunk in (0..passes).flat_map(|_| &chunks) {
                let decoded = ingest.decode(chunk.clone(), None, &mut scratch);
                for event in decoded.batch.iter() {
                    findings += black_box(engine.evaluate(event, &mut marks)).len();
                }
            }
        },
        || {
            let lines = || json.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
            for line in (0..passes).flat_map(|_| lines()) {
                black_box(serde_json::from_slice::<serde_json::Value>(line).is_ok());
            }
        },
    );
    let mut decode = Vec::new();
    for _ in 0..RUNS {
        let work = || {
            for chunk in (0..passes).flat_map(|_| &chunks) {
                black_box(ingest.decode(chunk.clone(), None, &mut scratch).batch.len());
            }
        };
        decode.push(cpu_of(work).0);
    }
    let events = lines(json) * passes as f64;
    println!(
        "json {name}: {:.2} us an event from bytes to {findings} findings, of which {:.2} us to mapped slots; \
         serde_json::Value alone {:.2} us",
        ours * 1e6 / events,
        median(decode) * 1e6 / events,
        theirs * 1e6 / events
    );
    Some(theirs / ours)
}

fn lines(json: &[u8]) -> f64 {
    json.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count() as f64
}

fn chunks(bytes: &[u8]) -> Vec<ingest::Chunk> {
    let reader = Box::new(std::io::Cursor::new(bytes.to_vec()));
    let pieces = input::open(reader, "bench".into(), None, ingest::Limits::default());
    pieces
        .filter_map(|piece| match piece {
            Piece::Chunk(chunk) => Some(chunk),
            Piece::Problem { .. } => None,
        })
        .collect()
}

/// EVTX bytes to findings against the evtx crate making JSON text of the same bytes.
fn from_evtx(files: &[Vec<u8>], ingest: &Ingest, engine: &Engine) {
    let mut scratch = ingest::mapping::Scratch::default();
    let mut marks = Scratch::default();
    let (mut events, mut findings) = (0, 0);
    let (ours, theirs) = against(
        || {
            (events, findings) = (0, 0);
            for chunk in files.iter().flat_map(|bytes| chunks(bytes)) {
                let decoded = ingest.decode(chunk, None, &mut scratch);
                events += decoded.batch.len();
                for event in decoded.batch.iter() {
                    findings += black_box(engine.evaluate(event, &mut marks)).len();
                }
            }
        },
        || {
            for bytes in files {
                let settings = evtx::ParserSettings::new().num_threads(1).indent(false);
                let parser = evtx::EvtxParser::from_buffer(bytes.clone());
                for record in parser.into_iter().flat_map(|parser| {
                    parser.with_configuration(settings.clone()).records_json().collect::<Vec<_>>()
                }) {
                    black_box(record.is_ok());
                }
            }
        },
    );
    println!(
        "evtx: {events} records to {findings} findings in {ours:.3} s of CPU; the evtx crate's JSON text alone {theirs:.3} s"
    );
    println!("FIGURE evtx_ratio {:.2} x", ours / theirs);
}
