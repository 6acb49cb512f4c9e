//! Senders that send a batch until it is acknowledged, and remember what was.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::Lake;
use super::server::{FULL, TAKEN};

/// Records of a batch, and bytes of each.
pub(super) const RECORDS: u64 = 500;
const RECORD_BYTES: u64 = 40;

/// Between two batches, so that the disk of the machine is not filled.
const PAUSE: Duration = Duration::from_millis(5);

#[derive(Default)]
struct Shared {
    is_over: AtomicBool,
    acknowledged: AtomicU64,
    refused: AtomicU64,
    repeats: AtomicU64,
}

/// Some senders.
pub(super) struct Senders {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<(BTreeSet<[u8; 16]>, [u8; 16])>>,
}

/// What is known of the batches.
pub(super) struct Oracle {
    /// Acknowledged.
    pub(super) acknowledged: BTreeSet<[u8; 16]>,
    /// Sent last by each sender: may be in the lake without an acknowledgement.
    last: BTreeSet<[u8; 16]>,
    /// Batches that were sent again.
    pub(super) repeats: u64,
}

fn id(sender: u64, number: u64) -> [u8; 16] {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&sender.to_le_bytes());
    id[8..].copy_from_slice(&number.to_le_bytes());
    id
}

/// The records of a batch follow from its id.
fn payload(id: &[u8; 16]) -> Vec<u8> {
    id.iter().copied().cycle().take((RECORDS * RECORD_BYTES) as usize).collect()
}

fn send(stream: &mut UnixStream, id: &[u8; 16]) -> std::io::Result<u8> {
    let payload = payload(id);
    let mut bytes = id.to_vec();
    bytes.extend_from_slice(&(RECORDS as u32).to_le_bytes());
    bytes.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&payload);
    stream.write_all(&bytes)?;
    let mut answer = [0];
    stream.read_exact(&mut answer)?;
    Ok(answer[0])
}

fn run(socket: &Path, sender: u64, shared: &Shared) -> (BTreeSet<[u8; 16]>, [u8; 16]) {
    let mut acknowledged = BTreeSet::new();
    let mut number = 0;
    let mut stream = None;
    while !shared.is_over.load(Ordering::Relaxed) {
        let id = id(sender, number);
        let Some(open) = &mut stream else {
            stream = UnixStream::connect(socket).ok();
            std::thread::sleep(Duration::from_millis(u64::from(stream.is_none()) * 2));
            continue;
        };
        match send(open, &id) {
            Ok(TAKEN) => {
                acknowledged.insert(id);
                shared.acknowledged.fetch_add(1, Ordering::Relaxed);
                number += 1;
                std::thread::sleep(PAUSE);
            }
            Ok(FULL) => {
                shared.refused.fetch_add(1, Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(5));
            }
            _ => {
                shared.repeats.fetch_add(1, Ordering::Relaxed);
                stream = None;
            }
        }
    }
    (acknowledged, id(sender, number))
}

impl Senders {
    pub(super) fn start(socket: &Path, count: u64) -> Self {
        let shared = Arc::new(Shared::default());
        let start = |sender| {
            let (shared, socket): (_, PathBuf) = (Arc::clone(&shared), socket.to_owned());
            std::thread::spawn(move || run(&socket, sender, &shared))
        };
        let threads = (0..count).map(start).collect();
        Self { shared, threads }
    }

    /// Batches acknowledged so far.
    pub(super) fn acknowledged(&self) -> u64 {
        self.shared.acknowledged.load(Ordering::Relaxed)
    }

    /// How often a batch was refused because the disk was full.
    pub(super) fn refused(&self) -> u64 {
        self.shared.refused.load(Ordering::Relaxed)
    }

    pub(super) fn stop(self) -> Oracle {
        self.shared.is_over.store(true, Ordering::Relaxed);
        let mut oracle =
            Oracle { acknowledged: BTreeSet::new(), last: BTreeSet::new(), repeats: 0 };
        for thread in self.threads {
            let (mut acknowledged, last) = thread.join().unwrap();
            oracle.acknowledged.append(&mut acknowledged);
            oracle.last.insert(last);
        }
        oracle.repeats = self.shared.repeats.load(Ordering::Relaxed);
        oracle
    }
}

impl Oracle {
    /// How many acknowledged batches are not in the lake.
    pub(super) fn missing(&self, lake: &Lake) -> usize {
        self.acknowledged.iter().filter(|id| !lake.contains_key(*id)).count()
    }

    /// What is in the lake twice, is nobody's, or is not as it was sent.
    pub(super) fn wrong(&self, lake: &Lake) -> Vec<String> {
        let mut wrong = Vec::new();
        for (id, rows) in lake {
            if rows.len() != 1 {
                wrong.push(format!("{id:?} is there {} times", rows.len()));
            }
            if !self.acknowledged.contains(id) && !self.last.contains(id) {
                wrong.push(format!("{id:?} is alien"));
            }
            let sum = crc32c::crc32c(&payload(id));
            if rows.iter().any(|row| (u64::from(row.1), row.2) != (RECORDS, sum)) {
                wrong.push(format!("{id:?} is not as it was sent"));
            }
        }
        let numbers: BTreeSet<u64> = lake.values().flatten().map(|row| row.0).collect();
        if numbers.len() != lake.len() {
            wrong.push("two batches have one number".to_owned());
        }
        wrong
    }
}
