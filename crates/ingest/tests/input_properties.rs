//! Whatever the bytes: an input is read to its end, in order, and nothing of it gets lost.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::io::{self, Cursor, Read, Write};

use ingest::format::evtx::decode_evtx_chunk;
use ingest::format::json::JsonDecoder;
use ingest::format::xml::XmlDecoder;
use ingest::input::{Piece, open, open_stream, records};
use ingest::{Chunk, Fields, Limits, Shape};
use model::{BatchBuilder, FieldTable, KindId, Problem};
use proptest::prelude::*;

/// Gives few bytes at a time.
struct Slow(Cursor<Vec<u8>>, usize);

impl Read for Slow {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let most = into.len().min(self.1);
        self.0.read(&mut into[..most])
    }
}

fn small_limits() -> Limits {
    Limits { record_bytes_max: 400, chunk_bytes: 150, depth_max: 8, ..Limits::default() }
}

fn read(bytes: &[u8], limits: Limits, step: Option<usize>) -> (Vec<Chunk>, Vec<Problem>) {
    let input = match step {
        None => open(Box::new(Cursor::new(bytes.to_vec())), "t".into(), None, limits),
        Some(step) => {
            open_stream(Box::new(Slow(Cursor::new(bytes.to_vec()), step)), "t".into(), None, limits)
        }
    };
    let (mut chunks, mut problems) = (Vec::new(), Vec::new());
    for (count, piece) in input.enumerate() {
        assert!(count < 100_000, "an input without an end");
        match piece {
            Piece::Chunk(chunk) => chunks.push(chunk),
            Piece::Problem { problem, .. } => problems.push(problem),
        }
    }
    (chunks, problems)
}

/// Decodes everything; only panics are wrong.
fn decode(chunks: &[Chunk]) -> usize {
    let table = FieldTable::default();
    let mut count = 0;
    for chunk in chunks {
        let mut builder = BatchBuilder::default();
        let (raw, ranges) = if *chunk.shape == Shape::Evtx {
            let decoded = decode_evtx_chunk(chunk.bytes.clone(), chunk.offset);
            (decoded.json, decoded.records.into_iter().map(|(_, range)| range).collect::<Vec<_>>())
        } else {
            (chunk.bytes.clone(), records(chunk).collect())
        };
        let (mut json, mut xml) = (JsonDecoder::new(8), XmlDecoder::new(8));
        for range in ranges {
            count += 1;
            let record = &raw[range.clone()];
            for is_xml in [false, true] {
                let mut fields = Fields::new(&mut builder, &table, &raw, 20);
                let done = if is_xml {
                    xml.decode(record, &mut fields)
                } else {
                    json.decode(record, &mut fields)
                };
                assert!(fields.record().len() <= 20);
                if done.is_ok() {
                    builder.finish_record(
                        KindId(0),
                        None,
                        0,
                        (range.start as u32, range.end as u32),
                    );
                } else {
                    builder.abandon();
                }
            }
        }
        let batch = builder.finish(raw);
        for event in batch.iter() {
            event.slots().iter().for_each(|slot| drop(event.text(slot.value)));
        }
    }
    count
}

fn are_in_order(chunks: &[Chunk]) {
    for pair in chunks.windows(2) {
        assert!(pair[0].offset + pair[0].bytes.len() as u64 <= pair[1].offset, "chunks overlap");
        assert!(pair[0].line <= pair[1].line, "lines run backwards");
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Things that logs are made of.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just("\n".to_owned()),
        Just("\r\n\tat java.Thing(Thing.java:7)\n".to_owned()),
        Just("{\"a\":[{\"b\":1},{\"b\":\"\\\\\\\"\"}]}\n".to_owned()),
        Just("{\n \"Records\": [\n".to_owned()),
        Just("[{\"x\":1},".to_owned()),
        Just("]}".to_owned()),
        Just("<Event xmlns='x'><System><EventID Qualifiers=\"1\">4</EventID></System>".to_owned()),
        Just("<EventData><Data Name='A B'>x &amp; y</Data></EventData></Event>".to_owned()),
        Just("#separator \\x09\n#fields\ta\tb\n#types\tstring\tstring\n".to_owned()),
        Just("#Fields: date time\n".to_owned()),
        Just("name,other,third\n\"a\nb\",2,\"\"\"\n".to_owned()),
        Just("type=SYSCALL msg=audit(1.2:3): a=b\n".to_owned()),
        "[a-z ,;=\"{}\\[\\]<>\t\\\\]{0,40}",
        "\\PC{0,20}",
        "[a-c]{300,900}",
    ];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_to_their_end(bytes in prop::collection::vec(any::<u8>(), 0..3000), step in 1_usize..50) {
        for step in [None, Some(step)] {
            let (chunks, _) = read(&bytes, small_limits(), step);
            are_in_order(&chunks);
            decode(&chunks);
        }
    }

    #[test]
    fn any_text_is_read_to_its_end(bytes in pieces(), step in 1_usize..50) {
        let (chunks, problems) = read(&bytes, small_limits(), None);
        are_in_order(&chunks);
        decode(&chunks);
        let (slow, slow_problems) = read(&bytes, small_limits(), Some(step));
        are_in_order(&slow);
        let text = |chunks: &[Chunk]| -> Vec<u8> { chunks.iter().flat_map(|chunk| records(chunk).flat_map(|range| chunk.bytes[range].to_vec())).collect() };
        prop_assert_eq!(text(&chunks), text(&slow));
        prop_assert_eq!(problems.len(), slow_problems.len());
    }

    #[test]
    fn every_line_arrives(bytes in "([a-z ]{1,60}(\n|\r\n|\n\t)){0,40}[a-z]{0,5}") {
        let (chunks, problems) = read(bytes.as_bytes(), small_limits(), None);
        prop_assert!(problems.is_empty());
        let mut at = 0;
        for chunk in &chunks {
            prop_assert_eq!(chunk.offset, at);
            let lines = bytes.bytes().take(at as usize).map(|byte| u64::from(byte == b'\n')).sum::<u64>() + 1;
            prop_assert_eq!(chunk.line, Some(lines));
            at += chunk.bytes.len() as u64;
        }
        prop_assert_eq!(at, bytes.len() as u64);
        let joined: Vec<u8> = chunks.iter().flat_map(|chunk| chunk.bytes.clone()).collect();
        prop_assert_eq!(joined, bytes.into_bytes());
    }

    #[test]
    fn truncated_gzip_gives_what_it_has(bytes in pieces(), cut in 0.0..1.0_f64) {
        let packed = gzip(&bytes);
        let (whole, problems) = read(&packed, small_limits(), None);
        let (plain, plain_problems) = read(&bytes, small_limits(), None);
        prop_assert_eq!(problems.len(), plain_problems.len());
        prop_assert_eq!(whole.len(), plain.len());
        let cut = (packed.len() as f64 * cut) as usize;
        let (chunks, _) = read(&packed[..cut], small_limits(), None);
        are_in_order(&chunks);
        decode(&chunks);
    }
}
