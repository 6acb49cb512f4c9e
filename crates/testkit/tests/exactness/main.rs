//! The matcher finds exactly what evaluating one rule after the other finds, on generated and on real input.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
#![expect(clippy::print_stdout, reason = "the figures are what the test shows")]

mod generated;

use std::cell::Cell;
use std::sync::{Arc, LazyLock};

use detect::sigma::{Evaluator, Placeholders, RuleSet};
use detect::{Engine, Scratch};
use generated::{number, rule, text};
use ingest::{Ingest, Limits};
use model::{
    BatchBuilder, Catalog, EventBatch, EventRef, FieldTable, Kind, KindId, LogsourceSet, Source,
    SourceClass, Value,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value as Json, json};
use testkit::corpus;

/// What was compared, so that a test can say that it compared something.
#[derive(Default)]
struct Compared {
    rules: Cell<usize>,
    refused: Cell<usize>,
    evaluations: Cell<usize>,
    hits: Cell<usize>,
}

fn add(cell: &Cell<usize>, count: usize) {
    cell.set(cell.get() + count);
}

/// The rules that hold when asked one after the other.
fn plainly(
    rules: &RuleSet,
    catalog: &Catalog,
    event: EventRef<'_>,
    compared: &Compared,
) -> Vec<u32> {
    let evaluator = Evaluator::new(catalog, &rules.regexes);
    let kind = catalog.kind(event.kind());
    let mut held = Vec::new();
    for (number, rule) in rules.rules.iter().enumerate() {
        if kind.source.is_some() && kind.logsources.serves(&rule.meta.logsource) {
            add(&compared.evaluations, 1);
            if evaluator.holds(&rule.condition, event) {
                held.push(number as u32);
            }
        }
    }
    held
}

/// An event for people.
fn shown(event: EventRef<'_>, catalog: &Catalog) -> String {
    let name =
        |slot: &model::Slot| event.batch().field_name(slot.field, &catalog.fields).to_owned();
    let slots = event
        .slots()
        .iter()
        .map(|slot| format!("{} = {:?} ({:?})", name(slot), event.text(slot.value), slot.value));
    format!(
        "{} {:?}\n{}",
        catalog.kind_label(event.kind()),
        event.raw().escape_ascii().to_string(),
        slots.collect::<Vec<_>>().join("\n")
    )
}

fn compare(engine: &Engine, batch: &EventBatch, compared: &Compared) -> Result<(), String> {
    let mut scratch = Scratch::default();
    let (rules, catalog) = (engine.rules(), engine.catalog());
    for event in batch.iter() {
        let wanted = plainly(rules, catalog, event, compared);
        let found = engine.evaluate(event, &mut scratch);
        add(&compared.hits, wanted.len());
        if found != wanted {
            let differ = |number: &&u32| found.contains(number) != wanted.contains(number);
            let first = found.iter().chain(&wanted).find(differ).copied().unwrap_or_default();
            let rule = &rules.rules[first as usize];
            return Err(format!(
                "engine {found:?}, one after the other {wanted:?}; rule {first} {}: {:#?}\n{}",
                rule.meta.id,
                rule.condition,
                shown(event, catalog)
            ));
        }
    }
    Ok(())
}

fn load(texts: &[String], compared: &Compared) -> Arc<RuleSet> {
    let placeholders =
        Placeholders::from_iter([("list".into(), vec!["a*".into(), "ſ".into(), "10".into()])]);
    let (rules, refused) =
        RuleSet::load(texts.iter().map(|text| ("rule.yml", text.as_str())), &placeholders);
    add(&compared.rules, rules.rules.len());
    add(&compared.refused, refused.len());
    Arc::new(rules)
}

