//! Which batches the journal knows, so that none is written twice.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use ports::TenantId;

use crate::receipt::Slot;
use crate::{BatchId, KnownBatch};

/// A tenant's source, as a number.
type Origin = u32;

/// What a batch is known by.
pub(crate) type Key = (Origin, BatchId);

/// What is known of a batch.
#[derive(Debug)]
pub(crate) enum Known {
    /// It waits to be written.
    Waiting(Arc<Slot>),
    /// It is durable.
    Written(u64),
}

/// The batches of one file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Group {
    /// The number of the file's first frame.
    pub(crate) first: u64,
    /// That of its last frame.
    pub(crate) last: u64,
    /// The file's length.
    pub(crate) bytes: u64,
    /// Numbers and ids.
    pub(crate) ids: Vec<(u64, Key)>,
    /// Whether the side index has it.
    pub(crate) is_saved: bool,
}

/// All batches that are known: those of the files, and those of files that are gone until enough others came.
#[derive(Debug, Default)]
pub(crate) struct Batches {
    numbers: HashMap<(TenantId, Box<str>), Origin>,
    origins: Vec<(TenantId, Box<str>)>,
    known: HashMap<Key, Known>,
    groups: VecDeque<Group>,
    total: usize,
    /// The side index holds something that no longer holds.
    pub(crate) is_stale: bool,
}

impl Batches {
    pub(crate) fn key(&mut self, tenant: &TenantId, source: &str, batch: BatchId) -> Key {
        let origin = (tenant.clone(), Box::from(source));
        if let Some(number) = self.numbers.get(&origin) {
            return (*number, batch);
        }
        let number = self.origins.len() as Origin;
        self.origins.push(origin.clone());
        self.numbers.insert(origin, number);
        (number, batch)
    }

    pub(crate) fn origin(&self, (origin, _): &Key) -> Option<&(TenantId, Box<str>)> {
        self.origins.get(*origin as usize)
    }

    pub(crate) fn find(&self, key: &Key) -> Option<&Known> {
        self.known.get(key)
    }

    pub(crate) fn wait(&mut self, key: Key, slot: Arc<Slot>) {
        self.known.insert(key, Known::Waiting(slot));
    }

    /// A batch that waited was refused.
    pub(crate) fn refuse(&mut self, key: &Key) {
        if matches!(self.known.get(key), Some(Known::Waiting(_))) {
            self.known.remove(key);
        }
    }

    /// Says how long the file is whose first frame has this number, and what its last is.
    pub(crate) fn grow(&mut self, first: u64, last: u64, bytes: u64) {
        if self.groups.back().is_none_or(|group| group.first < first) {
            self.groups.push_back(Group { first, ..Group::default() });
        }
        if let Some(group) = self.groups.back_mut() {
            group.last = last;
            group.bytes = bytes;
        }
    }

    /// A batch of the last file is durable.
    pub(crate) fn written(&mut self, key: Key, sequence: u64) {
        self.known.insert(key, Known::Written(sequence));
        if let Some(group) = self.groups.back_mut() {
            group.ids.push((sequence, key));
            self.total += 1;
        }
    }

    /// Adds the batches of a file in order of files; a file that is there is replaced.
    pub(crate) fn insert(&mut self, group: Group) {
        let place = self.groups.partition_point(|other| other.first < group.first);
        if self.groups.get(place).is_some_and(|other| other.first == group.first)
            && let Some(old) = self.groups.remove(place)
        {
            self.total -= old.ids.len();
            old.ids.iter().for_each(|id| self.drop_id(id));
        }
        for (sequence, key) in &group.ids {
            self.known.insert(*key, Known::Written(*sequence));
        }
        self.total += group.ids.len();
        self.groups.insert(place, group);
    }

    /// Batches that a consumer knows of; they are the first to be forgotten.
    pub(crate) fn remember(&mut self, batches: impl IntoIterator<Item = KnownBatch>) {
        let mut group = self.group(0).cloned().unwrap_or_default();
        for KnownBatch { tenant, source, batch, sequence } in batches {
            let key = self.key(&tenant, &source, batch);
            if self.find(&key).is_none() {
                group.ids.push((sequence, key));
            }
        }
        group.is_saved = true;
        self.insert(group);
    }

