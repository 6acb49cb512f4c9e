//! Records that are cut or broken are never lost: they give what can be read of them and a problem that says
//! what is wrong.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::io::Cursor;

use ingest::input::{self, Piece};
use ingest::mapping::{Mapper, Scratch};
use ingest::{Ingest, Limits};
use model::{FieldTable, KindId, ProblemReason, Section};

const XMLNS: &str = "xmlns='http://schemas.microsoft.com/win/2004/08/events/event'";

/// What an input becomes without any source: the events' fields, and the problems.
struct Outcome {
    events: Vec<Vec<(String, String)>>,
    problems: Vec<(ProblemReason, String)>,
}

impl Outcome {
    fn value(&self, event: usize, name: &str) -> &str {
        let found = self.events[event].iter().find(|(have, _)| have == name);
        found.map_or("(absent)", |(_, value)| value)
    }

    fn reasons(&self) -> Vec<ProblemReason> {
        self.problems.iter().map(|problem| problem.0).collect()
    }
}

fn decode(input: &str) -> Outcome {
    let mapper = Mapper::compile(FieldTable::default(), &[], "{}").unwrap();
    let ingest = Ingest::new(mapper, Limits::default());
    let mut outcome = Outcome { events: Vec::new(), problems: Vec::new() };
    let reader = Box::new(Cursor::new(input.as_bytes().to_vec()));
    for piece in input::open(reader, "x".into(), None, Limits::default()) {
        let Piece::Chunk(chunk) = piece else { continue };
        let decoded = ingest.decode(chunk, None, &mut Scratch::default());
        let table = &ingest.mapper().catalog().fields;
        for event in decoded.batch.iter() {
            assert_eq!(event.kind(), KindId::UNRECOGNISED);
            let slots = event.section(Section::Native).iter();
            let pair = |slot: &model::Slot| {
                let name = decoded.batch.field_name(slot.field, table).to_owned();
                (name, event.text(slot.value).into_owned())
            };
            outcome.events.push(slots.map(pair).collect());
        }
        outcome.problems.extend(decoded.problems.into_iter().map(|it| (it.reason, it.detail)));
    }
    outcome
}

#[test]
fn a_cut_event_gives_what_was_there() {
    let system = "<System><EventID>4672</EventID><Channel>Security</Channel></System>";
    let head = format!("<Event {XMLNS}>{system}<EventData><Data Name='User'>ann</Data>");
    for (cut, privileges) in [
        (head.clone(), "(absent)"),
        (format!("{head}<Data Name='Privileges'>SeDebug"), "SeDebug"),
        (format!("{head}<Data Name='Privileges'>Se</Data><Data Na"), "Se"),
    ] {
        // Alone, as a line behind a header, and carried by another record.
        let line = format!("<13>1 2026-03-02T09:00:01Z h app - - - {cut}\n");
        let carried = format!("{{\"body\":{cut:?}}}\n");
        for input in [cut.clone(), line, carried] {
            let found = decode(&input);
            assert_eq!(found.value(0, "EventID"), "4672", "{input}");
            assert_eq!(found.value(0, "User"), "ann", "{input}");
            assert_eq!(found.value(0, "Privileges"), privileges, "{input}");
            assert_eq!(found.reasons(), [ProblemReason::Malformed], "{input}");
        }
    }
}

#[test]
fn a_wrong_end_tag_costs_one_element() {
    let event = format!(
        "<Event {XMLNS}><System><EventID>5141</EventID><Le>0</Level><Channel>Security</Channel></System>\
         <EventData><Data Name='DN'>CN=a & b</Data></EventData></Event>"
    );
    let found = decode(&event);
    assert_eq!((found.value(0, "EventID"), found.value(0, "Channel")), ("5141", "Security"));
    assert_eq!(found.value(0, "DN"), "CN=a & b");
    assert!(found.problems[0].1.contains("</Level>"), "{:?}", found.problems);
}

#[test]
fn broken_json_gives_what_stands_before_the_flaw() {
    let found = decode("{\"a\":\"x\",\"b\":{\"c\":1,\"d\":\"\\q\"},\"e\":2}\n{\"a\":\"y\"}\n");
    assert_eq!((found.value(0, "a"), found.value(0, "b.c")), ("x", "1"));
    assert_eq!(found.value(1, "a"), "y");
    assert_eq!(found.reasons(), [ProblemReason::Malformed, ProblemReason::Unrecognised]);
}

#[test]
fn half_a_surrogate_pair_costs_one_character() {
    let found = decode("{\"a\":\"x\\ud800y\",\"b\":\"\\u00e9\"}\n");
    assert_eq!((found.value(0, "a"), found.value(0, "b")), ("x\u{FFFD}y", "\u{e9}"));
    assert_eq!(found.reasons(), [ProblemReason::Malformed]);
}

#[test]
fn what_cannot_be_read_at_all_stays_as_text() {
    let found = decode("{\"\\q\":1}\nplain words\n");
    assert_eq!((found.events.len(), found.value(0, "message")), (2, "{\"\\q\":1}"));
    assert_eq!(found.reasons(), [ProblemReason::Malformed, ProblemReason::Unrecognised]);
    let rows = "name,address,port\na,192.0.2.1,1\nb,192.0.2.2,2,surplus\nc,192.0.2.3,3\n";
    assert_eq!(decode(rows).value(1, "message"), "b,192.0.2.2,2,surplus");
}

#[test]
fn what_is_nested_too_deep_is_over_the_limit_in_lists_and_objects() {
    let objects = format!("{{\"a\":1,\"b\":{}1{}}}\n", "{\"c\":".repeat(100), "}".repeat(100));
    let lists = format!("{{\"a\":1,\"b\":{}1{}}}\n", "[".repeat(100), "]".repeat(100));
    for record in [objects, lists] {
        let found = decode(&format!("{record}{{\"a\":2}}\n"));
        assert_eq!((found.value(0, "a"), found.value(1, "a")), ("1", "2"), "{record}");
        assert_eq!(found.reasons(), [ProblemReason::OverLimit, ProblemReason::Unrecognised]);
    }
}
