//! Notations, and round trips through jiff.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use model::Timestamp;
use proptest::prelude::*;

use super::{parse, parse_with};

/// 2026-03-02T09:00:01Z.
const INSTANT: i64 = 1_772_442_001_000;

#[test]
fn one_instant_in_many_notations() {
    for (text, beyond) in [
        ("2026-03-02T09:00:01Z", 0),
        ("2026-03-02T09:00:01", 0),
        ("2026-03-02 09:00:01", 0),
        ("2026-03-02T10:00:01+01:00", 0),
        ("2026-03-02T04:00:01.123456789-0500", 123),
        ("2026-03-02 09:00:01,123", 123),
        ("2026-03-02T09:00:01.1234567Z", 123),
        ("2026-03-02 09:00:01.5 +00:00", 500),
        ("2026/03/02 09:00:01", 0),
        ("20260302T090001Z", 0),
        ("20260302 090001", 0),
        ("20260302090001", 0),
        ("1772442001", 0),
        ("1772442001.123456", 123),
        ("1772442001123", 123),
        ("1772442001123456", 123),
        ("1772442001123456789", 123),
        ("134169156010000000", 0),
        ("Mar  2 2026 09:00:01", 0),
        ("Mar 2, 2026 9:00:01 AM", 0),
        ("Mar 02 2026 09:00:01.123 UTC", 123),
        ("March 2, 2026 09:00:01", 0),
        ("Mon Mar  2 09:00:01.123456 2026", 123),
        ("Mon Mar  2 10:00:01 CET 2026", 0),
        ("Mon, 02 Mar 2026 09:00:01 GMT", 0),
        ("2026 Mar  2 10:00:01 CET", 0),
        ("02/Mar/2026:09:00:01 +0000", 0),
        ("02/Mar/2026:10:00:01 +0100", 0),
        ("02-Mar-2026 09:00:01.123", 123),
        ("2 mar 2026 09:00:01", 0),
        ("3/2/2026 9:00:01 AM", 0),
        ("03/02/26-09:00:01.123456", 123),
        ("02.03.2026 09:00:01", 0),
        ("\\/Date(1772442001000)\\/", 0),
        ("/Date(1772442001000+0100)/", 0),
    ] {
        assert_eq!(parse(text.as_bytes(), None), Some(Timestamp(INSTANT + beyond)), "{text}");
    }
    assert_eq!(parse(b"3/2/2026 9:00:01 PM", None), Some(Timestamp(INSTANT + 12 * 3_600_000)));
    assert_eq!(parse(b"2026-03-02", None), Some(Timestamp(INSTANT - 32_401_000)));
}

#[test]
fn the_year_comes_from_the_reference() {
    let reference = Some(Timestamp(INSTANT));
    assert_eq!(parse(b"Mar  2 09:00:01", reference), Some(Timestamp(INSTANT)));
    assert_eq!(parse(b"*Mar  2 09:00:01.5", reference), Some(Timestamp(INSTANT + 500)));
    // Within a day after the reference: the same year; beyond: the year before.
    assert_eq!(parse(b"Mar  3 09:00:01", reference), Some(Timestamp(INSTANT + 86_400_000)));
    assert_eq!(parse(b"Mar  3 09:00:02", reference), parse(b"2025-03-03T09:00:02Z", None));
    assert_eq!(parse(b"Dec 31 23:59:59", reference), parse(b"2025-12-31T23:59:59Z", None));
    assert_eq!(parse(b"Feb 29 00:00:00", reference), parse(b"2024-02-29T00:00:00Z", None));
    assert_eq!(parse(b"Mar  2 09:00:01", None), parse(b"1970-03-02T09:00:01Z", None));
    assert_eq!(parse(b"Feb 29 00:00:00", None), parse(b"1972-02-29T00:00:00Z", None));
    // New Year's Eve seen on New Year's Day, and the other way round.
    let new_year = parse(b"2026-01-01T00:00:00Z", None);
    assert_eq!(parse(b"Dec 31 23:59:59", new_year), parse(b"2025-12-31T23:59:59Z", None));
    let eve = parse(b"2025-12-31T23:59:00Z", None);
    assert_eq!(parse(b"Jan  1 00:00:01", eve), parse(b"2026-01-01T00:00:01Z", None));
}

#[test]
fn what_is_no_instant() {
    for text in [
        "",
        " ",
        "-",
        "yesterday",
        "2026-02-30",
        "2026-13-01T00:00:00Z",
        "2026-03-02T25:00:00Z",
        "2026-03-02T09:00:01 XYZ",
        "Mar 32 09:00:01",
        "Mark 2 09:00:01",
        "99999999999999999999",
        "1.2.3",
        "12:00:00",
        "2026-03-02T09:00:01Z trailing",
        "/Date()/",
        "13/13/2026 00:00:00",
        "2026-03-02T09:00:01+25:00",
        "1772442001.12x",
    ] {
        assert_eq!(parse(text.as_bytes(), None), None, "{text}");
    }
}

#[test]
fn a_format_for_odd_ones() {
    assert_eq!(parse_with("%d %m %Y %H-%M-%S", b"02 03 2026 09-00-01"), Some(Timestamp(INSTANT)));
    assert_eq!(
        parse_with("%d %m %Y %H-%M-%S %z", b"02 03 2026 10-00-01 +0100"),
        Some(Timestamp(INSTANT))
    );
    assert_eq!(parse_with("%d", b"x"), None);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn jiff_reads_the_same(millis in -62_000_000_000_000_i64..250_000_000_000_000, offset in -12 * 60..14 * 60) {
        let instant = jiff::Timestamp::from_millisecond(millis).unwrap();
        let zone = jiff::tz::Offset::from_seconds(offset * 60).unwrap().to_time_zone();
        for format in ["%Y-%m-%dT%H:%M:%S%.3f%:z", "%Y/%m/%d %H:%M:%S,%3f %z", "%d/%b/%Y:%H:%M:%S.%3f %z", "%a %b %e %H:%M:%S.%6f %z %Y"] {
            let text = instant.to_zoned_datetime(zone.clone()).strftime(format).to_string();
            prop_assert_eq!(parse(text.as_bytes(), None), Some(Timestamp(millis)), "{}", text);
        }
    }

    #[test]
    fn a_yearless_stamp_is_near_its_reference(millis in 0_i64..4_000_000_000_000, after in 0_i64..200 * 86_400) {
        let written = millis / 1000 * 1000;
        let text = jiff::Timestamp::from_millisecond(written).unwrap().strftime("%b %e %H:%M:%S").to_string();
        let reference = Timestamp(written + after * 1000);
        prop_assert_eq!(parse(text.as_bytes(), Some(reference)), Some(Timestamp(written)), "{}", text);
    }

    #[test]
    fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..64), text in "[0-9A-Za-z/:., +-]{0,40}", reference in any::<i64>()) {
        let _outcome = parse(&bytes, Some(Timestamp(reference)));
        let _outcome = parse(text.as_bytes(), Some(Timestamp(reference)));
        let _outcome = parse_with("%Y-%m-%d", &bytes);
    }
}
