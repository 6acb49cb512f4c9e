//! The Linux audit log: command executions and watched files, several records for one event.
//! Format: the Linux audit project's "audit event" records; `node=` names the machine.

use super::Day;
use super::clock::{HOUR, MINUTE, Moment, epoch_millis};
use super::company::{LINUX, Server};
use super::office_hours::{every, working};

pub(super) const FILE: &str = "linux_audit.log";

/// Who runs something: login uid, effective uid, session, shell's process id.
#[derive(Clone, Copy)]
pub(super) struct Actor {
    pub(super) auid: u32,
    pub(super) uid: u32,
    pub(super) session: u32,
    pub(super) parent: u64,
}

/// The audit daemon's "nobody logged in".
pub(super) const UNSET: u32 = 4_294_967_295;

/// A command execution: SYSCALL, EXECVE, CWD, PATH and PROCTITLE records.
pub(super) fn execute(
    day: &mut Day,
    at: Moment,
    host: Server,
    actor: Actor,
    folder: &str,
    arguments: &[&str],
) {
    let path = arguments.first().copied().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or(path);
    let exe = if path.starts_with('/') { path.to_owned() } else { format!("/usr/bin/{name}") };
    let serial = serial(host, at);
    let head = format!("audit({}:{serial})", epoch_millis(at));
    let node = format!("node={}", host.fqdn());
    let pid = day.random.between(2_000, 60_000);
    let Actor { auid, uid, session, parent } = actor;
    let values: Vec<String> =
        (0..).zip(arguments).map(|(n, text)| format!("a{n}={}", value(text))).collect();
    let title: Vec<String> = arguments.iter().map(|text| hex(text)).collect();
    let lines = [
        format!(
            "{node} type=SYSCALL msg={head}: arch=c000003e syscall=59 success=yes exit=0 a0=55d0c1a2 a1=55d0c1b8 a2=55d0c0f0 a3=8 items=2 ppid={parent} pid={pid} auid={auid} uid={uid} gid={uid} euid={uid} suid={uid} fsuid={uid} egid={uid} sgid={uid} fsgid={uid} tty={} ses={session} comm=\"{name}\" exe=\"{exe}\" subj=unconfined key=\"exec\"",
            if auid == UNSET { "(none)" } else { "pts0" }
        ),
        format!("{node} type=EXECVE msg={head}: argc={} {}", arguments.len(), values.join(" ")),
        format!("{node} type=CWD msg={head}: cwd=\"{folder}\""),
        format!(
            "{node} type=PATH msg={head}: item=0 name=\"{exe}\" inode={} dev=fd:00 mode=0100755 ouid=0 ogid=0 rdev=00:00 nametype=NORMAL cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0",
            131_000 + name.len() * 17
        ),
        format!("{node} type=PROCTITLE msg={head}: proctitle={}", title.join("00")),
    ];
    day.write(FILE, at, lines.join("\n"));
}

/// A watched file that is opened for writing or reading.
pub(super) fn watched(
    day: &mut Day,
    at: Moment,
    host: Server,
    actor: Actor,
    exe: &str,
    path: &str,
    created: bool,
) {
    let serial = serial(host, at);
    let head = format!("audit({}:{serial})", epoch_millis(at));
    let node = format!("node={}", host.fqdn());
    let name = exe.rsplit('/').next().unwrap_or(exe);
    let pid = day.random.between(2_000, 60_000);
    let Actor { auid, uid, session, parent } = actor;
    let kind = if created { "CREATE" } else { "NORMAL" };
    let lines = [
        format!(
            "{node} type=SYSCALL msg={head}: arch=c000003e syscall=257 success=yes exit=3 a0=ffffff9c a1=7ffd1c20 a2=241 a3=1b6 items=1 ppid={parent} pid={pid} auid={auid} uid={uid} gid={uid} euid={uid} suid={uid} fsuid={uid} egid={uid} sgid={uid} fsgid={uid} tty=pts0 ses={session} comm=\"{name}\" exe=\"{exe}\" subj=unconfined key=\"watched\""
        ),
        format!("{node} type=CWD msg={head}: cwd=\"/root\""),
        format!(
            "{node} type=PATH msg={head}: item=0 name=\"{path}\" inode={} dev=fd:00 mode=0100600 ouid=0 ogid=0 rdev=00:00 nametype={kind} cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0",
            262_000 + path.len() * 13
        ),
    ];
    day.write(FILE, at, lines.join("\n"));
}

/// The serial of an event grows with time, from another start on every machine.
fn serial(host: Server, at: Moment) -> u64 {
    let start: u64 = host.name.bytes().map(u64::from).sum();
    start * 100 + at / 100
}

/// Text as the audit system writes it: quoted, or in hexadecimal when it holds blanks or quotes.
fn value(text: &str) -> String {
    if text.bytes().any(|byte| byte <= b' ' || byte == b'"' || byte >= 0x7f) {
        hex(text)
    } else {
        format!("\"{text}\"")
    }
}

fn hex(text: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |half: u8| char::from(DIGITS[usize::from(half & 15)]);
    text.bytes().flat_map(|byte| [digit(byte >> 4), digit(byte)]).collect()
}

/// Package timers, log rotation, monitoring checks and what administrators run.
pub(super) fn benign(day: &mut Day) {
    let timer = Actor { auid: UNSET, uid: 0, session: UNSET, parent: 1 };
    let jobs: [&[&str]; 6] = [
        &["/usr/sbin/logrotate", "/etc/logrotate.conf"],
        &["/usr/lib/apt/apt.systemd.daily", "update"],
        &[
            "/usr/bin/find",
            "/var/cache/man",
            "-type",
            "f",
            "-name",
            "*.gz",
            "-atime",
            "+6",
            "-delete",
        ],
        &["/usr/bin/systemctl", "is-active", "nginx"],
        &["/usr/lib/nagios/plugins/check_disk", "-w", "20%", "-c", "10%"],
        &["/bin/sh", "-c", "test -x /usr/sbin/anacron || run-parts --report /etc/cron.daily"],
    ];
    for server in LINUX {
        for at in every(&mut day.random, 2 * HOUR, 10 * MINUTE) {
            let job = *day.random.pick(&jobs);
            execute(day, at, server, timer, "/", job);
        }
    }
    let commands: [&[&str]; 8] = [
        &["ls", "--color=auto", "-l"],
        &["tail", "-f", "/var/log/nginx/error.log"],
        &["sudo", "systemctl", "restart", "harbour-api"],
        &["git", "pull", "--ff-only"],
        &["docker", "ps"],
        &["curl", "-sS", "http://127.0.0.1:8080/health"],
        &["df", "-h"],
        &["psql", "-c", "select count(*) from orders"],
    ];
    for _ in 0..90 {
        let at = working(&mut day.random);
        let server = *day.random.pick(&LINUX);
        let user = 1_040 + day.random.below(3) as u32;
        let actor = Actor {
            auid: user,
            uid: user,
            session: 100 + day.random.below(60) as u32,
            parent: day.random.between(2_000, 60_000),
        };
        let command = *day.random.pick(&commands);
        execute(day, at, server, actor, "/srv/harbour", command);
    }
}
