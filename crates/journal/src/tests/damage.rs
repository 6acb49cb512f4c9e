//! Damage anywhere is found, what it did not hit is kept, and what it hit is named exactly.

use std::collections::{BTreeMap, BTreeSet};

use super::{config, entry, number_of, open};
use crate::config::Mutation;
use crate::sim::{Damage, Random, World};
use crate::{Batch, Config, Recovered, pieces};

const ENTRIES: u64 = 220;

/// A journal of several files, the first ones let go of.
fn written() -> BTreeMap<String, Vec<u8>> {
    let world = World::new(1 << 20);
    let (core, _) = open(&world, config()).unwrap();
    for number in 1..=ENTRIES {
        core.append(entry(number)).unwrap();
        if number % 5 == 0 {
            core.turn();
        }
    }
    while core.turn() {}
    core.release(60).unwrap();
    world.files()
}

fn read_all(
    files: BTreeMap<String, Vec<u8>>,
    mutation: Option<Mutation>,
) -> Option<(Recovered, Batch)> {
    let world = World::with(1 << 20, files);
    let (core, recovered) = open(&world, Config { committed: 60, mutation, ..config() }).ok()?;
    let mut all = Batch { next: 61, ..Batch::default() };
    loop {
        let batch = core.read(all.next, 5000).unwrap();
        if batch.next == all.next {
            return Some((recovered, all));
        }
        all.next = batch.next;
        all.frames.extend(batch.frames);
        all.lost.extend(batch.lost);
    }
}

fn is_journal(name: &str) -> bool {
    crate::log::first_of(name).is_some()
}

/// The numbers, not committed, of entries that can be read in a file as it was and not as it is.
fn hit(whole: &[u8], damaged: &[u8]) -> BTreeSet<u64> {
    let (head, rest) = (&whole[..32], damaged.get(32..).unwrap_or_default());
    let numbers = |bytes: &[u8]| -> BTreeSet<u64> {
        pieces(bytes)
            .frames
            .iter()
            .map(|frame| frame.sequence)
            .filter(|number| *number > 60)
            .collect()
    };
    &numbers(whole) - &numbers(&[head, rest].concat())
}

/// Whether the damage is found, costs only what it hits and is named exactly.
fn judge(
    files: &BTreeMap<String, Vec<u8>>,
    (name, at, damage): (&str, usize, Damage),
    mutation: Option<Mutation>,
) -> Result<(), String> {
    let mut damaged = files.clone();
    if !damage.apply(damaged.get_mut(name).unwrap(), at) {
        return Ok(());
    }
    let hit = if is_journal(name) { hit(&files[name], &damaged[name]) } else { BTreeSet::new() };
    let Some((recovered, all)) = read_all(damaged, mutation) else {
        return Err("it does not open".to_owned());
    };
    for frame in &all.frames {
        let sent = entry(number_of(&frame.payload));
        if frame.sequence != number_of(&frame.payload) || frame.payload != sent.payload {
            return Err(format!("{} is wrong", frame.sequence));
        }
    }
    let kept: BTreeSet<u64> = all.frames.iter().map(|frame| frame.sequence).collect();
    let missing: BTreeSet<u64> = (61..=ENTRIES).filter(|number| !kept.contains(number)).collect();
    if missing != hit {
        return Err(format!("{missing:?} are missing, {hit:?} were hit"));
    }
    // A last file that ends with a whole frame looks as if nothing more had ever been written to it.
    let is_last = files.keys().rfind(|other| is_journal(other)).is_some_and(|last| last == name);
    let is_seamless = at == 0 || pieces(&files[name][..at]).damage.is_empty();
    if is_last && damage == Damage::Cut && is_seamless {
        return Ok(());
    }
    let named: BTreeSet<u64> = all.lost.iter().flat_map(|lost| lost.first..=lost.last).collect();
    let cut: BTreeSet<u64> = (all.next..=ENTRIES).filter(|_| recovered.cut.is_some()).collect();
    if &named | &cut != missing {
        return Err(format!("{missing:?} are missing, {named:?} are named, {cut:?} were cut"));
    }
    let is_said = !recovered.lost.is_empty()
        || recovered.cut.is_some()
        || recovered.is_index_damaged
        || !all.lost.is_empty();
    // Nobody reads again what was committed.
    let is_past = crate::log::first_of(name).is_some_and(|first| first <= 60) && hit.is_empty();
    if is_said || is_past { Ok(()) } else { Err("nobody says so".to_owned()) }
}

