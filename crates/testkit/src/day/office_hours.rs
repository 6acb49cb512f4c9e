//! When things happen: the rhythm of a working day in Hamburg (UTC+1), in UTC.

use super::clock::{DAY, HOUR, Moment};
use crate::random::Random;

/// How busy each hour is: arrival from six, lunch at eleven, home from four, a few late.
const PEOPLE: [u64; 24] =
    [1, 0, 0, 0, 0, 2, 10, 32, 42, 40, 36, 17, 28, 40, 38, 30, 16, 8, 5, 4, 4, 3, 2, 1];

/// Machines and visitors from everywhere: never quiet, a little more by day.
const ALWAYS: [u64; 24] =
    [10, 9, 8, 8, 8, 9, 11, 14, 16, 16, 16, 15, 15, 16, 16, 15, 14, 13, 13, 13, 13, 12, 11, 10];

/// A moment at which people of the company do something.
pub(super) fn working(random: &mut Random) -> Moment {
    weighted(random, &PEOPLE)
}

/// A moment of something that goes on day and night.
pub(super) fn always(random: &mut Random) -> Moment {
    weighted(random, &ALWAYS)
}

/// Every `step` of the day with a little jitter: timers, agents, probes.
pub(super) fn every(random: &mut Random, step: Moment, jitter: Moment) -> Vec<Moment> {
    let mut moments = Vec::new();
    let mut next = random.below(step);
    while next < DAY {
        moments.push(next + random.below(jitter));
        next += step;
    }
    moments.retain(|at| *at < DAY);
    moments
}

fn weighted(random: &mut Random, weights: &[u64; 24]) -> Moment {
    let mut rest = random.below(weights.iter().sum());
    for (hour, weight) in (0..).zip(weights) {
        if rest < *weight {
            return hour * HOUR + random.below(HOUR);
        }
        rest -= weight;
    }
    DAY - 1
}
