//! A chunk to a batch of events: every record decoded, mapped and accounted for.

use std::ops::Range;

use model::{BatchBuilder, EventBatch, KindId, Problem, ProblemReason, Timestamp};

use crate::format::{Format, auditd, csv, evtx, line, w3c, zeek};
use crate::mapping::{self, Mapped, Mapper, Scratch};
use crate::{Chunk, Fields, Limits, Malformed, Shape, input};

/// Raw bytes that a problem keeps of a record beyond the limit.
const EXCERPT_BYTES: usize = 4096;

/// What became of a chunk.
#[derive(Debug, Default)]
pub struct Decoded {
    /// Its events, unrecognised ones included, in order.
    pub batch: EventBatch,
    /// What could not be read, recognised or converted.
    pub problems: Vec<Problem>,
}

/// Decodes and maps chunks. Shared by threads; each brings its own [`Scratch`].
#[derive(Debug)]
pub struct Ingest {
    mapper: Mapper,
    limits: Limits,
}

impl Ingest {
    /// With these mappings and limits.
    pub fn new(mapper: Mapper, limits: Limits) -> Self {
        Self { mapper, limits }
    }

    /// The mappings.
    pub fn mapper(&self) -> &Mapper {
        &self.mapper
    }

    /// Decodes and maps every record of a chunk. `forced` is the index of a source that the user named.
    pub fn decode(&self, chunk: Chunk, forced: Option<usize>, scratch: &mut Scratch) -> Decoded {
        self.decode_cut(cut(chunk), forced, scratch)
    }

    /// Decodes and maps records that came one by one, so that nothing is to be cut: each says by itself what it is,
    /// and may hold line ends. Every range becomes one event; offsets are the ranges' beginnings. `reference` is when
    /// they came in, for times without a year.
    pub fn decode_records(
        &self,
        raw: Vec<u8>,
        ranges: impl IntoIterator<Item = Range<usize>>,
        reference: Option<Timestamp>,
        scratch: &mut Scratch,
    ) -> Decoded {
        let within = |range: &Range<usize>| raw.get(range.clone()).is_some();
        let record = |range: Range<usize>| Record {
            offset: range.start as u64,
            range,
            lines_before: Some(0),
        };
        let records = ranges.into_iter().filter(within).map(record).collect();
        let shape = std::sync::Arc::new(Shape::Lines);
        let (problems, first_line) = (Vec::new(), None);
        self.decode_cut(Cut { raw, records, problems, shape, reference, first_line }, None, scratch)
    }

    fn decode_cut(&self, cut: Cut, forced: Option<usize>, scratch: &mut Scratch) -> Decoded {
        scratch.begin_chunk(self.limits.depth_max);
        let Cut { raw, records, problems, shape, reference, first_line } = cut;
        let mut work = Work {
            ingest: self,
            raw: &raw,
            shape: &shape,
            reference,
            first_line,
            forced,
            problems,
            scratch,
            counted: (0, 0),
        };
        let mut builder = BatchBuilder::with_room(records.len(), raw.len());
        for record in &records {
            work.record(record, &mut builder);
        }
        let problems = work.problems;
        Decoded { batch: builder.finish(raw), problems }
    }
}

/// A chunk cut into records.
struct Cut {
    raw: Vec<u8>,
    records: Vec<Record>,
    problems: Vec<Problem>,
    shape: std::sync::Arc<Shape>,
    reference: Option<Timestamp>,
    first_line: Option<u64>,
}

struct Record {
    range: Range<usize>,
    /// In the decoded input.
    offset: u64,
    /// Lines before it in the chunk, when that is not to be counted in the bytes (they were moved).
    lines_before: Option<u64>,
}

fn cut(chunk: Chunk) -> Cut {
    let (shape, reference, offset, first_line) =
        (std::sync::Arc::clone(&chunk.shape), chunk.reference, chunk.offset, chunk.line);
    let (raw, records, problems) = if *shape == Shape::Evtx {
        let rendered = evtx::decode_evtx_chunk(chunk.bytes, offset);
        let record = |(index, (_, range))| Record {
            range,
            offset: offset + index as u64,
            lines_before: None,
        };
        let records = rendered.records.into_iter().enumerate().map(record).collect();
        (rendered.json, records, rendered.problems)
    } else if *shape == Shape::Lines && memchr::memmem::find(&chunk.bytes, b"msg=audit(").is_some()
    {
        let grouped = auditd::group(&chunk.bytes);
        let record = |record: auditd::Record| Record {
            range: record.range,
            offset: offset + record.offset as u64,
            lines_before: Some(record.line as u64),
        };
        let records = grouped.records.into_iter().map(record).collect();
        (grouped.bytes.into_owned(), records, Vec::new())
    } else {
        let record = |range: Range<usize>| Record {
            offset: offset + range.start as u64,
            range,
            lines_before: None,
        };
        let records = input::records(&chunk).map(record).collect();
        (chunk.bytes, records, Vec::new())
    };
    Cut { raw, records, problems, shape, reference, first_line }
}

/// The chunk that is being decoded.
struct Work<'a> {
    ingest: &'a Ingest,
    raw: &'a [u8],
    shape: &'a Shape,
    reference: Option<Timestamp>,
    first_line: Option<u64>,
    forced: Option<usize>,
    problems: Vec<Problem>,
    scratch: &'a mut Scratch,
    /// Bytes and line ends counted so far, so that problems find their line without counting anew.
    counted: (usize, u64),
}