fn places(count: usize, files: &BTreeMap<String, Vec<u8>>) -> Vec<(String, usize, Damage)> {
    let mut random = Random::new(6);
    let names: Vec<&String> = files.keys().collect();
    (0..count)
        .map(|_| {
            let name = names[random.below(names.len() as u64) as usize];
            let at = random.below(files[name].len() as u64) as usize;
            let damage = match random.below(4) {
                0 | 1 => Damage::Bit(random.draw() as u8),
                2 => Damage::Zero(512),
                _ => Damage::Cut,
            };
            // Disks lose whole pages.
            let at = if matches!(damage, Damage::Zero(_)) { at / 512 * 512 } else { at };
            (name.clone(), at, damage)
        })
        .collect()
}

#[test]
fn damage_at_a_thousand_places_is_found_and_costs_what_it_hits() {
    let files = written();
    assert!(files.len() >= 6, "{:?}", files.keys());
    for (name, at, damage) in places(1000, &files) {
        assert_eq!(
            judge(&files, (&name, at, damage), None),
            Ok(()),
            "{damage:?} at {at} of {name}"
        );
    }
}

#[test]
fn giving_up_at_the_first_damage_is_found_out() {
    let files = written();
    let mutation = Some(Mutation::TruncateAtDamage);
    let found = places(300, &files)
        .iter()
        .filter(|(name, at, damage)| judge(&files, (name, *at, *damage), mutation).is_err())
        .count();
    assert!(found > 0);
}

#[test]
fn damaged_bytes_are_kept_once_and_their_batches_may_be_sent_again() {
    let mut files = written();
    let name = files.keys().find(|name| is_journal(name)).unwrap().clone();
    let whole = pieces(&files[&name]);
    let victim = whole.frames[1].clone();
    let at = 32 + 200.max(whole.frames[0].payload.len() + 100);
    files.get_mut(&name).unwrap()[at] ^= 1;
    let world = World::with(1 << 20, files);
    let (core, recovered) = open(&world, config()).unwrap();
    assert!(recovered.lost.is_empty(), "a closed file was read: {:?}", recovered.lost);
    let again = core.append(entry(number_of(&victim.payload))).unwrap();
    assert!(again.outcome().unwrap().unwrap().is_duplicate);

    let batch =
        core.read(core.disk.list().map(|_| whole.frames[0].sequence).unwrap(), 1 << 20).unwrap();
    let lost = &batch.lost[0];
    assert_eq!(
        (lost.first, lost.last, lost.was_acknowledged),
        (victim.sequence, victim.sequence, true)
    );
    let kept = lost.kept.clone().unwrap();
    assert_eq!(world.files()[&kept].len() as u64, lost.to - lost.from);
    core.read(whole.frames[0].sequence, 1 << 20).unwrap();
    assert_eq!(world.files()[&kept].len() as u64, lost.to - lost.from);

    let again = core.append(entry(number_of(&victim.payload))).unwrap();
    core.turn();
    let again = again.outcome().unwrap().unwrap();
    assert_eq!((again.sequence, again.is_duplicate), (ENTRIES + 1, false));
}

#[test]
fn a_file_that_is_gone_is_named() {
    let mut files = written();
    let names: Vec<String> = files.keys().filter(|name| is_journal(name)).cloned().collect();
    let first = pieces(&files[&names[1]]).frames[0].sequence;
    let next = pieces(&files[&names[2]]).frames[0].sequence;
    files.remove(&names[1]);
    let (recovered, all) = read_all(files, None).unwrap();
    for lost in [&recovered.lost, &all.lost] {
        assert_eq!(lost.len(), 1, "{lost:?}");
        assert_eq!((lost[0].first, lost[0].last), (first, next - 1));
    }
}
