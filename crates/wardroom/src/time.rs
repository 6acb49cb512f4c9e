//! Instants as people read and write them: always UTC.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use model::Timestamp;

/// `2026-03-02 09:12:44Z`; years beyond the calendar as milliseconds.
pub(crate) fn show(time: Timestamp) -> String {
    match jiff::Timestamp::from_millisecond(time.0) {
        Ok(at) => at.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
        Err(_) => format!("{} ms", time.0),
    }
}

/// RFC 3339 with milliseconds, for machines.
pub(crate) fn rfc3339(time: Timestamp) -> String {
    match jiff::Timestamp::from_millisecond(time.0) {
        Ok(at) => at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        Err(_) => time.0.to_string(),
    }
}

/// An instant from the command line: RFC 3339, `2026-03-02 09:12[:44]` or `2026-03-02`, UTC when it names no zone.
pub(crate) fn parse(text: &str) -> Result<Timestamp, String> {
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Ok(Timestamp(at.as_millisecond()));
    }
    let civil = text
        .parse::<DateTime>()
        .or_else(|_| text.parse::<Date>().map(|date| date.at(0, 0, 0, 0)))
        .map_err(|_| format!("'{text}' is no time; write 2026-03-02, 2026-03-02T09:00 or 2026-03-02T09:00:00+01:00"))?;
    let at = TimeZone::UTC.to_timestamp(civil).map_err(|error| format!("'{text}': {error}"))?;
    Ok(Timestamp(at.as_millisecond()))
}

/// A length of time from the command line, in milliseconds: `90s`, `10m`, `1h 30m`.
pub(crate) fn parse_length(text: &str) -> Result<i64, String> {
    let length = text
        .parse::<jiff::SignedDuration>()
        .map_err(|_| format!("'{text}' is no length of time; write for example 90s, 10m or 1h"))?;
    let ms = i64::try_from(length.as_millis()).map_err(|_| format!("'{text}' is too long"))?;
    if ms < 0 { Err(format!("'{text}' is negative")) } else { Ok(ms) }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        let noon = Timestamp(1_772_452_800_000);
        for text in ["2026-03-02T12:00:00Z", "2026-03-02 12:00", "2026-03-02T13:00:00+01:00"] {
            assert_eq!(parse(text), Ok(noon), "{text}");
        }
        assert_eq!(parse("2026-03-02").unwrap().0, noon.0 - 43_200_000);
        assert!(parse("noon").unwrap_err().contains("'noon' is no time"));
        assert_eq!(show(noon), "2026-03-02 12:00:00Z");
        assert_eq!(rfc3339(noon), "2026-03-02T12:00:00.000Z");
    }

    #[test]
    fn lengths_have_units() {
        assert_eq!(parse_length("10m"), Ok(600_000));
        assert_eq!(parse_length("1h 30m"), Ok(5_400_000));
        assert!(parse_length("10").is_err());
        assert!(parse_length("-10m").is_err());
    }
}
