//! The skip index never hides an event, and it does skip.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree;

use super::stand::{NOW, Stand, cells};
use crate::lake::Settings;
use crate::matching::Piece;
use crate::query::{Comparison, Condition, Test};
use crate::sample::{NEEDLE, RARE_COMMAND};
use crate::search::Query;

/// Events as column → text, for the oracle.
type Rows = Vec<BTreeMap<String, String>>;

/// A plain evaluation of conditions, told by the grammar's words alone.
fn holds(condition: &Condition, row: &BTreeMap<String, String>) -> bool {
    let raw = row["raw"].as_str();
    match condition {
        Condition::Everything => true,
        Condition::All(parts) => parts.iter().all(|part| holds(part, row)),
        Condition::Any(parts) => parts.iter().any(|part| holds(part, row)),
        Condition::Not(part) => !holds(part, row),
        Condition::Text(text) => phrase(raw, text),
        Condition::TextLike(pieces) => {
            let whole: Vec<Piece> = [Piece::Any]
                .into_iter()
                .chain(pieces.iter().cloned())
                .chain([Piece::Any])
                .collect();
            like(&letters(raw), &whole)
        }
        Condition::Field(name, test) => {
            let mut values = Vec::new();
            if let Some(all) = row.get(&format!("{name}[]")) {
                values = serde_json::from_str::<Vec<String>>(all).unwrap();
            } else if let Some(key) = name.strip_prefix("unmapped.") {
                let map: serde_json::Value = row
                    .get("unmapped")
                    .map(|it| serde_json::from_str(it).unwrap())
                    .unwrap_or_default();
                values.extend(
                    map.get(key).map(|it| it.as_str().map_or(it.to_string(), str::to_owned)),
                );
            } else {
                let group: &[&str] = match name.as_str() {
                    "ip" => &["src_endpoint.ip", "dst_endpoint.ip", "device.ip"],
                    "user" => &["user.name", "actor.user.name"],
                    other => &[other],
                };
                values.extend(group.iter().filter_map(|name| row.get(*name).cloned()));
            }
            values.iter().any(|value| passes(value, test))
        }
    }
}

fn letters(text: &str) -> Vec<char> {
    text.chars().map(|letter| letter.to_ascii_lowercase()).collect()
}

fn like(text: &[char], pieces: &[Piece]) -> bool {
    match pieces.split_first() {
        None => text.is_empty(),
        Some((Piece::One, rest)) => !text.is_empty() && like(&text[1..], rest),
        Some((Piece::Any, rest)) => (0..=text.len()).any(|from| like(&text[from..], rest)),
        Some((Piece::Text(part), rest)) => {
            let part = letters(part);
            text.starts_with(&part) && like(&text[part.len()..], rest)
        }
    }
}

fn phrase(raw: &str, text: &str) -> bool {
    let (raw, text) = (letters(raw), letters(text));
    let word = |letter: &char| letter.is_ascii_alphanumeric();
    let edge = |letter: &char| "._@-".contains(*letter);
    let token = |letter: Option<&char>| letter.is_some_and(|letter| word(letter) || edge(letter));
    let token = |letter: Option<&char>| text.iter().any(word) && token(letter);
    let starts = raw.windows(text.len()).enumerate().filter(|(_, here)| *here == text.as_slice());
    starts.into_iter().any(|(at, _)| {
        let before = raw[..at].iter().rev().find(|letter| !edge(letter));
        let after = raw[at + text.len()..].iter().find(|letter| !edge(letter));
        !(token(text.first()) && before.is_some_and(word))
            && !(token(text.last()) && after.is_some_and(word))
    })
}

fn passes(value: &str, test: &Test) -> bool {
    match test {
        Test::Is(wanted) => value.eq_ignore_ascii_case(wanted),
        Test::Exactly(wanted) => value == wanted,
        Test::OneOf(wanted) => wanted.iter().any(|wanted| value.eq_ignore_ascii_case(wanted)),
        Test::Like(pieces) => like(&letters(value), pieces),
        Test::Matches(pattern) => regex::Regex::new(pattern).unwrap().is_match(value),
        Test::Within(network) => {
            value.parse::<std::net::IpAddr>().is_ok_and(|address| network.contains(&address))
        }
        Test::Compare(how, than) => {
            let order = value.parse::<i64>().unwrap().cmp(&than.parse::<i64>().unwrap());
            match how {
                Comparison::Less => order.is_lt(),
                Comparison::AtMost => order.is_le(),
                Comparison::Greater => order.is_gt(),
                Comparison::AtLeast => order.is_ge(),
            }
        }
        Test::Range(from, to) => {
            let number = |text: &str| text.parse::<i64>().unwrap();
            (number(from)..=number(to)).contains(&number(value))
        }
        Test::Exists => true,
    }
}

async fn rows_of(stand: &Stand) -> Rows {
    let results = stand.lake.sql(&stand.scope(), "SELECT * FROM events").await.unwrap();
    let names: Vec<String> =
        results.schema().fields().iter().map(|field| field.name().clone()).collect();
    let (batches, _) = results.all().await.unwrap();
    let named = |row: Vec<String>| {
        names.iter().cloned().zip(row).filter(|(_, value)| value != "NULL").collect()
    };
    cells(&batches).into_iter().map(named).collect()
}

async fn compare(stand: &Stand, plain: &crate::Lake, rows: &Rows, text: &str) -> usize {
    let (found, cost) = stand.found(&stand.lake, text).await;
    let (without, _) = stand.found(plain, text).await;
    assert_eq!(found, without, "{text}: {cost:?}");
    let columns = stand.lake.columns(&stand.tenant, "events");
    let condition = crate::parse(text, &columns, NOW).unwrap();
    let mut wanted: Vec<&str> = rows
        .iter()
        .filter(|row| holds(&condition, row))
        .map(|row| row["event_id"].as_str())
        .collect();
    wanted.sort_unstable();
    assert_eq!(found, wanted, "{text}");
    found.len()
}

