//! The entry of every parser of untrusted bytes, for fuzz targets and for the frozen corpus alike.
//!
//! An entry takes any bytes and says how much came out of them. It must not panic, and what comes out must stay in
//! proportion to what went in: [`Outcome::is_in_proportion`].

use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use detect::Engine;
use detect::sigma::{Placeholders, RuleSet};
use ingest::format::json::JsonDecoder;
use ingest::format::xml::XmlDecoder;
use ingest::format::{
    Documents, access, auditd, cef, csv, evtx, kv, leef, line, syslog, timestamp, w3c, zeek,
};
use ingest::input::{Piece, open, open_stream};
use ingest::mapping::{Mapper, Scratch, SourceFiles};
use ingest::{Fields, Ingest, Limits};
use model::{BatchBuilder, Catalog, EventBatch, FieldTable, Timestamp};

/// A parser of untrusted bytes.
pub struct Entry {
    /// Its name: that of its fuzz target and of its folder in `fuzz/seeds`.
    pub name: &'static str,
    /// Runs it.
    pub run: fn(&[u8]) -> Outcome,
}

/// How much came out of some bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Records or documents that were read.
    pub records: usize,
    /// Fields of all records.
    pub fields: usize,
    /// Bytes of all texts.
    pub bytes: usize,
    /// Things that could not be read.
    pub problems: usize,
}

impl Outcome {
    /// Whether so much may come out of `input` bytes: bounds are generous, and what grows faster than its input
    /// breaks them. Compressed inputs may grow up to the limits of [`limits`].
    pub fn is_in_proportion(&self, input: usize) -> bool {
        let unpacked = limits().ratio_free_bytes as usize + 1024 * input;
        self.records <= unpacked
            && self.problems <= unpacked
            && self.fields <= unpacked
            && self.bytes <= 16 * unpacked
    }
}

/// Every parser, one line each.
pub const ALL: &[Entry] = &[
    Entry { name: "access", run: access },
    Entry { name: "auditd", run: auditd },
    Entry { name: "cef", run: cef },
    Entry { name: "csv", run: csv },
    Entry { name: "evtx", run: evtx },
    Entry { name: "ingest", run: ingest },
    Entry { name: "input", run: input },
    Entry { name: "journal", run: journal },
    Entry { name: "json", run: json },
    Entry { name: "kv", run: kv },
    Entry { name: "leef", run: leef },
    Entry { name: "line", run: line },
    Entry { name: "map_yaml", run: map_yaml },
    Entry { name: "sigma", run: sigma },
    Entry { name: "syslog", run: syslog },
    Entry { name: "timestamp", run: timestamp },
    Entry { name: "w3c", run: w3c },
    Entry { name: "windows_xml", run: windows_xml },
    Entry { name: "zeek", run: zeek },
];

/// Limits small enough that inputs of a few kilobytes reach them.
pub fn limits() -> Limits {
    Limits {
        record_bytes_max: 16 << 10,
        chunk_bytes: 4 << 10,
        depth_max: 32,
        fields_max: 512,
        ratio_max: 100,
        ratio_free_bytes: 256 << 10,
        entries_max: 64,
        nesting_max: 3,
    }
}

/// An access log line.
pub fn access(data: &[u8]) -> Outcome {
    record(data, |data, fields| access::decode(data, fields).is_some())
}

/// Records of the Linux audit daemon: cut into events, then each decoded.
pub fn auditd(data: &[u8]) -> Outcome {
    let _grouped = auditd::group(data);
    record(data, |data, fields| auditd::decode(data, fields).is_ok())
}

/// A CEF record.
pub fn cef(data: &[u8]) -> Outcome {
    record(data, |data, fields| cef::decode(data, fields).is_ok())
}

/// A CSV file: the first line is the header.
pub fn csv(data: &[u8]) -> Outcome {
    table(data, |header, row, fields| {
        // Each row is a batch of its own here.
        let mut documents = Documents::new(Limits::default().depth_max);
        csv::decode(row, header, b',', fields, &mut documents).is_ok()
    })
}

/// An EVTX chunk; what is missing of its 64 KiB is zeros.
pub fn evtx(data: &[u8]) -> Outcome {
    const CHUNK_BYTES: usize = 64 << 10;
    let mut chunk = data.get(..CHUNK_BYTES).unwrap_or(data).to_vec();
    chunk.resize(CHUNK_BYTES, 0);
    let found = evtx::decode_evtx_chunk(chunk, 0);
    let mut outcome = Outcome { problems: found.problems.len(), ..Outcome::default() };
    let mut decoder = JsonDecoder::new(limits().depth_max);
    for (_, range) in &found.records {
        let rendered = found.json.get(range.clone()).unwrap_or_default();
        outcome =
            outcome.and(record(rendered, |data, fields| decoder.decode(data, fields).is_ok()));
        // The decoder's names belong to the batch of one call of `record`.
        decoder = JsonDecoder::new(limits().depth_max);
    }
    outcome
}

