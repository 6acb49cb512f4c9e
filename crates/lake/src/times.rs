//! Times as people write them.

use jiff::civil::Date;
use model::Timestamp;

/// `2026-11-01T10:00:00Z`, `2026-11-01` (midnight UTC), milliseconds since 1970, `now`, `-24h` (units `s m h d w`).
pub(crate) fn parse_time(text: &str, now: Timestamp) -> Option<Timestamp> {
    if text == "now" {
        return Some(now);
    }
    if let Some(ago) = text.strip_prefix('-').and_then(parse_span) {
        return Some(Timestamp(now.0.saturating_sub(ago)));
    }
    if let Ok(millis) = text.parse::<i64>() {
        return Some(Timestamp(millis));
    }
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Some(Timestamp(time.as_millisecond()));
    }
    let date = text.parse::<Date>().ok().filter(|_| !text.contains(['T', ' ', ':']))?;
    let midnight = date.in_tz("UTC").ok()?;
    Some(Timestamp(midnight.timestamp().as_millisecond()))
}

/// `24h` as milliseconds.
pub(crate) fn parse_span(text: &str) -> Option<i64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit: i64 = match unit {
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        "w" => 604_800_000,
        _ => return None,
    };
    number.parse::<u32>().ok().and_then(|number| i64::from(number).checked_mul(unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_as_people_write_them() {
        let now = Timestamp(1_000_000_000_000);
        for (text, expected) in [
            ("now", Some(1_000_000_000_000)),
            ("-90s", Some(999_999_910_000)),
            ("-1d", Some(999_913_600_000)),
            ("1970-01-02", Some(86_400_000)),
            ("1970-01-01T00:00:01Z", Some(1000)),
            ("1970-01-01T01:00:01+01:00", Some(1000)),
            ("1234", Some(1234)),
            ("-5y", None),
            ("-", None),
            ("yesterday", None),
            ("1970-13-01", None),
        ] {
            assert_eq!(parse_time(text, now).map(|time| time.0), expected, "{text}");
        }
    }
}
