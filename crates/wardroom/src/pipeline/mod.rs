//! Reading on one thread, working on many, taking results in the order of reading.
//!
//! The number of chunks between reading and taking is bounded by permits, so memory is bounded however slow
//! one chunk is; and because results are taken in order, output does not depend on the number of threads.

mod dead_letters;
mod progress;
mod tally;

use std::collections::BTreeMap;
use std::num::NonZero;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use ingest::input::Piece;
use ingest::{Chunk, Limits};
use model::{Catalog, Problem, ProblemReason};

use crate::exit::{Code, Failure};
use crate::inputs::{self, Inputs, Source};

pub(crate) use self::dead_letters::DeadLetters;
pub(crate) use self::progress::{Progress, per_second};
pub(crate) use self::tally::Tally;

/// What comes out, in the order of reading.
pub(crate) enum Taken<T> {
    /// A chunk has been worked on.
    Worked(T),
    /// Something could not be read in the input of this name.
    Problem(Arc<str>, Problem),
}

/// Threads to use when the user has no wish.
pub(crate) fn threads(wish: Option<u16>) -> usize {
    wish.map_or_else(|| thread::available_parallelism().map_or(1, NonZero::get), usize::from)
}

/// The index of the source that the user named.
pub(crate) fn forced(id: Option<&str>, catalog: &Catalog) -> Result<Option<usize>, Failure> {
    let Some(id) = id else { return Ok(None) };
    match catalog.sources.iter().position(|source| &*source.id == id) {
        Some(index) => Ok(Some(index)),
        None => Err(Failure::not_found(format!(
            "no source '{id}'; `wardroom sources list` shows what there is"
        ))),
    }
}

const ENOUGH: &str = "enough";

/// Ends a run early because nothing more is wanted.
pub(crate) fn enough() -> Failure {
    Failure::new(Code::Ok, ENOUGH)
}

/// A run that ended because nothing more was wanted has not failed.
pub(crate) fn unless_enough(ended: Result<(), Failure>) -> Result<(), Failure> {
    match ended {
        Err(failure) if failure.code == Code::Ok && failure.message == ENOUGH => Ok(()),
        other => other,
    }
}

/// The ends of the channels that the reader holds.
struct Desk<T> {
    permits: Receiver<()>,
    work: SyncSender<(u64, Chunk)>,
    results: SyncSender<(u64, Taken<T>)>,
    next: u64,
}

/// Reads all inputs. Every worker has a state of its own, made by `make`; `work` turns a chunk into a result;
/// `take` gets every result in order, on the calling thread. `read_bytes` counts what was read from files.
///
/// # Errors
/// The first error of `take` ends everything.
pub(crate) fn run<S, T: Send>(
    inputs: &Inputs,
    threads: usize,
    read_bytes: &Arc<AtomicU64>,
    make: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, Chunk) -> T + Sync,
    mut take: impl FnMut(Taken<T>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let in_flight = 2 * threads + 2;
    let (permit, permits) = sync_channel(in_flight);
    let (work_in, work_out) = sync_channel::<(u64, Chunk)>(threads);
    let (result_in, results) = sync_channel(in_flight);
    for _ in 0..in_flight {
        // The channel has room for all of them.
        let _sent = permit.send(());
    }
    let work_out = Mutex::new(work_out);
    thread::scope(|scope| {
        let mut desk = Desk { permits, work: work_in, results: result_in.clone(), next: 0 };
        scope.spawn(move || desk.read_all(inputs, read_bytes));
        for _ in 0..threads {
            let (results, work_out, make, work) = (result_in.clone(), &work_out, &make, &work);
            scope.spawn(move || {
                let mut state = make();
                let mut is_wanted = true;
                loop {
                    let next = work_out.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok((number, chunk)) = next else { break };
                    // When nobody takes results any more, the queue is emptied so that the reader can end.
                    if is_wanted {
                        is_wanted =
                            results.send((number, Taken::Worked(work(&mut state, chunk)))).is_ok();
                    }
                }
            });
        }
        drop(result_in);
        in_order(results, permit, &mut take)
    })
}

