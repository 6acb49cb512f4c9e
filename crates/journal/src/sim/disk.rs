//! The simulated disk as the journal sees it.

use std::sync::MutexGuard;

use ports::{Appended, Disk, DiskError, FileName};

use super::world::{FolderOp, Node, PAGE, State};
use super::{Fault, Op, World};
use crate::receipt::lock;

/// A handle of a simulated disk; it works until the machine crashes or the process is started again.
#[derive(Debug, Clone)]
pub struct SimDisk {
    pub(super) world: World,
    pub(super) generation: u64,
}

/// How a call goes.
enum Course {
    Whole,
    /// The power goes while it is done.
    Half,
    Fails(Fault),
}

impl SimDisk {
    fn state(&self, file: &str) -> Result<MutexGuard<'_, State>, DiskError> {
        let state = lock(&self.world.0);
        if state.is_off || state.generation != self.generation {
            return Err(failed(file, "the power is off"));
        }
        Ok(state)
    }

    /// Begins a call that changes something.
    fn begin(&self, op: Op, file: &str) -> Result<(MutexGuard<'_, State>, Course), DiskError> {
        let mut state = self.state(file)?;
        if let Some(left) = &mut state.power {
            *left = left.saturating_sub(1);
            if *left == 0 {
                state.is_off = true;
                return Ok((state, Course::Half));
            }
        }
        let due = state.faults.iter_mut().filter(|(which, ..)| *which == op);
        due.for_each(|(_, left, _)| *left = left.saturating_sub(1));
        let place = state.faults.iter().position(|(which, left, _)| *which == op && *left == 0);
        let course = match place {
            Some(place) => Course::Fails(state.faults.remove(place).2),
            None => Course::Whole,
        };
        Ok((state, course))
    }
}

fn failed(file: &str, reason: &str) -> DiskError {
    DiskError::Failed { file: file.to_owned(), reason: reason.to_owned() }
}

fn not_durable(file: &str) -> DiskError {
    DiskError::NotDurable { file: file.to_owned(), reason: "input/output error".to_owned() }
}

impl State {
    fn node(&mut self, file: &str) -> Result<&mut Node, DiskError> {
        let node = self.live.get(file).copied();
        node.and_then(|node| self.nodes.get_mut(node)).ok_or_else(|| failed(file, "is not there"))
    }

    fn change(&mut self, op: FolderOp) {
        op.apply(&mut self.live);
        self.pending.push(op);
    }

    fn free(&self) -> u64 {
        let lengths = self.live.values().filter_map(|node| Some(self.nodes.get(*node)?.live.len()));
        self.capacity.saturating_sub(lengths.sum::<usize>() as u64)
    }
}

impl Course {
    /// Whether the work is done, for calls that are done or not.
    fn is_done(&self, file: &str) -> Result<(), DiskError> {
        match self {
            Self::Whole => Ok(()),
            Self::Half => Err(failed(file, "the power is off")),
            Self::Fails(_) => Err(failed(file, "input/output error")),
        }
    }
}

impl Disk for SimDisk {
    fn list(&self) -> Result<Vec<FileName>, DiskError> {
        Ok(self.state(".")?.live.keys().cloned().collect())
    }

    fn read(&self, file: &str, from: u64, most: usize) -> Result<Vec<u8>, DiskError> {
        let mut state = self.state(file)?;
        let bytes = state.node(file)?.live.get(from as usize..).unwrap_or_default();
        let bytes = bytes.get(..most).unwrap_or(bytes).to_vec();
        state.bytes_read += bytes.len() as u64;
        Ok(bytes)
    }

    fn length(&self, file: &str) -> Result<u64, DiskError> {
        Ok(self.state(file)?.node(file)?.live.len() as u64)
    }

    fn append(&self, file: &str, bytes: &[u8]) -> Result<Appended, DiskError> {
        let (mut state, course) = self.begin(Op::Append, file)?;
        if !state.live.contains_key(file) {
            let node = state.nodes.len();
            state.nodes.push(Node::default());
            state.change(FolderOp::Set(file.to_owned(), node));
        }
        let free = state.free();
        let most = match course {
            Course::Whole => bytes.len().min(free as usize),
            _ => bytes.len() / 2,
        };
        let node = state.node(file)?;
        let from = node.live.len();
        node.live.extend_from_slice(bytes.get(..most).unwrap_or(bytes));
        node.dirty.extend(from / PAGE..node.live.len().div_ceil(PAGE));
        let length = node.live.len() as u64;
        match course {
            Course::Fails(Fault::Full) => Err(DiskError::Full { free, reserve: 0 }),
            Course::Whole if most < bytes.len() => Err(DiskError::Full { free, reserve: 0 }),
            course => course.is_done(file).map(|()| Appended { length }),
        }
    }

