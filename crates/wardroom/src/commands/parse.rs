//! `wardroom parse`: logs as OCSF events, or counts of what they are.

use std::io::Write as _;
use std::sync::Arc;

use ingest::Decoded;
use ingest::mapping::Scratch;
use model::{Catalog, EventBatch, EventRef, FieldTable, event_to_ocsf};
use serde_json::json;

use crate::args::{EventOutput, ParseArgs};
use crate::content::{Mappings, Strictness};
use crate::exit::{Code, Failure, Outcome};
use crate::inputs;
use crate::pipeline::{self, DeadLetters, Progress, Taken, Tally};
use crate::terminal::Console;
use crate::time;
use crate::visible::{shorten, visible, write_json};

/// A chunk's events, written out already where they are wanted.
struct Parsed {
    name: Arc<str>,
    tally: Tally,
    problems: Vec<model::Problem>,
    events: Vec<Vec<u8>>,
}

/// Runs the command.
pub(super) fn run(arguments: &ParseArgs, console: &mut Console) -> Outcome {
    let (ingest, broken) = Mappings::layered(&arguments.sources.sources)?
        .ingest(FieldTable::default(), Strictness::PassOver)?;
    for it in &broken {
        console.complain(&format!("source left out: {}", it.message));
    }
    let forced = pipeline::forced(arguments.sources.source.as_deref(), ingest.mapper().catalog())?;
    let found = inputs::collect(&arguments.paths)?;
    found.tell(console);
    inputs::refuse_overwriting(&found, &[arguments.dead_letters.as_deref()])?;
    let mut dead_letters = DeadLetters::open(arguments.dead_letters.as_deref())?;
    let read_bytes = Arc::default();
    let progress = Progress::new(console, found.bytes(), &read_bytes);
    let catalog = Arc::clone(ingest.mapper().catalog());
    let mut writer = EventWriter {
        output: arguments.output,
        is_wanted: !arguments.stats,
        limit: arguments.limit,
        written: 0,
    };
    let work = |scratch: &mut Scratch, chunk: ingest::Chunk| {
        let (name, bytes) = (Arc::clone(&chunk.name), chunk.bytes.len() as u64);
        let Decoded { batch, problems } = ingest.decode(chunk, forced, scratch);
        let tally = Tally::of(&batch, bytes);
        let events =
            if arguments.stats { Vec::new() } else { render(&batch, &catalog, arguments.output) };
        Parsed { name, tally, problems, events }
    };
    let mut tally = Tally::default();
    writer.begin(console)?;
    let threads = pipeline::threads(arguments.threads);
    let ended = pipeline::run(&found, threads, &read_bytes, Scratch::default, work, |taken| {
        let (name, problems) = match taken {
            Taken::Problem(name, problem) => (name, vec![problem]),
            Taken::Worked(parsed) => {
                tally.add(&parsed.tally);
                progress.pause(|| writer.write(&parsed.events, console))?;
                (parsed.name, parsed.problems)
            }
        };
        for problem in &problems {
            tally.problem(&name, problem);
            dead_letters.write(&name, problem)?;
        }
        progress.update(tally.events(), None);
        if writer.is_full() { Err(pipeline::enough()) } else { Ok(()) }
    });
    progress.finish();
    pipeline::unless_enough(ended)?;
    writer.end(console)?;
    dead_letters.finish()?;
    if arguments.stats {
        write!(console.out, "{}", tally.table(&catalog, console))?;
    }
    tally.tell(console);
    if tally.events() == 0 {
        console.note("no events were read; are these the right files?");
    }
    let code = tally.conclude(0, console);
    Ok(if broken.is_empty() { code } else { Code::Incomplete })
}

/// Writes events that the workers have rendered.
struct EventWriter {
    output: EventOutput,
    is_wanted: bool,
    limit: u64,
    written: u64,
}

impl EventWriter {
    fn begin(&self, console: &mut Console) -> Result<(), Failure> {
        if self.is_wanted && self.output == EventOutput::Json {
            console.out.write_all(b"[")?;
        }
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.is_wanted && self.limit > 0 && self.written >= self.limit
    }

    fn write(&mut self, events: &[Vec<u8>], console: &mut Console) -> Result<(), Failure> {
        let is_array = self.output == EventOutput::Json;
        for event in events {
            if self.is_full() {
                break;
            }
            if is_array && self.written > 0 {
                console.out.write_all(b",\n")?;
            }
            console.out.write_all(event)?;
            if !is_array {
                console.out.write_all(b"\n")?;
            }
            self.written += 1;
        }
        Ok(())
    }

    fn end(&self, console: &mut Console) -> Result<(), Failure> {
        if self.is_wanted && self.output == EventOutput::Json {
            console.out.write_all(b"]\n")?;
        }
        Ok(())
    }
}

fn render(batch: &EventBatch, catalog: &Catalog, output: EventOutput) -> Vec<Vec<u8>> {
    batch
        .iter()
        .map(|event| match output {
            EventOutput::Table => row(event, catalog).into_bytes(),
            EventOutput::Json | EventOutput::Ndjson => {
                let mut line = Vec::new();
                if write_json(&mut line, &event_to_ocsf(event, catalog)).is_err() {
                    line = json!({}).to_string().into_bytes();
                }
                line
            }
        })
        .collect()
}

/// Time, kind and raw record in one line.
fn row(event: EventRef<'_>, catalog: &Catalog) -> String {
    let time = event.time().map_or_else(|| "-".to_owned(), time::show);
    let raw = String::from_utf8_lossy(event.raw());
    let raw = visible(&shorten(raw.trim_end(), 400)).into_owned();
    format!("{time:<20}  {:<40}  {raw}", catalog.kind_label(event.kind()))
}
