//! Zeek's conn, dns and ssl logs as tab-separated text with header.
//! Format: docs.zeek.org, "Log files".

use super::Day;
use super::clock::{DAY, HOUR, MINUTE, Moment, SECOND, epoch_micros};
use super::company::{BACKUP, DC, DC2, FILES, LINUX, MANAGEMENT, MONITOR, Server};
use super::office_hours::{every, working};

pub(super) const CONN: &str = "zeek_conn.log";
pub(super) const DNS: &str = "zeek_dns.log";
pub(super) const SSL: &str = "zeek_ssl.log";

const CONN_FIELDS: &str = "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto service duration orig_bytes resp_bytes conn_state local_orig local_resp missed_bytes history orig_pkts orig_ip_bytes resp_pkts resp_ip_bytes tunnel_parents";
const CONN_TYPES: &str = "time string addr port addr port enum string interval count count string bool bool count string count count count count set[string]";
const DNS_FIELDS: &str = "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto trans_id rtt query qclass qclass_name qtype qtype_name rcode rcode_name AA TC RD RA Z answers TTLs rejected";
const DNS_TYPES: &str = "time string addr port addr port enum count interval string count string count string count string bool bool bool bool count vector[string] vector[interval] bool";
const SSL_FIELDS: &str = "ts uid id.orig_h id.orig_p id.resp_h id.resp_p version cipher curve server_name resumed last_alert next_protocol established ssl_history cert_chain_fps client_cert_chain_fps sni_matches_cert validation_status";
const SSL_TYPES: &str = "time string addr port addr port string string string string bool string string bool string vector[string] vector[string] bool string";

const WORDS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// The log with the header that Zeek writes and the line that closes it.
pub(super) fn with_header(name: &str, lines: &[String]) -> String {
    let (path, fields, types) = match name {
        DNS => ("dns", DNS_FIELDS, DNS_TYPES),
        SSL => ("ssl", SSL_FIELDS, SSL_TYPES),
        _ => ("conn", CONN_FIELDS, CONN_TYPES),
    };
    let (fields, types) = (fields.replace(' ', "\t"), types.replace(' ', "\t"));
    format!(
        "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\t{path}\n#open\t2026-03-02-00-00-00\n#fields\t{fields}\n#types\t{types}\n{}\n#close\t2026-03-03-00-00-00\n",
        lines.join("\n")
    )
}

/// One connection.
pub(super) struct Flow<'a> {
    pub(super) from: &'a str,
    pub(super) to: &'a str,
    pub(super) port: u64,
    pub(super) proto: &'a str,
    pub(super) service: &'a str,
    /// Milliseconds
    pub(super) duration: u64,
    pub(super) sent: u64,
    pub(super) received: u64,
}

/// What identifies a connection in all logs: uid and port of the client.
pub(super) struct Tag {
    pub(super) uid: String,
    pub(super) port: u64,
}

/// Writes a connection.
pub(super) fn connection(day: &mut Day, at: Moment, flow: &Flow<'_>) -> Tag {
    let uid = format!("C{}", day.random.text(17, WORDS));
    let client = day.random.port();
    let micros = day.random.below(1_000);
    let udp = flow.proto == "udp";
    let packets_out = flow.sent / 1_200 + if udp { 1 } else { 6 };
    let packets_in = flow.received / 1_400 + if udp { 1 } else { 5 };
    let header = if udp { 28 } else { 40 };
    let local = |ip: &str| if ip.starts_with("10.") { "T" } else { "F" };
    let text = format!(
        "{}\t{uid}\t{}\t{client}\t{}\t{}\t{}\t{}\t{}.{:03}{micros:03}\t{}\t{}\tSF\t{}\t{}\t0\t{}\t{packets_out}\t{}\t{packets_in}\t{}\t-",
        epoch_micros(at, micros),
        flow.from,
        flow.to,
        flow.port,
        flow.proto,
        flow.service,
        flow.duration / 1_000,
        flow.duration % 1_000,
        flow.sent,
        flow.received,
        local(flow.from),
        local(flow.to),
        if udp { "Dd" } else { "ShADadFf" },
        flow.sent + packets_out * header,
        flow.received + packets_in * header
    );
    day.write(CONN, at, text);
    Tag { uid, port: client }
}

/// A name that is asked for; `answers` is empty for a name that does not exist. The connection is written as well.
pub(super) fn lookup(
    day: &mut Day,
    at: Moment,
    from: &str,
    resolver: &str,
    kind: (u32, &str),
    name: &str,
    answers: &str,
) {
    let size = name.len() as u64 + 17;
    let received = size + 16 + answers.len() as u64;
    let flow = Flow {
        from,
        to: resolver,
        port: 53,
        proto: "udp",
        service: "dns",
        duration: day.random.between(1, 40),
        sent: size,
        received,
    };
    let rtt = flow.duration;
    let tag = connection(day, at, &flow);
    let transaction = day.random.below(65_536);
    let (code, code_name) = if answers.is_empty() { (3, "NXDOMAIN") } else { (0, "NOERROR") };
    let (answers, ttls) = if answers.is_empty() { ("-", "-") } else { (answers, "300.000000") };
    let text = format!(
        "{}\t{}\t{from}\t{}\t{resolver}\t53\tudp\t{transaction}\t0.{rtt:03}000\t{name}\t1\tC_INTERNET\t{}\t{}\t{code}\t{code_name}\tF\tF\tT\tT\t0\t{answers}\t{ttls}\tF",
        epoch_micros(at, 0),
        tag.uid,
        tag.port,
        kind.0,
        kind.1
    );
    day.write(DNS, at, text);
}

