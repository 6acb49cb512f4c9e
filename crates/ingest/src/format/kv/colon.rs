//! `Key: value, Key: value` in a text, as Cisco Firepower writes connection, file and intrusion events.
//!
//! These are messages 430001 to 430005 of Cisco Secure Firewall; the form is taken from real lines.

use memchr::memmem;

use super::super::scan::put_named;
use crate::Fields;

/// Longest key; Firepower's own have up to 30 bytes.
const KEY_MAX: usize = 40;
/// Pairs that a text must hold: prose has a colon and a comma now and then.
const PAIRS_LEAST: usize = 5;

/// Takes the pairs out of a text that holds at least five. Values may hold commas and colons: a pair begins
/// where a comma, a key of letters, digits, `_` and spaces (a capital first) and `: ` follow each other.
pub(super) fn decode(text: &[u8], fields: &mut Fields<'_>) -> bool {
    if memmem::find_iter(text, b": ").take(PAIRS_LEAST).count() < PAIRS_LEAST {
        return false;
    }
    let mut keys: Vec<(usize, usize)> = Vec::new();
    for colon in memmem::find_iter(text, b":") {
        let ends = matches!(text.get(colon + 1), None | Some(b' ' | b','));
        if ends && let Some(start) = key_before(text, colon, keys.is_empty()) {
            keys.push((start, colon));
        }
    }
    if keys.len() < PAIRS_LEAST {
        return false;
    }
    for (number, (start, colon)) in keys.iter().enumerate() {
        let end = keys.get(number + 1).map_or(text.len(), |next| next.0);
        let key = text.get(*start..*colon).unwrap_or_default();
        let value = text.get(colon + 1..end).unwrap_or_default().trim_ascii();
        let value =
            if end < text.len() { value.strip_suffix(b",").unwrap_or(value) } else { value };
        put_named(fields, key, value.trim_ascii());
        if fields.is_full() {
            break;
        }
    }
    true
}

/// Where the key before the colon begins; the first one may follow a bracket or a colon, too.
fn key_before(text: &[u8], colon: usize, is_first: bool) -> Option<usize> {
    let head = text.get(..colon)?;
    let is_key = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(**byte, b'_' | b' ');
    let reach = head.iter().rev().take(KEY_MAX + 1).take_while(is_key).count();
    let key = head.get(colon - reach..)?.trim_ascii_start();
    let before = colon.checked_sub(reach + 1).and_then(|at| head.get(at));
    let parted = match before {
        Some(b',') => key.len() < reach,
        Some(b']' | b':') | None => is_first,
        Some(_) => false,
    };
    let named = key.first().is_some_and(u8::is_ascii_uppercase)
        && key.last().is_some_and(|last| *last != b' ');
    (parted && named && key.len() <= KEY_MAX).then_some(colon - key.len())
}

#[cfg(test)]
mod tests {
    use super::super::super::Format;
    use super::super::super::probe::line;

    #[test]
    fn firepower() {
        let probe = line(
            "%FTD-1-430003: EventPriority: Low, DeviceUUID: a-b, FirstPacketSecond: 2026-03-02T09:00:01Z, \
             ACPolicy: A, B: c, User: , ThreatName: Win.X::95.sbx, URL: http://h/?a=1&b=2 c=3 d=4, Last, one",
        );
        assert_eq!(probe.format, Ok(Format::Syslog));
        for (name, value) in [
            ("syslog.msgid", "FTD-1-430003"),
            ("EventPriority", "Low"),
            ("DeviceUUID", "a-b"),
            ("FirstPacketSecond", "2026-03-02T09:00:01Z"),
            ("ACPolicy", "A"),
            ("User", "#null"),
            ("ThreatName", "Win.X::95.sbx"),
            ("URL", "http://h/?a=1&b=2 c=3 d=4, Last, one"),
            ("b", "(absent)"),
        ] {
            assert_eq!(probe.first(name), value, "{name}");
        }
    }

    #[test]
    fn keys_of_several_words_behind_brackets() {
        let probe = line(
            "Mar  2 09:00:01 h SFIMS: [Engine (a-b)][Access] Connection Type: Start, User: Unknown, Web App: Unknown, Rule Name: x y, Port: 1",
        );
        assert_eq!(probe.first("Connection Type"), "Start");
        assert_eq!(probe.first("Rule Name"), "x y");
        assert_eq!(probe.first("Port"), "1");
    }

    #[test]
    fn prose_is_left_alone() {
        let text = "Warning: a file, Name: x, has: one, two: three, Four: 4: 5: 6: 7";
        assert_eq!(line(text).pairs, [("message".to_owned(), text.to_owned())]);
    }
}
