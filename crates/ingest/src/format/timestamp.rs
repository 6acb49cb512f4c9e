//! Reading instants as logs write them.
//!
//! A text without a zone is UTC. No path of [`parse`] allocates.

use model::Timestamp;

use super::scan::Scan;

const DAY_MS: i64 = 86_400_000;
const MONTHS: [&[u8]; 12] = [
    b"january",
    b"february",
    b"march",
    b"april",
    b"may",
    b"june",
    b"july",
    b"august",
    b"september",
    b"october",
    b"november",
    b"december",
];
const WEEKDAYS: [&[u8]; 7] =
    [b"monday", b"tuesday", b"wednesday", b"thursday", b"friday", b"saturday", b"sunday"];

/// Zone names with an agreed meaning (RFC 2822 and the Central European ones) and their minutes east of UTC.
const ZONES: [(&[u8], i64); 13] = [
    (b"Z", 0),
    (b"UTC", 0),
    (b"GMT", 0),
    (b"EST", -300),
    (b"EDT", -240),
    (b"CST", -360),
    (b"CDT", -300),
    (b"MST", -420),
    (b"MDT", -360),
    (b"PST", -480),
    (b"PDT", -420),
    (b"CET", 60),
    (b"CEST", 120),
];

/// The instant that `bytes` name, whatever the usual notation:
/// - ISO 8601 and RFC 3339 with `T` or spaces, `-` or `/`, up to nine digits of fraction after `.` or `,`, with
///   or without a zone; compact `20260302T090001Z`;
/// - seconds, milliseconds, microseconds, nanoseconds since 1970 and Windows FILETIME, told apart by magnitude;
/// - `Mar  2 09:00:01`, `Mar 2 2026 09:00:01`, `Mon Mar  2 09:00:01.123 UTC 2026`, `2026 Mar 2 09:00:01`;
/// - `02/Mar/2026:09:00:01 +0000`, `02-Mar-2026 09:00:01`, `Mon, 02 Mar 2026 09:00:01 GMT`;
/// - `3/2/2026 9:00:01 AM` (month first, unless the first number is above 12), `02.03.2026 09:00:01`;
/// - `\/Date(1772442001000)\/`.
///
/// Without a year the latest one is taken that makes the instant lie no more than a day after `reference`;
/// without a reference the year is 1970 (1972 for a 29 February). `None` for everything else, also for zone
/// names without an agreed meaning.
pub fn parse(bytes: &[u8], reference: Option<Timestamp>) -> Option<Timestamp> {
    let text = bytes.trim_ascii();
    match *text.first()? {
        b'0'..=b'9' => numeric(text, reference),
        b'A'..=b'Z' | b'a'..=b'z' => named(text, reference),
        // IOS marks a clock that is not synchronised.
        b'*' | b'.' => named(text.get(1..)?.trim_ascii_start(), reference),
        b'/' | b'\\' => date_call(text),
        _ => None,
    }
}

/// As [`parse`] with a `strptime` format (as `jiff` knows it); UTC when the format has no zone.
pub fn parse_with(format: &str, bytes: &[u8]) -> Option<Timestamp> {
    let broken = jiff::fmt::strtime::parse(format, bytes.trim_ascii()).ok()?;
    let instant = match broken.to_timestamp() {
        Ok(instant) => instant,
        Err(_) => jiff::tz::Offset::UTC.to_timestamp(broken.to_datetime().ok()?).ok()?,
    };
    Some(Timestamp(instant.as_millisecond()))
}

/// A day of the calendar.
#[derive(Clone, Copy)]
struct Date {
    /// `None` when it is not written.
    year: Option<u32>,
    month: u32,
    day: u32,
}

/// Days from 1970-01-01 to the given day; `None` when there is no such day.
fn days(year: u32, month: u32, day: u32) -> Option<i64> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let length = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) || !(1..=9999).contains(&year) {
        return None;
    }
    // Years counted from March, so that the leap day is the last of the year.
    let years = i64::from(year) - i64::from(month <= 2);
    let month_from_march = i64::from((month + 9) % 12);
    let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
    Some(years * 365 + years / 4 - years / 100 + years / 400 + day_of_year - 719_468)
}

