//! How a value of an event reads as a number, an address or a date: one place for both evaluators.

use std::net::IpAddr;

use jiff::civil::DateTime;
use model::{EventRef, Value};

use super::ast::TimePart;

/// The value as a number. Texts count when they are a number in decimal (`4625`, `-1.5`, `1e3`); booleans and null
/// are no numbers.
pub fn number_of(event: EventRef<'_>, value: Value) -> Option<f64> {
    match value {
        Value::Int(number) => Some(number as f64),
        Value::Float(number) => Some(number),
        Value::Null | Value::Bool(_) => None,
        Value::Raw { .. } | Value::Text { .. } => number_of_text(event.bytes(value)?),
    }
}

/// A text as a number in decimal; `inf`, `nan` and hexadecimal are none.
pub fn number_of_text(text: &[u8]) -> Option<f64> {
    let is_decimal = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
    // Few texts are numbers: the first byte decides for most.
    if !text.first().is_some_and(|first| first.is_ascii_digit() || b"+-.".contains(first))
        || !text.iter().all(is_decimal)
    {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// A text as an address, without the zone of a link-local one. IPv4 within IPv6 (`::ffff:10.0.0.1`) is the IPv4
/// address: Windows writes it so.
pub fn address_of(text: &str) -> Option<IpAddr> {
    let bare = text.trim().split('%').next().unwrap_or_default();
    bare.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// A part of a date. Dates in text are ISO 8601 and count as written, offsets ignored, as the specification says that
/// these modifiers convert no time zones; numbers are seconds or milliseconds since 1970 in UTC.
pub fn time_part_of(event: EventRef<'_>, value: Value, part: TimePart) -> Option<i64> {
    if let Some(number) = number_of(event, value) {
        return date_of_number(number).map(|date| part_of(date, part));
    }
    let text = event.text(value);
    let text = text.trim().trim_end_matches(['Z', 'z']);
    let needs_clock = matches!(part, TimePart::Minute | TimePart::Hour);
    if needs_clock && !text.contains(':') {
        return None;
    }
    text.parse().ok().map(|date| part_of(date, part))
}

fn date_of_number(number: f64) -> Option<DateTime> {
    // Below 1973 as seconds it is no time; from the year 5138 as seconds it is milliseconds.
    const SECONDS: std::ops::Range<f64> = 1e8..1e11;
    const MILLISECONDS: std::ops::Range<f64> = 1e11..1e14;
    let millisecond = if SECONDS.contains(&number) {
        (number * 1e3) as i64
    } else if MILLISECONDS.contains(&number) {
        number as i64
    } else {
        return None;
    };
    let instant = jiff::Timestamp::from_millisecond(millisecond).ok()?;
    Some(jiff::tz::Offset::UTC.to_datetime(instant))
}

fn part_of(date: DateTime, part: TimePart) -> i64 {
    match part {
        TimePart::Minute => date.minute().into(),
        TimePart::Hour => date.hour().into(),
        TimePart::Day => date.day().into(),
        TimePart::Week => date.date().iso_week_date().week().into(),
        TimePart::Month => date.month().into(),
        TimePart::Year => date.year().into(),
    }
}

/// Whether the raw record is JSON, which can say null and whose values are all slots. Other records cannot say null,
/// so an empty value of theirs counts as null, and keywords look at the whole record.
pub fn is_json(event: EventRef<'_>) -> bool {
    matches!(event.raw().iter().find(|byte| !byte.is_ascii_whitespace()), Some(b'{' | b'['))
}
