//! What is on the simulated disk, and what becomes of it without power.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use ports::FileName;

use super::SimDisk;
use crate::receipt::lock;

/// Bytes that are written or not as a whole.
pub(super) const PAGE: usize = 512;

/// SplitMix64 (Steele, Lea and Flood, 2014): numbers that depend on their seed only.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// A stream of numbers.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `limit`; 0 when the limit is 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        if limit == 0 { 0 } else { self.draw() % limit }
    }

    /// True in `percent` of a hundred cases.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// A call of the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// [`ports::Disk::append`].
    Append,
    /// [`ports::Disk::sync`].
    Sync,
    /// [`ports::Disk::sync_folder`].
    SyncFolder,
    /// [`ports::Disk::truncate`].
    Truncate,
    /// [`ports::Disk::rename`].
    Rename,
    /// [`ports::Disk::remove`].
    Remove,
}

/// What a call does instead of its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The device fails (EIO). Pages that were to be synchronised count as clean afterwards, though they are not on
    /// the disk.
    Io,
    /// No space (ENOSPC), half of the bytes being written.
    Full,
}

/// What becomes of bytes that lie on a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// The bit at this place of the byte is turned.
    Bit(u8),
    /// So many bytes are zeroed.
    Zero(usize),
    /// Everything from here on is gone.
    Cut,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    pub(super) durable: Vec<u8>,
    pub(super) live: Vec<u8>,
    /// Pages that differ for certain only until they are synchronised.
    pub(super) dirty: BTreeSet<usize>,
}

#[derive(Debug, Clone)]
pub(super) enum FolderOp {
    Set(FileName, usize),
    Unset(FileName),
    Rename(FileName, FileName, usize),
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) nodes: Vec<Node>,
    pub(super) durable: BTreeMap<FileName, usize>,
    pub(super) live: BTreeMap<FileName, usize>,
    pub(super) pending: Vec<FolderOp>,
    pub(super) generation: u64,
    pub(super) capacity: u64,
    pub(super) faults: Vec<(Op, u32, Fault)>,
    /// Calls that still work.
    pub(super) power: Option<u32>,
    pub(super) is_off: bool,
    pub(super) bytes_read: u64,
    pub(super) syncs: u64,
}

/// A machine with a disk. Handles of the disk from before a crash or restart do not work any more.
#[derive(Debug, Clone)]
pub struct World(pub(super) Arc<Mutex<State>>);

impl World {
    /// A machine whose disk has so many bytes.
    pub fn new(capacity: u64) -> Self {
        Self(Arc::new(Mutex::new(State { capacity, ..State::default() })))
    }

    /// The disk.
    pub fn disk(&self) -> SimDisk {
        SimDisk { generation: lock(&self.0).generation, world: self.clone() }
    }

    /// The process is killed and started again: nothing is lost.
    pub fn restart(&self) {
        let mut state = lock(&self.0);
        state.generation += 1;
        state.faults.clear();
        state.power = None;
        state.is_off = false;
    }

    /// The power goes and comes back: what was not synchronised is lost in part.
    pub fn crash(&self, seed: u64) {
        let mut random = Random::new(seed);
        {
            let mut state = lock(&self.0);
            for node in &mut state.nodes {
                node.crash(&mut random);
            }
            let pending = std::mem::take(&mut state.pending);
            let most = random.below(pending.len() as u64 + 1) as usize;
            let is_ordered = random.chance(50);
            for (place, op) in pending.into_iter().enumerate() {
                if if is_ordered { place < most } else { random.chance(50) } {
                    op.apply(&mut state.durable);
                }
            }
            state.live = state.durable.clone();
        }
        self.restart();
    }

    /// The call that comes `nth` from now (1 is the next) fails, once.
    pub fn fail(&self, op: Op, nth: u32, fault: Fault) {
        lock(&self.0).faults.push((op, nth, fault));
    }

    /// After so many calls that change something the power is off, the last one being done in part.
    pub fn power_off_after(&self, calls: u32) {
        lock(&self.0).power = Some(calls);
    }

    /// Whether the power is off.
    pub fn is_off(&self) -> bool {
        lock(&self.0).is_off
    }

