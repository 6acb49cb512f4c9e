//! Every seed of `fuzz/seeds` and thousands of damaged copies of each go through the parser they are for: none
//! panics, and what comes out stays in proportion to what went in.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use testkit::entry::{ALL, content};
use testkit::{mutate::mutate, random::Random};

/// Inputs for each parser.
const INPUTS: usize = 10_000;

/// Most seeds of a parser, and the most bytes of one.
const SEEDS_MAX: usize = 40;
const SEED_BYTES_MAX: usize = 16 << 10;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds")
}

fn seeds(name: &str) -> Vec<Vec<u8>> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder().join(name)).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

fn run(name: &str) {
    let entry = ALL.iter().find(|entry| entry.name == name).unwrap();
    let seeds = seeds(name);
    let mut records = 0;
    for seed in &seeds {
        let outcome = (entry.run)(seed);
        assert!(
            outcome.is_in_proportion(seed.len()),
            "{name}: {outcome:?} from {} bytes",
            seed.len()
        );
        records += outcome.records;
    }
    assert!(records > 0, "{name}: no seed is read at all");
    let mut random = Random::new(name.bytes().fold(0, |sum, byte| sum * 31 + u64::from(byte)));
    for _ in 0..INPUTS {
        let (seed, other) = (random.pick(&seeds), random.pick(&seeds));
        let data = mutate(seed, other, &mut random);
        let outcome = (entry.run)(&data);
        assert!(
            outcome.is_in_proportion(data.len()),
            "{name}: {outcome:?} from {:?}",
            data.escape_ascii().to_string()
        );
    }
}

/// One test for each parser, so that they run side by side.
macro_rules! parsers {
    ($($name:ident),* $(,)?) => {
        $(
            #[test]
            fn $name() {
                run(stringify!($name));
            }
        )*

        #[test]
        fn no_parser_is_left_out() {
            let tested: BTreeSet<&str> = [$(stringify!($name)),*].into();
            let entries: BTreeSet<&str> = ALL.iter().map(|entry| entry.name).collect();
            assert_eq!(tested, entries);
            let folders: BTreeSet<String> = fs::read_dir(folder())
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            assert_eq!(folders, entries.iter().map(ToString::to_string).collect());
            let targets = fs::read_to_string(folder().join("../Cargo.toml")).unwrap();
            for name in entries {
                assert!(targets.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name} has no fuzz target");
            }
        }
    };
}

parsers!(
    access,
    auditd,
    cef,
    csv,
    evtx,
    ingest,
    input,
    journal,
    json,
    kv,
    leef,
    line,
    map_yaml,
    sigma,
    syslog,
    timestamp,
    w3c,
    windows_xml,
    zeek,
);

#[test]
fn the_corpus_is_small() {
    for entry in ALL {
        let seeds = seeds(entry.name);
        assert!((1..=SEEDS_MAX).contains(&seeds.len()), "{}: {} seeds", entry.name, seeds.len());
        assert!(
            seeds.iter().all(|seed| seed.len() <= SEED_BYTES_MAX),
            "{}: a seed is too long",
            entry.name
        );
    }
}

#[test]
fn the_sources_of_content_compile() {
    assert_eq!(content().map(|_| ()), Ok(()));
}
