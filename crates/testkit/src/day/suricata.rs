//! Suricata's EVE log. Format: docs.suricata.io, "Eve JSON Format".

use serde_json::{Value, json};

use super::Day;
use super::clock::{HOUR, MINUTE, Moment, iso_micros};
use super::company::{EGRESS, PROXY};
use super::office_hours::{always, every, working};

pub(super) const FILE: &str = "suricata_eve.json";

/// The two ends of what was seen.
#[derive(Clone, Copy)]
pub(super) struct Ends<'a> {
    pub(super) from: &'a str,
    pub(super) from_port: u64,
    pub(super) to: &'a str,
    pub(super) to_port: u64,
    pub(super) proto: &'a str,
}

/// Writes one record of a type; `detail` are its own objects.
pub(super) fn record(day: &mut Day, at: Moment, kind: &str, ends: Ends<'_>, detail: Value) {
    let mut all = json!({
        "timestamp": iso_micros(at, "+0000"), "flow_id": 1_000_000_000_000_000 + day.random.below(900_000_000_000_000), "in_iface": "ens192",
        "event_type": kind, "src_ip": ends.from, "src_port": ends.from_port, "dest_ip": ends.to, "dest_port": ends.to_port, "proto": ends.proto,
        "host": "ids01",
    });
    if let (Some(target), Value::Object(more)) = (all.as_object_mut(), detail) {
        target.extend(more);
    }
    day.write(FILE, at, all.to_string());
}

/// A signature.
pub(super) struct Signature<'a> {
    pub(super) id: u64,
    pub(super) text: &'a str,
    pub(super) category: &'a str,
    pub(super) severity: u64,
    pub(super) action: &'a str,
}

/// Writes that a signature was seen, with more objects (`http`, `tls`, `dns`) beside it.
pub(super) fn signature_seen(
    day: &mut Day,
    at: Moment,
    ends: Ends<'_>,
    what: &Signature<'_>,
    more: Value,
) {
    let mut detail = json!({"alert": {"action": what.action, "gid": 1, "signature_id": what.id, "rev": 3, "signature": what.text,
        "category": what.category, "severity": what.severity}, "app_proto": "http", "direction": "to_server"});
    if let (Some(target), Value::Object(more)) = (detail.as_object_mut(), more) {
        target.extend(more);
    }
    record(day, at, "alert", ends, detail);
}

/// Flows, TLS handshakes, names; probes from outside that are dropped; policy notes; counters.
pub(super) fn benign(day: &mut Day) {
    let names = [
        ("outlook.office365.com", "192.0.2.40"),
        ("teams.microsoft.com", "192.0.2.41"),
        ("www.news.example", "192.0.2.77"),
        ("crm.vendor.example", "192.0.2.82"),
    ];
    for n in 0..420_u64 {
        let at = working(&mut day.random);
        let (name, address) = *day.random.pick(&names);
        let ends = Ends {
            from: PROXY,
            from_port: day.random.port(),
            to: address,
            to_port: 443,
            proto: "TCP",
        };
        let (sent, received) =
            (day.random.between(1_500, 40_000), day.random.between(5_000, 700_000));
        let query = day.random.below(65_536);
        match n % 3 {
            0 => record(
                day,
                at,
                "tls",
                ends,
                json!({"tls": {"subject": format!("CN={name}"), "issuerdn": "C=US, O=Public Authority, CN=Issuing CA 2",
                "sni": name, "version": "TLS 1.2", "fingerprint": "5c:a1:0b:77:41:e9:20:4f", "notbefore": "2025-11-02T00:00:00", "notafter": "2026-11-02T23:59:59"}}),
            ),
            1 => record(
                day,
                at,
                "flow",
                ends,
                json!({"app_proto": "tls", "flow": {"pkts_toserver": 14, "pkts_toclient": 18, "bytes_toserver": sent,
                "bytes_toclient": received, "start": iso_micros(at.saturating_sub(60_000), "+0000"), "end": iso_micros(at, "+0000"), "age": 60, "state": "closed", "reason": "timeout", "alerted": false}}),
            ),
            _ => {
                let ends = Ends { to: "10.10.0.10", to_port: 53, proto: "UDP", ..ends };
                record(
                    day,
                    at,
                    "dns",
                    ends,
                    json!({"dns": {"type": "query", "id": query, "rrname": name, "rrtype": "A", "tx_id": 0}}),
                );
            }
        }
    }
    notes(day);
    for at in every(&mut day.random, HOUR, MINUTE) {
        let text = json!({"timestamp": iso_micros(at, "+0000"), "event_type": "stats", "host": "ids01", "stats": {"uptime": at / 1_000 + 400_000,
            "capture": {"kernel_packets": at * 9, "kernel_drops": 0}, "decoder": {"pkts": at * 9, "bytes": at * 6_100}, "detect": {"alert": 3}}});
        day.write(FILE, at, text.to_string());
    }
}

/// Probes from outside that are dropped, and notes about what is allowed.
fn notes(day: &mut Day) {
    for _ in 0..40 {
        let at = always(&mut day.random);
        let from = format!("203.0.113.{}", day.random.between(140, 250));
        let ends = Ends {
            from: &from,
            from_port: day.random.port(),
            to: EGRESS,
            to_port: *day.random.pick(&[22, 445, 3_389, 5_900]),
            proto: "TCP",
        };
        let what = Signature {
            id: 9_000_101,
            text: "SCAN Potential probe of a remote administration port",
            category: "Attempted Information Leak",
            severity: 2,
            action: "blocked",
        };
        signature_seen(day, at, ends, &what, json!({"app_proto": "failed"}));
    }
    for _ in 0..14 {
        let at = working(&mut day.random);
        let ends = Ends {
            from: "10.30.0.12",
            from_port: day.random.port(),
            to: "192.0.2.60",
            to_port: 80,
            proto: "TCP",
        };
        let what = Signature {
            id: 9_000_204,
            text: "INFO Package management user agent outbound",
            category: "Not Suspicious Traffic",
            severity: 3,
            action: "allowed",
        };
        signature_seen(
            day,
            at,
            ends,
            &what,
            json!({"http": {"hostname": "security.ubuntu.com", "url": "/ubuntu/dists/noble-security/InRelease", "http_user_agent": "Debian APT-HTTP/1.3 (2.7.14)", "http_method": "GET", "protocol": "HTTP/1.1", "status": 200, "length": 89_000}}),
        );
    }
}
