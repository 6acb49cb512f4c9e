//! Compression, archives, character sets and shapes of inputs.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::io::{Cursor, Read, Write};

use ingest::input::{Piece, open, open_stream, records};
use ingest::{Limits, Shape};
use model::ProblemReason;
use zip::write::SimpleFileOptions;

const LOG: &str =
    "Jan  1 00:00:00 host app[1]: one, two, three\nJan  1 00:00:01 host app[1]: four, five, six\n";

#[derive(Debug, Default)]
struct Read1 {
    records: Vec<(String, String)>,
    shapes: Vec<Shape>,
    problems: Vec<(String, ProblemReason, String)>,
}

fn collect(input: impl Iterator<Item = Piece>) -> Read1 {
    let mut read = Read1::default();
    for piece in input {
        match piece {
            Piece::Chunk(chunk) => {
                for range in records(&chunk) {
                    let record = String::from_utf8_lossy(&chunk.bytes[range]).into_owned();
                    read.records.push((chunk.name.to_string(), record));
                }
                read.shapes.push((*chunk.shape).clone());
            }
            Piece::Problem { name, problem } => {
                read.problems.push((name.to_string(), problem.reason, problem.detail));
            }
        }
    }
    read
}

fn read_with(bytes: &[u8], limits: Limits) -> Read1 {
    collect(open(Box::new(Cursor::new(bytes.to_vec())), "in".into(), None, limits))
}

fn read(bytes: &[u8]) -> Read1 {
    read_with(bytes, Limits::default())
}

fn read_stream(bytes: &[u8]) -> Read1 {
    collect(open_stream(
        Box::new(Cursor::new(bytes.to_vec())),
        "in".into(),
        None,
        Limits::default(),
    ))
}