    fn truncate(&self, file: &str, length: u64) -> Result<(), DiskError> {
        let (mut state, course) = self.begin(Op::Truncate, file)?;
        course.is_done(file)?;
        let node = state.node(file)?;
        node.live.truncate(length as usize);
        let pages = node.live.len().div_ceil(PAGE);
        node.dirty.retain(|page| *page < pages);
        node.dirty.extend(pages.checked_sub(1));
        Ok(())
    }

    fn sync(&self, file: &str) -> Result<(), DiskError> {
        let (mut state, course) = self.begin(Op::Sync, file)?;
        state.syncs += 1;
        let node = state.node(file)?;
        match course {
            Course::Whole => node.flush(|_| true),
            // Stays dirty: the crash decides what is written.
            Course::Half => return Err(failed(file, "the power is off")),
            Course::Fails(_) => {
                node.flush(|page| page % 2 == 0);
                return Err(not_durable(file));
            }
        }
        Ok(())
    }

    fn sync_folder(&self) -> Result<(), DiskError> {
        let (mut state, course) = self.begin(Op::SyncFolder, ".")?;
        match course {
            Course::Whole => {
                state.durable = state.live.clone();
                state.pending.clear();
                Ok(())
            }
            Course::Half => Err(failed(".", "the power is off")),
            Course::Fails(_) => Err(not_durable(".")),
        }
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), DiskError> {
        let (mut state, course) = self.begin(Op::Rename, from)?;
        course.is_done(from)?;
        let node = state.live.get(from).copied().ok_or_else(|| failed(from, "is not there"))?;
        state.change(FolderOp::Rename(from.to_owned(), to.to_owned(), node));
        Ok(())
    }

    fn remove(&self, file: &str) -> Result<(), DiskError> {
        let (mut state, course) = self.begin(Op::Remove, file)?;
        course.is_done(file)?;
        if state.live.contains_key(file) {
            state.change(FolderOp::Unset(file.to_owned()));
        }
        Ok(())
    }

    fn free(&self) -> Result<u64, DiskError> {
        Ok(self.state(".")?.free())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn what_is_synchronised_stays_and_the_rest_may_go() {
        let (mut lost_bytes, mut lost_file, mut kept_all) = (0, 0, 0);
        for seed in 0..200 {
            let world = World::new(1 << 20);
            let disk = world.disk();
            disk.append("a", &[1; 2000]).unwrap();
            disk.sync("a").unwrap();
            disk.sync_folder().unwrap();
            disk.append("a", &[2; 2000]).unwrap();
            disk.append("b", &[3; 100]).unwrap();
            disk.sync("b").unwrap();
            world.crash(seed);
            assert!(disk.read("a", 0, 1).is_err(), "an old handle works");
            let disk = world.disk();
            let bytes = disk.read("a", 0, 9999).unwrap();
            assert_eq!(bytes[..2000], [1; 2000]);
            let is_all = bytes.len() == 4000 && bytes[2000..] == [2; 2000];
            lost_bytes += usize::from(!is_all);
            kept_all += usize::from(is_all);
            let has_b = disk.length("b");
            lost_file += usize::from(has_b.is_err());
            if let Ok(length) = has_b {
                assert_eq!(length, 100);
            }
        }
        assert!(
            lost_bytes > 50 && lost_file > 50 && kept_all > 10,
            "{lost_bytes} {lost_file} {kept_all}"
        );
    }

    #[test]
    fn pages_of_a_failed_sync_count_as_clean() {
        let world = World::new(1 << 20);
        let disk = world.disk();
        disk.append("a", &[1; 3000]).unwrap();
        world.fail(Op::Sync, 1, Fault::Io);
        assert!(matches!(disk.sync("a"), Err(DiskError::NotDurable { .. })));
        disk.sync("a").unwrap();
        disk.sync_folder().unwrap();
        assert_eq!(disk.read("a", 0, 3000).unwrap(), [1; 3000]);
        world.crash(1);
        assert_ne!(world.disk().read("a", 0, 3000).unwrap(), [1; 3000]);
    }

    #[test]
    fn a_full_disk_takes_a_part() {
        let world = World::new(150);
        let disk = world.disk();
        disk.append("a", &[1; 100]).unwrap();
        assert!(matches!(disk.append("a", &[1; 100]), Err(DiskError::Full { .. })));
        assert_eq!((disk.length("a").unwrap(), disk.free().unwrap()), (150, 0));
    }
}
