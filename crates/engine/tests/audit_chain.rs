//! T49: whatever is done to an audit log shows, as far as checkpoints outside reach; and nothing changes without it.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use engine::audit::{
    AuditLog, Checkpoint, Draft, Fault, Outcome, Signer, Witness, entry_hash, next, verify,
};
use engine::secrets::hex;
use model::Timestamp;
use ports::memory::{ManualClock, MemoryState};
use ports::{AuditEntry, State, TenantId};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

const LENGTH: u64 = 60;
/// The last entry that a checkpoint outside proves.
const PROVED: u64 = 50;

fn entries(count: u64) -> Vec<AuditEntry> {
    let mut all: Vec<AuditEntry> = Vec::new();
    for number in 0..count {
        let draft = Draft::new(&format!("user/{}", number % 7), "user.change", "user/1")
            .with("changes", &format!("roles {number}"));
        let outcome = if number % 2 == 0 { Outcome::Intent } else { Outcome::Done };
        all.push(next(all.last(), &draft, outcome, Timestamp(1000 + number as i64)));
    }
    all
}

fn checkpoint(signer: &Signer, entry: &AuditEntry) -> String {
    let (number, hash) = (entry.number, entry.hash.clone());
    let tenant = TenantId::main();
    signer.sign(&Checkpoint { tenant, number, hash, at: Timestamp(number as i64) }).unwrap()
}

/// Hashes and links as whoever holds the machine would make them after a change.
fn rehash(entries: &mut [AuditEntry]) {
    let mut previous = "0".repeat(64);
    for (index, entry) in entries.iter_mut().enumerate() {
        entry.number = index as u64 + 1;
        entry.previous.clone_from(&previous);
        entry.hash = hex(&entry_hash(entry).unwrap());
        previous.clone_from(&entry.hash);
    }
}

/// Changes one thing somewhere in the part that a checkpoint proves; says what.
fn mutate(entries: &mut Vec<AuditEntry>, pick: &mut impl FnMut(u64) -> u64) -> String {
    let at = pick(PROVED) as usize;
    let kind = pick(11);
    match kind {
        0 => drop(entries.remove(at)),
        1 => {
            let other = (at + 1 + pick(LENGTH - 1) as usize) % LENGTH as usize;
            entries.swap(at, other);
        }
        2 => entries.truncate(at),
        3 => entries[at].actor.push('x'),
        4 => "user.create".clone_into(&mut entries[at].action),
        5 => entries[at].at.0 += 1 + pick(1000) as i64,
        6 => entries[at].detail = serde_json::json!({"changes": "none"}),
        7 => "refused".clone_into(&mut entries[at].result),
        8 => {
            let copy = entries[at].clone();
            entries.insert(pick(LENGTH) as usize, copy);
        }
        // Rolled back to an older copy that went on differently.
        9 => {
            entries.truncate(at);
            while (entries.len() as u64) < LENGTH {
                let entry =
                    next(entries.last(), &Draft::new("x", "y", "z"), Outcome::Done, Timestamp(1));
                entries.push(entry);
            }
        }
        // Edited and hashed anew to the end.
        _ => {
            "user/2".clone_into(&mut entries[at].object);
            rehash(entries);
        }
    }
    format!("kind {kind} at {at}")
}

#[test]
fn ten_thousand_changes_are_found() {
    let signer = Signer::new(&[5; 32]).unwrap();
    let whole = entries(LENGTH);
    let notes = [checkpoint(&signer, &whole[19]), checkpoint(&signer, &whole[PROVED as usize - 1])];
    let notes = notes.each_ref().map(String::as_str);
    let key = signer.verify_key();
    let report = verify(&whole, notes, &key);
    assert!(report.is_whole(), "{report:?}");
    assert_eq!((report.proved_to, report.unproved()), (PROVED, LENGTH - PROVED));

    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut pick = |most: u64| {
        use proptest::prelude::Rng;
        runner.rng().next_u64() % most
    };
    let mut found = 0;
    for _ in 0..10_000 {
        let mut changed = whole.clone();
        let what = mutate(&mut changed, &mut pick);
        assert_ne!(changed, whole, "{what} changed nothing");
        assert!(!verify(&changed, notes, &key).is_whole(), "{what} was not found");
        found += 1;
    }
    assert_eq!(found, 10_000);
}