/// Runs the property and says that matches and misses were both frequent. `EXACTNESS_TIMES=20` runs 20 times as many.
fn check<S: Strategy>(
    cases: u32,
    strategy: &S,
    property: impl Fn(S::Value, &Compared) -> Result<(), String>,
) {
    let compared = Compared::default();
    let times = std::env::var("EXACTNESS_TIMES").map_or(1, |times| times.parse().unwrap());
    let config = Config {
        cases: cases * times,
        failure_persistence: None,
        max_shrink_time: 20_000,
        ..Config::default()
    };
    let outcome = TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    )
    .run(strategy, |value| property(value, &compared).map_err(TestCaseError::fail));
    if let Err(error) = outcome {
        panic!("{error}");
    }
    let [rules, refused, evaluations, hits] =
        [&compared.rules, &compared.refused, &compared.evaluations, &compared.hits].map(Cell::get);
    println!("{rules} rules, {refused} refused; {evaluations} evaluations, {hits} hits");
    assert!(refused * 2 < rules, "too many generated rules are refused: {refused} beside {rules}");
    assert!(
        hits * 20 > evaluations && hits * 4 < evaluations * 3,
        "matches are too rare: {hits} of {evaluations}"
    );
}

const FIELDS: &[&str] = &["a", "B", "f", "g h", "x.y"];

/// Kind 0 is the base event; the others serve differing log sources.
fn catalog(fields: FieldTable) -> Catalog {
    let kind = |name: &str, source, sets: [&[&str]; 3]| {
        let [products, categories, services] =
            sets.map(|set| set.iter().map(|word| (*word).into()).collect());
        Kind {
            name: name.into(),
            source,
            class_uid: 0,
            class_name: "base_event".into(),
            logsources: LogsourceSet { products, categories, services },
            constants: Vec::new(),
            fields: Vec::new(),
            aliases: Vec::new(),
            passthrough: false,
        }
    };
    let text = || Box::<str>::from("test");
    let source = Source {
        id: text(),
        title: text(),
        vendor: text(),
        product: text(),
        class: SourceClass::Server,
        summary: text(),
        docs: text(),
    };
    let kinds = vec![
        kind("base", None, [&["p"], &["c"], &["s"]]),
        kind("many", Some(0), [&["p"], &["c", "d"], &[]]),
        kind("some", Some(0), [&["p", "q"], &[], &["s"]]),
    ];
    Catalog { fields, sources: vec![source], kinds }
}

/// A value before it stands in a batch.
#[derive(Debug, Clone)]
enum Draft {
    Plain(Value),
    Text(Vec<u8>),
    /// A part of the raw record: start and end in 16ths of its length.
    Raw(u32, u32),
}

