//! The disk is full or fails, the clock jumps, senders are too many.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use model::Timestamp;

use super::{acknowledged, config, entry, open};
use crate::config::Mutation;
use crate::receipt::lock;
use crate::sim::{Fault, Op, SimClock, World};
use crate::write::Core;
use crate::{Acknowledged, AppendError, Config, Entry, Journal, ReadError};

#[test]
fn a_full_disk_refuses_and_takes_again_by_itself() {
    let world = World::new(20_000);
    let (core, _) = open(&world, config()).unwrap();
    let mut refused = Vec::new();
    for number in 1..=200 {
        let receipt = core.append(entry(number)).unwrap();
        core.turn();
        match receipt.outcome().unwrap() {
            Ok(acknowledged) => assert!(!acknowledged.is_duplicate),
            Err(AppendError::Full { .. }) => refused.push(number),
            Err(error) => panic!("{error}"),
        }
        if refused.len() == 3 {
            break;
        }
    }
    assert_eq!(core.counters.figures().refused_full, 3);
    world.set_capacity(60_000);
    for number in refused {
        let receipt = core.append(entry(number)).unwrap();
        core.turn();
        assert!(!acknowledged(&receipt).is_duplicate);
    }
    assert!(core.read(1, 1 << 20).unwrap().lost.is_empty());
}

/// Space ends in the middle of a group, of a new file or an old one.
fn full_in_the_middle(mutation: Option<Mutation>) -> bool {
    let world = World::new(1 << 20);
    let (core, _) = open(&world, Config { mutation, ..config() }).unwrap();
    let mut numbers = Vec::new();
    for number in 1..=120 {
        if number % 4 == 0 {
            world.fail(Op::Append, 1, Fault::Full);
        }
        let receipt = core.append(entry(number)).unwrap();
        core.turn();
        if receipt.outcome().unwrap().is_ok() {
            numbers.push(number);
        }
    }
    let batch = core.read(1, 1 << 20).unwrap();
    let read: Vec<u64> =
        batch.frames.iter().map(|frame| super::number_of(&frame.payload)).collect();
    batch.lost.is_empty() && read == numbers
}

#[test]
fn nothing_of_a_refused_group_is_left() {
    assert!(full_in_the_middle(None));
    assert!(!full_in_the_middle(Some(Mutation::SkipUndo)));
}

#[test]
fn the_journal_keeps_to_its_own_share() {
    let world = World::new(1 << 20);
    let (core, _) = open(&world, Config { bytes_max: 20_000, ..config() }).unwrap();
    let mut last = 0;
    for number in 1.. {
        let receipt = core.append(entry(number)).unwrap();
        core.turn();
        match receipt.outcome().unwrap() {
            Ok(acknowledged) => last = acknowledged.sequence,
            Err(error) => {
                assert!(matches!(error, AppendError::Full { .. }), "{error}");
                break;
            }
        }
    }
    core.release(last).unwrap();
    let receipt = core.append(entry(9999)).unwrap();
    core.turn();
    assert_eq!(acknowledged(&receipt).sequence, last + 1);
}

#[test]
fn a_disk_that_does_not_confirm_ends_the_journal() {
    for op in [Op::Sync, Op::SyncFolder] {
        let world = World::new(1 << 20);
        let (core, _) = open(&world, config()).unwrap();
        if op == Op::Sync {
            core.append(entry(1)).unwrap();
            core.turn();
        }
        let before = world.syncs();
        world.fail(op, 1, Fault::Io);
        let told = core.append(entry(2)).unwrap();
        let same = core.append(entry(2)).unwrap();
        core.turn();
        for receipt in [told, same] {
            assert!(matches!(receipt.outcome(), Some(Err(AppendError::Failed(_)))));
        }
        let late = core.append(entry(3));
        assert!(late.unwrap_err().to_string().contains("did not confirm"));
        assert!(!core.turn());
        assert_eq!(world.syncs(), before + 1, "{op:?}: fsync was tried again");

        world.restart();
        let (core, recovered) = open(&world, config()).unwrap();
        assert!(recovered.lost.is_empty());
        let receipt = core.append(entry(2)).unwrap();
        core.turn();
        let number = u64::from(op == Op::Sync) + 1;
        assert_eq!(acknowledged(&receipt), Acknowledged { sequence: number, is_duplicate: false });
        world.crash(1);
        let (core, _) = open(&world, config()).unwrap();
        assert_eq!(core.read(1, 1 << 20).unwrap().frames.len() as u64, number);
    }
}

/// A process is killed between writing and synchronising, the next one finds the entry and is asked for it again.
fn repeat_after_kill_survives(seed: u64, mutation: Option<Mutation>) -> bool {
    let world = World::new(1 << 20);
    let (core, _) = open(&world, config()).unwrap();
    core.append(entry(1)).unwrap();
    core.turn();
    core.append(entry(2)).unwrap();
    world.power_off_after(2);
    core.turn();
    world.restart();
    let (core, _) = open(&world, Config { mutation, ..config() }).unwrap();
    let again = core.append(entry(2)).unwrap();
    assert_eq!(acknowledged(&again), Acknowledged { sequence: 2, is_duplicate: true });
    world.crash(seed);
    let (core, _) = open(&world, config()).unwrap();
    core.read(1, 1 << 20).unwrap().frames.len() == 2
}

#[test]
fn what_recovery_finds_is_made_durable_before_it_is_acknowledged() {
    assert!((0..50).all(|seed| repeat_after_kill_survives(seed, None)));
    let broken = Some(Mutation::SkipRecoverySync);
    assert!(!(0..50).all(|seed| repeat_after_kill_survives(seed, broken)));
}

