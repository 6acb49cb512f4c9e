//! Every recorded EVTX file is read to its end; how often each rule of SigmaHQ fires is a snapshot.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
#![expect(clippy::print_stdout, reason = "the figures are what the test shows")]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use detect::Scratch;
use model::EventBatch;
use testkit::corpus;

/// Records that the evtx crate itself reads of a file, one file after the other.
fn records(bytes: Vec<u8>) -> usize {
    let settings = evtx::ParserSettings::new().num_threads(1).indent(false);
    let parser = evtx::EvtxParser::from_buffer(bytes).unwrap();
    parser.with_configuration(settings).records_json().flatten().count()
}

#[test]
fn every_recording_is_read_to_its_end_and_rules_fire_as_they_did() {
    let Some(data) = corpus::data_dir() else {
        println!(
            "skipped: every_recording_is_read_to_its_end_and_rules_fire_as_they_did: no test data"
        );
        return;
    };
    let (ingest, engine) =
        corpus::engine(&corpus::rules(&corpus::rule_files(&data.join("sigma/rules")))).unwrap();
    let mut scratch = Scratch::default();
    let mut fired: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut events, mut recognised, mut problems_all) = (0, 0, 0);
    let paths = corpus::files(&data.join("evtx"), &["evtx"]);
    for path in &paths {
        let bytes = std::fs::read(path).unwrap();
        let (batches, problems) =
            corpus::events(&ingest, &path.display().to_string(), bytes.clone());
        let read = batches.iter().map(EventBatch::len).sum::<usize>();
        assert_eq!(read, records(bytes), "{}: {problems} problems", path.display());
        problems_all += problems;
        for event in batches.iter().flat_map(EventBatch::iter) {
            events += 1;
            recognised += usize::from(event.kind() != model::KindId::UNRECOGNISED);
            for hit in engine.evaluate(event, &mut scratch) {
                *fired.entry(&engine.rules().rules[*hit as usize].meta.id).or_default() += 1;
            }
        }
    }
    let hits = fired.values().sum::<usize>();
    println!(
        "{} files, {events} events, {recognised} recognised, {problems_all} problems; {} rules fire {hits} times",
        paths.len(),
        fired.len()
    );
    let mut table = String::new();
    for (id, count) in &fired {
        writeln!(table, "{id} {count}").unwrap();
    }
    insta::assert_snapshot!("rules_that_fire", table);
}
