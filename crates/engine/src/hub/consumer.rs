//! From the journal to the lake and to findings, exactly once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ingest::Ingest;
use ingest::mapping::Scratch;
use journal::{Frame, Journal, ReadError};
use model::{ProblemReason, Timestamp};
use ports::{
    Clock, Commit, EventOrigin, Fact, Lake, LakeFault, PositionChange, Record, RecordChange,
    Segment, State, StateError, TenantId,
};
use tokio::runtime::Handle;
use uuid::Uuid;

use super::detection::{Detection, FINDING, Kept};
use super::envelope;

/// The names of the two positions in the state.
const DETECTED: &str = "journal/detected";
const STORED: &str = "journal/stored";

/// When the consumer commits.
#[derive(Debug, Clone, Copy)]
pub struct ConsumerConfig {
    /// Bytes of the journal that are read at once.
    pub read_bytes: usize,
    /// Findings and the position of detection are committed this often, and events become visible.
    pub show_every: Duration,
    /// A segment is written when so many bytes of events wait …
    pub segment_bytes: u64,
    /// … or when the oldest has waited so long.
    pub segment_every: Duration,
}

impl Default for ConsumerConfig {
    fn default() -> Self {
        Self {
            read_bytes: 4 << 20,
            show_every: Duration::from_millis(500),
            segment_bytes: 128 << 20,
            segment_every: Duration::from_mins(1),
        }
    }
}

/// Why the consumer cannot go on at the moment. Nothing is lost: the journal keeps what is not committed.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The state database.
    #[error(transparent)]
    State(#[from] StateError),
    /// The lake.
    #[error(transparent)]
    Lake(#[from] LakeFault),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] ReadError),
    /// The saved state of correlations is of another program.
    #[error("the state of correlations cannot be used: {0}")]
    Correlations(String),
}

/// What was counted since the process began.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    /// Entries of the journal that were read.
    pub entries: u64,
    /// Events.
    pub events: u64,
    /// Events that no mapping recognised: they are kept as base events.
    pub unrecognised: u64,
    /// Problems by reason.
    pub problems: BTreeMap<ProblemReason, u64>,
    /// Findings that were committed for the first time.
    pub findings: u64,
    /// Findings that were only counted because their rule made too many.
    pub findings_over_budget: u64,
    /// Segments that were committed.
    pub segments: u64,
    /// Entries that could not be read.
    pub unreadable: u64,
    /// Entries that the journal has lost to damage.
    pub lost: u64,
}

/// What one turn has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// There may be more to do at once.
    Worked,
    /// Nothing came within the time.
    Idle,
}

/// The one consumer of a tenant's entries.
#[derive(Debug)]
pub struct Consumer {
    tenant: TenantId,
    journal: Arc<Journal>,
    state: Arc<dyn State>,
    lake: Arc<dyn Lake>,
    ingest: Arc<Ingest>,
    detection: Detection,
    clock: Arc<dyn Clock>,
    runtime: Handle,
    config: ConsumerConfig,
    scratch: Scratch,
    /// The number to read next.
    next: u64,
    detected: u64,
    stored: u64,
    /// When events last came, were shown, and when the oldest that waits for a segment came.
    came: Duration,
    shown: Duration,
    waits_since: Option<Duration>,
    /// Findings that are not committed yet, by id.
    found: BTreeMap<String, Kept>,
    figures: Figures,
}

/// What a consumer works with.
#[derive(Debug, Clone)]
pub struct Parts {
    /// Whose entries.
    pub tenant: TenantId,
    /// Where they come from.
    pub journal: Arc<Journal>,
    /// Where positions, segments and findings are committed.
    pub state: Arc<dyn State>,
    /// Where events go.
    pub lake: Arc<dyn Lake>,
    /// How they are decoded.
    pub ingest: Arc<Ingest>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Runs what is async; the consumer itself belongs on a thread of its own.
    pub runtime: Handle,
}

impl Consumer {
    /// Goes on where the last one stopped. Blocks.
    pub fn open(
        parts: Parts,
        mut detection: Detection,
        config: ConsumerConfig,
    ) -> Result<Self, Fault> {
        let Parts { tenant, journal, state, lake, ingest, clock, runtime } = parts;
        let (detected, saved) = runtime.block_on(state.position(&tenant, DETECTED))?;
        let (stored, _) = runtime.block_on(state.position(&tenant, STORED))?;
        detection.restore(&saved).map_err(|error| Fault::Correlations(error.to_string()))?;
        let next = (detected.min(stored) + 1).max(journal.oldest());
        let now = clock.elapsed();
        Ok(Self {
            tenant,
            journal,
            state,
            lake,
            ingest,
            detection,
            clock,
            runtime,
            config,
            scratch: Scratch::default(),
            next,
            detected,
            stored,
            came: now,
            shown: now,
            waits_since: None,
            found: BTreeMap::new(),
            figures: Figures::default(),
        })
    }

    /// What was counted.
    pub fn figures(&self) -> &Figures {
        &self.figures
    }

    /// Takes in what has come, waiting for it at most so long, and commits what is due. Blocks. After a fault the same
    /// is tried again by the next turn.
    pub fn turn(&mut self, wait: Duration) -> Result<Turn, Fault> {
        let durable = self.journal.wait_past(self.next - 1, wait.min(self.config.show_every));
        let has_more = durable >= self.next;
        if has_more {
            let batch = self.journal.read(self.next, self.config.read_bytes)?;
            self.figures.lost += batch.lost.len() as u64;
            for frame in &batch.frames {
                self.take(frame)?;
                // After a fault, what was taken is not taken again.
                self.next = frame.sequence + 1;
            }
            self.next = batch.next.max(self.next);
            self.came = self.clock.elapsed();
        }
        let now = self.clock.elapsed();
        if now.saturating_sub(self.shown) >= self.config.show_every {
            self.commit_findings()?;
            self.shown = now;
        }
        let waiting = self.lake.waiting(&self.tenant);
        let is_old = self
            .waits_since
            .is_some_and(|since| now.saturating_sub(since) >= self.config.segment_every);
        if waiting.bytes >= self.config.segment_bytes || is_old {
            self.commit_segment()?;
        }
        Ok(if has_more { Turn::Worked } else { Turn::Idle })
    }

