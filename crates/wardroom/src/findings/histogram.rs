//! Counts over time when nobody knows the range beforehand: the bars widen as the range grows.

use std::collections::BTreeMap;

use model::{Level, Timestamp};

/// Most bars.
const BARS_MAX: usize = 240;
/// Widths in milliseconds, each a multiple of the one before, so that bars can be merged.
const WIDTHS: [i64; 12] = [
    1_000,
    5_000,
    15_000,
    60_000,
    300_000,
    900_000,
    3_600_000,
    21_600_000,
    86_400_000,
    604_800_000,
    2_419_200_000,
    31_449_600_000,
];

/// Counts by level over time. The result does not depend on the order of adding.
#[derive(Debug, Clone, Default)]
pub(crate) struct Histogram {
    width: usize,
    bars: BTreeMap<i64, [u64; Level::ALL.len()]>,
}

impl Histogram {
    /// Counts one finding.
    pub(crate) fn add(&mut self, at: Timestamp, level: Level) {
        let bar = self.bars.entry(at.0.div_euclid(self.width_ms())).or_default();
        if let Some(count) = bar.get_mut(level as usize) {
            *count += 1;
        }
        while self.bars.len() > BARS_MAX && self.width + 1 < WIDTHS.len() {
            self.widen();
        }
    }

    fn widen(&mut self) {
        let before = self.width_ms();
        self.width += 1;
        let after = self.width_ms();
        for (number, counts) in std::mem::take(&mut self.bars) {
            let bar = self.bars.entry((number * before).div_euclid(after)).or_default();
            bar.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
    }

    /// The same counts in bars so wide that the whole range has at most `columns_max` of them, where widths allow.
    pub(crate) fn to_scale(&self, columns_max: i64) -> Self {
        let mut wide = self.clone();
        while wide.columns() > columns_max && wide.width + 1 < WIDTHS.len() {
            wide.widen();
        }
        wide
    }

    /// Bars from the first to the last, empty ones counted.
    pub(crate) fn columns(&self) -> i64 {
        match (self.bars.keys().next(), self.bars.keys().next_back()) {
            (Some(first), Some(last)) => last.saturating_sub(*first).saturating_add(1),
            _ => 0,
        }
    }

    /// Width of a bar in milliseconds.
    pub(crate) fn width_ms(&self) -> i64 {
        WIDTHS.get(self.width).copied().unwrap_or(i64::MAX)
    }

    /// Begin of each bar that is not empty, and its counts from the lowest level to the highest.
    pub(crate) fn bars(&self) -> impl Iterator<Item = (Timestamp, &[u64; Level::ALL.len()])> {
        let width = self.width_ms();
        self.bars
            .iter()
            .map(move |(number, counts)| (Timestamp(number.saturating_mul(width)), counts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_widen_and_keep_every_count_in_any_order() {
        let times: Vec<i64> = (0..5000).map(|index| index * 61_000).collect();
        let (mut forth, mut back) = (Histogram::default(), Histogram::default());
        for (first, last) in times.iter().zip(times.iter().rev()) {
            forth.add(Timestamp(*first), Level::High);
            back.add(Timestamp(*last), Level::High);
        }
        let counts =
            |it: &Histogram| it.bars().map(|(at, counts)| (at.0, counts[3])).collect::<Vec<_>>();
        assert_eq!(counts(&forth), counts(&back));
        assert!(forth.bars().count() <= BARS_MAX);
        assert_eq!(forth.bars().map(|(_, counts)| counts[3]).sum::<u64>(), 5000);
        assert_eq!(forth.width_ms(), 3_600_000);
    }

    #[test]
    fn a_few_far_apart_come_to_scale() {
        let mut histogram = Histogram::default();
        for hour in [0, 3, 17] {
            histogram.add(Timestamp(hour * 3_600_000), Level::Low);
        }
        let wide = histogram.to_scale(240);
        assert_eq!((histogram.width_ms(), wide.width_ms(), wide.columns()), (1_000, 300_000, 205));
        assert_eq!(wide.bars().count(), 3);
    }

    #[test]
    fn extreme_times_do_not_overflow() {
        let mut histogram = Histogram::default();
        for at in [i64::MIN, -1, 0, i64::MAX] {
            histogram.add(Timestamp(at), Level::Low);
        }
        assert_eq!(histogram.bars().count(), 4);
    }
}