#[test]
fn a_failure_is_told_to_who_asked() {
    let world = World::new(1 << 20);
    let clock = Arc::new(SimClock::at(Timestamp(0)));
    let (journal, _) = Journal::open(Arc::new(world.disk()), clock, config()).unwrap();
    let told = Arc::new(AtomicBool::new(false));
    let tell = Arc::clone(&told);
    journal
        .on_failure(move |reason| tell.store(reason.contains("did not confirm"), Ordering::SeqCst));
    assert_eq!(journal.append_wait(entry(1)).unwrap().sequence, 1);
    world.fail(Op::Sync, 1, Fault::Io);
    assert!(matches!(journal.append_wait(entry(2)), Err(AppendError::Failed(_))));
    assert!(journal.failure().is_some());
    assert_eq!(journal.wait_past(1, Duration::from_mins(1)), 1);
    drop(journal);
    assert!(told.load(Ordering::SeqCst));
}

#[test]
fn a_clock_that_jumps_changes_nothing_but_the_times() {
    let world = World::new(1 << 20);
    let clock = Arc::new(SimClock::at(Timestamp(1_700_000_000_000)));
    let (core, _) = Core::open(Arc::new(world.disk()), Arc::clone(&clock) as _, config()).unwrap();
    let hour = 3_600_000;
    let times = [
        0,
        2_145_916_800_000,
        hour,
        -hour,
        24 * hour,
        -24 * hour,
        i64::MAX,
        i64::MIN,
        1_700_000_000_000,
    ];
    for (number, time) in (1..).zip(times) {
        clock.jump(Timestamp(time));
        clock.pass(Duration::from_millis(0));
        let receipt = core.append(entry(number)).unwrap();
        core.turn();
        assert_eq!(acknowledged(&receipt).sequence, number);
    }
    world.crash(3);
    let (core, recovered) = open(&world, config()).unwrap();
    assert_eq!((recovered.durable, recovered.lost), (times.len() as u64, Vec::new()));
    let frames = core.read(1, 1 << 20).unwrap().frames;
    let read: Vec<i64> = frames.iter().map(|frame| frame.at.0).collect();
    assert_eq!(read, times);
}

#[test]
fn too_much_is_refused_before_it_is_taken() {
    let world = World::new(1 << 20);
    let (core, _) = open(&world, config()).unwrap();
    let long = |payload: usize, source: usize| Entry {
        payload: vec![1; payload],
        source: "s".repeat(source).into(),
        ..entry(1)
    };
    for entry in [long(2049, 1), long(1, 256)] {
        assert!(matches!(core.append(entry), Err(AppendError::TooLong { .. })));
    }
    let taken: Vec<_> = (1..).map_while(|number| core.append(entry(number)).ok()).collect();
    assert!(taken.len() > 50);
    assert!(matches!(core.append(entry(9999)), Err(AppendError::Busy { .. })));
    assert!(core.append(entry(1)).is_ok(), "a repeat needs no room");
    while core.turn() {}
    assert!(
        taken.iter().zip(1..).all(|(receipt, number)| acknowledged(receipt).sequence == number)
    );
}

#[test]
fn repeats_are_known_while_waiting_after_writing_after_release_and_after_a_restart() {
    let world = World::new(1 << 20);
    let config = || Config { queue_bytes_max: 1 << 20, batches_kept: 100, ..config() };
    let (core, _) = open(&world, config()).unwrap();
    let first = core.append(entry(1)).unwrap();
    let waiting = core.append(entry(1)).unwrap();
    core.turn();
    assert_eq!(acknowledged(&first), Acknowledged { sequence: 1, is_duplicate: false });
    assert_eq!(acknowledged(&waiting), Acknowledged { sequence: 1, is_duplicate: true });
    for number in 2..=200 {
        core.append(entry(number)).unwrap();
        core.turn();
    }
    core.release(150).unwrap();
    assert!(matches!(core.read(1, 1), Err(ReadError::Released { from: 1, .. })));
    let known = |core: &Core| -> Vec<u64> {
        let mut known = Vec::new();
        for number in 1..=200 {
            let receipt = core.append(entry(number)).unwrap();
            if let Some(outcome) = receipt.outcome() {
                assert_eq!(outcome, Ok(Acknowledged { sequence: number, is_duplicate: true }));
                known.push(number);
            }
        }
        known
    };
    let before = known(&core);
    assert!(before.len() >= 100 && before[0] < lock(&core.log).oldest(), "{before:?}");
    drop(core);
    world.crash(5);
    let (core, recovered) = open(&world, Config { committed: 150, ..config() }).unwrap();
    assert_eq!(recovered.batches, before.len());
    assert_eq!(known(&core), before);
}

#[test]
fn opening_reads_one_file_whatever_waits() {
    let world = World::new(16 << 20);
    let (core, _) = open(&world, config()).unwrap();
    for number in 1..=4000 {
        core.append(entry(number)).unwrap();
        core.turn();
    }
    drop(core);
    world.restart();
    let (core, recovered) = open(&world, config()).unwrap();
    assert!(recovered.files > 50 && recovered.bytes > 400_000, "{recovered:?}");
    assert!(recovered.bytes_read <= 8 << 10, "{recovered:?}");
    let mut next = 1;
    while next <= 4000 {
        let batch = core.read(next, 10_000).unwrap();
        assert!(batch.lost.is_empty() && batch.frames[0].sequence == next);
        next = batch.next;
    }
}
