//! Envelopes as they come.

use super::super::Format;
use super::super::probe::line;
use super::{Envelope, envelope};

#[track_caller]
fn expect(text: &str, parts: &[(&str, &str)]) {
    let Some(found) = envelope(text.as_bytes()) else { panic!("no envelope: {text}") };
    let Envelope {
        priority,
        severity,
        timestamp,
        hostname,
        relay,
        appname,
        procid,
        msgid,
        structured,
        body,
    } = found;
    let number = |number: Option<u16>| number.map(|number| number.to_string());
    let part = |part: Option<&[u8]>| part.map(|part| String::from_utf8_lossy(part).into_owned());
    let have = [
        ("priority", number(priority)),
        ("severity", number(severity.map(u16::from))),
        ("timestamp", part(timestamp)),
        ("hostname", part(hostname)),
        ("relay", part(relay)),
        ("appname", part(appname)),
        ("procid", part(procid)),
        ("msgid", part(msgid)),
        ("structured", part(structured)),
        ("body", part(Some(body))),
    ];
    let have: Vec<_> =
        have.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))).collect();
    assert_eq!(have, parts, "{text}");
}

#[test]
fn rfc3164() {
    expect(
        "Mar  2 09:00:01 web01 sshd[2201]: Accepted",
        &[
            ("timestamp", "Mar  2 09:00:01"),
            ("hostname", "web01"),
            ("appname", "sshd"),
            ("procid", "2201"),
            ("body", "Accepted"),
        ],
    );
    expect(
        "<34>Mar 2 2026 09:00:01 web01 su: ok",
        &[
            ("priority", "34"),
            ("timestamp", "Mar 2 2026 09:00:01"),
            ("hostname", "web01"),
            ("appname", "su"),
            ("body", "ok"),
        ],
    );
    expect(
        "Feb 26 19:11:56 secd[1] <Error> x",
        &[
            ("timestamp", "Feb 26 19:11:56"),
            ("appname", "secd"),
            ("procid", "1"),
            ("body", "<Error> x"),
        ],
    );
    expect(
        "Mar  2 09:00:01 host Job `cron.daily' terminated",
        &[
            ("timestamp", "Mar  2 09:00:01"),
            ("hostname", "host"),
            ("body", "Job `cron.daily' terminated"),
        ],
    );
    expect(
        "Mar  2 09:00:01 host.example.org notice apmd[14311]: 01490005:5: x",
        &[
            ("severity", "5"),
            ("timestamp", "Mar  2 09:00:01"),
            ("hostname", "host.example.org"),
            ("appname", "apmd"),
            ("procid", "14311"),
            ("body", "01490005:5: x"),
        ],
    );
    expect(
        "Mar  2 09:00:01 10.34.84.145 Mar  2 10:00:43 ise01 CISE_Profiler 0000024855 1 0",
        &[
            ("timestamp", "Mar  2 10:00:43"),
            ("hostname", "ise01"),
            ("relay", "10.34.84.145"),
            ("body", "CISE_Profiler 0000024855 1 0"),
        ],
    );
    expect("<13>just text", &[("priority", "13"), ("body", "just text")]);
}

#[test]
fn iso_stamps() {
    expect(
        "<36>2026-11-24T04:17:16.152913+00:00 vm app1: msg",
        &[
            ("priority", "36"),
            ("timestamp", "2026-11-24T04:17:16.152913+00:00"),
            ("hostname", "vm"),
            ("appname", "app1"),
            ("body", "msg"),
        ],
    );
    expect(
        "2026-11-24T04:17:16+01:00 vm sudo[4]:  x",
        &[
            ("timestamp", "2026-11-24T04:17:16+01:00"),
            ("hostname", "vm"),
            ("appname", "sudo"),
            ("procid", "4"),
            ("body", "x"),
        ],
    );
    expect(
        "2026-05-28 18:08:01,124 mantis proftpd[498625] USER x",
        &[
            ("timestamp", "2026-05-28 18:08:01,124"),
            ("hostname", "mantis"),
            ("appname", "proftpd"),
            ("procid", "498625"),
            ("body", "USER x"),
        ],
    );
    for text in [
        "2026-10-06T00:17:09.669794202Z stdout F log content",
        "2026-10-03 09:00:01,042 INFO [main] [com.example] start",
        "Wed Aug 11 05:51:02 2026 [176] <notice> x",
        "<Event xmlns='x'>",
        "<999>no priority",
        "plain text: with a colon",
    ] {
        assert_eq!(envelope(text.as_bytes()), None, "{text}");
    }
}

