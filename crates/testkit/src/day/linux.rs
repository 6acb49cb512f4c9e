//! auth.log of the Linux servers in the form of rsyslog's file format (RFC 3164 would leave the year to be guessed):
//! sshd, sudo, cron.

use super::Day;
use super::clock::{HOUR, MINUTE, Moment, SECOND, iso_micros};
use super::company::{BUILD, JUMP, LINUX, MONITOR, Server};
use super::office_hours::{always, every, working};

pub(super) const FILE: &str = "linux_auth.log";

/// Linux accounts: domain login, local name and address of the workstation.
const ADMINS: [(&str, &str, &str); 4] = [
    ("jonas.weber", "jweber", "10.20.1.101"),
    ("lena.fischer", "lfischer", "10.20.1.102"),
    ("tobias.wolf", "twolf", "10.20.1.103"),
    ("markus.brandt", "mbrandt", "10.20.1.105"),
];

/// Writes one line of a program.
pub(super) fn line(day: &mut Day, at: Moment, host: &str, program: &str, message: &str) {
    day.write(FILE, at, format!("{} {host} {program}: {message}", iso_micros(at, "+00:00")));
}

/// The numbers of the local accounts.
fn uid(user: &str) -> u32 {
    match user {
        "jweber" => 1_040,
        "lfischer" => 1_041,
        "mbrandt" => 1_042,
        "twolf" => 1_043,
        "nagios" => 112,
        _ => 1_001,
    }
}

/// A login that was accepted, with its session; gives sshd's process id.
pub(super) fn accepted(
    day: &mut Day,
    at: Moment,
    host: &str,
    user: &str,
    from: &str,
    method: &str,
) -> u64 {
    let pid = day.random.between(2_000, 60_000);
    let port = day.random.port();
    let key = if method == "publickey" {
        ": ED25519 SHA256:3kq0fVdZ0cB1yXqf2m7n8JpLr5tWvYzA6bCdEfGhIjK"
    } else {
        ""
    };
    let sshd = format!("sshd[{pid}]");
    line(
        day,
        at,
        host,
        &sshd,
        &format!("Accepted {method} for {user} from {from} port {port} ssh2{key}"),
    );
    line(
        day,
        at + 20,
        host,
        &sshd,
        &format!(
            "pam_unix(sshd:session): session opened for user {user}(uid={}) by {user}(uid=0)",
            uid(user)
        ),
    );
    line(
        day,
        at + 60,
        host,
        "systemd-logind[744]",
        &format!("New session {} of user {user}.", pid % 997),
    );
    pid
}

/// The end of a session.
pub(super) fn closed(day: &mut Day, at: Moment, host: &str, user: &str, pid: u64) {
    line(
        day,
        at,
        host,
        &format!("sshd[{pid}]"),
        &format!("pam_unix(sshd:session): session closed for user {user}"),
    );
}

/// A password that was refused.
pub(super) fn refused(day: &mut Day, at: Moment, host: &str, user: &str, from: &str) {
    let pid = day.random.between(2_000, 60_000);
    let port = day.random.port();
    let message = format!(
        "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost={from}  user={user}"
    );
    line(day, at, host, &format!("sshd[{pid}]"), &message);
    line(
        day,
        at + 2 * SECOND,
        host,
        &format!("sshd[{pid}]"),
        &format!("Failed password for {user} from {from} port {port} ssh2"),
    );
}

/// A command run with sudo.
pub(super) fn sudo(day: &mut Day, at: Moment, host: &str, user: &str, command: &str) {
    line(
        day,
        at,
        host,
        "sudo",
        &format!("   {user} : TTY=pts/0 ; PWD=/home/{user} ; USER=root ; COMMAND={command}"),
    );
    line(
        day,
        at + 20,
        host,
        "sudo",
        &format!(
            "pam_unix(sudo:session): session opened for user root(uid=0) by {user}(uid={})",
            uid(user)
        ),
    );
    line(day, at + 900, host, "sudo", "pam_unix(sudo:session): session closed for user root");
}

