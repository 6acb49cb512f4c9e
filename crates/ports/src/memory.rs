//! A state and a clock in memory, **for tests**: what they hold is gone with the process. They keep the promises of
//! the traits (all or nothing, versions, unique keys, audit numbers), and can be told to fail.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use model::Timestamp;
use uuid::Uuid;

use crate::{
    AuditEntry, Clock, Commit, Fact, Lease, Record, RecordChange, Segment, State, StateError,
    TenantId,
};

#[derive(Debug, Clone, Default)]
struct Held {
    facts: BTreeMap<String, Vec<Fact>>,
    records: BTreeMap<(String, String), Record>,
    positions: BTreeMap<String, (u64, Vec<u8>)>,
    segments: BTreeMap<Uuid, Segment>,
    audit: Vec<AuditEntry>,
}

/// A state in memory, for tests.
#[derive(Debug, Default)]
pub struct MemoryState {
    tenants: Mutex<HashMap<TenantId, Held>>,
    leases: Mutex<HashMap<String, Lease>>,
    reads: AtomicU64,
    is_audit_down: AtomicBool,
    is_down: AtomicBool,
}

impl MemoryState {
    /// Lets writing to the audit log fail, or work again.
    pub fn set_audit_down(&self, is_down: bool) {
        self.is_audit_down.store(is_down, Ordering::SeqCst);
    }

    /// Lets everything fail, or work again.
    pub fn set_down(&self, is_down: bool) {
        self.is_down.store(is_down, Ordering::SeqCst);
    }

    /// Reads since the start.
    pub fn reads(&self) -> u64 {
        self.reads.load(Ordering::SeqCst)
    }

    /// Everything that is held, as text: to look for what must not be there.
    pub fn dump(&self) -> String {
        format!("{:?}", self.held())
    }

    fn held(&self) -> MutexGuard<'_, HashMap<TenantId, Held>> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check(&self) -> Result<(), StateError> {
        if self.is_down.load(Ordering::SeqCst) {
            return Err(StateError::Unavailable("told to be down".to_owned()));
        }
        Ok(())
    }

    fn read<T>(&self, tenant: &TenantId, what: impl FnOnce(&Held) -> T) -> Result<T, StateError> {
        self.check()?;
        self.reads.fetch_add(1, Ordering::SeqCst);
        Ok(what(self.held().entry(tenant.clone()).or_default()))
    }
}

fn conflict(what: impl Into<String>) -> StateError {
    StateError::Conflict { what: what.into() }
}

impl Held {
    fn fact(&mut self, fact: Fact) -> Result<(), StateError> {
        let stream = self.facts.entry(fact.stream.clone()).or_default();
        if fact.number != stream.len() as u64 + 1 {
            return Err(conflict(fact.stream));
        }
        stream.push(fact);
        Ok(())
    }

    fn record(&mut self, change: RecordChange) -> Result<(), StateError> {
        let RecordChange { record, from } = change;
        let key = (record.kind.clone(), record.id.clone());
        if self.records.get(&key).map_or(0, |known| known.version) != from {
            return Err(conflict(format!("{}/{}", record.kind, record.id)));
        }
        for (name, value) in record.keys.iter().filter(|(name, _)| name.starts_with('!')) {
            let is_taken = self.records.values().any(|other| {
                other.kind == record.kind
                    && other.id != record.id
                    && other.keys.get(name) == Some(value)
            });
            if is_taken {
                return Err(StateError::Taken { key: name.clone(), value: value.clone() });
            }
        }
        self.records.insert(key, record);
        Ok(())
    }

    fn commit(&mut self, commit: Commit) -> Result<(), StateError> {
        commit.facts.into_iter().try_for_each(|fact| self.fact(fact))?;
        commit.records.into_iter().try_for_each(|change| self.record(change))?;
        for change in commit.positions {
            let position = self.positions.entry(change.name.clone()).or_default();
            if position.0 != change.from {
                return Err(conflict(change.name));
            }
            *position = (change.to, change.body);
        }
        for id in commit.segments_gone {
            self.segments.remove(&id).ok_or_else(|| conflict(format!("segment {id}")))?;
        }
        self.segments.extend(commit.segments.into_iter().map(|segment| (segment.id, segment)));
        Ok(())
    }

    fn records(
        &self,
        kind: &str,
        key: Option<(&str, &str)>,
        after: Option<&str>,
        most: u32,
    ) -> Vec<Record> {
        let is_wanted = |record: &&Record| {
            record.kind == kind
                && after.is_none_or(|after| record.id.as_str() > after)
                && key.is_none_or(|(name, value)| {
                    record.keys.get(name).is_some_and(|known| known == value)
                })
        };
        self.records.values().filter(is_wanted).take(most as usize).cloned().collect()
    }
}

#[async_trait]
impl State for MemoryState {
    async fn commit(&self, tenant: &TenantId, commit: Commit) -> Result<(), StateError> {
        self.check()?;
        let mut tenants = self.held();
        let held = tenants.entry(tenant.clone()).or_default();
        let mut changed = held.clone();
        changed.commit(commit)?;
        *held = changed;
        Ok(())
    }

