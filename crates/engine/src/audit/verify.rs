//! Proves an audit log against its checkpoints, offline.

use model::Timestamp;
use ports::AuditEntry;

use super::chain::{ZEROS, bytes_of, entry_hash};
use super::checkpoint::{Checkpoint, VerifyKey};

/// Where a log is not what it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Entries are missing, moved or doubled.
    #[error(
        "entry {wanted} should stand here, but {found} does: entries were deleted, moved or added"
    )]
    Number {
        /// The number that should follow.
        wanted: u64,
        /// The number that does.
        found: u64,
    },
    /// An entry does not follow from the one before.
    #[error("entry {0} does not follow from the entry before it: one of them was replaced")]
    Link(u64),
    /// An entry is not what was hashed.
    #[error("entry {0} was edited: its content does not have its hash")]
    Content(u64),
    /// A checkpoint is about an entry that is not there.
    #[error(
        "the log ends at entry {last}, but a checkpoint proves entry {number}: the end was cut off or an older copy was put in place"
    )]
    CutOff {
        /// The last entry that is there.
        last: u64,
        /// The entry that was.
        number: u64,
    },
    /// A checkpoint names another hash.
    #[error("entry {0} is not the one that its checkpoint proves: the log was rewritten")]
    Rewritten(u64),
    /// A checkpoint that proves nothing.
    #[error("checkpoint {index}: {reason}")]
    Checkpoint {
        /// Which of those given, from 0.
        index: usize,
        /// Why.
        reason: super::BadCheckpoint,
    },
}

/// What was proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Entries read.
    pub entries: u64,
    /// Number of the last entry that a checkpoint proves (0: none). Entries after it could have been cut off or
    /// rewritten by whoever holds the machine without it showing here.
    pub proved_to: u64,
    /// When that checkpoint was signed.
    pub proved_at: Option<Timestamp>,
    /// The first things that are wrong, at most [`Verifier::FAULTS_MAX`]; none when the log is whole.
    pub faults: Vec<Fault>,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.faults.is_empty()
    }

    /// Entries after the last checkpoint, which nothing outside the log proves.
    pub fn unproved(&self) -> u64 {
        self.entries.saturating_sub(self.proved_to)
    }
}

/// Takes entries one after the other, so that a log need not fit into memory.
#[derive(Debug)]
pub struct Verifier {
    checkpoints: Vec<Checkpoint>,
    at: usize,
    number: u64,
    hash: String,
    report: Report,
}

impl Verifier {
    /// Most faults that are reported.
    pub const FAULTS_MAX: usize = 16;

    /// With the signed notes to prove against; those that prove nothing are faults.
    pub fn new<'a>(notes: impl IntoIterator<Item = &'a str>, key: &VerifyKey) -> Self {
        let report = Report { entries: 0, proved_to: 0, proved_at: None, faults: Vec::new() };
        let mut verifier =
            Self { checkpoints: Vec::new(), at: 0, number: 0, hash: ZEROS.to_owned(), report };
        for (index, note) in notes.into_iter().enumerate() {
            match key.open(note) {
                Ok(checkpoint) => verifier.checkpoints.push(checkpoint),
                Err(reason) => verifier.fault(Fault::Checkpoint { index, reason }),
            }
        }
        verifier.checkpoints.sort_by_key(|checkpoint| (checkpoint.number, checkpoint.at));
        verifier
    }

    /// The next entry.
    pub fn take(&mut self, entry: &AuditEntry) {
        let wanted = self.number + 1;
        if entry.number != wanted {
            self.fault(Fault::Number { wanted, found: entry.number });
        }
        if entry.previous != self.hash {
            self.fault(Fault::Link(entry.number));
        }
        if entry_hash(entry).is_none_or(|hash| bytes_of(&entry.hash) != Some(hash)) {
            self.fault(Fault::Content(entry.number));
        }
        self.number = entry.number;
        self.hash.clone_from(&entry.hash);
        self.report.entries += 1;
        self.prove();
    }

    /// Checkpoints up to the entry just taken.
    fn prove(&mut self) {
        while let Some(checkpoint) = self.checkpoints.get(self.at) {
            if checkpoint.number > self.number {
                return;
            }
            if checkpoint.number == self.number && checkpoint.hash == self.hash {
                self.report.proved_to = checkpoint.number;
                self.report.proved_at = Some(checkpoint.at);
            } else {
                let number = checkpoint.number;
                self.fault(Fault::Rewritten(number));
            }
            self.at += 1;
        }
    }

    /// What was proved.
    pub fn finish(mut self) -> Report {
        if let Some(number) =
            self.checkpoints.get(self.at..).and_then(<[_]>::last).map(|c| c.number)
        {
            let last = self.number;
            self.fault(Fault::CutOff { last, number });
        }
        self.report
    }

    fn fault(&mut self, fault: Fault) {
        if self.report.faults.len() < Self::FAULTS_MAX {
            self.report.faults.push(fault);
        }
    }
}

/// Proves a log that is at hand.
pub fn verify<'a>(
    entries: impl IntoIterator<Item = &'a AuditEntry>,
    notes: impl IntoIterator<Item = &'a str>,
    key: &VerifyKey,
) -> Report {
    let mut verifier = Verifier::new(notes, key);
    entries.into_iter().for_each(|entry| verifier.take(entry));
    verifier.finish()
}