    fn drop_id(&mut self, (sequence, key): &(u64, Key)) {
        if matches!(self.known.get(key), Some(Known::Written(number)) if number == sequence) {
            self.known.remove(key);
        }
    }

    /// Forgets batches that were lost: they may be sent again.
    pub(crate) fn forget(&mut self, first: u64, last: u64) {
        let lost = first..=last;
        let mut gone = Vec::new();
        for group in
            self.groups.iter_mut().filter(|group| group.first <= last && first <= group.last)
        {
            gone.extend(group.ids.extract_if(.., |(number, _)| lost.contains(number)));
        }
        self.total -= gone.len();
        self.is_stale |= !gone.is_empty();
        gone.iter().for_each(|id| self.drop_id(id));
    }

    /// Forgets the oldest files before `oldest` as long as `kept` batches are left.
    pub(crate) fn evict(&mut self, oldest: u64, kept: usize) {
        while let Some(group) = self.groups.front()
            && group.first < oldest
            && self.total - group.ids.len() >= kept
            && let Some(group) = self.groups.pop_front()
        {
            self.total -= group.ids.len();
            group.ids.iter().for_each(|id| self.drop_id(id));
        }
    }

    pub(crate) fn group(&self, first: u64) -> Option<&Group> {
        self.groups.iter().find(|group| group.first == first)
    }

    pub(crate) fn groups(&self) -> impl Iterator<Item = &Group> {
        self.groups.iter()
    }

    /// Notes which files are in the side index.
    pub(crate) fn saved(&mut self, firsts: &[u64]) {
        for group in self.groups.iter_mut().filter(|group| firsts.contains(&group.first)) {
            group.is_saved = true;
        }
    }

    /// How many batches of files are known.
    pub(crate) fn total(&self) -> usize {
        self.total
    }

    /// How many batches are known, those that wait included.
    pub(crate) fn len(&self) -> usize {
        self.known.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(batches: &mut Batches, number: u8) -> bool {
        let key = batches.key(&TenantId::main(), "s", BatchId([number; 16]));
        batches.find(&key).is_some()
    }

    fn filled() -> Batches {
        let mut batches = Batches::default();
        for number in 1..=9_u8 {
            let key = batches.key(&TenantId::main(), "s", BatchId([number; 16]));
            batches.grow(u64::from(number - 1) / 3 * 3 + 1, u64::from(number), 100);
            batches.written(key, u64::from(number));
        }
        batches
    }

    #[test]
    fn whole_files_are_forgotten_and_enough_is_kept() {
        let mut batches = filled();
        batches.evict(7, 5);
        let left: Vec<u8> = (1..=9).filter(|number| known(&mut batches, *number)).collect();
        assert_eq!(left, [4, 5, 6, 7, 8, 9]);
        batches.evict(7, 0);
        assert_eq!(batches.len(), 3);
    }

    #[test]
    fn what_was_lost_may_be_sent_again() {
        let mut batches = filled();
        batches.forget(3, 4);
        let gone: Vec<u8> = (1..=9).filter(|number| !known(&mut batches, *number)).collect();
        assert_eq!((gone, batches.is_stale, batches.total), (vec![3, 4], true, 7));
    }

    #[test]
    fn ids_of_other_sources_and_tenants_are_others() {
        let mut batches = filled();
        let other = batches.key(&TenantId::main(), "t", BatchId([1; 16]));
        assert!(batches.find(&other).is_none());
        if let Ok(tenant) = TenantId::try_from("other".to_owned()) {
            let other = batches.key(&tenant, "s", BatchId([1; 16]));
            assert!(batches.find(&other).is_none());
        }
    }

    #[test]
    fn a_consumer_can_say_what_it_knows() {
        let mut batches = filled();
        let batch = |number: u8| KnownBatch {
            tenant: TenantId::main(),
            source: "s".into(),
            batch: BatchId([number; 16]),
            sequence: 1,
        };
        batches.remember([batch(1), batch(20)]);
        batches.remember([batch(21)]);
        assert_eq!((batches.len(), batches.total), (11, 11));
        batches.evict(1, 9);
        assert!(!known(&mut batches, 20) && known(&mut batches, 1));
    }
}