impl Date {
    /// The instant `millis` after the day's midnight, east of UTC by `zone` minutes.
    fn at(self, millis: i64, zone: i64, reference: Option<Timestamp>) -> Option<Timestamp> {
        let of_year = |year: u32| {
            days(year, self.month, self.day)
                .map(|days| Timestamp(days * DAY_MS + millis - zone * 60_000))
        };
        if let Some(year) = self.year {
            return of_year(year);
        }
        let Some(reference) = reference else {
            return of_year(1970).or_else(|| of_year(1972));
        };
        let latest = reference.0.saturating_add(DAY_MS);
        // A mean year is 31 556 952 s; the true year is the estimate or one beside it. A leap day may be eight
        // years back.
        let estimate = 1971 + reference.0.div_euclid(31_556_952_000);
        (0..10)
            .filter_map(|back| of_year(u32::try_from(estimate - back).ok()?))
            .find(|instant| instant.0 <= latest)
    }
}

/// Hours, minutes, seconds, fraction as milliseconds; with AM or PM. A leap second counts as the one before.
fn clock(scan: &mut Scan<'_>) -> Option<i64> {
    let hour = scan.digits(1, 2)?;
    if !scan.eat(b':') {
        return None;
    }
    let minute = scan.digits(2, 2)?;
    let mut second = 0;
    let mut millis = 0;
    if scan.eat(b':') {
        second = scan.digits(2, 2)?;
        if matches!(scan.peek(), Some(b'.' | b','))
            && scan.rest.get(1).is_some_and(u8::is_ascii_digit)
        {
            scan.take(1);
            millis = fraction(scan)?;
        }
    }
    let mut hour = i64::from(hour);
    let mut after = *scan;
    after.spaces();
    let half = after.take_while(|byte| byte.is_ascii_alphabetic());
    if half.eq_ignore_ascii_case(b"am") || half.eq_ignore_ascii_case(b"pm") {
        if !(1..=12).contains(&hour) {
            return None;
        }
        hour = hour % 12 + if half.eq_ignore_ascii_case(b"pm") { 12 } else { 0 };
        *scan = after;
    }
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    Some(((hour * 60 + i64::from(minute)) * 60 + i64::from(second.min(59))) * 1000 + millis)
}

/// One to nine digits after the point, as milliseconds.
fn fraction(scan: &mut Scan<'_>) -> Option<i64> {
    let digits = scan.take_while(|byte| byte.is_ascii_digit());
    if digits.is_empty() || digits.len() > 9 {
        return None;
    }
    let digit = |index: usize| digits.get(index).map_or(0, |digit| i64::from(digit - b'0'));
    Some(digit(0) * 100 + digit(1) * 10 + digit(2))
}

/// Minutes east of UTC; 0 at the end of the text. `None` for what is not a zone.
fn zone(scan: &mut Scan<'_>) -> Option<i64> {
    scan.spaces();
    let mut minutes = 0;
    if scan.peek().is_some_and(|byte| byte.is_ascii_alphabetic()) {
        let word = scan.take_while(|byte| byte.is_ascii_alphabetic());
        minutes = ZONES.iter().find(|(name, _)| name.eq_ignore_ascii_case(word))?.1;
    }
    let sign = match scan.peek() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return Some(minutes),
    };
    scan.take(1);
    let hours = scan.digits(2, 2)?;
    let rest = if scan.eat(b':') { scan.digits(2, 2)? } else { scan.digits(2, 2).unwrap_or(0) };
    if hours > 23 || rest > 59 {
        return None;
    }
    Some(minutes + sign * (i64::from(hours) * 60 + i64::from(rest)))
}

/// Clock and zone, to the end of the text.
fn clock_and_zone(
    mut scan: Scan<'_>,
    date: Date,
    reference: Option<Timestamp>,
) -> Option<Timestamp> {
    let millis = clock(&mut scan)?;
    let zone = zone(&mut scan)?;
    if scan.rest.is_empty() { date.at(millis, zone, reference) } else { None }
}

/// What begins with a digit.
fn numeric(text: &[u8], reference: Option<Timestamp>) -> Option<Timestamp> {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let Some(next) = text.get(count).copied() else {
        return compact(text).or_else(|| epoch(text, &[]));
    };
    let after = text.get(count + 1).copied();
    match (count, next) {
        (4, b'-' | b'/') => iso(text),
        (4, b' ') => year_first(text),
        (8, b'T' | b' ') => compact(text),
        (1 | 2, b'/' | b'-' | b' ') if after.is_some_and(|byte| byte.is_ascii_alphabetic()) => {
            day_first(text, reference)
        }
        (1 | 2, b'/') => slashes(text, reference),
        (1 | 2, b'.') if memchr::memchr_iter(b'.', text).take(2).count() == 2 => dots(text),
        (_, b'.') => {
            let fraction = text.get(count + 1..)?;
            if fraction.iter().all(u8::is_ascii_digit) {
                epoch(text.get(..count)?, fraction)
            } else {
                None
            }
        }
        _ => None,
    }
}