impl Work<'_> {
    fn record(&mut self, record: &Record, builder: &mut BatchBuilder) {
        let Some(bytes) = self.raw.get(record.range.clone()) else { return };
        let limits = &self.ingest.limits;
        if bytes.len() > limits.record_bytes_max {
            let detail = format!(
                "a record of {} bytes; the limit is {}",
                bytes.len(),
                limits.record_bytes_max
            );
            let excerpt = bytes.get(..EXCERPT_BYTES).unwrap_or(bytes);
            self.problem(ProblemReason::OverLimit, detail, record, KindId::UNRECOGNISED, excerpt);
            return;
        }
        let mut fields =
            Fields::new(builder, &self.ingest.mapper.catalog().fields, self.raw, limits.fields_max);
        let decoded = self.decode(bytes, &mut fields);
        let is_full = fields.is_full();
        let mut flaw = self.scratch.documents.take_flaw();
        let format = match decoded {
            Ok(format) => format,
            // Nothing is dropped: what cannot be read is a text.
            Err(malformed) => {
                builder.abandon();
                flaw = Some(malformed);
                let table = &self.ingest.mapper.catalog().fields;
                Fields::new(builder, table, self.raw, limits.fields_max).put("message", bytes);
                Format::Text
            }
        };
        if is_full {
            let detail = format!(
                "more than {} fields; the rest is in the raw record only",
                limits.fields_max
            );
            self.problem(ProblemReason::OverLimit, detail, record, KindId::UNRECOGNISED, bytes);
        }
        let mapper = &self.ingest.mapper;
        let subject = mapping::Record {
            format,
            raw: self.raw,
            range: record.range.clone(),
            reference: self.reference,
            forced: self.forced,
        };
        let mapped = mapper.map(&subject, builder, self.scratch, limits);
        let range = (record.range.start as u32, record.range.end as u32);
        builder.finish_record(mapped.kind, mapped.time, record.offset, range);
        let is_sound = flaw.is_none();
        if let Some(flaw) = flaw {
            let reason = if flaw.is_over_limit {
                ProblemReason::OverLimit
            } else {
                ProblemReason::Malformed
            };
            self.problem(reason, flaw.detail, record, mapped.kind, bytes);
        }
        if is_sound || mapped.kind != KindId::UNRECOGNISED {
            self.account(format, mapped, record, bytes);
        }
    }

    fn decode(&mut self, bytes: &[u8], fields: &mut Fields<'_>) -> Result<Format, Malformed> {
        match self.shape {
            Shape::Lines => line::decode(bytes, fields, &mut self.scratch.documents),
            Shape::Json | Shape::Xml => self.scratch.documents.decode(bytes, fields),
            Shape::Evtx => self.scratch.documents.json.decode(bytes, fields).map(Format::from),
            Shape::Csv { header, delimiter } => {
                csv::decode(bytes, header, *delimiter, fields, &mut self.scratch.documents)
            }
            Shape::Zeek { path, fields: names, types, separators, absent } => {
                let absent = (&*absent.0, &*absent.1);
                let header =
                    zeek::Header { path, fields: names, types, separators: *separators, absent };
                zeek::decode(bytes, &header, fields)
            }
            Shape::W3c { fields: names, software, date } => {
                w3c::decode(bytes, &w3c::Header { fields: names, software, date }, fields)
            }
        }
    }

    /// Writes down what was not understood of a record that became an event.
    fn account(&mut self, format: Format, mapped: Mapped, record: &Record, bytes: &[u8]) {
        if mapped.kind == KindId::UNRECOGNISED {
            let detail =
                format!("no source recognises this {} record; --source names one", format.as_str());
            self.problem(ProblemReason::Unrecognised, detail, record, mapped.kind, bytes);
            return;
        }
        if let Some(attribute) = mapped.unconverted {
            let name = self.ingest.mapper.catalog().fields.name(attribute).to_owned();
            let detail = format!("a value that '{name}' cannot take; it is kept under unmapped");
            self.problem(ProblemReason::Conversion, detail, record, mapped.kind, bytes);
        }
        if mapped.lacks_time {
            let detail = "no readable time".to_owned();
            self.problem(ProblemReason::NoTime, detail, record, mapped.kind, bytes);
        }
    }

    fn problem(
        &mut self,
        reason: ProblemReason,
        detail: String,
        record: &Record,
        kind: KindId,
        raw: &[u8],
    ) {
        let lines = match record.lines_before {
            Some(lines) => lines,
            None => self.lines_before(record.range.start),
        };
        let line = self.first_line.map(|first| first + lines);
        let source = self.ingest.mapper.catalog().source_of(kind).map(|source| source.id.clone());
        self.problems.push(Problem {
            reason,
            detail,
            offset: record.offset,
            line,
            source,
            raw: raw.to_vec(),
        });
    }

    fn lines_before(&mut self, at: usize) -> u64 {
        let (from, lines) = self.counted;
        let between = self.raw.get(from..at).unwrap_or_default();
        self.counted = (at.max(from), lines + memchr::memchr_iter(b'\n', between).count() as u64);
        self.counted.1
    }
}
