//! A second oracle: rsigma-eval with the same rules, events and routing. Every disagreement is explained in
//! `second_oracle.tsv`.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
#![expect(clippy::print_stdout, reason = "the figures are what the test shows")]

use std::collections::{BTreeMap, BTreeSet};

use detect::Scratch;
use model::{EventBatch, EventRef, FieldTable, LogsourceSet, Section, Value};
use rsigma_eval::event::JsonEvent;
use rsigma_parser::LogSource;
use serde_json::Value as Json;
use testkit::corpus;

/// Rule id, tab, who alone finds it (`ours` or `theirs`), tab, events, tab, the reason.
const EXPLAINED: &str = include_str!("second_oracle.tsv");

/// Every log source that a kind serves: the peer takes one of each part, so each is asked for.
fn logsources(served: &LogsourceSet) -> Vec<LogSource> {
    let options = |words: &[Box<str>]| -> Vec<Option<String>> {
        if words.is_empty() {
            vec![None]
        } else {
            words.iter().map(|word| Some(word.to_string())).collect()
        }
    };
    let mut all = Vec::new();
    for product in options(&served.products) {
        for category in options(&served.categories) {
            for service in options(&served.services) {
                let (product, category) = (product.clone(), category.clone());
                all.push(LogSource { product, category, service, ..LogSource::default() });
            }
        }
    }
    all
}

fn peer(files: &[(String, String)]) -> rsigma_eval::Engine {
    let parsed = files.iter().filter_map(|(_, text)| rsigma_parser::parse_sigma_yaml(text).ok());
    let rules: Vec<_> = parsed.flat_map(|collection| collection.rules).collect();
    let mut peer = rsigma_eval::Engine::new();
    let refused = peer.add_rules(&rules);
    println!("rsigma-eval: {} rules, {} refused", peer.rule_count(), refused.len());
    peer
}

/// The document with the names that stand for fields of the record: the peer has no mappings, and what is compared is
/// matching.
fn with_aliases(mut document: Json, event: EventRef<'_>, fields: &FieldTable) -> Json {
    for slot in event.section(Section::Aliases) {
        let value = match slot.value {
            Value::Null => Json::Null,
            Value::Bool(truth) => truth.into(),
            Value::Int(number) => number.into(),
            Value::Float(number) => number.into(),
            Value::Raw { .. } | Value::Text { .. } => event.text(slot.value).into(),
        };
        match &mut document[event.batch().field_name(slot.field, fields)] {
            Json::Array(values) => values.push(value),
            before if before.is_null() => *before = value,
            before => *before = Json::Array(vec![before.take(), value]),
        }
    }
    document
}

type Disagreements = BTreeMap<(String, &'static str), usize>;

fn explained() -> Disagreements {
    let lines = EXPLAINED.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let columns: Vec<&str> = line.split('\t').collect();
            let [id, who, count, reason] = columns[..] else { panic!("not four columns: {line}") };
            assert!(reason.len() > 20, "no reason: {line}");
            ((id.to_owned(), if who == "ours" { "ours" } else { "theirs" }), count.parse().unwrap())
        })
        .collect()
}

#[test]
fn every_disagreement_with_rsigma_is_explained() {
    let Some(data) = corpus::data_dir() else {
        println!("skipped: every_disagreement_with_rsigma_is_explained: no test data");
        return;
    };
    let files = corpus::rule_files(&data.join("sigma/rules"));
    let (ingest, engine) = corpus::engine(&corpus::rules(&files)).unwrap();
    let read = |path| std::fs::read(path).unwrap();
    let recorded: Vec<EventBatch> = corpus::files(&data.join("evtx"), &["evtx"])
        .into_iter()
        .flat_map(|path| corpus::events(&ingest, "evtx", read(path)).0)
        .collect();
    let json = corpus::flat_json(&recorded, &ingest);
    drop(recorded);
    let (batches, _) = corpus::events(&ingest, "flat", json.clone());
    let documents = json.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let peer = peer(&files);
    let mut scratch = Scratch::default();
    let (mut ours_all, mut theirs_all, mut both, mut count) = (0, 0, 0, 0);
    let mut found = Disagreements::new();
    let mut documents = documents.map(|line| serde_json::from_slice::<Json>(line).unwrap());
    for event in batches.iter().flat_map(EventBatch::iter) {
        let document = documents.next().unwrap();
        count += 1;
        let rules = &engine.rules().rules;
        let ours: BTreeSet<String> = engine
            .evaluate(event, &mut scratch)
            .iter()
            .map(|rule| rules[*rule as usize].meta.id.to_string())
            .collect();
        let document = with_aliases(document, event, &engine.catalog().fields);
        let view = JsonEvent::borrow(&document);
        let sources = logsources(&engine.catalog().kind(event.kind()).logsources);
        let theirs: BTreeSet<String> = sources
            .iter()
            .flat_map(|source| peer.evaluate_with_logsource(&view, source))
            .filter_map(|result| result.header.rule_id)
            .collect();
        (ours_all, theirs_all) = (ours_all + ours.len(), theirs_all + theirs.len());
        both += ours.intersection(&theirs).count();
        for (id, who) in ours
            .difference(&theirs)
            .map(|id| (id, "ours"))
            .chain(theirs.difference(&ours).map(|id| (id, "theirs")))
        {
            if *found.entry((id.clone(), who)).and_modify(|count| *count += 1).or_insert(1) == 1
                && std::env::var_os("SHOW_DISAGREEMENTS").is_some()
            {
                println!("{who} {id} {}: {document}", engine.catalog().kind_label(event.kind()));
            }
        }
    }
    assert!(documents.next().is_none(), "a document did not become an event");
    println!("{count} events; ours {ours_all} hits, rsigma {theirs_all}, both {both}");
    found.iter().for_each(|((id, who), count)| println!("{id}\t{who}\t{count}"));
    assert!(both > 500, "too few hits in common: {both}");
    assert_eq!(
        found,
        explained(),
        "found and explained in second_oracle.tsv differ; SHOW_DISAGREEMENTS=1 shows events"
    );
}