#[derive(Debug, Clone)]
struct DraftEvent {
    kind: u32,
    raw: String,
    /// (run of slots, field, value).
    slots: Vec<(usize, &'static str, Draft)>,
}

fn draft() -> impl Strategy<Value = Draft> {
    let plain = select(vec![
        Value::Null,
        Value::Bool(true),
        Value::Bool(false),
        Value::Int(0),
        Value::Int(1),
        Value::Int(-1),
        Value::Int(9_007_199_254_740_993),
        Value::Int(1_772_600_000),
        Value::Float(-0.0),
        Value::Float(0.5),
        Value::Float(1e3),
        Value::Float(f64::NAN),
    ]);
    prop_oneof![
        8 => text().prop_map(|text| Draft::Text(text.into_bytes())),
        1 => (text(), text()).prop_map(|(left, right)| Draft::Text([left.as_bytes(), b"\xff", right.as_bytes()].concat())),
        3 => plain.prop_map(Draft::Plain),
        2 => (0..16_u32, 0..=16_u32).prop_map(|(start, end)| Draft::Raw(start, end)),
    ]
}

fn draft_event() -> impl Strategy<Value = DraftEvent> {
    let raw = vec(text(), 0..4).prop_map(|texts| texts.concat());
    let raw = prop_oneof![1 => Just("{}".to_owned()), 1 => Just(" [\"as\"]".to_owned()), 2 => raw];
    (0..3_u32, raw, vec((0..3_usize, select(FIELDS), draft()), 0..9)).prop_map(
        |(kind, raw, mut slots)| {
            slots.sort_by_key(|(section, ..)| *section);
            DraftEvent { kind, raw, slots }
        },
    )
}

fn batch(events: &[DraftEvent], fields: &FieldTable) -> EventBatch {
    let mut builder = BatchBuilder::default();
    let mut raw = Vec::new();
    for event in events {
        let start = raw.len() as u32;
        raw.extend_from_slice(event.raw.as_bytes());
        let end = raw.len() as u32;
        let mut section = 0;
        for (wanted, name, value) in &event.slots {
            while section < *wanted {
                if section == 0 {
                    builder.end_native();
                } else {
                    builder.end_attributes();
                }
                section += 1;
            }
            let field = fields.get(name).unwrap_or_else(|| builder.unknown_field(name));
            let value = match value {
                Draft::Plain(value) => *value,
                Draft::Text(text) => builder.text(text),
                Draft::Raw(from, to) => {
                    let at = start + (end - start) * from / 16;
                    let to = start + (end - start) * to / 16;
                    Value::Raw { at, len: to.saturating_sub(at) }
                }
            };
            builder.push(field, value);
        }
        if section == 0 {
            builder.end_native();
        }
        if section < 2 {
            builder.end_attributes();
        }
        builder.finish_record(KindId(event.kind), None, u64::from(start), (start, end));
    }
    builder.finish(raw)
}

#[test]
fn generated_rules_over_generated_events() {
    let logsources = vec![
        json!({"product": "p"}),
        json!({"product": "p", "category": "c"}),
        json!({"category": "d"}),
        json!({"product": "q", "service": "s"}),
        json!({"service": "s"}),
    ];
    let strategy = (vec(rule(FIELDS, logsources), 1..12), vec(draft_event(), 1..8));
    check(4_000, &strategy, |(rules, events), compared| {
        let rules = load(&rules, compared);
        let mut fields = FieldTable::default();
        Engine::names(&rules, &mut fields);
        let batch = batch(&events, &fields);
        let engine = Engine::compile(rules, Arc::new(catalog(fields)));
        compare(&engine, &batch, compared)
    });
}

const WINDOWS_FIELDS: &[&str] = &[
    "Image",
    "CommandLine",
    "ParentImage",
    "User",
    "TargetFilename",
    "x.y",
    "g h",
    "process.file.path",
    "EventID",
];

static INGEST: LazyLock<Ingest> = LazyLock::new(|| {
    let mut fields = FieldTable::default();
    WINDOWS_FIELDS.iter().for_each(|name| {
        fields.intern(name);
    });
    Ingest::new(corpus::mapper(&fields).unwrap(), Limits::default())
});

/// A record of Sysmon as JSON, with values of every type, arrays and objects among them.
fn document() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        8 => text().prop_map(Json::from), 2 => number(), 1 => Just(Json::Null), 1 => any::<bool>().prop_map(Json::from)
    ]
    .boxed();
    let value = prop_oneof![
        6 => leaf.clone(),
        1 => vec(leaf.clone(), 0..3).prop_map(Json::from),
        1 => leaf.prop_map(|value| json!({"y": value, "file": {"path": "as"}})),
    ];
    let names = [
        "Image",
        "CommandLine",
        "ParentImage",
        "User",
        "TargetFilename",
        "x",
        "x.y",
        "g h",
        "process",
        "B",
    ];
    (select(vec![1, 3, 11, 12, 99]), vec((select(names.to_vec()), value), 0..7)).prop_map(
        |(id, fields)| {
            let mut document =
                json!({"EventID": id, "Channel": "Microsoft-Windows-Sysmon/Operational"});
            fields.into_iter().for_each(|(name, value)| document[name] = value);
            document
        },
    )
}

#[test]
fn generated_rules_over_generated_json_through_the_mappings() {
    let logsources = vec![
        json!({"product": "windows"}),
        json!({"product": "windows", "category": "process_creation"}),
        json!({"product": "windows", "service": "sysmon"}),
        json!({"category": "file_event"}),
        json!({"category": "registry_event", "product": "windows"}),
    ];
    let strategy = (vec(rule(WINDOWS_FIELDS, logsources), 1..12), vec(document(), 1..8));
    check(1_500, &strategy, |(rules, documents), compared| {
        let rules = load(&rules, compared);
        let engine = Engine::compile(rules, Arc::clone(INGEST.mapper().catalog()));
        let lines: String =
            documents.iter().flat_map(|document| [document.to_string(), "\n".to_owned()]).collect();
        let (batches, _) = corpus::events(&INGEST, "generated", lines.into_bytes());
        batches.iter().try_for_each(|batch| compare(&engine, batch, compared))
    });
}