/// The whole way with the sources of `content`: input, format, mapping, and back to OCSF.
pub fn ingest(data: &[u8]) -> Outcome {
    static CONTENT: LazyLock<Option<Ingest>> =
        LazyLock::new(|| Some(Ingest::new(content().ok()?, limits())));
    let Some(ingest) = CONTENT.as_ref() else { return Outcome::default() };
    let mut outcome = Outcome::default();
    let mut scratch = Scratch::default();
    for piece in
        open(Box::new(Cursor::new(data.to_vec())), "input".into(), Some(Timestamp(0)), limits())
    {
        match piece {
            Piece::Chunk(chunk) => {
                let decoded = ingest.decode(chunk, None, &mut scratch);
                outcome = outcome.and(measure(&decoded.batch));
                outcome.problems += decoded.problems.len();
                for event in decoded.batch.iter() {
                    let _document = model::event_to_ocsf(event, ingest.mapper().catalog());
                }
            }
            Piece::Problem { .. } => outcome.problems += 1,
        }
    }
    outcome
}

/// An input that can be searched, and the same as a stream.
pub fn input(data: &[u8]) -> Outcome {
    let searched = open(Box::new(Cursor::new(data.to_vec())), "input".into(), None, limits());
    let streamed =
        open_stream(Box::new(Cursor::new(data.to_vec())), "input".into(), None, limits());
    let mut outcome = Outcome::default();
    for piece in searched.chain(streamed) {
        match piece {
            Piece::Chunk(chunk) => {
                outcome.records += ingest::input::records(&chunk).count();
                outcome.bytes += chunk.bytes.len();
            }
            Piece::Problem { .. } => outcome.problems += 1,
        }
    }
    outcome
}

/// A file of the journal. Frames that are read have whole checksums, so what comes out cannot be more than went in.
///
/// # Panics
/// When more comes out than went in, or in another order.
pub fn journal(data: &[u8]) -> Outcome {
    let pieces = journal::pieces(data);
    let bytes: usize = pieces.frames.iter().map(|frame| frame.payload.len()).sum();
    assert!(bytes <= data.len(), "{bytes} bytes of payload from {}", data.len());
    assert!(pieces.frames.is_sorted_by(|one, next| one.sequence < next.sequence), "numbers fall");
    Outcome { records: pieces.frames.len(), fields: 0, bytes, problems: pieces.damage.len() }
}

/// A JSON object.
pub fn json(data: &[u8]) -> Outcome {
    let mut decoder = JsonDecoder::new(limits().depth_max);
    record(data, |data, fields| decoder.decode(data, fields).is_ok())
}

/// A record of pairs, and text with pairs in it.
pub fn kv(data: &[u8]) -> Outcome {
    let within = record(data, kv::decode_within);
    record(data, |data, fields| kv::begins_with_pair(data) | kv::decode(data, fields).is_ok())
        .and(within)
}

/// A LEEF record.
pub fn leef(data: &[u8]) -> Outcome {
    record(data, |data, fields| leef::decode(data, fields).is_ok())
}

/// A line that may be anything.
pub fn line(data: &[u8]) -> Outcome {
    let mut documents = Documents::new(limits().depth_max);
    record(data, |data, fields| line::decode(data, fields, &mut documents).is_ok())
}

/// A `map.yaml`, compiled beside a `source.yaml` that is in order.
pub fn map_yaml(data: &[u8]) -> Outcome {
    // The taxonomy is ours and large; reading it again for every input would cost more than the input.
    const TAXONOMY: &str = "process_creation:\n  Image: [process.file.path]\n";
    const ABOUT: &str =
        "title: A\nvendor: V\nproduct: P\nclass: server\nsummary: S\ndocs: https://example.org/\n";
    let files = SourceFiles {
        id: "vendor_product".to_owned(),
        source: ABOUT.to_owned(),
        map: String::from_utf8_lossy(data).into_owned(),
    };
    match Mapper::compile(FieldTable::default(), &[files], TAXONOMY) {
        Ok(mapper) => Outcome { records: mapper.catalog().kinds.len(), ..Outcome::default() },
        Err(errors) => Outcome { problems: errors.len(), ..Outcome::default() },
    }
}

/// A file of Sigma documents: read, and compiled into a matcher.
pub fn sigma(data: &[u8]) -> Outcome {
    let text = String::from_utf8_lossy(data);
    let (rules, refusals) = RuleSet::load([("rule.yml", text.as_ref())], &Placeholders::default());
    let records = rules.rules.len() + rules.correlations.len();
    let mut catalog = Catalog::default();
    Engine::names(&rules, &mut catalog.fields);
    let _engine = Engine::compile(Arc::new(rules), Arc::new(catalog));
    Outcome { records, problems: refusals.len(), ..Outcome::default() }
}