    /// Changes how many bytes the disk has.
    pub fn set_capacity(&self, capacity: u64) {
        lock(&self.0).capacity = capacity;
    }

    /// Bytes that were read so far.
    pub fn bytes_read(&self) -> u64 {
        lock(&self.0).bytes_read
    }

    /// Calls of [`ports::Disk::sync`] so far.
    pub fn syncs(&self) -> u64 {
        lock(&self.0).syncs
    }

    /// All files as they are.
    pub fn files(&self) -> BTreeMap<FileName, Vec<u8>> {
        let state = lock(&self.0);
        let file = |(name, node): (&FileName, &usize)| {
            Some((name.clone(), state.nodes.get(*node)?.live.clone()))
        };
        state.live.iter().filter_map(file).collect()
    }

    /// A machine on whose disk these files lie.
    pub fn with(capacity: u64, files: BTreeMap<FileName, Vec<u8>>) -> Self {
        let mut state = State { capacity, ..State::default() };
        for (name, bytes) in files {
            state.durable.insert(name, state.nodes.len());
            state.nodes.push(Node { durable: bytes.clone(), live: bytes, dirty: BTreeSet::new() });
        }
        state.live = state.durable.clone();
        Self(Arc::new(Mutex::new(state)))
    }
}

impl Damage {
    /// Does it to some bytes at a place; whether they changed.
    pub fn apply(self, bytes: &mut Vec<u8>, at: usize) -> bool {
        let before = bytes.clone();
        match self {
            Self::Bit(bit) => {
                bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << (bit % 8));
            }
            Self::Zero(length) => bytes.iter_mut().skip(at).take(length).for_each(|byte| *byte = 0),
            Self::Cut => bytes.truncate(at),
        }
        *bytes != before
    }
}

impl FolderOp {
    pub(super) fn apply(&self, names: &mut BTreeMap<FileName, usize>) {
        match self {
            Self::Set(name, node) => {
                names.insert(name.clone(), *node);
            }
            Self::Unset(name) => {
                names.remove(name);
            }
            Self::Rename(from, to, node) => {
                names.remove(from);
                names.insert(to.clone(), *node);
            }
        }
    }
}

impl Node {
    fn page(bytes: &[u8], page: usize) -> [u8; PAGE] {
        let mut out = [0; PAGE];
        let from = bytes.iter().skip(page * PAGE);
        out.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
        out
    }

    fn put(&mut self, page: usize, bytes: &[u8]) {
        let place = self.durable.iter_mut().skip(page * PAGE);
        place.zip(bytes).for_each(|(to, from)| *to = *from);
    }

    /// Writes the dirty pages that `is_written` chooses, of the last one the first `part` bytes.
    pub(super) fn flush(&mut self, mut is_written: impl FnMut(usize) -> bool) {
        let length = self.live.len();
        self.durable.resize(length, 0);
        for page in std::mem::take(&mut self.dirty) {
            if is_written(page) {
                let bytes = Self::page(&self.live, page);
                self.put(page, &bytes);
            }
        }
    }

    fn crash(&mut self, random: &mut Random) {
        let (was, is) = (self.durable.len(), self.live.len());
        let between = was.min(is) + random.below(was.abs_diff(is) as u64 + 1) as usize;
        let length = *[was, is, between].get(random.below(3) as usize).unwrap_or(&is);
        let dirty: Vec<usize> = std::mem::take(&mut self.dirty).into_iter().collect();
        let most = random.below(dirty.len() as u64 + 1) as usize;
        let way = random.below(4);
        let old = self.durable.clone();
        self.durable.resize(length, 0);
        for (place, page) in dirty.into_iter().enumerate() {
            let is_written = match way {
                0 => true,
                1 => place < most,
                _ => random.chance(50),
            };
            if is_written {
                let mut bytes = Self::page(&self.live, page);
                if way == 3 && random.chance(30) {
                    let torn = random.below(PAGE as u64) as usize;
                    let before = Self::page(&old, page);
                    bytes.iter_mut().zip(before).skip(torn).for_each(|(to, from)| *to = from);
                }
                self.put(page, &bytes);
            }
        }
        self.live = self.durable.clone();
    }
}
