//! Events of the audit daemon.

use super::super::Format;
use super::super::probe::{line, probe};
use super::{decode, group};

const EVENT: &str = concat!(
    "node=web01 type=SYSCALL msg=audit(1364481363.243:24287): arch=c000003e syscall=42 success=yes a0=2f62 a1=61 ",
    "pid=2686 comm=\"sh\" exe=2F746D702F61206220 key=(null)\u{1d}ARCH=x86_64 UID=\"root\"\n",
    "node=web01 type=EXECVE msg=audit(1364481363.243:24287): argc=3 a0=\"/bin/sh\" a1=\"-c\" a2=6C73202D6C\n",
    "node=web01 type=SOCKADDR msg=audit(1364481363.243:24287): saddr=0200003508080808\n",
    "node=web01 type=PATH msg=audit(1364481363.243:24287): item=0 name=\"/a\"\n",
    "node=web01 type=PATH msg=audit(1364481363.243:24287): item=1 name=2F62\n",
    "node=web01 type=PROCTITLE msg=audit(1364481363.243:24287): proctitle=6C73002D6C00",
);

#[test]
fn an_event_of_several_records() {
    let probe = line(EVENT);
    assert_eq!(probe.format, Ok(Format::Auditd));
    assert_eq!(probe.all("type"), ["SYSCALL", "EXECVE", "SOCKADDR", "PATH", "PATH", "PROCTITLE"]);
    assert_eq!(probe.all("name"), ["/a", "/b"]);
    assert_eq!(probe.all("a0"), ["2f62", "/bin/sh"]);
    for (name, value) in [
        ("node", "web01"),
        ("audit.time", "1364481363.243"),
        ("audit.serial", "#24287"),
        ("exe", "/tmp/a b "),
        ("comm", "sh"),
        ("key", "(absent)"),
        ("UID", "root"),
        ("command_line", "/bin/sh -c ls -l"),
        ("saddr.family", "inet"),
        ("saddr.address", "8.8.8.8"),
        ("saddr.port", "#53"),
        ("proctitle", "ls -l"),
    ] {
        assert_eq!(probe.first(name), value, "{name}");
    }
}

#[test]
fn nested_message_and_enriched_tail() {
    for tail in ["\u{1d}", ""] {
        let probe = line(&format!(
            "type=USER_LOGIN msg=audit(1364481363.243:1): pid=1 msg='op=login acct=\"root\" exe=\"/usr/sbin/sshd\" hostname=? addr=192.0.2.1 terminal=ssh res=failed'{tail}UID=\"root\" AUID=\"unset\"",
        ));
        for (name, value) in [
            ("op", "login"),
            ("acct", "root"),
            ("hostname", "(absent)"),
            ("addr", "192.0.2.1"),
            ("res", "failed"),
            ("UID", "root"),
            ("AUID", "unset"),
        ] {
            assert_eq!(probe.first(name), value, "{name}");
        }
    }
}

#[test]
fn selinux_long_arguments_and_other_addresses() {
    let avc = line(
        "type=AVC msg=audit(1364481363.243:1): avc:  denied  { read write } for  pid=7 comm=\"ls\" tclass=file",
    );
    assert_eq!(avc.all("avc.permission"), ["read", "write"]);
    assert_eq!((avc.first("avc.result"), avc.first("pid")), ("denied", "7"));
    let user = line(
        "type=USER_AVC msg=audit(1364481363.243:1): pid=7 msg='avc:  denied  { start } for auid=0 exe=\"/x y\" hostname=?'",
    );
    assert_eq!(
        (user.first("avc.permission"), user.first("pid"), user.first("exe")),
        ("start", "7", "/x y")
    );
    let long = line(
        "type=EXECVE msg=audit(1364481363.243:1): argc=2 a0=\"x\" a1_len=4 a1[0]=6162 a1[1]=6364",
    );
    assert_eq!(long.first("command_line"), "x abcd");
    let unix = line("type=SOCKADDR msg=audit(1364481363.243:1): saddr=01002F72756E2F7800");
    assert_eq!((unix.first("saddr.family"), unix.first("saddr.path")), ("unix", "/run/x"));
    let six = line(
        "type=SOCKADDR msg=audit(1364481363.243:1): saddr=0A0001BB0000000020010DB800000000000000000000000100000000",
    );
    assert_eq!((six.first("saddr.address"), six.first("saddr.port")), ("2001:db8::1", "#443"));
}

#[test]
fn no_stamp_is_malformed() {
    assert!(probe(b"type=X msg=audit(): y", decode).format.is_err());
}

#[test]
fn lines_of_an_event_are_put_together() {
    let chunk = "type=A msg=audit(1364481363.243:1): x=1\nplain\ntype=A msg=audit(1364481363.243:2): x=2\n\ntype=B msg=audit(1364481363.243:1): x=3\n";
    let grouped = group(chunk.as_bytes());
    let texts: Vec<_> = grouped
        .records
        .iter()
        .map(|record| String::from_utf8_lossy(&grouped.bytes[record.range.clone()]).into_owned())
        .collect();
    assert_eq!(
        texts,
        [
            "type=A msg=audit(1364481363.243:1): x=1\ntype=B msg=audit(1364481363.243:1): x=3",
            "plain",
            "type=A msg=audit(1364481363.243:2): x=2",
        ]
    );
    assert_eq!(grouped.records.iter().map(|record| record.line).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(grouped.records[2].offset, 46);
}

#[test]
fn nothing_moves_when_lines_stand_together() {
    let chunk =
        b"type=A msg=audit(1364481363.243:1): x\ntype=B msg=audit(1364481363.243:1): y\nplain";
    let grouped = group(chunk);
    assert!(matches!(grouped.bytes, std::borrow::Cow::Borrowed(_)));
    assert_eq!(grouped.records.len(), 2);
}

#[test]
fn the_window_ends() {
    let mut chunk = b"type=A msg=audit(1364481363.243:1): x\n".to_vec();
    chunk.extend(b"plain\n".repeat(64));
    chunk.extend(b"type=A msg=audit(1364481363.243:1): y\n");
    assert_eq!(group(&chunk).records.len(), 66);
}
