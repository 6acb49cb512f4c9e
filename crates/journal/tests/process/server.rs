//! The server: a journal behind a socket, and a consumer that puts what it reads into files, each written once.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use journal::{
    AppendError, Batch, BatchId, Config, EXIT_CODE_FAILED, Entry, FolderDisk, Journal,
    MachineClock, Reserve,
};
use ports::TenantId;

use super::Lake;

/// The folder to serve from.
pub(super) const FOLDER: &str = "JOURNAL_SERVE";
/// The consumer waits for this file.
pub(super) const HOLD: &str = "JOURNAL_HOLD";
/// Bytes of reserve.
pub(super) const RESERVE: &str = "JOURNAL_RESERVE";

/// Answers of the server.
pub(super) const TAKEN: u8 = 1;
pub(super) const FULL: u8 = 2;

/// Not a test: the server, when the variable says so.
#[test]
fn serve() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        run(&PathBuf::from(folder));
    }
}

#[expect(clippy::exit, reason = "the process ends as the product does")]
fn run(folder: &Path) {
    let reserve = std::env::var(RESERVE).ok().and_then(|bytes| bytes.parse().ok()).unwrap_or(0);
    let reserve = Reserve { bytes: reserve, percent: 0 };
    let disk = FolderDisk::open(&folder.join("journal"), reserve).unwrap();
    let lake = folder.join("lake");
    std::fs::create_dir_all(&lake).unwrap();
    let committed = committed(&lake);
    let config = Config {
        file_bytes_max: 4 << 20,
        group_bytes_max: 2 << 20,
        payload_bytes_max: 1 << 20,
        committed,
        ..Config::default()
    };
    let (journal, recovered) =
        Journal::open(Arc::new(disk), Arc::new(MachineClock::default()), config).unwrap();
    if let Some(lost) = recovered.lost.iter().find(|lost| lost.was_acknowledged) {
        eprintln!("{lost}");
        std::process::exit(3);
    }
    journal.on_failure(|reason| {
        eprintln!("{reason}");
        std::process::exit(EXIT_CODE_FAILED);
    });
    let journal = Arc::new(journal);
    let consuming = Arc::clone(&journal);
    std::thread::spawn(move || consume(&consuming, &lake, committed));
    let socket = folder.join("socket");
    drop(std::fs::remove_file(&socket));
    let listener = UnixListener::bind(socket).unwrap();
    for stream in listener.incoming().flatten() {
        let journal = Arc::clone(&journal);
        std::thread::spawn(move || answer(&journal, stream));
    }
}

/// Takes batches: id, records, length, payload; answers each with one byte.
fn answer(journal: &Journal, mut stream: UnixStream) {
    let mut head = [0; 24];
    while stream.read_exact(&mut head).is_ok() {
        let number = |at: usize| u32::from_le_bytes(head[at..at + 4].try_into().unwrap());
        let mut payload = vec![0; number(20) as usize];
        if stream.read_exact(&mut payload).is_err() {
            return;
        }
        let batch = Some(BatchId(head[..16].try_into().unwrap()));
        let source = "sender".into();
        let entry = Entry { tenant: TenantId::main(), source, batch, records: number(16), payload };
        let answer = match journal.append_wait(entry) {
            Ok(_) => TAKEN,
            Err(AppendError::Full { .. }) => FULL,
            Err(_) => return,
        };
        if stream.write_all(&[answer]).is_err() {
            return;
        }
    }
}

fn consume(journal: &Journal, lake: &Path, mut committed: u64) {
    while std::env::var_os(HOLD).is_some_and(|hold| !Path::new(&hold).exists()) {
        std::thread::sleep(Duration::from_millis(20));
    }
    loop {
        if journal.wait_past(committed, Duration::from_millis(500)) <= committed {
            continue;
        }
        let batch = journal.read(committed + 1, 1 << 20).unwrap();
        commit(lake, committed + 1, &batch);
        committed = batch.next - 1;
        journal.release(committed).unwrap();
    }
}

/// One file holds a stretch of the journal; its name says which, so that entries and position are one.
fn commit(lake: &Path, from: u64, batch: &Batch) {
    let mut bytes = Vec::new();
    for frame in &batch.frames {
        bytes.extend_from_slice(&frame.batch.unwrap().0);
        bytes.extend_from_slice(&frame.sequence.to_le_bytes());
        bytes.extend_from_slice(&frame.records.to_le_bytes());
        bytes.extend_from_slice(&crc32c::crc32c(&frame.payload).to_le_bytes());
    }
    let name = lake.join(format!("{from:020}-{:020}", batch.next - 1));
    let mut file = std::fs::File::create(name.with_extension("part")).unwrap();
    file.write_all(&bytes).unwrap();
    file.sync_all().unwrap();
    std::fs::rename(name.with_extension("part"), name.with_extension("lake")).unwrap();
    std::fs::File::open(lake).unwrap().sync_all().unwrap();
}

fn names(lake: &Path) -> Vec<(u64, u64, PathBuf)> {
    let entries = std::fs::read_dir(lake).map(|entries| entries.flatten().collect::<Vec<_>>());
    let range = |path: PathBuf| {
        let name = path.file_name()?.to_str()?.strip_suffix(".lake")?.to_owned();
        let (from, to) = name.split_once('-')?;
        Some((from.parse().ok()?, to.parse().ok()?, path))
    };
    let mut names: Vec<_> =
        entries.unwrap_or_default().into_iter().filter_map(|entry| range(entry.path())).collect();
    names.sort();
    names
}

fn committed(lake: &Path) -> u64 {
    names(lake).iter().map(|(_, to, _)| *to).max().unwrap_or(0)
}

/// Everything in the lake; stretches must follow each other.
pub(super) fn read_lake(folder: &Path) -> Lake {
    let mut lake = Lake::new();
    let mut next = 1;
    for (from, to, path) in names(folder) {
        assert_eq!(from, next, "a stretch is missing or twice");
        next = to + 1;
        for row in std::fs::read(path).unwrap().chunks_exact(32) {
            let number = |at: usize| u32::from_le_bytes(row[at..at + 4].try_into().unwrap());
            let sequence = u64::from_le_bytes(row[16..24].try_into().unwrap());
            lake.entry(row[..16].try_into().unwrap()).or_default().push((
                sequence,
                number(24),
                number(28),
            ));
        }
    }
    lake
}