/// Timers, monitoring, administrators, deployments.
pub(super) fn benign(day: &mut Day) {
    for server in LINUX {
        timers(day, server);
    }
    for server in LINUX.iter().filter(|server| server.name != MONITOR.name) {
        for at in every(&mut day.random, 4 * HOUR, 3 * MINUTE) {
            let pid = accepted(day, at, server.name, "nagios", MONITOR.ip, "publickey");
            closed(day, at + 3 * SECOND, server.name, "nagios", pid);
        }
    }
    for (_, user, ip) in ADMINS {
        for _ in 0..day.random.between(3, 5) {
            let at = working(&mut day.random);
            administration(day, at, user, ip);
        }
    }
    for _ in 0..16 {
        let at = working(&mut day.random);
        let target = *day.random.pick(&LINUX[3..5]);
        let pid = accepted(day, at, target.name, "deploy", BUILD.ip, "publickey");
        sudo(day, at + 4 * SECOND, target.name, "deploy", "/usr/bin/systemctl reload nginx");
        closed(day, at + 9 * SECOND, target.name, "deploy", pid);
    }
    strangers(day);
}

fn timers(day: &mut Day, server: Server) {
    let jobs = [
        "   cd / && run-parts --report /etc/cron.hourly",
        "test -x /usr/sbin/anacron || run-parts --report /etc/cron.daily",
        "/usr/local/bin/backup-incremental --quiet",
        "[ -x /usr/lib/php/sessionclean ] && /usr/lib/php/sessionclean",
    ];
    for at in every(&mut day.random, 100 * MINUTE, MINUTE) {
        let pid = day.random.between(2_000, 60_000);
        let job = *day.random.pick(&jobs);
        line(
            day,
            at,
            server.name,
            &format!("CRON[{pid}]"),
            "pam_unix(cron:session): session opened for user root(uid=0) by root(uid=0)",
        );
        line(
            day,
            at + 30,
            server.name,
            &format!("CRON[{}]", pid + 1),
            &format!("(root) CMD ({job})"),
        );
        line(
            day,
            at + 700,
            server.name,
            &format!("CRON[{pid}]"),
            "pam_unix(cron:session): session closed for user root",
        );
    }
}

/// An administrator comes through the jump host, sometimes mistypes the password, restarts and reads something.
fn administration(day: &mut Day, at: Moment, user: &str, ip: &str) {
    if day.random.chance(15) {
        refused(day, at.saturating_sub(9 * SECOND), JUMP.name, user, ip);
    }
    let pid = accepted(day, at, JUMP.name, user, ip, "publickey");
    let target = *day.random.pick(&LINUX[1..]);
    let inner = accepted(day, at + 12 * SECOND, target.name, user, JUMP.ip, "publickey");
    let commands = [
        "/usr/bin/journalctl -u nginx --since today",
        "/usr/bin/apt-get update",
        "/usr/bin/apt-get -y upgrade",
        "/usr/bin/systemctl restart harbour-api",
        "/usr/bin/tail -n 200 /var/log/syslog",
        "/usr/bin/df -h",
        "/usr/bin/vim /etc/nginx/conf.d/harbour.conf",
        "/usr/sbin/nginx -t",
    ];
    for n in 0..day.random.between(1, 3) {
        let command = *day.random.pick(&commands);
        sudo(day, at + (n + 1) * MINUTE, target.name, user, command);
    }
    closed(day, at + 14 * MINUTE, target.name, user, inner);
    closed(day, at + 15 * MINUTE, JUMP.name, user, pid);
}

/// The public web servers are asked for accounts all day, a few times an hour, from many addresses.
fn strangers(day: &mut Day) {
    for _ in 0..60 {
        let at = always(&mut day.random);
        let host = *day.random.pick(&["web01", "web02"]);
        let from = format!("203.0.113.{}", day.random.between(140, 250));
        let user = *day.random.pick(&["admin", "test", "ubuntu", "oracle", "git", "user"]);
        let pid = day.random.between(2_000, 60_000);
        let port = day.random.port();
        line(
            day,
            at,
            host,
            &format!("sshd[{pid}]"),
            &format!("Invalid user {user} from {from} port {port}"),
        );
        line(
            day,
            at + SECOND,
            host,
            &format!("sshd[{pid}]"),
            &format!("Connection closed by invalid user {user} {from} port {port} [preauth]"),
        );
    }
}