    async fn record(
        &self,
        tenant: &TenantId,
        kind: &str,
        id: &str,
    ) -> Result<Option<Record>, StateError> {
        self.read(tenant, |held| held.records.get(&(kind.to_owned(), id.to_owned())).cloned())
    }

    async fn find(
        &self,
        tenant: &TenantId,
        kind: &str,
        key: (&str, &str),
        after: Option<&str>,
        most: u32,
    ) -> Result<Vec<Record>, StateError> {
        self.read(tenant, |held| held.records(kind, Some(key), after, most))
    }

    async fn list(
        &self,
        tenant: &TenantId,
        kind: &str,
        after: Option<&str>,
        most: u32,
    ) -> Result<Vec<Record>, StateError> {
        self.read(tenant, |held| held.records(kind, None, after, most))
    }

    async fn facts(
        &self,
        tenant: &TenantId,
        stream: &str,
        after: u64,
        most: u32,
    ) -> Result<Vec<Fact>, StateError> {
        self.read(tenant, |held| {
            let facts = held.facts.get(stream).map(Vec::as_slice).unwrap_or_default();
            facts.iter().skip(after as usize).take(most as usize).cloned().collect()
        })
    }

    async fn position(&self, tenant: &TenantId, name: &str) -> Result<(u64, Vec<u8>), StateError> {
        self.read(tenant, |held| held.positions.get(name).cloned().unwrap_or_default())
    }

    async fn segments(
        &self,
        tenant: &TenantId,
        table: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Segment>, StateError> {
        self.read(tenant, |held| {
            let is_wanted = |segment: &&Segment| {
                segment.table == table && segment.time_max >= from && segment.time_min <= to
            };
            let mut found: Vec<Segment> =
                held.segments.values().filter(is_wanted).cloned().collect();
            found.sort_by_key(|segment| segment.time_min);
            found
        })
    }

    async fn audit_head(&self, tenant: &TenantId) -> Result<Option<AuditEntry>, StateError> {
        self.read(tenant, |held| held.audit.last().cloned())
    }

    async fn audit_append(&self, tenant: &TenantId, entry: &AuditEntry) -> Result<(), StateError> {
        self.check()?;
        if self.is_audit_down.load(Ordering::SeqCst) {
            return Err(StateError::Unavailable("the audit log was told to be down".to_owned()));
        }
        let mut tenants = self.held();
        let audit = &mut tenants.entry(tenant.clone()).or_default().audit;
        if entry.number != audit.len() as u64 + 1 {
            return Err(conflict(format!("audit entry {}", entry.number)));
        }
        audit.push(entry.clone());
        Ok(())
    }

    async fn audit(
        &self,
        tenant: &TenantId,
        after: u64,
        most: u32,
    ) -> Result<Vec<AuditEntry>, StateError> {
        self.read(tenant, |held| {
            held.audit.iter().skip(after as usize).take(most as usize).cloned().collect()
        })
    }

    async fn lease(
        &self,
        job: &str,
        holder: &str,
        length: Duration,
    ) -> Result<Option<Lease>, StateError> {
        self.check()?;
        let mut leases = self.leases.lock().unwrap_or_else(PoisonError::into_inner);
        let fence = match leases.get(job) {
            Some(lease) if lease.holder != holder => return Ok(None),
            Some(lease) => lease.fence,
            None => 1,
        };
        // There is no clock here: a lease ends when it is given back.
        let until = Timestamp(length.as_millis() as i64);
        let lease = Lease { job: job.to_owned(), holder: holder.to_owned(), fence, until };
        leases.insert(job.to_owned(), lease.clone());
        Ok(Some(lease))
    }

    async fn release(&self, lease: &Lease) -> Result<(), StateError> {
        let mut leases = self.leases.lock().unwrap_or_else(PoisonError::into_inner);
        leases.retain(|_, known| known != lease);
        Ok(())
    }
}

/// A clock that stands until it is moved, for tests.
#[derive(Debug, Default)]
pub struct ManualClock {
    now_ms: AtomicI64,
    elapsed_ms: AtomicI64,
}

impl ManualClock {
    /// With a time of day in milliseconds.
    pub fn at(now_ms: i64) -> Self {
        Self { now_ms: AtomicI64::new(now_ms), elapsed_ms: AtomicI64::new(0) }
    }

    /// Time passes.
    pub fn pass(&self, time: Duration) {
        let passed_ms = time.as_millis() as i64;
        self.now_ms.fetch_add(passed_ms, Ordering::SeqCst);
        self.elapsed_ms.fetch_add(passed_ms, Ordering::SeqCst);
    }

    /// Somebody sets the time of day; no time passes.
    pub fn set(&self, now_ms: i64) {
        self.now_ms.store(now_ms, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.now_ms.load(Ordering::SeqCst))
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.elapsed_ms.load(Ordering::SeqCst).max(0) as u64)
    }
}