    /// Commits everything, as before a stop.
    pub fn settle(&mut self) -> Result<(), Fault> {
        self.commit_findings()?;
        self.commit_segment()
    }

    fn take(&mut self, frame: &Frame) -> Result<(), Fault> {
        if frame.tenant != self.tenant {
            return Ok(());
        }
        self.figures.entries += 1;
        let Ok(records) = envelope::unpack(&self.tenant, &frame.payload) else {
            // The journal gives no entry that a checksum does not vouch for, so this one is of another program.
            self.figures.unreadable += 1;
            return Ok(());
        };
        let ranges: Vec<_> = records
            .entries
            .iter()
            .map(|entry| entry.range.start as usize..entry.range.end as usize)
            .collect();
        let listener = Arc::clone(&records.source.listener);
        let observed = records.observed_at;
        let decoded = self.ingest.decode_records(
            records.bytes,
            ranges,
            Some(records.observed_at),
            &mut self.scratch,
        );
        for problem in &decoded.problems {
            *self.figures.problems.entry(problem.reason).or_default() += 1;
        }
        self.figures.events += decoded.batch.len() as u64;
        let is_unknown = |event: &model::EventRef<'_>| event.kind() == model::KindId::UNRECOGNISED;
        self.figures.unrecognised += decoded.batch.iter().filter(is_unknown).count() as u64;
        if frame.sequence > self.stored {
            let origin = EventOrigin { sequence: frame.sequence, ingested_at: observed };
            self.lake.add(&self.tenant, &decoded.batch, origin)?;
            self.waits_since.get_or_insert(self.clock.elapsed());
        }
        if frame.sequence > self.detected {
            self.detection.evaluate(&decoded.batch, frame.sequence, observed, &listener);
        }
        Ok(())
    }

    /// Shows the events that came and commits what was found in them.
    fn commit_findings(&mut self) -> Result<(), Fault> {
        self.lake.show(&self.tenant)?;
        let idle = self.clock.elapsed().saturating_sub(self.came);
        let found = self.detection.take_found(idle.as_millis() as i64);
        // Several reports of one finding: the last one says all.
        self.found.extend(found.into_iter().map(|kept| (kept.id.clone(), kept)));
        self.figures.findings_over_budget = self.detection.over_budget;
        let last = self.next - 1;
        if last <= self.detected && self.found.is_empty() {
            return Ok(());
        }
        let body = self.detection.save().map_err(|error| Fault::Correlations(error.to_string()))?;
        let now = self.clock.now();
        let mut commit = Commit::default();
        let mut new = 0;
        for kept in self.found.values() {
            let before =
                self.runtime.block_on(self.state.record(&self.tenant, FINDING, &kept.id))?;
            let version = before.as_ref().map_or(0, |record| record.version);
            if before.is_some_and(|record| !kept.may_grow || record.body == kept.body) {
                continue;
            }
            new += u64::from(version == 0);
            let (fact, change) = reported(kept.clone(), version, now);
            commit.facts.push(fact);
            commit.records.push(change);
        }
        commit.positions.push(PositionChange {
            name: DETECTED.to_owned(),
            from: self.detected,
            to: last.max(self.detected),
            body,
        });
        self.runtime.block_on(self.state.commit(&self.tenant, commit))?;
        self.detected = last.max(self.detected);
        self.found.clear();
        self.figures.findings += new;
        Ok(())
    }

    /// Writes what waits as a segment and commits it with the position.
    fn commit_segment(&mut self) -> Result<(), Fault> {
        let last = self.next - 1;
        let written: Option<Segment> = self.runtime.block_on(self.lake.write(&self.tenant))?;
        if last > self.stored || written.is_some() {
            let position = PositionChange {
                name: STORED.to_owned(),
                from: self.stored,
                to: last.max(self.stored),
                body: Vec::new(),
            };
            let commit = Commit {
                positions: vec![position],
                segments: written.iter().cloned().collect(),
                ..Commit::default()
            };
            self.runtime.block_on(self.state.commit(&self.tenant, commit))?;
            self.stored = last.max(self.stored);
        }
        if let Some(segment) = &written {
            self.lake.committed(&self.tenant, segment);
            self.figures.segments += 1;
        }
        self.waits_since = None;
        Ok(())
    }

    /// Up to where everything is committed: the journal may let go of it.
    pub fn committed(&self) -> u64 {
        self.detected.min(self.stored)
    }
}

/// The fact and the record of a finding that is reported, for the first time or with more behind it.
fn reported(kept: Kept, version: u64, now: Timestamp) -> (Fact, RecordChange) {
    let fact = Fact {
        id: Uuid::now_v7(),
        stream: format!("{FINDING}/{}", kept.id),
        number: version + 1,
        kind: if version == 0 { "finding.detected" } else { "finding.grown" }.to_owned(),
        at: now,
        actor: "system".to_owned(),
        reason: None,
        body: kept.body.clone(),
    };
    let record = Record {
        kind: FINDING.to_owned(),
        id: kept.id,
        version: version + 1,
        keys: kept.keys,
        body: kept.body,
    };
    (fact, RecordChange { record, from: version })
}
