//! The firewall's log: key=value text in a syslog line.
//! Format: docs.fortinet.com, "FortiOS Log Message Reference".

use super::Day;
use super::clock::{DAY, HOUR, MINUTE, Moment, SECOND, epoch, time_of_day};
use super::company::{BACKUP, DC, DC2, EGRESS, LINUX, MONITOR, Person};
use super::office_hours::{always, every, working};

pub(super) const FILE: &str = "fortigate.log.gz";

/// Writes one record: log id, type and subtype, level, and the rest of the keys.
pub(super) fn record(day: &mut Day, at: Moment, kind: (&str, &str, &str), level: &str, rest: &str) {
    let (id, major, minor) = kind;
    let priority = if level == "warning" { 188 } else { 189 };
    let line = format!(
        "<{priority}>date=2026-03-02 time={} devname=\"fw01\" devid=\"FG100F0000000001\" eventtime={}{:03}000000 tz=\"+0000\" logid=\"{id}\" type=\"{major}\" subtype=\"{minor}\" level=\"{level}\" vd=\"root\" {rest}",
        time_of_day(at),
        epoch(at),
        at % SECOND
    );
    day.write(FILE, at, line);
}

/// One forwarded connection.
pub(super) struct Traffic<'a> {
    pub(super) from: &'a str,
    pub(super) to: &'a str,
    pub(super) port: u64,
    pub(super) service: &'a str,
    pub(super) action: &'a str,
    /// Seconds
    pub(super) duration: u64,
    pub(super) sent: u64,
    pub(super) received: u64,
}

/// Writes the record at the end of a connection.
pub(super) fn traffic(day: &mut Day, at: Moment, what: &Traffic<'_>) {
    let outbound = what.from.starts_with("10.");
    let side = |ip: &str| match ip.split('.').next() {
        Some("10") => ("lan", "port2", "Reserved"),
        Some("192") => ("wan", "wan1", "Germany"),
        _ => ("wan", "wan1", "Netherlands"),
    };
    let (source, destination) = (side(what.from), side(what.to));
    let proto = if what.port == 53 || what.port == 123 { 17 } else { 6 };
    let port = day.random.port();
    let session = day.random.between(10_000_000, 99_999_999);
    let policy = if what.action == "deny" {
        0
    } else if outbound {
        12
    } else {
        7
    };
    let rest = format!(
        "srcip={} srcport={port} srcintf=\"{}\" srcintfrole=\"{}\" dstip={} dstport={} dstintf=\"{}\" dstintfrole=\"{}\" srccountry=\"{}\" dstcountry=\"{}\" sessionid={session} proto={proto} action=\"{}\" policyid={policy} policytype=\"policy\" service=\"{}\" trandisp=\"{}\" duration={} sentbyte={} rcvdbyte={} sentpkt={} rcvdpkt={} appcat=\"unscanned\"",
        what.from,
        source.1,
        source.0,
        what.to,
        what.port,
        destination.1,
        destination.0,
        source.2,
        destination.2,
        what.action,
        what.service,
        if outbound { "snat" } else { "noop" },
        what.duration,
        what.sent,
        what.received,
        what.sent / 1_200 + 1,
        what.received / 1_400 + 1
    );
    let level = if what.action == "deny" { "warning" } else { "notice" };
    record(day, at, ("0000000013", "traffic", "forward"), level, &rest);
}

/// Resolvers, time, package mirrors, the backup's upload, probes from outside, VPN of people at home, one policy change.
pub(super) fn benign(day: &mut Day) {
    for resolver in [DC, DC2] {
        for at in every(&mut day.random, 9 * MINUTE, 4 * MINUTE) {
            let sent = day.random.between(70, 900);
            traffic(
                day,
                at.min(DAY - 1),
                &Traffic {
                    from: resolver.ip,
                    to: "192.0.2.53",
                    port: 53,
                    service: "DNS",
                    action: "accept",
                    duration: 180,
                    sent,
                    received: sent * 2,
                },
            );
        }
    }
    for server in LINUX {
        for at in every(&mut day.random, 6 * HOUR, 30 * MINUTE) {
            let received = day.random.between(90_000, 40_000_000);
            traffic(
                day,
                at.min(DAY - 1),
                &Traffic {
                    from: server.ip,
                    to: "192.0.2.60",
                    port: 80,
                    service: "HTTP",
                    action: "accept",
                    duration: 21,
                    sent: 9_000,
                    received,
                },
            );
        }
    }
    internet(day);
    backup_upload(day);
    for _ in 0..60 {
        let at = working(&mut day.random);
        traffic(
            day,
            at,
            &Traffic {
                from: MONITOR.ip,
                to: "10.10.0.20",
                port: 5_666,
                service: "NRPE",
                action: "close",
                duration: 1,
                sent: 900,
                received: 1_400,
            },
        );
    }
    for person in day.company.people.clone().iter().filter(|person| person.remote) {
        home(day, person);
    }
    administration(day);
}