/// A syslog envelope.
pub fn syslog(data: &[u8]) -> Outcome {
    record(data, |data, fields| match syslog::envelope(data) {
        Some(envelope) => {
            syslog::put(&envelope, fields);
            true
        }
        None => false,
    })
}

/// A time: in the known ways, and in the way that the first line says.
pub fn timestamp(data: &[u8]) -> Outcome {
    let mut lines = data.split(|byte| *byte == b'\n');
    let first = lines.next().unwrap_or_default();
    let mut outcome = Outcome::default();
    let mut count = |time: Option<Timestamp>| match time {
        Some(_) => outcome.records += 1,
        None => outcome.problems += 1,
    };
    count(timestamp::parse(first, None));
    count(timestamp::parse(first, Some(Timestamp(1_700_000_000_000))));
    if let (Ok(format), Some(second)) = (std::str::from_utf8(first), lines.next()) {
        count(timestamp::parse_with(format, second));
    }
    outcome
}

/// A W3C extended log: the first line has the names of the columns.
pub fn w3c(data: &[u8]) -> Outcome {
    table(data, |names, row, fields| {
        let header = w3c::Header { fields: names, software: "Software 1.0", date: "2026-01-01" };
        w3c::decode(row, &header, fields).is_ok()
    })
}

/// A Windows event, or any other element.
pub fn windows_xml(data: &[u8]) -> Outcome {
    let mut decoder = XmlDecoder::new(limits().depth_max);
    record(data, |data, fields| decoder.decode(data, fields).is_ok())
}

/// A Zeek log: the first line has the names of the columns, their types go round.
pub fn zeek(data: &[u8]) -> Outcome {
    const TYPES: [&str; 9] = [
        "time",
        "string",
        "addr",
        "port",
        "count",
        "bool",
        "double",
        "set[string]",
        "vector[interval]",
    ];
    table(data, |names, row, fields| {
        let types: Vec<Box<str>> =
            TYPES.iter().cycle().take(names.len()).map(|word| (*word).into()).collect();
        let header = zeek::Header {
            path: "conn",
            fields: names,
            types: &types,
            separators: (b',', b';'),
            absent: ("(empty)", "-"),
        };
        zeek::decode(row, &header, fields).is_ok()
    })
}

impl Outcome {
    fn and(self, other: Self) -> Self {
        Self {
            records: self.records + other.records,
            fields: self.fields + other.fields,
            bytes: self.bytes + other.bytes,
            problems: self.problems + other.problems,
        }
    }
}

/// Decodes one record and measures the batch it becomes.
fn record(data: &[u8], decode: impl FnOnce(&[u8], &mut Fields<'_>) -> bool) -> Outcome {
    let (mut builder, table) = (BatchBuilder::default(), FieldTable::default());
    let is_read = decode(data, &mut Fields::new(&mut builder, &table, data, limits().fields_max));
    builder.end_native();
    builder.end_attributes();
    builder.finish_record(model::KindId::UNRECOGNISED, None, 0, (0, data.len() as u32));
    let outcome = measure(&builder.finish(data.to_vec()));
    Outcome { records: usize::from(is_read), problems: usize::from(!is_read), ..outcome }
}

/// Decodes the rows of a table whose first line has the names of its columns.
fn table(
    data: &[u8],
    mut decode: impl FnMut(&[Box<str>], &[u8], &mut Fields<'_>) -> bool,
) -> Outcome {
    let mut lines = data.split(|byte| *byte == b'\n');
    let header = String::from_utf8_lossy(lines.next().unwrap_or_default());
    let names: Vec<Box<str>> = header.split(',').map(Into::into).collect();
    lines.fold(Outcome::default(), |outcome, row| {
        outcome.and(record(row, |row, fields| decode(&names, row, fields)))
    })
}

fn measure(batch: &EventBatch) -> Outcome {
    let mut outcome = Outcome { records: batch.len(), ..Outcome::default() };
    for event in batch.iter() {
        outcome.fields += event.slots().len();
        outcome.bytes +=
            event.slots().iter().map(|slot| event.text(slot.value).len()).sum::<usize>();
    }
    outcome
}

fn content_folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../content"))
}

/// The sources of `content`, compiled.
///
/// # Errors
/// When a file cannot be read or a source does not compile; the words say which.
pub fn content() -> Result<Mapper, String> {
    let taxonomy = content_folder().join("taxonomy.yaml");
    let taxonomy = fs::read_to_string(&taxonomy)
        .map_err(|error| format!("{}: {error}", taxonomy.display()))?;
    let folder = content_folder().join("sources");
    let entries =
        fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| error.to_string())?;
        let read = |name: &str| {
            let path = entry.path().join(name);
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
        };
        let id = entry.file_name().to_string_lossy().into_owned();
        files.push(SourceFiles { id, source: read("source.yaml")?, map: read("map.yaml")? });
    }
    Mapper::compile(FieldTable::default(), &files, &taxonomy)
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}