/// Of each kind of event the first, and then one in this many, so that the test takes seconds.
const ONE_IN: usize = 12;
const FIRST: usize = 3;

#[test]
fn all_rules_of_sigmahq_over_recorded_events() {
    let Some(data) = corpus::data_dir() else {
        println!("skipped: all_rules_of_sigmahq_over_recorded_events: no test data");
        return;
    };
    let files: Vec<_> =
        ["rules", "rules-emerging-threats", "rules-threat-hunting", "rules-compliance"]
            .iter()
            .flat_map(|folder| corpus::rule_files(&data.join("sigma").join(folder)))
            .collect();
    let (ingest, engine) = corpus::engine(&corpus::rules(&files)).unwrap();
    let compared = Compared::default();
    let mut scratch = Scratch::default();
    let (mut seen, mut taken) = (vec![0; engine.catalog().kinds.len()], 0);
    let inputs = corpus::files(&data.join("evtx"), &["evtx"])
        .into_iter()
        .chain(corpus::files(&data.join("hunt"), &["json", "log", "gz"]));
    for path in inputs {
        let name = path.display().to_string();
        for batch in corpus::events(&ingest, &name, std::fs::read(&path).unwrap()).0 {
            for event in batch.iter() {
                let count: &mut usize = &mut seen[event.kind().0 as usize];
                *count += 1;
                if *count > FIRST && !count.is_multiple_of(ONE_IN) {
                    continue;
                }
                taken += 1;
                let wanted = plainly(engine.rules(), engine.catalog(), event, &compared);
                let found = engine.evaluate(event, &mut scratch);
                add(&compared.hits, wanted.len());
                assert_eq!(found, wanted, "{name}\n{}", shown(event, engine.catalog()));
            }
        }
    }
    let (rules, hits) = (engine.rules().rules.len(), compared.hits.get());
    println!(
        "{rules} rules, {taken} events of {}, {} evaluations, {hits} hits",
        seen.iter().sum::<usize>(),
        compared.evaluations.get()
    );
    assert!(rules > 3_700 && taken > 1_000 && hits > 100);
}

/// What the generated cases found once, kept by name.
#[test]
fn letters_and_numbers_that_equal_others_are_looked_for() {
    let cases = [
        (json!({"a|re": "(?i:ſ)"}), Draft::Text(b"xsx".to_vec())),
        (json!({"a|re|i": r"\x{212A}"}), Draft::Text(b"key".to_vec())),
        (json!({"a|re|i": "pſexec"}), Draft::Text(b"PSEXEC".to_vec())),
        (json!({"a|re|i": "psexec"}), Draft::Text("pſexec".into())),
        (json!({"a": -0.0}), Draft::Plain(Value::Int(0))),
        (json!({"a": 0}), Draft::Text(b"-0".to_vec())),
        (json!({"a": 0}), Draft::Plain(Value::Float(-0.0))),
    ];
    for (selection, value) in cases {
        let compared = Compared::default();
        let rule = json!({"title": "Trap", "logsource": {"product": "p"}, "detection": {"sel": selection, "condition": "sel"}});
        let rules = load(&[rule.to_string()], &compared);
        let mut fields = FieldTable::default();
        Engine::names(&rules, &mut fields);
        let event = DraftEvent { kind: 1, raw: "{}".to_owned(), slots: vec![(0, "a", value)] };
        let batch = batch(&[event], &fields);
        compare(&Engine::compile(rules, Arc::new(catalog(fields))), &batch, &compared).unwrap();
        assert_eq!(compared.hits.get(), 1, "{rule}");
    }
}
