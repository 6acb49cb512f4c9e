//! Seeded histories with crashes: what was acknowledged reaches the consumer once and in order, and nothing else does.
//! With the journal broken on purpose the same histories must find it out.

use std::collections::BTreeMap;

use ports::DiskError;

use super::{FILE_BYTES, acknowledged, config, entry, number_of, open, outcome};
use crate::config::Mutation;
use crate::receipt::lock;
use crate::sim::{Fault, Op, Random, World};
use crate::write::Core;
use crate::{AppendError, Config, ReadError, Receipt};

/// Histories in every run of the tests; `WARDROOM_SOAK_SEEDS` sets another number.
const SEEDS: u64 = 200;
const CRASHES: u64 = 5;

/// Senders, consumer, and what both know.
struct History {
    world: World,
    random: Random,
    mutation: Option<Mutation>,
    /// Entries that were handed in, by number; the sequence number once it is acknowledged.
    sent: BTreeMap<u64, Option<u64>>,
    waiting: Vec<(u64, Receipt)>,
    /// What the consumer has taken over, by sequence number; it commits without fail.
    lake: BTreeMap<u64, u64>,
    committed: u64,
}

type Verdict = Result<(), String>;

impl History {
    fn new(seed: u64, mutation: Option<Mutation>) -> Self {
        Self {
            world: World::new(96 << 10),
            random: Random::new(seed),
            mutation,
            sent: BTreeMap::new(),
            waiting: Vec::new(),
            lake: BTreeMap::new(),
            committed: 0,
        }
    }

    fn open(&self) -> Result<Core, String> {
        let config = Config { committed: self.committed, mutation: self.mutation, ..config() };
        let read = self.world.bytes_read();
        let (core, recovered) = open(&self.world, config).map_err(|error| error.to_string())?;
        let bytes = self.world.bytes_read() - read;
        if bytes > 3 * FILE_BYTES + (16 << 10) {
            return Err(format!("opening has read {bytes} bytes"));
        }
        if let Some(lost) =
            recovered.lost.iter().find(|lost| self.hits_acknowledged(lost.first, lost.last))
        {
            return Err(format!("at opening {lost}"));
        }
        Ok(core)
    }

    fn hits_acknowledged(&self, first: u64, last: u64) -> bool {
        self.sent
            .values()
            .flatten()
            .any(|sequence| (first..=last).contains(sequence) && *sequence > self.committed)
    }

    fn send(&mut self, core: &Core) -> Verdict {
        let newest = self.sent.keys().next_back().copied().unwrap_or(0);
        let number = if self.random.chance(35) {
            // Again one of the last, within what is remembered.
            newest.saturating_sub(self.random.below(20)).max(1)
        } else {
            newest + 1
        };
        let before = self.sent.entry(number).or_insert(None);
        match core.append(entry(number)) {
            Ok(receipt) => self.waiting.push((number, receipt)),
            Err(AppendError::Busy { .. } | AppendError::Failed(_)) => {}
            Err(error) => return Err(format!("{number} after {before:?}: {error}")),
        }
        Ok(())
    }

    /// Takes in what was acknowledged.
    fn hear(&mut self) -> Verdict {
        for (number, receipt) in std::mem::take(&mut self.waiting) {
            match outcome(&receipt) {
                None => self.waiting.push((number, receipt)),
                Some(Err(_)) => {}
                Some(Ok(sequence)) => {
                    if let Some(Some(before)) = self.sent.insert(number, Some(sequence))
                        && before != sequence
                    {
                        return Err(format!(
                            "{number} was acknowledged as {before} and as {sequence}"
                        ));
                    }
                    let _is_whole = acknowledged(&receipt);
                }
            }
        }
        Ok(())
    }

    fn consume(&mut self, core: &Core) -> Verdict {
        let most = 1 + self.random.below(4000) as usize;
        let Ok(batch) = core.read(self.committed + 1, most) else {
            return if self.world.is_off() {
                Ok(())
            } else {
                Err("the journal cannot be read".to_owned())
            };
        };
        for lost in &batch.lost {
            if self.hits_acknowledged(lost.first, lost.last) {
                return Err(format!("while reading {lost}"));
            }
        }
        for frame in batch.frames {
            let number = number_of(&frame.payload);
            let sent = entry(number);
            if !self.sent.contains_key(&number)
                || sent.payload != frame.payload
                || sent.batch != frame.batch
            {
                return Err(format!("{} is alien", frame.sequence));
            }
            if frame.sequence <= self.committed {
                return Err(format!("{} comes after {}", frame.sequence, self.committed));
            }
            if let Some((other, _)) = self.lake.iter().find(|(_, other)| **other == number) {
                return Err(format!("{number} is {other} and {}", frame.sequence));
            }
            self.lake.insert(frame.sequence, number);
        }
        self.committed = batch.next - 1;
        if self.random.chance(60) {
            match core.release(self.committed) {
                Err(ReadError::Disk(DiskError::Full { .. })) | Ok(()) => {}
                Err(_) if self.world.is_off() || lock(&core.queue).failure.is_some() => {}
                Err(error) => return Err(error.to_string()),
            }
        }
        Ok(())
    }

