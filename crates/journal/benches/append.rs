//! How fast 8 threads append events of 500 bytes, and how fast a journal with 1 GiB opens. Prints `FIGURE` lines.
//! `JOURNAL_BENCH_DIR` names the folder to measure on; without it one in the target folder is used.
#![expect(clippy::print_stdout, clippy::expect_used, reason = "a program that prints figures")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use journal::{BatchId, Config, Entry, FolderDisk, Journal, MachineClock, Reserve};
use ports::TenantId;

const THREADS: u64 = 8;
const EVENT_BYTES: usize = 500;
const SECONDS: u64 = 5;
/// Entries that a thread lets wait for their acknowledgement.
const WINDOW: usize = 2000;
/// Events a second of all threads in the paced run.
const PACE: u64 = 10_000;

fn open(folder: &Path, committed: u64) -> (Journal, journal::Recovered) {
    let disk = FolderDisk::open(folder, Reserve::default()).expect("a folder that can be written");
    let config = Config { committed, ..Config::default() };
    Journal::open(Arc::new(disk), Arc::new(MachineClock::default()), config).expect("a journal")
}

fn event(thread: u64, number: u64, bytes: usize) -> Entry {
    let mut id = [0; 16];
    id.iter_mut()
        .zip(thread.to_le_bytes().into_iter().chain(number.to_le_bytes()))
        .for_each(|(to, from)| *to = from);
    let payload = vec![b'x'; bytes];
    Entry {
        tenant: TenantId::main(),
        source: "bench".into(),
        batch: Some(BatchId(id)),
        records: 1,
        payload,
    }
}

/// Appends from all threads until the time is over; a consumer lets go of everything.
fn run(folder: &Path, name: &str, pace: Option<u64>) {
    let (journal, _) = open(folder, 0);
    let begin = Instant::now();
    let until = begin + Duration::from_secs(SECONDS);
    let sent = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (journal, sent) = (&journal, &sent);
            scope.spawn(move || {
                let mut waiting = std::collections::VecDeque::new();
                let mut number = 0;
                while Instant::now() < until {
                    if let Some(pace) = pace {
                        let due =
                            begin + Duration::from_micros(number * 1_000_000 * THREADS / pace);
                        std::thread::sleep(due.saturating_duration_since(Instant::now()));
                    } else if waiting.len() >= WINDOW {
                        waiting.drain(..WINDOW / 2).for_each(|receipt: journal::Receipt| {
                            receipt.wait().expect("an acknowledgement");
                        });
                    }
                    waiting.push_back(
                        journal.append(event(thread, number, EVENT_BYTES)).expect("room"),
                    );
                    number += 1;
                }
                waiting.into_iter().for_each(|receipt| assert!(receipt.wait().is_ok()));
                sent.fetch_add(number, Ordering::Relaxed);
            });
        }
        scope.spawn(|| {
            while Instant::now() < until {
                std::thread::sleep(Duration::from_millis(200));
                journal.release(journal.durable()).expect("a working disk");
            }
        });
    });
    let seconds = begin.elapsed().as_secs_f64();
    let figures = journal.figures();
    let events = sent.load(Ordering::Relaxed);
    println!("FIGURE journal_{name}_events {:.0} events/s", events as f64 / seconds);
    println!(
        "FIGURE journal_{name}_group {:.1} events/fsync",
        events as f64 / figures.groups.max(1) as f64
    );
    for (quantile, share) in [("p50", 0.5), ("p99", 0.99)] {
        let time = figures.latency.quantile(share).as_secs_f64() * 1000.0;
        println!("FIGURE journal_{name}_ack_{quantile} {time:.2} ms");
    }
}

/// Fills 1 GiB and opens it again.
fn restart(folder: &Path) {
    let (journal, _) = open(folder, 0);
    let mut receipts = std::collections::VecDeque::new();
    let mut number = 0;
    while journal.bytes() < 1 << 30 {
        receipts.push_back(journal.append(event(99, number, 100_000)).expect("room"));
        number += 1;
        if receipts.len() > 100 {
            receipts.pop_front().map(|receipt| receipt.wait().expect("an acknowledgement"));
        }
    }
    drop(receipts);
    drop(journal);
    let (journal, recovered) = open(folder, 0);
    let begin = Instant::now();
    journal.append_wait(event(98, 0, EVENT_BYTES)).expect("an acknowledgement");
    let ms = (recovered.took + begin.elapsed()).as_secs_f64() * 1000.0;
    println!("FIGURE journal_restart_1gib {ms:.1} ms");
    println!("FIGURE journal_restart_1gib_read {} bytes", recovered.bytes_read);
    let begin = Instant::now();
    let mut next = 1;
    while next <= journal.durable() {
        next = journal.read(next, 4 << 20).expect("a working disk").next;
    }
    println!(
        "FIGURE journal_read {:.0} MB/s",
        recovered.bytes as f64 / 1e6 / begin.elapsed().as_secs_f64()
    );
}

fn main() {
    let base = std::env::var_os("JOURNAL_BENCH_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from);
    let folder = tempfile::tempdir_in(base).expect("a folder that can be written");
    run(&folder.path().join("full"), "full", None);
    run(&folder.path().join("paced"), "paced", Some(PACE));
    restart(&folder.path().join("restart"));
}