/// A TLS connection with its certificate check.
pub(super) fn tls(day: &mut Day, at: Moment, flow: &Flow<'_>, name: &str, validation: &str) {
    let tag = connection(day, at, flow);
    let resumed = validation == "-";
    let chain = if resumed { "-".to_owned() } else { day.random.hex(64) };
    let text = format!(
        "{}\t{}\t{}\t{}\t{}\t{}\tTLSv12\tTLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384\tx25519\t{name}\t{}\t-\th2\tT\t{}\t{chain}\t-\t{}\t{validation}",
        epoch_micros(at + 20, 0),
        tag.uid,
        flow.from,
        tag.port,
        flow.to,
        flow.port,
        if resumed { "T" } else { "F" },
        if resumed { "CsiI" } else { "CsxknGIi" },
        if resumed { "-" } else { "T" }
    );
    day.write(SSL, at + 20, text);
}

/// Traffic inside the house: directory, files, monitoring, time, patches, the backup of the night.
pub(super) fn benign(day: &mut Day) {
    directory(day);
    files_and_patches(day);
    for server in LINUX {
        for at in every(&mut day.random, 90 * MINUTE, 4 * SECOND) {
            connection(
                day,
                at,
                &Flow {
                    from: MONITOR.ip,
                    to: server.ip,
                    port: 9_100,
                    proto: "tcp",
                    service: "http",
                    duration: 110,
                    sent: 212,
                    received: 64_117,
                },
            );
            connection(
                day,
                at + 3 * SECOND,
                &Flow {
                    from: server.ip,
                    to: DC.ip,
                    port: 123,
                    proto: "udp",
                    service: "ntp",
                    duration: 2,
                    sent: 48,
                    received: 48,
                },
            );
        }
    }
    for (n, server) in (0..).zip(super::company::WINDOWS) {
        night_backup(day, super::clock::at(22, 0, 0) + n * 6 * MINUTE, server);
    }
    let upload = Flow {
        from: BACKUP.ip,
        to: "192.0.2.50",
        port: 443,
        proto: "tcp",
        service: "ssl",
        duration: 2_460_000,
        sent: 18_411_220_114,
        received: 9_120_442,
    };
    tls(
        day,
        super::clock::at(23, 5, 0),
        &upload,
        "corp-backups.s3.eu-central-1.amazonaws.com",
        "ok",
    );
}

fn night_backup(day: &mut Day, at: Moment, server: Server) {
    let sent = day.random.between(200_000_000, 4_000_000_000);
    connection(
        day,
        at,
        &Flow {
            from: server.ip,
            to: BACKUP.ip,
            port: 9_392,
            proto: "tcp",
            service: "-",
            duration: 300_000,
            sent,
            received: 2_411_000,
        },
    );
}

/// Names and tickets of the domain.
fn directory(day: &mut Day) {
    let names = [
        ("_ldap._tcp.dc._msdcs.corp.example", (33, "SRV"), "dc01.corp.example"),
        ("fs01.corp.example", (1, "A"), "10.10.0.20"),
        ("intranet.corp.example", (1, "A"), "10.10.0.24"),
        ("prx01.corp.example", (1, "A"), "10.10.0.40"),
        ("wpad.corp.example", (1, "A"), ""),
        ("prn01.corp.example", (28, "AAAA"), ""),
        ("_kerberos._tcp.corp.example", (33, "SRV"), "dc02.corp.example"),
    ];
    for person in day.company.seated() {
        for _ in 0..day.random.between(7, 11) {
            let at = working(&mut day.random);
            let (name, kind, answer) = *day.random.pick(&names);
            let resolver = if day.random.chance(80) { DC.ip } else { DC2.ip };
            lookup(day, at, &person.ip, resolver, kind, name, answer);
        }
        for at in every(&mut day.random, 8 * HOUR, 20 * MINUTE) {
            connection(
                day,
                at,
                &Flow {
                    from: &person.ip,
                    to: DC.ip,
                    port: 88,
                    proto: "tcp",
                    service: "krb_tcp",
                    duration: 12,
                    sent: 1_612,
                    received: 1_702,
                },
            );
        }
    }
    for server in LINUX {
        for at in every(&mut day.random, 3 * HOUR, MINUTE) {
            let (name, answer) = *day.random.pick(&[
                ("security.ubuntu.com", "192.0.2.60"),
                ("git01.corp.example", "10.30.0.13"),
                ("db01.corp.example", "10.30.0.16"),
                ("ntp.corp.example", "10.10.0.10"),
            ]);
            lookup(day, at.min(DAY - SECOND), server.ip, DC.ip, (1, "A"), name, answer);
        }
    }
}

/// People open files; at night their machines fetch patches.
fn files_and_patches(day: &mut Day) {
    let seated = day.company.seated();
    for person in &seated {
        for _ in 0..day.random.between(4, 7) {
            let at = working(&mut day.random);
            let (sent, received) =
                (day.random.between(3_000, 400_000), day.random.between(20_000, 6_000_000));
            let duration = day.random.between(900, 240_000);
            connection(
                day,
                at,
                &Flow {
                    from: &person.ip,
                    to: FILES.ip,
                    port: 445,
                    proto: "tcp",
                    service: "gssapi,smb,krb",
                    duration,
                    sent,
                    received,
                },
            );
        }
        let at = super::clock::at(1, 0, 0) + day.random.below(4 * HOUR);
        let received = day.random.between(1_000_000, 90_000_000);
        connection(
            day,
            at,
            &Flow {
                from: &person.ip,
                to: MANAGEMENT.ip,
                port: 8_530,
                proto: "tcp",
                service: "http",
                duration: 41_000,
                sent: 61_000,
                received,
            },
        );
    }
}