fn texts(read: &Read1) -> Vec<&str> {
    read.records.iter().map(|(_, text)| text.as_str()).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    writer.add_directory("folder/", SimpleFileOptions::default()).unwrap();
    for (name, bytes) in entries {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn gzip_of_several_members_and_zstd_are_unpacked() {
    let two = [gzip(LOG.as_bytes()), gzip(b"last\n")].concat();
    assert_eq!(texts(&read(&two)).len(), 3);
    let packed = zstd::encode_all(LOG.as_bytes(), 3).unwrap();
    assert_eq!(texts(&read(&packed)), LOG.lines().collect::<Vec<_>>());
    assert_eq!(texts(&read(&gzip(&packed))).len(), 2);
}

#[test]
fn what_stands_behind_gzip_data_is_told_apart_from_damage() {
    let found = read(&[gzip(LOG.as_bytes()), b"not compressed\n".to_vec()].concat());
    assert_eq!(texts(&found), LOG.lines().collect::<Vec<_>>());
    let [(_, reason, detail)] = &found.problems[..] else { panic!("{:?}", found.problems) };
    assert_eq!(*reason, ProblemReason::DamagedContainer);
    assert!(detail.contains("behind the gzip data") && !detail.contains("header"), "{detail}");
}

#[test]
fn truncated_compression_gives_what_it_has_and_a_problem() {
    let long =
        (0..20_000).map(|number| format!("line number {number}\n")).collect::<Vec<_>>().concat();
    for packed in [
        gzip(long.as_bytes()),
        zstd::encode_all(long.as_bytes(), 3).unwrap(),
        zip_of(&[("a", long.as_bytes())]),
    ] {
        let found = read(&packed[..packed.len() / 2]);
        assert!(found.records.len() > 100, "{:?}", found.problems);
        assert_eq!(found.records[0].1, "line number 0");
        assert!(found.problems.iter().all(|problem| problem.1 == ProblemReason::DamagedContainer));
        assert!(!found.problems.is_empty());
    }
}

#[test]
fn entries_of_archives_are_inputs_of_their_own() {
    let inner = zip_of(&[("deep.log", b"deep\n")]);
    let bytes =
        zip_of(&[("a.log", LOG.as_bytes()), ("b/c.gz", &gzip(b"inner\n")), ("d.zip", &inner)]);
    for found in [read(&bytes), read_stream(&bytes)] {
        assert_eq!(found.problems, []);
        let names: Vec<&str> = found.records.iter().map(|record| record.0.as_str()).collect();
        assert_eq!(names, ["in/a.log", "in/a.log", "in/b/c.gz", "in/d.zip/deep.log"]);
    }
}

#[test]
fn limits_on_ratio_entries_and_nesting_hold() {
    let bomb = gzip(&vec![b'a'; 20 << 20]);
    let limits = Limits {
        ratio_free_bytes: 1 << 20,
        ratio_max: 100,
        record_bytes_max: 1 << 20,
        ..Limits::default()
    };
    let found = read_with(&bomb, limits);
    assert!(
        found
            .problems
            .iter()
            .any(|problem| problem.1 == ProblemReason::OverLimit && problem.2.contains("unpack"))
    );
    let many = zip_of(&[("1", b"x\n"), ("2", b"x\n"), ("3", b"x\n")]);
    let found = read_with(&many, Limits { entries_max: 2, ..Limits::default() });
    assert_eq!((found.records.len(), found.problems.len()), (2, 1));
    let nested = gzip(&gzip(&gzip(&gzip(b"x\n"))));
    let found = read(&nested);
    assert_eq!((found.records.len(), found.problems[0].1), (0, ProblemReason::OverLimit));
}

#[test]
fn a_damaged_entry_does_not_hide_the_others() {
    let mut bytes = zip_of(&[("a.log", LOG.as_bytes()), ("b.log", b"second\n")]);
    let at = bytes.windows(5).position(|window| window == b"a.log").unwrap() + 12;
    bytes[at] ^= 0x55;
    let found = read(&bytes);
    assert!(found.problems.iter().any(|problem| problem.0 == "in/a.log"));
    assert!(found.records.contains(&("in/b.log".to_owned(), "second".to_owned())));
}

#[test]
fn character_sets_become_utf8() {
    let utf16 = |text: &str, mark: bool, big: bool| -> Vec<u8> {
        let units = mark.then_some(0xFEFF).into_iter().chain(text.encode_utf16());
        units
            .flat_map(|unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
            .collect()
    };
    for bytes in [
        [b"\xEF\xBB\xBF", LOG.as_bytes()].concat(),
        utf16(LOG, true, false),
        utf16(LOG, true, true),
        utf16(LOG, false, false),
        utf16(LOG, false, true),
        gzip(&utf16(LOG, true, false)),
    ] {
        assert_eq!(texts(&read(&bytes)), LOG.lines().collect::<Vec<_>>());
    }
    assert_eq!(texts(&read(b"caf\xE9 au lait\n")), ["caf\u{FFFD} au lait"]);
}

#[test]
fn what_is_not_text_is_one_problem() {
    let noise: Vec<u8> =
        (0..200_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let found = read(&noise);
    assert_eq!((found.records.len(), found.problems.len()), (0, 1));
    assert_eq!(found.problems[0].1, ProblemReason::NotText);
    let found = read(b"%PDF-1.7 ...");
    assert!(found.problems[0].2.contains("PDF"));
    let middle = [
        LOG.repeat(20_000).into_bytes(),
        noise.repeat(20),
        b"\n".to_vec(),
        LOG.repeat(30_000).into_bytes(),
    ]
    .concat();
    let found = read_with(&middle, Limits { record_bytes_max: 1 << 20, ..Limits::default() });
    let not_text =
        found.problems.iter().filter(|problem| problem.1 == ProblemReason::NotText).count();
    assert_eq!(not_text, 1, "{:?}", found.problems);
    assert!(found.records.len() > 60_000);
    assert_eq!(read(b"").problems, []);
}

#[test]
fn a_line_over_the_limit_is_a_problem_and_the_next_one_arrives() {
    let bytes = [b"first\n".to_vec(), vec![b'x'; 3 << 20], b"\nlast\n".to_vec()].concat();
    let found = read_with(&bytes, Limits { record_bytes_max: 1 << 20, ..Limits::default() });
    assert_eq!(texts(&found), ["first", "last"]);
    assert_eq!(found.problems[0].1, ProblemReason::OverLimit);
}

#[test]
fn continuation_lines_and_audit_events_stay_together() {
    let java = "first\n\tat a\n\tat b\nsecond\n".repeat(400);
    let found = read_with(java.as_bytes(), Limits { chunk_bytes: 100, ..Limits::default() });
    assert_eq!(texts(&found), ["first\n\tat a\n\tat b", "second"].repeat(400));
    let event = |serial: u32| {
        let line = |part| format!("type=T{part} msg=audit(1364481363.243:{serial}): pid={part}\n");
        [0, 1, 2, 3, 4].map(line).concat()
    };
    let audit: String = (0..300).map(event).collect();
    let limits = Limits { chunk_bytes: 700, ..Limits::default() };
    for piece in open(Box::new(Cursor::new(audit.into_bytes())), "in".into(), None, limits) {
        let Piece::Chunk(chunk) = piece else { panic!("{piece:?}") };
        assert!(chunk.bytes.starts_with(b"type=T0") && chunk.bytes.ends_with(b"pid=4\n"));
    }
}

#[test]
fn json_comes_in_all_wrappings() {
    let records = ["{\"a\":\"x]}\\\"\"}", "{\n  \"b\": [1, {\"c\": 2}]\n}"];
    for text in [
        format!("[{},\n{}]", records[0], records[1]),
        format!("{{\"Records\":[{}, {}]}}\n", records[0], records[1]),
        format!(
            "{{\"@odata.context\":\"u\",\"value\":[{},{}],\"@odata.nextLink\":\"n\"}}",
            records[0], records[1]
        ),
        format!("{{\n\"Records\": [{},\n{}\n]\n}}{{\"Records\":[]}}", records[0], records[1]),
        format!("{}{}", records[0], records[1]),
        format!("\u{1E}{}\n\u{1E}{}\n", records[0], records[1]),
    ] {
        let found = read(text.as_bytes());
        assert_eq!(found.problems, [], "{text}");
        assert_eq!(found.shapes[0], Shape::Json, "{text}");
        assert_eq!(texts(&found)[..2], records, "{text}");
    }
    // A single event that holds a list is not a wrapper.
    let event = "{\n\"kind\":\"admin#reports#activity\",\"id\":{\"time\":\"t\"},\"events\":[{\"name\":\"x\"}]}";
    assert_eq!(texts(&read(event.as_bytes())), [event]);
    assert_eq!(read(b"{\"a\":1}\n{\"a\":2}\n").shapes, [Shape::Lines]);
    // A bracket on a line of its own closes the document.
    for event in ["{\"a\":1, \"b\":\"x\"\n}", "{\"a\":[1\n]}", "{\"a\":1\r\n  ,\"b\":2}"] {
        let found = read(event.as_bytes());
        assert_eq!((texts(&found), found.problems.len()), (vec![event], 0));
    }
    // A record that was cut off does not swallow the next one.
    assert_eq!(texts(&read(b"{\"a\":\"cut\n{\"a\":2}\n")).len(), 2);
}

#[test]
fn json_over_limits_is_a_problem_and_the_next_record_arrives() {
    let deep = format!("[{{\"a\":1}},{}{},{{\"b\":2}}]", "[".repeat(100), "]".repeat(100));
    let found = read(deep.as_bytes());
    assert_eq!(texts(&found), ["{\"a\":1}", "{\"b\":2}"]);
    assert!(found.problems[0].2.contains("deep"));
    let long = format!("[{{\"a\":1}},{{\"x\":\"{}\"}},{{\"b\":2}}]", "y".repeat(5000));
    let found = read_with(long.as_bytes(), Limits { record_bytes_max: 1000, ..Limits::default() });
    assert_eq!(texts(&found), ["{\"a\":1}", "{\"b\":2}"]);
    assert_eq!(found.problems[0].1, ProblemReason::OverLimit);
}

#[test]
fn rows_have_the_shape_of_their_header() {
    let zeek = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n#fields\tts\tuid\n#types\ttime\tstring\n1.0\tC1\n#close\tx\n#separator \\x09\n#path\tdns\n#fields\tts\n#types\ttime\n2.0\n";
    let found = read(zeek.as_bytes());
    assert_eq!(texts(&found), ["1.0\tC1", "2.0"]);
    assert!(
        matches!(&found.shapes[1], Shape::Zeek { path, fields, .. } if &**path == "dns" && fields.len() == 1)
    );
    let iis = "#Software: Microsoft Internet Information Services 10.0\r\n#Date: 2026-01-01 00:00:00\r\n#Fields: date time c-ip\r\n2026-01-01 00:00:01 192.0.2.1\r\n";
    let found = read(iis.as_bytes());
    assert!(
        matches!(&found.shapes[0], Shape::W3c { fields, software, .. } if fields.len() == 3 && software.starts_with("Micro"))
    );
    assert_eq!(texts(&found), ["2026-01-01 00:00:01 192.0.2.1"]);
    let csv = "TimeGenerated,User,Parameters\n2026-01-01,a,\"[\n  1,\n]\"\n2026-01-02,b,x\n";
    let found = read(csv.as_bytes());
    assert!(
        matches!(&found.shapes[0], Shape::Csv { header, delimiter: b',' } if header.len() == 3)
    );
    assert_eq!(found.records.len(), 2);
    let quoted = "TimeGenerated,Operation,Parameters\n2026-01-01,Set-Mailbox,\"[{\"\"Name\"\": \"\"Identity\"\", \"\"Value\"\": \"\"bob\"\"}]\"\n";
    let found = read(quoted.as_bytes());
    assert!(matches!(&found.shapes[0], Shape::Csv { header, .. } if header.len() == 3));
    let flows =
        "version account-id srcaddr dstaddr action\n2 1 192.0.2.1 192.0.2.2 ACCEPT\n2 1 - - -\n";
    let found = read(flows.as_bytes());
    assert!(matches!(&found.shapes[0], Shape::Csv { delimiter: b' ', .. }));
    assert_eq!(found.records.len(), 2);
    for lines in [
        LOG,
        "1,2026/01/01 00:00:00,0001,TRAFFIC,end\n1,2026/01/01 00:00:01,0001,TRAFFIC,end\n",
        "a,login,ok\nb,login,ok\n",
    ] {
        assert_eq!(read(lines.as_bytes()).shapes, [Shape::Lines], "{lines}");
    }
}

#[test]
fn xml_events_are_taken_out_of_their_wrapping() {
    let event =
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System/></Event>";
    let text = format!("<?xml version=\"1.0\"?>\n<Events>\n{event}\n{event}</Events>\nwhat\n");
    let found = read(text.as_bytes());
    assert_eq!(texts(&found), [event, event]);
    assert_eq!((found.problems.len(), found.problems[0].1), (1, ProblemReason::Malformed));
}

/// Fails after its bytes have been read.
struct Broken(Cursor<Vec<u8>>);

impl Read for Broken {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        match self.0.read(into)? {
            0 => Err(std::io::Error::other("the disk is gone")),
            count => Ok(count),
        }
    }
}

#[test]
fn a_failing_reader_gives_what_it_had() {
    let found = collect(open_stream(
        Box::new(Broken(Cursor::new(LOG.into()))),
        "in".into(),
        None,
        Limits::default(),
    ));
    assert_eq!(found.records.len(), 2);
    assert!(found.problems[0].2.contains("the disk is gone"));
}
