//! Moments of the one recorded day (Monday, 2026-03-02, UTC) and the ways sources write them.

/// Milliseconds since midnight.
pub(super) type Moment = u64;

pub(super) const SECOND: Moment = 1_000;
pub(super) const MINUTE: Moment = 60 * SECOND;
pub(super) const HOUR: Moment = 60 * MINUTE;
pub(super) const DAY: Moment = 24 * HOUR;

/// 2026-03-02T00:00:00Z in seconds since 1970.
const MIDNIGHT: u64 = 1_772_409_600;

/// The moment of a time of day.
pub(super) const fn at(hour: u64, minute: u64, second: u64) -> Moment {
    hour * HOUR + minute * MINUTE + second * SECOND
}

/// `09:14:22`; what would be tomorrow is the last second of the day
pub(super) fn time_of_day(at: Moment) -> String {
    let at = at.min(DAY - 1);
    format!("{:02}:{:02}:{:02}", at / HOUR, at % HOUR / MINUTE, at % MINUTE / SECOND)
}

/// `2026-03-02 09:14:22.120`, Sysmon's `UtcTime`
pub(super) fn spaced(at: Moment) -> String {
    format!("2026-03-02 {}.{:03}", time_of_day(at), at % SECOND)
}

/// `2026-03-02T09:14:22.120Z`
pub(super) fn iso(at: Moment) -> String {
    format!("2026-03-02T{}.{:03}Z", time_of_day(at), at % SECOND)
}

/// `2026-03-02T09:14:22Z`
pub(super) fn iso_seconds(at: Moment) -> String {
    format!("2026-03-02T{}Z", time_of_day(at))
}

/// `2026-03-02T09:14:22` as the unified audit log writes UTC
pub(super) fn iso_bare(at: Moment) -> String {
    format!("2026-03-02T{}", time_of_day(at))
}

/// `2026-03-02T09:14:22.1200000` and a suffix, with the seven digits that Microsoft clouds write
pub(super) fn iso_ticks(at: Moment, suffix: &str) -> String {
    format!("2026-03-02T{}.{:03}0000{suffix}", time_of_day(at), at % SECOND)
}

/// `2026-03-02T09:14:22.120000` and a suffix, with six digits
pub(super) fn iso_micros(at: Moment, suffix: &str) -> String {
    format!("2026-03-02T{}.{:03}000{suffix}", time_of_day(at), at % SECOND)
}

/// `02/Mar/2026:09:14:22 +0000`, access logs
pub(super) fn access(at: Moment) -> String {
    format!("02/Mar/2026:{} +0000", time_of_day(at))
}

/// Seconds since 1970 with three digits
pub(super) fn epoch_millis(at: Moment) -> String {
    format!("{}.{:03}", MIDNIGHT + at / SECOND, at % SECOND)
}

/// Seconds since 1970 with six digits; `micros` fills the last three
pub(super) fn epoch_micros(at: Moment, micros: u64) -> String {
    format!("{}.{:03}{:03}", MIDNIGHT + at / SECOND, at % SECOND, micros % 1_000)
}

/// Whole seconds since 1970
pub(super) fn epoch(at: Moment) -> u64 {
    MIDNIGHT + at / SECOND
}