/// A part of a value that occurs, so that random questions find something.
fn question(rows: &Rows, seed: &[u32]) -> String {
    let mut seed = seed.iter().copied().cycle();
    let mut next = |most: usize| seed.next().unwrap() as usize % most.max(1);
    let mut parts = Vec::new();
    for _ in 0..1 + next(3) {
        let row = &rows[next(rows.len())];
        let mut names: Vec<&String> = row.keys().filter(|name| !name.ends_with(']')).collect();
        names.retain(|name| {
            crate::Columns::core().get(name).is_some_and(|it| it.kind == crate::ColumnKind::Text)
        });
        let name = names[next(names.len())].as_str();
        let value: Vec<char> = row[name].chars().collect();
        let quoted =
            |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
        let from = next(value.len());
        let part: String = value[from..].iter().take(1 + next(12)).collect();
        let plain =
            !part.contains(|letter: char| letter.is_whitespace() || "()\"*?".contains(letter));
        let whole: String = value.iter().collect();
        let part = match (name, next(5)) {
            ("raw", 0..3) if plain => format!("*{part}*"),
            ("raw" | "unmapped", _) => quoted(&part),
            (_, 0) if plain => format!("{name}:*{part}*"),
            (_, 1) if plain => format!("{name}:{part}*"),
            (_, 2) => format!("{name}={}", quoted(&whole)),
            (_, 3) => format!("{name}:{}", quoted(&whole.to_uppercase())),
            _ => quoted(&whole),
        };
        let not = if next(6) == 0 { "NOT " } else { "" };
        parts.push(format!("{not}{part}"));
    }
    parts.join([" ", " OR ", " AND "][next(3)])
}

#[tokio::test(flavor = "multi_thread")]
async fn with_without_and_oracle_agree() {
    let stand = Stand::sampled(&[17_000, 8192, 100], 700).await;
    let plain = stand.again(Settings { uses_skip_index: false, threads: 2, ..Settings::default() });
    let rows = rows_of(&stand).await;
    assert_eq!(rows.len(), 25_992);
    for text in [
        "user.name:user0003 status_id:2",
        "ip:10.3.0.3",
        "ip:10.3.0.0/16 src_endpoint.port:>60000",
        "answers.rdata:10.1.0.1",
        "answers.rdata:10.2.*",
        "process.cmd_line:*EncodedCommand*",
        "process.cmd_line:*-k*netsvcs*",
        "process.cmd_line~\"Service(1|2)\\b\"",
        "dst_endpoint.port:(443 80) NOT device.hostname:ws-00*",
        "dst_endpoint.port:[50 TO 100]",
        "-user.name:*",
        "NOT (class_uid:1007 OR class_uid:4001)",
        "\"An account was\" user:user0001",
        "unmapped.Channel:*sysmon* unmapped.EventRecordID:77",
        "file.path:\"C:\\Users\\user0001\\AppData\\Local\\file1.dat\"",
        "url:*page/7?id*",
        "svchost.exe wrote",
        "status_id!=1 class_uid=3002",
    ] {
        let count = compare(&stand, &plain, &rows, text).await;
        assert!(count > 0 || text.contains("0:77"), "{text} finds nothing: it proves nothing");
    }
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for _ in 0..60 {
        let seed = prop::collection::vec(any::<u32>(), 12..13);
        let seed = seed.new_tree(&mut runner).unwrap().current();
        compare(&stand, &plain, &rows, &question(&rows, &seed)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rare_things_are_found_in_few_blocks() {
    let stand = Stand::sampled(&[60_000, 60_000], 0).await;
    for (text, most) in [(NEEDLE, 1), (&*format!("process.cmd_line:\"*{RARE_COMMAND}*\""), 16)] {
        let text = if text == NEEDLE { text.to_owned() } else { text.replace('"', "") };
        let text = text.replace(", ", "?*");
        let (found, cost) = stand.found(&stand.lake, &text).await;
        assert!(!found.is_empty(), "{text}");
        assert!(cost.blocks - cost.blocks_skipped <= most, "{text}: {cost:?}");
        assert_eq!(cost.segments, 2);
    }
    let (none, cost) = stand.found(&stand.lake, "nothing-like-this.example").await;
    assert!(
        none.is_empty() && cost.segments_scanned == 0 && cost.segments_skipped == 2,
        "{cost:?}"
    );
    let newest = Query {
        condition: crate::parse(
            "device.hostname:ws-0000.corp.example",
            &stand.lake.columns(&stand.tenant, "events"),
            NOW,
        )
        .unwrap(),
        columns: vec!["time".to_owned(), "device.hostname".to_owned()],
        newest: Some(10),
    };
    let results = stand.lake.search(&stand.scope(), &newest, NOW).await.unwrap();
    let (rows, cost) = results.all().await.unwrap();
    let rows = cells(&rows);
    assert!(rows.len() == 10 && rows.is_sorted_by(|a, b| a[0] >= b[0]), "{cost:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn segments_outside_of_the_time_are_not_touched() {
    let stand = Stand::sampled(&[2000, 2000, 2000], 0).await;
    let last = stand.catalog.0.lock().unwrap()[2].time_min;
    let text = format!("time>={}", last.0);
    let (found, cost) = stand.found(&stand.lake, &text).await;
    assert!(found.len() >= 1900, "{}", found.len());
    assert_eq!((cost.segments, cost.segments_scanned), (3, 3 - cost.segments_pruned));
    assert!(cost.segments_pruned >= 1, "{cost:?}");
}
