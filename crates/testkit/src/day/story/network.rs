//! What the attack looks like on the wire.

use serde_json::json;

use super::{ADMIN_IP, COMMAND, COMMAND_NAME, DROP, DROP_NAME, STAGING, STAGING_NAME, TUNNEL};
use crate::day::Day;
use crate::day::clock::{MINUTE, SECOND, at};
use crate::day::company::{DC, FILES, PROXY};
use crate::day::fortigate::{self, Traffic};
use crate::day::squid;
use crate::day::suricata::{self, Ends, Signature};
use crate::day::zeek::{self, Flow};

const BASE32: &[u8] = b"abcdefghijklmnopqrstuvwxyz234567";

/// A download of the administrator's workstation through the proxy, with the proxy's own connection.
pub(super) fn fetched(day: &mut Day, at: u64, url: &str, kind: &str, bytes: u64) {
    let peer = format!("HIER_DIRECT/{STAGING}");
    let what = squid::Request {
        client: ADMIN_IP,
        user: "markus.brandt",
        method: "GET",
        url,
        result: "TCP_MISS/200",
        peer: &peer,
        kind,
        bytes,
        duration: 240,
    };
    squid::request(day, at, &what);
    if url.contains(STAGING_NAME) {
        zeek::lookup(day, at - 60, PROXY, DC.ip, (1, "A"), STAGING_NAME, STAGING);
    }
    zeek::connection(
        day,
        at,
        &Flow {
            from: ADMIN_IP,
            to: PROXY,
            port: 3_128,
            proto: "tcp",
            service: "http",
            duration: 260,
            sent: 410,
            received: bytes + 380,
        },
    );
    let tag = zeek::connection(
        day,
        at,
        &Flow {
            from: PROXY,
            to: STAGING,
            port: 80,
            proto: "tcp",
            service: "http",
            duration: 231,
            sent: 366,
            received: bytes + 350,
        },
    );
    if kind == "application/x-msdownload" {
        let ends =
            Ends { from: STAGING, from_port: 80, to: PROXY, to_port: tag.port, proto: "TCP" };
        let what = Signature {
            id: 9_000_318,
            text: "POLICY Executable download from a bare address",
            category: "Potentially Bad Traffic",
            severity: 2,
            action: "allowed",
        };
        let http = json!({"http": {"hostname": STAGING, "url": "/a/armsync.exe", "http_method": "GET", "protocol": "HTTP/1.1", "status": 200, "length": bytes, "http_content_type": kind}});
        suricata::signature_seen(day, at + 200, ends, &what, http);
    }
}

/// One call of an implant: sizes that hardly change, in Zeek and at the firewall.
fn call(day: &mut Day, at: u64, from: &str) {
    let sent = 1_184 + day.random.below(3) * 16;
    let received = 2_960 + day.random.below(2) * 16;
    let validation = if day.random.chance(10) { "self signed certificate" } else { "-" };
    let flow = Flow {
        from,
        to: COMMAND,
        port: 443,
        proto: "tcp",
        service: "ssl",
        duration: day.random.between(180, 260),
        sent,
        received,
    };
    zeek::tls(day, at, &flow, COMMAND_NAME, validation);
    fortigate::traffic(
        day,
        at + 400,
        &Traffic {
            from,
            to: COMMAND,
            port: 443,
            service: "HTTPS",
            action: "close",
            duration: 1,
            sent: sent + 520,
            received: received + 480,
        },
    );
}

/// ws-105 every sixty seconds until the evening, fs01 every five minutes from 10:06 until its log is cleared.
pub(super) fn beacon(day: &mut Day, start: u64) {
    let mut at = start;
    while at < crate::day::clock::at(17, 52, 0) {
        let jitter = day.random.below(3 * SECOND);
        call(day, at + jitter, ADMIN_IP);
        at += MINUTE;
    }
    at = crate::day::clock::at(10, 6, 10);
    while at < crate::day::clock::at(15, 40, 0) {
        let jitter = day.random.below(3 * SECOND);
        call(day, at + jitter, FILES.ip);
        at += 5 * MINUTE;
    }
    for (when, from) in [((9, 47, 1), ADMIN_IP), ((12, 17, 2), ADMIN_IP), ((14, 46, 11), FILES.ip)]
    {
        let ends =
            Ends { from, from_port: day.random.port(), to: COMMAND, to_port: 443, proto: "TCP" };
        let what = Signature {
            id: 9_000_777,
            text: "MALWARE Implant check-in over TLS with a self-signed certificate",
            category: "Malware Command and Control Activity Detected",
            severity: 1,
            action: "allowed",
        };
        let tls = json!({"app_proto": "tls", "tls": {"subject": "CN=metrics-edge", "issuerdn": "CN=metrics-edge", "sni": COMMAND_NAME, "version": "TLS 1.2"}});
        suricata::signature_seen(
            day,
            crate::day::clock::at(when.0, when.1, when.2),
            ends,
            &what,
            tls,
        );
    }
}

/// Eight minutes of names that carry data, then the archive over TLS.
pub(super) fn theft(day: &mut Day, start: u64) {
    for n in 0..260_u64 {
        let label = day.random.text(44, BASE32);
        let name = format!("{label}.{n:03x}.{TUNNEL}");
        let answer = format!("TXT 8 {}", day.random.text(8, BASE32));
        let at = start + n * 1_800 + day.random.below(700);
        zeek::lookup(day, at, FILES.ip, DC.ip, (16, "TXT"), &name, &answer);
    }
    let ends = Ends {
        from: DC.ip,
        from_port: day.random.port(),
        to: "192.0.2.53",
        to_port: 53,
        proto: "UDP",
    };
    let name = format!("{}.0a1.{TUNNEL}", day.random.text(44, BASE32));
    let what = Signature {
        id: 9_000_402,
        text: "HUNTING Many long TXT queries below one name",
        category: "Potentially Bad Traffic",
        severity: 2,
        action: "allowed",
    };
    suricata::signature_seen(
        day,
        start + 6 * MINUTE,
        ends,
        &what,
        json!({"app_proto": "dns", "dns": {"query": [{"type": "query", "rrname": name, "rrtype": "TXT"}]}}),
    );
    archive(day);
}

/// The archive leaves fs01: first tries through the proxy, then directly.
fn archive(day: &mut Day) {
    let upload = at(15, 2, 0);
    zeek::lookup(day, upload - SECOND, FILES.ip, DC.ip, (1, "A"), DROP_NAME, DROP);
    let (sent, received, seconds) = (6_214_880_311, 4_811_207, 1_104);
    zeek::tls(
        day,
        upload,
        &Flow {
            from: FILES.ip,
            to: DROP,
            port: 443,
            proto: "tcp",
            service: "ssl",
            duration: seconds * SECOND,
            sent,
            received,
        },
        DROP_NAME,
        "ok",
    );
    fortigate::traffic(
        day,
        upload + seconds * SECOND,
        &Traffic {
            from: FILES.ip,
            to: DROP,
            port: 443,
            service: "HTTPS",
            action: "close",
            duration: seconds,
            sent: sent + 41_000_000,
            received,
        },
    );
    for n in 0..4 {
        let peer = format!("HIER_DIRECT/{DROP}");
        let url = format!("{DROP_NAME}:443");
        let what = squid::Request {
            client: FILES.ip,
            user: "adm.brandt",
            method: "CONNECT",
            url: &url,
            result: "TCP_TUNNEL/200",
            peer: &peer,
            kind: "-",
            bytes: 9_200 + n * 16,
            duration: 61_000,
        };
        squid::request(day, upload - 4 * MINUTE + n * 40 * SECOND, &what);
    }
}