/// `2026-03-02`, `2026/03/02 09:00:01,123 +01:00` and their kin.
fn iso(text: &[u8]) -> Option<Timestamp> {
    let mut scan = Scan::new(text);
    let year = scan.digits(4, 4)?;
    let separator = scan.peek()?;
    scan.take(1);
    let month = scan.digits(1, 2)?;
    if !scan.eat(separator) {
        return None;
    }
    let date = Date { year: Some(year), month, day: scan.digits(1, 2)? };
    match scan.peek() {
        None => return date.at(0, 0, None),
        Some(b'T' | b't' | b' ' | b'-' | b':' | b'_') => scan.take(1),
        Some(_) => return None,
    };
    scan.spaces();
    clock_and_zone(scan, date, None)
}

/// `20260302`, `20260302T090001Z`, `20160805 175034`, `20260302090001`.
fn compact(text: &[u8]) -> Option<Timestamp> {
    let mut scan = Scan::new(text);
    let year = scan.digits(4, 4)?;
    // Eight digits of another century are more likely seconds.
    if !(1970..2100).contains(&year) {
        return None;
    }
    let date = Date { year: Some(year), month: scan.digits(2, 2)?, day: scan.digits(2, 2)? };
    if scan.rest.is_empty() {
        return date.at(0, 0, None);
    }
    if !scan.eat(b'T') {
        scan.eat(b' ');
    }
    let (hour, minute, second) =
        (scan.digits(2, 2)?, scan.digits(2, 2)?, scan.digits(2, 2).unwrap_or(0));
    let millis = if scan.eat(b'.') { fraction(&mut scan)? } else { 0 };
    let zone = zone(&mut scan)?;
    if !scan.rest.is_empty() || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let seconds = i64::from((hour * 60 + minute) * 60 + second.min(59));
    date.at(seconds * 1000 + millis, zone, None)
}

/// Time since 1970 by magnitude: seconds to the year 5138, then milliseconds, microseconds, nanoseconds.
/// Between 116 444 736 000 000 000 and 160 000 000 000 000 000 it is a FILETIME (100 ns since 1601), since no
/// log carries nanoseconds of 1973 to 1975.
fn epoch(whole: &[u8], fraction: &[u8]) -> Option<Timestamp> {
    const FILETIME_1970: i64 = 116_444_736_000_000_000;
    if whole.len() > 19 {
        return None;
    }
    let number = super::scan::integer(whole)?;
    let digit = |index: usize| fraction.get(index).map_or(0, |digit| i64::from(digit - b'0'));
    Some(Timestamp(match number {
        0..100_000_000_000 => number * 1000 + digit(0) * 100 + digit(1) * 10 + digit(2),
        100_000_000_000..100_000_000_000_000 => number,
        100_000_000_000_000..100_000_000_000_000_000 => number / 1000,
        FILETIME_1970..160_000_000_000_000_000 => (number - FILETIME_1970) / 10_000,
        _ => number / 1_000_000,
    }))
}

/// One to twelve for an English month name or an abbreviation of at least three letters.
fn month(word: &[u8]) -> Option<u32> {
    let index = MONTHS.iter().position(|name| abbreviates(word, name))?;
    Some(index as u32 + 1)
}

fn abbreviates(word: &[u8], name: &[u8]) -> bool {
    word.len() >= 3 && name.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word))
}

fn letters<'a>(scan: &mut Scan<'a>) -> &'a [u8] {
    scan.take_while(|byte| byte.is_ascii_alphabetic())
}

fn gap(scan: &mut Scan<'_>) {
    scan.take_while(|byte| matches!(byte, b' ' | b','));
}

/// What begins with the name of a weekday or month.
fn named(text: &[u8], reference: Option<Timestamp>) -> Option<Timestamp> {
    let mut scan = Scan::new(text);
    let mut word = letters(&mut scan);
    if WEEKDAYS.iter().any(|name| abbreviates(word, name)) {
        gap(&mut scan);
        if scan.peek()?.is_ascii_digit() {
            return day_first(scan.rest, reference);
        }
        word = letters(&mut scan);
    }
    let month = month(word)?;
    gap(&mut scan);
    let day = scan.digits(1, 2)?;
    gap(&mut scan);
    named_rest(scan, Date { year: None, month, day }, reference)
}