#[test]
fn cisco() {
    let body = ("body", "%ASA-6-302013: Built");
    let id = ("msgid", "ASA-6-302013");
    expect(
        "<166>Mar 02 2026 09:00:01 fw : %ASA-6-302013: Built",
        &[("priority", "166"), ("timestamp", "Mar 02 2026 09:00:01"), ("hostname", "fw"), id, body],
    );
    expect(
        "<166>Mar  2 09:00:01: %ASA-6-302013: Built",
        &[("priority", "166"), ("timestamp", "Mar  2 09:00:01"), id, body],
    );
    expect("%ASA-6-302013: Built", &[id, body]);
    expect(
        "<189>123: sw1: *Mar  1 00:00:01.123 UTC: %SYS-5-CONFIG_I: Configured",
        &[
            ("priority", "189"),
            ("timestamp", "Mar  1 00:00:01.123 UTC"),
            ("hostname", "sw1"),
            ("msgid", "SYS-5-CONFIG_I"),
            ("body", "%SYS-5-CONFIG_I: Configured"),
        ],
    );
    expect(
        "<189>sw1: 2026 Mar 13 17:07:57 CET: %AAA-6-X: y",
        &[
            ("priority", "189"),
            ("timestamp", "2026 Mar 13 17:07:57 CET"),
            ("hostname", "sw1"),
            ("msgid", "AAA-6-X"),
            ("body", "%AAA-6-X: y"),
        ],
    );
    expect(
        "4425: Aug 23 00:17:55.356: %SSH-5-SSH2_SESSION: x",
        &[
            ("timestamp", "Aug 23 00:17:55.356"),
            ("msgid", "SSH-5-SSH2_SESSION"),
            ("body", "%SSH-5-SSH2_SESSION: x"),
        ],
    );
    expect(
        "00:00:46: %LINK-3-UPDOWN: up",
        &[("msgid", "LINK-3-UPDOWN"), ("body", "%LINK-3-UPDOWN: up")],
    );
}

#[test]
fn rfc5424() {
    expect(
        "63 <36>1 2026-11-24T04:17:16Z vm app 7 ID47 [x@1 a=\"b \\\" \\] c\"][y@1] \u{feff}text",
        &[
            ("priority", "36"),
            ("timestamp", "2026-11-24T04:17:16Z"),
            ("hostname", "vm"),
            ("appname", "app"),
            ("procid", "7"),
            ("msgid", "ID47"),
            ("structured", "[x@1 a=\"b \\\" \\] c\"][y@1]"),
            ("body", "text"),
        ],
    );
    expect("<36>1 - - - - - -", &[("priority", "36"), ("body", "")]);
    expect(
        "<36>1 2026-11-24T04:17:16Z vm app - - - text",
        &[
            ("priority", "36"),
            ("timestamp", "2026-11-24T04:17:16Z"),
            ("hostname", "vm"),
            ("appname", "app"),
            ("body", "text"),
        ],
    );
}

#[test]
fn rfc5424_without_priority_and_version() {
    expect(
        "2026-03-21T16:29:34.821636+01:00 vc01 sudo - - -  root : x",
        &[
            ("timestamp", "2026-03-21T16:29:34.821636+01:00"),
            ("hostname", "vc01"),
            ("appname", "sudo"),
            ("body", "root : x"),
        ],
    );
}

#[test]
fn fields() {
    let probe = line(
        "63 <36>1 2026-11-24T04:17:16Z vm app 7 ID47 [meta sequenceId=\"29\" q=\"a\\\"b\"] text\n",
    );
    assert_eq!(probe.format, Ok(Format::Syslog));
    for (name, value) in [
        ("syslog.priority", "#36"),
        ("syslog.facility", "#4"),
        ("syslog.severity", "#4"),
        ("syslog.timestamp", "2026-11-24T04:17:16Z"),
        ("syslog.hostname", "vm"),
        ("syslog.appname", "app"),
        ("syslog.procid", "7"),
        ("syslog.msgid", "ID47"),
        ("syslog.sd.meta.sequenceId", "29"),
        ("syslog.sd.meta.q", "a\"b"),
        ("message", "text"),
    ] {
        assert_eq!(probe.first(name), value, "{name}");
    }
    assert_eq!(probe.copied, 1, "only the escaped parameter is copied");
}
