//! What goes in as slots comes out as values, byte for byte.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{
    BatchBuilder, Catalog, Constant, EventBatch, Kind, KindField, KindId, LogsourceSet, Timestamp,
    Value,
};
use proptest::prelude::*;

use super::stand::{NOW, START, Stand, cells};
use crate::encode::{Encoder, Origin};
use crate::{Columns, event_id};

/// A value as it is put into a slot.
#[derive(Debug, Clone)]
enum Given {
    Null,
    Bool(bool),
    Int(i64),
    Text(String),
}

/// One event: attributes by index into [`ATTRIBUTES`], native fields, raw bytes, time.
#[derive(Debug, Clone)]
struct Event {
    attributes: Vec<(usize, Given)>,
    natives: Vec<(u8, Given)>,
    raw: Vec<u8>,
    time: Option<i64>,
}

const ATTRIBUTES: [&str; 10] = [
    "device.hostname",
    "src_endpoint.ip",
    "src_endpoint.port",
    "dst_endpoint.port",
    "is_src_dst_assignment_known",
    "connection_info.protocol_name",
    "traffic.bytes_in",
    "observation_point",
    "proxy.hostname",
    "dst_endpoint.hostname",
];

fn given() -> impl Strategy<Value = Given> {
    prop_oneof![
        Just(Given::Null),
        any::<bool>().prop_map(Given::Bool),
        any::<i64>().prop_map(Given::Int),
        "[a-zA-Z0-9 .\"\\\\äß%_,\\[\\]-]{0,24}".prop_map(Given::Text),
        "[0-9]{1,5}".prop_map(Given::Text),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let attributes = prop::collection::vec((0..ATTRIBUTES.len(), given()), 0..8);
    let natives = prop::collection::vec((0u8..6, given()), 0..5);
    let raw = prop_oneof![
        "[ -~äöü€]{0,40}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..40),
    ];
    let time = prop::option::of(START.0..NOW.0);
    (attributes, natives, raw, time).prop_map(|(attributes, natives, raw, time)| Event {
        attributes,
        natives,
        raw,
        time,
    })
}

fn catalog() -> Catalog {
    let mut catalog = Catalog::default();
    for name in ATTRIBUTES {
        catalog.fields.intern(name);
    }
    let mapped = catalog.fields.intern("native0");
    let attribute = catalog.fields.intern("device.hostname");
    let activity = catalog.fields.intern("activity_id");
    let kind = |name: &str, class: &str, uid| Kind {
        name: name.into(),
        source: None,
        class_uid: uid,
        class_name: class.into(),
        logsources: LogsourceSet::default(),
        constants: vec![(activity, Constant::Int(6))],
        fields: vec![KindField { native: mapped, attribute, identity: true }],
        aliases: Vec::new(),
        passthrough: false,
    };
    catalog.kinds.push(kind("base", "base_event", 0));
    catalog.kinds.push(kind("flow", "network_activity", 4001));
    catalog
}

fn value(builder: &mut BatchBuilder, given: &Given) -> Value {
    match given {
        Given::Null => Value::Null,
        Given::Bool(truth) => Value::Bool(*truth),
        Given::Int(number) => Value::Int(*number),
        Given::Text(text) => builder.text(text.as_bytes()),
    }
}

fn batch(events: &[Event], catalog: &Catalog) -> EventBatch {
    let mut builder = BatchBuilder::default();
    let mut raw = Vec::new();
    for event in events {
        for (name, given) in &event.natives {
            let name = format!("native{name}");
            let field = catalog.fields.get(&name).unwrap_or_else(|| builder.unknown_field(&name));
            let value = value(&mut builder, given);
            builder.push(field, value);
        }
        builder.end_native();
        for (name, given) in &event.attributes {
            let field = catalog.fields.get(ATTRIBUTES[*name]).unwrap();
            let value = value(&mut builder, given);
            builder.push(field, value);
        }
        builder.end_attributes();
        let from = raw.len() as u32;
        raw.extend_from_slice(&event.raw);
        let time = event.time.map(Timestamp);
        builder.finish_record(KindId(1), time, 0, (from, raw.len() as u32));
    }
    builder.finish(raw)
}

fn shown(given: &Given) -> String {
    match given {
        Given::Null => String::new(),
        Given::Bool(truth) => truth.to_string(),
        Given::Int(number) => number.to_string(),
        Given::Text(text) => text.clone(),
    }
}

fn json(given: &Given) -> serde_json::Value {
    match given {
        Given::Null => serde_json::Value::Null,
        Given::Bool(truth) => (*truth).into(),
        Given::Int(number) => (*number).into(),
        Given::Text(text) => text.clone().into(),
    }
}

/// What is stored of an event, worked out without the encoder: column → text, and what is unmapped.
fn expected(event: &Event) -> (BTreeMap<String, String>, BTreeMap<String, Vec<serde_json::Value>>) {
    let mut columns = BTreeMap::new();
    let mut unmapped: BTreeMap<String, Vec<serde_json::Value>> = BTreeMap::new();
    for (position, name) in ATTRIBUTES.iter().enumerate() {
        let kind = crate::columns::describe("network_activity", name).map(|it| it.0);
        let all = event.attributes.iter().filter(|(at, _)| *at == position).map(|it| &it.1);
        let mut texts: Vec<String> = Vec::new();
        let mut first: Option<String> = None;
        for given in all {
            let fits = match (kind, given) {
                (_, Given::Null) => continue,
                (Some(crate::ColumnKind::Int), given) => match given {
                    Given::Int(number) => Some(number.to_string()),
                    Given::Text(text) => text.parse::<i64>().ok().map(|it| it.to_string()),
                    _ => None,
                },
                (Some(crate::ColumnKind::Bool), given) => match shown(given).as_str() {
                    text @ ("true" | "false") => Some(text.to_owned()),
                    _ => None,
                },
                (Some(_), given) => Some(shown(given)),
                (None, _) => None,
            };
            match (first.is_some(), fits) {
                (false, Some(text)) => first = Some(text),
                (false, None) => unmapped.entry((*name).to_owned()).or_default().push(json(given)),
                (true, _) => {}
            }
            let text = shown(given);
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        let is_repeated = {
            let mut seen = false;
            event.attributes.iter().filter(|(at, _)| *at == position).any(|(_, given)| {
                let was = seen;
                let stored = match (kind, given) {
                    (_, Given::Null) | (None, _) => false,
                    (Some(crate::ColumnKind::Int), given) => {
                        matches!(given, Given::Int(_)) || shown(given).parse::<i64>().is_ok()
                    }
                    (Some(crate::ColumnKind::Bool), given) => {
                        ["true", "false"].contains(&shown(given).as_str())
                    }
                    _ => true,
                };
                seen |= stored;
                was
            })
        };
        if kind.is_some()
            && let Some(first) = first
        {
            columns.insert((*name).to_owned(), first);
            if is_repeated && texts.len() > 1 {
                let all = serde_json::json!(texts).to_string();
                columns.insert(format!("{name}[]"), all);
            }
        }
    }
    for (name, given) in event.natives.iter().filter(|(name, _)| *name != 0) {
        unmapped.entry(format!("native{name}")).or_default().push(json(given));
    }
    (columns, unmapped)
}

async fn check(events: Vec<Event>) {
    let stand = Stand::new();
    let catalog = Arc::new(catalog());
    let mut encoder = Encoder::new(catalog.clone(), Columns::core());
    let origin = Origin { sequence: 9, first: 100, ingested_at: NOW };
    encoder.push(&batch(&events, &catalog), origin);
    let rows = encoder.finish().unwrap();
    stand.lake.tell_columns(&stand.tenant, "events", encoder.columns());
    let segment = stand.store(vec![rows]).await;
    assert_eq!(segment.rows, events.len() as u64);
    stand.lake.verify(&stand.tenant, &segment).await.unwrap();
    let sql = "SELECT * FROM events ORDER BY event_id";
    let (batches, _) = stand.lake.sql(&stand.scope(), sql).await.unwrap().all().await.unwrap();
    let names: Vec<String> =
        batches[0].schema().fields().iter().map(|field| field.name().clone()).collect();
    let rows = cells(&batches);
    assert_eq!(rows.len(), events.len());
    for (index, (event, row)) in events.iter().zip(rows).enumerate() {
        let row: BTreeMap<&str, &str> =
            names.iter().map(String::as_str).zip(row.iter().map(String::as_str)).collect();
        let (columns, unmapped) = expected(event);
        for (name, text) in &columns {
            assert_eq!(row.get(name.as_str()), Some(&text.as_str()), "{name} of {event:?}");
        }
        for name in ATTRIBUTES.iter().filter(|name| !columns.contains_key(**name)) {
            assert!(matches!(row.get(name), None | Some(&"NULL")), "{name} of {event:?}");
        }
        let stored = match row["unmapped"] {
            "NULL" => serde_json::Map::new(),
            text => serde_json::from_str(text).unwrap(),
        };
        let mut wanted = serde_json::Map::new();
        for (name, mut values) in unmapped {
            let value = if values.len() == 1 { values.remove(0) } else { values.into() };
            wanted.insert(name, value);
        }
        assert_eq!(stored, wanted, "{event:?}");
        assert_eq!(row["raw"], String::from_utf8_lossy(&event.raw));
        let is_text = std::str::from_utf8(&event.raw).is_ok();
        let bytes = row.get("raw_bytes").copied().unwrap_or("NULL");
        let hex: String = event.raw.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(bytes, if is_text { "NULL" } else { &hex });
        let id: String =
            event_id(9, 100 + index as u64).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(row["event_id"], id);
        let from_ingest = if event.time.is_none() { "true" } else { "NULL" };
        assert_eq!(row.get("is_time_from_ingest").copied().unwrap_or("NULL"), from_ingest);
        assert_eq!(
            (row["class_uid"], row["type_uid"], row["severity_id"]),
            ("4001", "400106", "1")
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn slots_come_back_as_values(events in prop::collection::vec(event(), 1..30)) {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(check(events));
    }
}

#[tokio::test]
async fn a_segment_is_ordered_and_described_and_fresh_events_are_seen() {
    let stand = Stand::sampled(&[20_000, 9000], 500).await;
    let segments = stand.catalog.0.lock().unwrap().clone();
    assert_eq!(segments.len(), 2);
    assert!(segments.iter().all(|it| it.classes.is_sorted() && it.classes.len() == 6));
    assert!(segments[0].time_min < segments[0].time_max && segments[0].time_min >= START);
    let count = stand.rows("SELECT count(*) FROM events").await.unwrap();
    assert_eq!(count, [["29500"]]);
    let hashes = "SELECT count(file.hashes.sha256) > 0, count(answers.rdata) > 0 FROM events";
    assert_eq!(stand.rows(hashes).await.unwrap(), [["true", "true"]]);
}

#[tokio::test]
async fn an_event_is_seen_once_before_during_and_after_its_segment_is_committed() {
    let stand = Stand::sampled(&[], 300).await;
    let fresh = stand.lake.fresh(&stand.tenant, "events");
    let count = async || stand.rows("SELECT count(*) FROM events").await.unwrap()[0][0].clone();
    assert_eq!(count().await, "300");
    let id = uuid::Uuid::now_v7();
    let rows = fresh.seal(id).iter().map(|part| part.rows().clone()).collect();
    assert_eq!(count().await, "300");
    let segment = stand.lake.write(&stand.tenant, "events", id, rows).await.unwrap();
    assert_eq!(count().await, "300");
    stand.catalog.0.lock().unwrap().push(segment);
    assert_eq!(count().await, "300");
    fresh.remove(id);
    assert_eq!(count().await, "300");
    assert!(fresh.parts().is_empty());
}

#[tokio::test]
async fn a_segment_without_a_column_reads_as_null_and_a_new_column_needs_no_rewrite() {
    let stand = Stand::sampled(&[3000], 0).await;
    let mut columns = (*stand.lake.columns(&stand.tenant, "events")).clone();
    let name = "cloud.region".into();
    columns.add(crate::Column { name, kind: crate::ColumnKind::Text, observable: None });
    stand.lake.tell_columns(&stand.tenant, "events", &columns);
    let sql = "SELECT count(*), count(cloud.region) FROM events WHERE cloud.region IS NULL";
    assert_eq!(stand.rows(sql).await.unwrap(), [["3000", "0"]]);
    let (none, _) = stand.found(&stand.lake, "cloud.region:eu").await;
    assert!(none.is_empty());
}
