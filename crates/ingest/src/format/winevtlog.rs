//! Windows events as the agents of OSSEC and of Wazuh before 3.8 write them on one line:
//! `Channel: TYPE(EventID): Provider: user: domain: computer: message`.
//!
//! The form is taken from real lines. The names are those of [`super::windows`]. Sysmon's message is its data, `Name: value` with two spaces or more between the pairs.

use memchr::memmem;

use super::scan::put_named;
use crate::Fields;

/// Puts the fields of a body that a syslog envelope with the tag `WinEvtLog` has; `false`, with nothing put,
/// when it is none.
pub(super) fn decode(body: &[u8], fields: &mut Fields<'_>) -> bool {
    let mut rest = body;
    let mut parts = [b"".as_slice(); 6];
    for part in &mut parts {
        let Some(at) = memmem::find(rest, b": ") else { return false };
        *part = rest.get(..at).unwrap_or_default();
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    let [channel, kind, provider, user, domain, computer] = parts;
    let Some(number) = event_number(kind) else { return false };
    let named = |text: &[u8]| !text.starts_with(b"(no ") && !text.starts_with(b"no ");
    fields.put("EventID", number);
    fields.put("Channel", channel);
    fields.put("Provider_Name", provider);
    fields.put("Computer", computer);
    for (name, text) in [("AccountName", user), ("Domain", domain)] {
        if named(text) {
            fields.put(name, text);
        }
    }
    fields.put("Message", rest);
    if provider == b"Microsoft-Windows-Sysmon" {
        for pair in memmem::find_iter(rest, b"  ").chain([rest.len()]).scan(0, |from, end| {
            let pair = rest.get(*from..end).unwrap_or_default();
            *from = end;
            Some(pair.trim_ascii())
        }) {
            let Some(at) = memmem::find(pair, b": ") else { continue };
            let (name, value) = pair.split_at(at);
            put_named(fields, name, value.get(2..).unwrap_or_default());
        }
    }
    true
}

/// `4625` of `AUDIT_FAILURE(4625)`.
fn event_number(kind: &[u8]) -> Option<&[u8]> {
    let open = memchr::memchr(b'(', kind)?;
    let number = kind.get(open + 1..)?.strip_suffix(b")")?;
    (!number.is_empty() && number.iter().all(u8::is_ascii_digit)).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::super::Format;
    use super::super::probe::line;

    #[test]
    fn sysmon_and_others() {
        let probe = line(
            "2026 Mar 02 09:00:01 WinEvtLog: Microsoft-Windows-Sysmon/Operational: INFORMATION(1): Microsoft-Windows-Sysmon: \
             SYSTEM: NT AUTHORITY: h1: Process Create:  Image: C:\\x.exe  CommandLine: \"C:\\x.exe\" a: b  User: D\\u",
        );
        assert_eq!(probe.format, Ok(Format::Windows));
        for (name, value) in [
            ("EventID", "1"),
            ("Channel", "Microsoft-Windows-Sysmon/Operational"),
            ("Computer", "h1"),
            ("TimeCreated", "2026 Mar 02 09:00:01"),
            ("Provider_Name", "Microsoft-Windows-Sysmon"),
            ("Image", "C:\\x.exe"),
            ("CommandLine", "\"C:\\x.exe\" a: b"),
            ("User", "D\\u"),
        ] {
            assert_eq!(probe.first(name), value, "{name}");
        }
        let probe = line(
            "2026 Mar 02 09:00:01 WinEvtLog: Security: AUDIT_FAILURE(4625): P: (no user): no domain: h1: A  B: c",
        );
        assert_eq!((probe.first("EventID"), probe.first("AccountName")), ("4625", "(absent)"));
        assert_eq!((probe.first("Message"), probe.first("B")), ("A  B: c", "(absent)"));
        assert_eq!(line("2026 Mar 02 09:00:01 WinEvtLog: a: b: c").format, Ok(Format::Syslog));
    }
}