    fn steps(&mut self, core: &Core) -> Verdict {
        let count = 10 + self.random.below(120);
        for _ in 0..count {
            match self.random.below(100) {
                0..60 => self.send(core)?,
                60..85 => {
                    core.turn();
                    self.hear()?;
                }
                85..97 => self.consume(core)?,
                _ => self.trouble(),
            }
            if let Some((name, bytes)) =
                self.world.files().iter().find(|(_, bytes)| bytes.len() as u64 > FILE_BYTES)
                && !name.starts_with("batches")
            {
                return Err(format!("{name} has {} bytes", bytes.len()));
            }
        }
        self.hear()
    }

    fn trouble(&mut self) {
        match self.random.below(5) {
            0 => self.world.fail(Op::Append, 1 + self.random.below(4) as u32, Fault::Full),
            1 => self.world.fail(Op::Sync, 1 + self.random.below(4) as u32, Fault::Io),
            2 => self.world.fail(Op::SyncFolder, 1, Fault::Io),
            _ => self.world.power_off_after(1 + self.random.below(12) as u32),
        }
    }

    fn run(&mut self, crashes: u64) -> Verdict {
        for _ in 0..crashes {
            let core = self.open()?;
            self.steps(&core)?;
            drop(core);
            self.waiting.clear();
            if self.random.chance(25) {
                self.world.restart();
            } else {
                let seed = self.random.draw();
                self.world.crash(seed);
            }
        }
        let core = self.open()?;
        let mut before = u64::MAX;
        while before != self.committed {
            before = self.committed;
            self.consume(&core)?;
        }
        for (number, sequence) in &self.sent {
            if let Some(sequence) = sequence
                && self.lake.get(sequence) != Some(number)
            {
                return Err(format!("{number}, acknowledged as {sequence}, is not there"));
            }
        }
        Ok(())
    }
}

fn seeds() -> u64 {
    std::env::var("WARDROOM_SOAK_SEEDS").ok().and_then(|count| count.parse().ok()).unwrap_or(SEEDS)
}

#[test]
fn nothing_acknowledged_is_lost_or_doubled_when_the_power_goes() {
    let (mut acknowledged, mut sent) = (0, 0);
    for seed in 0..seeds() {
        let mut history = History::new(seed, None);
        assert_eq!(history.run(CRASHES), Ok(()), "seed {seed}");
        sent += history.sent.len();
        acknowledged += history.sent.values().flatten().count();
    }
    assert!(
        acknowledged * 2 > sent && acknowledged > 20 * seeds() as usize,
        "{acknowledged} of {sent}"
    );
}

/// How many of the first histories find out that the journal is broken so.
fn finds(mutation: Mutation) -> usize {
    (0..SEEDS).filter(|seed| History::new(*seed, Some(mutation)).run(CRASHES).is_err()).count()
}

#[test]
fn the_histories_find_out_a_broken_journal() {
    for mutation in [
        Mutation::DropDataSync,
        Mutation::DropFolderSync,
        Mutation::AcknowledgeEarly,
        Mutation::SkipDedup,
        Mutation::UnboundedFile,
        Mutation::RetrySync,
    ] {
        let found = finds(mutation);
        assert!(found > 0, "{mutation:?} passes");
    }
}

#[test]
fn a_crash_at_every_single_call_is_survived() {
    for calls in 1..90 {
        let mut history = History::new(7, None);
        history.world.power_off_after(calls);
        for _ in 0..2 {
            // The power may go while it is being opened.
            if let Ok(core) = history.open() {
                for step in 0..60 {
                    assert_eq!(history.send(&core), Ok(()));
                    if step % 3 == 0 {
                        core.turn();
                    }
                    if step % 10 == 0 {
                        assert_eq!(history.consume(&core), Ok(()));
                    }
                    assert_eq!(history.hear(), Ok(()));
                }
            }
            history.waiting.clear();
            history.world.crash(u64::from(calls));
        }
        assert_eq!(history.run(1), Ok(()), "power off after {calls} calls");
    }
}
