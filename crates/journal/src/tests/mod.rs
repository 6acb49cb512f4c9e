//! Tests on the simulated disk: the power goes, bytes rot, the disk is full or fails.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod damage;
mod faults;
mod power;

use std::sync::Arc;

use model::Timestamp;
use ports::TenantId;

use crate::sim::{Random, SimClock, World};
use crate::write::Core;
use crate::{Acknowledged, AppendError, BatchId, Config, Entry, OpenError, Receipt, Recovered};

const FILE_BYTES: u64 = 8 << 10;

/// Small files, so that few entries fill many.
fn config() -> Config {
    Config {
        file_bytes_max: FILE_BYTES,
        group_bytes_max: 3 << 10,
        queue_bytes_max: 32 << 10,
        payload_bytes_max: 2 << 10,
        batches_kept: 40,
        marker: *b"\xF1marker\x01",
        ..Config::default()
    }
}

fn open(world: &World, config: Config) -> Result<(Core, Recovered), OpenError> {
    let clock = Arc::new(SimClock::at(Timestamp(1_700_000_000_000)));
    Core::open(Arc::new(world.disk()), clock, config)
}

/// The entry of this number: what is in it follows from the number.
fn entry(number: u64) -> Entry {
    let mut random = Random::new(number);
    let length = 20 + random.below(if number.is_multiple_of(7) { 1500 } else { 200 }) as usize;
    let mut payload = number.to_le_bytes().to_vec();
    payload.extend((0..length).map(|_| random.draw() as u8));
    let mut id = [0; 16];
    id[..8].copy_from_slice(&number.to_le_bytes());
    let source = format!("source-{}", number % 3).into();
    let tenant = TenantId::main();
    Entry { tenant, source, batch: Some(BatchId(id)), records: 1, payload }
}

impl Core {
    fn append(&self, entry: Entry) -> Result<Receipt, AppendError> {
        self.offer(entry).map_err(|(error, _)| error)
    }
}

fn number_of(payload: &[u8]) -> u64 {
    u64::from_le_bytes(payload[..8].try_into().unwrap())
}

fn acknowledged(receipt: &Receipt) -> Acknowledged {
    receipt.outcome().unwrap().unwrap()
}

fn outcome(receipt: &Receipt) -> Option<Result<u64, AppendError>> {
    Some(receipt.outcome()?.map(|acknowledged| acknowledged.sequence))
}