/// Visitors of the web server, and probes that end at the firewall.
fn internet(day: &mut Day) {
    for _ in 0..260 {
        let at = always(&mut day.random);
        let from = format!("192.0.2.{}", day.random.between(60, 250));
        let received = day.random.between(2_000, 300_000);
        traffic(
            day,
            at,
            &Traffic {
                from: &from,
                to: "10.30.0.21",
                port: 443,
                service: "HTTPS",
                action: "close",
                duration: 31,
                sent: 4_100,
                received,
            },
        );
    }
    for _ in 0..240 {
        let at = always(&mut day.random);
        let from = format!("203.0.113.{}", day.random.between(140, 250));
        let port = *day.random.pick(&[22, 23, 445, 3_389, 5_900, 8_080, 8_443]);
        traffic(
            day,
            at,
            &Traffic {
                from: &from,
                to: EGRESS,
                port,
                service: "tcp",
                action: "deny",
                duration: 0,
                sent: 0,
                received: 0,
            },
        );
    }
}

/// Someone at home: tunnel up in the morning, down in the evening; a mistyped password now and then.
fn home(day: &mut Day, person: &Person) {
    let morning = super::clock::at(6, 40, 0) + day.random.below(100 * MINUTE);
    let tunnel = day.random.between(1_000_000, 2_000_000);
    if day.random.chance(15) {
        let rest = format!(
            "logdesc=\"SSL VPN login fail\" action=\"ssl-login-fail\" tunneltype=\"ssl-web\" tunnelid=0 remip={} user=\"{}\" group=\"N/A\" dst_host=\"N/A\" reason=\"sslvpn_login_permission_denied\" msg=\"SSL user failed to logged in\"",
            person.home, person.login
        );
        record(day, morning - 20 * SECOND, ("0101039426", "event", "vpn"), "warning", &rest);
    }
    let rest = format!(
        "logdesc=\"SSL VPN tunnel up\" action=\"tunnel-up\" tunneltype=\"ssl-tunnel\" tunnelid={tunnel} remip={} tunnelip=10.50.0.{} user=\"{}\" group=\"vpn-staff\" dst_host=\"N/A\" reason=\"tunnel established\" msg=\"SSL tunnel established\"",
        person.home,
        day.random.between(10, 200),
        person.login
    );
    record(day, morning, ("0101039947", "event", "vpn"), "information", &rest);
    let evening = super::clock::at(15, 30, 0) + day.random.below(150 * MINUTE);
    let rest = format!(
        "logdesc=\"SSL VPN tunnel down\" action=\"tunnel-down\" tunneltype=\"ssl-tunnel\" tunnelid={tunnel} remip={} user=\"{}\" group=\"vpn-staff\" dst_host=\"N/A\" reason=\"User requested\" duration={} sentbyte={} rcvdbyte={} msg=\"SSL tunnel shutdown\"",
        person.home,
        person.login,
        (evening - morning) / SECOND,
        day.random.between(9_000_000, 400_000_000),
        day.random.between(9_000_000, 90_000_000)
    );
    record(day, evening, ("0101039948", "event", "vpn"), "information", &rest);
}

fn administration(day: &mut Day) {
    let at = super::clock::at(13, 4, 10);
    record(
        day,
        at,
        ("0100032001", "event", "system"),
        "information",
        "logdesc=\"Admin login successful\" sn=\"1772456650\" user=\"jweber\" ui=\"https(10.20.1.101)\" method=\"https\" srcip=10.20.1.101 dstip=10.0.0.1 action=\"login\" status=\"success\" reason=\"none\" profile=\"super_admin\" msg=\"Administrator jweber logged in successfully from https(10.20.1.101)\"",
    );
    record(
        day,
        at + 3 * MINUTE,
        ("0100044547", "event", "system"),
        "information",
        "logdesc=\"Object attribute configured\" user=\"jweber\" ui=\"GUI(10.20.1.101)\" action=\"Edit\" cfgtid=1048580 cfgpath=\"firewall.address\" cfgobj=\"vendor-crm\" cfgattr=\"subnet[192.0.2.81 255.255.255.255->192.0.2.82 255.255.255.255]\" msg=\"Edit firewall.address vendor-crm\"",
    );
    record(
        day,
        at + 9 * MINUTE,
        ("0100032003", "event", "system"),
        "information",
        "logdesc=\"Admin logout successful\" sn=\"1772456650\" user=\"jweber\" ui=\"https(10.20.1.101)\" method=\"https\" srcip=10.20.1.101 dstip=10.0.0.1 action=\"logout\" status=\"success\" duration=540 reason=\"exit\" msg=\"Administrator jweber logged out from https(10.20.1.101)\"",
    );
    for _ in 0..12 {
        let at = working(&mut day.random);
        record(
            day,
            at,
            ("0100020027", "event", "system"),
            "information",
            "logdesc=\"DHCP statistics\" interface=\"guest\" total=200 used=31 msg=\"DHCP statistics\"",
        );
    }
}

/// The backup of the night goes to the cloud.
fn backup_upload(day: &mut Day) {
    let upload = Traffic {
        from: BACKUP.ip,
        to: "192.0.2.50",
        port: 443,
        service: "HTTPS",
        action: "close",
        duration: 2_460,
        sent: 18_411_220_114,
        received: 9_120_442,
    };
    traffic(day, super::clock::at(23, 46, 2), &upload);
}