/// Takes results in the order of their numbers; each one taken lets the reader read another piece.
#[expect(
    clippy::needless_pass_by_value,
    reason = "on an error the permits end here, and with them the reader"
)]
fn in_order<T>(
    results: Receiver<(u64, Taken<T>)>,
    permit: SyncSender<()>,
    take: &mut impl FnMut(Taken<T>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut waiting = BTreeMap::new();
    let mut next = 0_u64;
    for (number, result) in results {
        waiting.insert(number, result);
        while let Some(result) = waiting.remove(&next) {
            next += 1;
            take(result)?;
            // A reader that has finished needs no more permits.
            let _sent = permit.send(());
        }
    }
    Ok(())
}

impl<T> Desk<T> {
    fn read_all(&mut self, inputs: &Inputs, read_bytes: &Arc<AtomicU64>) {
        for source in &inputs.sources {
            if self.read(source, read_bytes).is_none() {
                return;
            }
        }
    }

    /// Reads one input; `None` when nobody takes results any more.
    fn read(&mut self, source: &Source, read_bytes: &Arc<AtomicU64>) -> Option<()> {
        let path = match source {
            Source::Stdin => None,
            Source::File(path, _) => Some(path.as_path()),
            Source::Lost(path, reason, words) => {
                return self.problem(path, *reason, words.clone());
            }
        };
        let input = match (inputs::open(path, Limits::default(), read_bytes), source) {
            (Ok(input), _) => input,
            (Err(error), Source::File(path, size)) => {
                read_bytes.fetch_add(*size, Ordering::Relaxed);
                let words = inputs::unreadable(path, &error);
                return self.problem(path, ProblemReason::Unreadable, words);
            }
            // Standard input is open already.
            (Err(_), _) => return Some(()),
        };
        for piece in input {
            let number = self.number()?;
            match piece {
                Piece::Chunk(chunk) => self.work.send((number, chunk)).ok()?,
                Piece::Problem { name, problem } => {
                    self.results.send((number, Taken::Problem(name, problem))).ok()?;
                }
            }
        }
        Some(())
    }

    fn problem(&mut self, path: &Path, reason: ProblemReason, detail: String) -> Option<()> {
        let number = self.number()?;
        let name: Arc<str> = Arc::from(path.to_string_lossy());
        let problem =
            Problem { reason, detail, offset: 0, line: None, source: None, raw: Vec::new() };
        self.results.send((number, Taken::Problem(name, problem))).ok()
    }

    fn number(&mut self) -> Option<u64> {
        self.permits.recv().ok()?;
        let number = self.next;
        self.next += 1;
        Some(number)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;

    fn folder_of_logs() -> (tempfile::TempDir, Inputs) {
        let folder = tempfile::tempdir().unwrap();
        for index in 0..40 {
            fs::write(
                folder.path().join(format!("{index:02}.log")),
                format!("line of file {index}\n"),
            )
            .unwrap();
        }
        let inputs = inputs::collect(&[folder.path().to_owned()]).unwrap();
        (folder, inputs)
    }

    #[test]
    fn results_come_in_the_order_of_reading_whatever_the_threads() {
        let (_folder, inputs) = folder_of_logs();
        for threads in [1, 7] {
            let mut taken = Vec::new();
            let work = |(): &mut (), chunk: Chunk| {
                let text = String::from_utf8(chunk.bytes).unwrap();
                // Early files are the slow ones.
                thread::sleep(Duration::from_micros(if text.contains("file 1") {
                    3000
                } else {
                    10
                }));
                text
            };
            run(
                &inputs,
                threads,
                &Arc::default(),
                || (),
                work,
                |result| {
                    if let Taken::Worked(text) = result {
                        taken.push(text.trim().to_owned());
                    }
                    Ok(())
                },
            )
            .unwrap();
            let expected: Vec<String> =
                (0..40).map(|index| format!("line of file {index}")).collect();
            assert_eq!(taken, expected, "{threads} threads");
        }
    }

    #[test]
    fn an_error_in_taking_ends_the_run() {
        let (_folder, inputs) = folder_of_logs();
        let mut count = 0;
        let ended = run(
            &inputs,
            2,
            &Arc::default(),
            || (),
            |(): &mut (), _| (),
            |_| {
                count += 1;
                Err(Failure::usage("enough"))
            },
        );
        assert_eq!(ended.unwrap_err().message, "enough");
        assert_eq!(count, 1);
    }
}