#[test]
fn the_end_after_the_last_checkpoint_is_not_proved_and_the_report_says_so() {
    let signer = Signer::new(&[5; 32]).unwrap();
    let whole = entries(LENGTH);
    let note = checkpoint(&signer, &whole[PROVED as usize - 1]);
    let key = signer.verify_key();
    let cut = &whole[..PROVED as usize + 3];
    let report = verify(cut, [note.as_str()], &key);
    assert!(report.is_whole());
    assert_eq!((report.entries, report.proved_to, report.unproved()), (53, 50, 3));
    let report = verify(&whole[..PROVED as usize - 1], [note.as_str()], &key);
    assert_eq!(report.faults, [Fault::CutOff { last: PROVED - 1, number: PROVED }]);
    let none: [&str; 0] = [];
    assert_eq!(verify(&whole[..10], none, &key).unproved(), 10);
    let forged = checkpoint(&Signer::new(&[6; 32]).unwrap(), &whole[9]);
    assert_eq!(verify(&whole, [forged.as_str()], &key).faults.len(), 1);
}

#[derive(Debug, Default)]
struct Copies(Mutex<Vec<String>>);

impl Witness for Copies {
    fn keep(&self, note: &str) -> Result<(), String> {
        self.0.lock().unwrap().push(note.to_owned());
        Ok(())
    }
}

#[tokio::test]
async fn checkpoints_come_each_minute_and_each_thousand_entries() {
    let state = Arc::new(MemoryState::default());
    let clock = Arc::new(ManualClock::at(1_000_000));
    let copies = Arc::new(Copies::default());
    let signer = Signer::new(&[5; 32]).unwrap();
    let log = AuditLog::new(state.clone(), clock.clone(), signer, vec![copies.clone()]);
    let tenant = TenantId::main();
    let count = || copies.0.lock().unwrap().len();
    for _ in 0..1499 {
        log.append(&tenant, &Draft::new("a", "b", "c"), Outcome::Done).await.unwrap();
    }
    assert_eq!(count(), 1);
    log.tick().await.unwrap();
    assert_eq!(count(), 1);
    clock.pass(Duration::from_mins(1));
    log.tick().await.unwrap();
    log.tick().await.unwrap();
    assert_eq!(count(), 2);
    clock.set(0);
    clock.pass(Duration::from_mins(1));
    log.tick().await.unwrap();
    assert_eq!(count(), 2, "nothing new, nothing signed");
    let notes = copies.0.lock().unwrap().clone();
    let all = state.audit(&tenant, 0, 10_000).await.unwrap();
    let report = verify(&all, notes.iter().map(String::as_str), &log.verify_key());
    assert!(report.is_whole());
    assert_eq!((report.entries, report.proved_to), (1499, 1499));
}

#[tokio::test]
async fn two_processes_write_one_chain() {
    let state = Arc::new(MemoryState::default());
    let clock = Arc::new(ManualClock::at(1_000_000));
    let log = || {
        let signer = Signer::new(&[5; 32]).unwrap();
        Arc::new(AuditLog::new(state.clone(), clock.clone(), signer, vec![]))
    };
    let logs = [log(), log()];
    let tenant = TenantId::main();
    let mut tasks = Vec::new();
    for index in 0..200 {
        let (log, tenant) = (logs[index % 2].clone(), tenant.clone());
        tasks.push(tokio::spawn(async move {
            log.append(&tenant, &Draft::new("a", "b", "c"), Outcome::Done).await.unwrap();
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let all = state.audit(&tenant, 0, 1000).await.unwrap();
    let none: [&str; 0] = [];
    assert!(verify(&all, none, &logs[0].verify_key()).is_whole());
    assert_eq!(all.len(), 200);
}