/// `[year] clock [zone] [year]` after month and day.
fn named_rest(
    mut scan: Scan<'_>,
    mut date: Date,
    reference: Option<Timestamp>,
) -> Option<Timestamp> {
    date.year = year_ahead(&mut scan);
    gap(&mut scan);
    let millis = clock(&mut scan)?;
    scan.spaces();
    if date.year.is_none() {
        date.year = year_ahead(&mut scan);
    }
    let zone = zone(&mut scan)?;
    scan.spaces();
    if date.year.is_none() {
        date.year = year_ahead(&mut scan);
    }
    if scan.rest.is_empty() { date.at(millis, zone, reference) } else { None }
}

/// Four digits that are not the beginning of a clock.
fn year_ahead(scan: &mut Scan<'_>) -> Option<u32> {
    let mut ahead = *scan;
    let year = ahead.digits(4, 4)?;
    if matches!(ahead.peek(), Some(b':' | b'0'..=b'9')) {
        return None;
    }
    *scan = ahead;
    Some(year)
}

/// `02/Mar/2026:09:00:01 +0000`, `02-Mar-2026 09:00:01`, `2 Mar 2026 09:00:01 GMT`.
fn day_first(text: &[u8], reference: Option<Timestamp>) -> Option<Timestamp> {
    let mut scan = Scan::new(text);
    let day = scan.digits(1, 2)?;
    let separator = scan.peek()?;
    scan.take(1);
    let month = month(letters(&mut scan))?;
    if !scan.eat(separator) {
        return None;
    }
    let year = scan.digits(4, 4)?;
    let date = Date { year: Some(year), month, day };
    if scan.rest.is_empty() {
        return date.at(0, 0, reference);
    }
    scan.take_while(|byte| matches!(byte, b' ' | b':' | b','));
    clock_and_zone(scan, date, reference)
}

/// `2023 Jan 11 19:27:57 CET`.
fn year_first(text: &[u8]) -> Option<Timestamp> {
    let mut scan = Scan::new(text);
    let year = scan.digits(4, 4)?;
    scan.spaces();
    let month = month(letters(&mut scan))?;
    scan.spaces();
    let day = scan.digits(1, 2)?;
    scan.spaces();
    clock_and_zone(scan, Date { year: Some(year), month, day }, None)
}

/// `3/2/2026 9:00:01 AM`, `01/27/16-16:01:04.877970`, `01/27-16:01:04.8`: month first.
fn slashes(text: &[u8], reference: Option<Timestamp>) -> Option<Timestamp> {
    let mut scan = Scan::new(text);
    let (first, _) = (scan.digits(1, 2)?, scan.eat(b'/'));
    let second = scan.digits(1, 2)?;
    let year = if scan.eat(b'/') { Some(full_year(&mut scan)?) } else { None };
    let (month, day) = if first > 12 { (second, first) } else { (first, second) };
    let date = Date { year, month, day };
    if scan.rest.is_empty() {
        return if year.is_some() { date.at(0, 0, reference) } else { None };
    }
    scan.take_while(|byte| matches!(byte, b' ' | b'-' | b':' | b','));
    clock_and_zone(scan, date, reference)
}

/// `02.03.2026 09:00:01`: day first.
fn dots(text: &[u8]) -> Option<Timestamp> {
    let mut scan = Scan::new(text);
    let (day, _) = (scan.digits(1, 2)?, scan.eat(b'.'));
    let (month, _) = (scan.digits(1, 2)?, scan.eat(b'.'));
    let date = Date { year: Some(full_year(&mut scan)?), month, day };
    if scan.rest.is_empty() {
        return date.at(0, 0, None);
    }
    gap(&mut scan);
    clock_and_zone(scan, date, None)
}

/// Four digits, or two of this century.
fn full_year(scan: &mut Scan<'_>) -> Option<u32> {
    match scan.digits(2, 4)? {
        year @ 0..100 => Some(2000 + year),
        year @ 1000.. => Some(year),
        _ => None,
    }
}

/// `\/Date(1772442001000+0100)\/`: the offset is for display only.
fn date_call(text: &[u8]) -> Option<Timestamp> {
    let text = text.strip_prefix(b"\\").unwrap_or(text);
    let text = text.strip_prefix(b"/Date(")?;
    let sign = usize::from(text.first() == Some(&b'-'));
    let count = text.get(sign..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
    super::scan::integer(text.get(..sign + count)?).map(Timestamp)
}

#[cfg(test)]
mod tests;
