//! Generated logs for benchmarks and soak tests: seeded, so that every run reads the same bytes.

use crate::random::Random;

const IMAGES: [&str; 12] = [
    r"C:\\Windows\\System32\\svchost.exe",
    r"C:\\Windows\\System32\\RuntimeBroker.exe",
    r"C:\\Windows\\System32\\conhost.exe",
    r"C:\\Windows\\System32\\backgroundTaskHost.exe",
    r"C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
    r"C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe",
    r"C:\\Program Files\\Microsoft Office\\root\\Office16\\OUTLOOK.EXE",
    r"C:\\Windows\\System32\\cmd.exe",
    r"C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe",
    r"C:\\Program Files\\7-Zip\\7zFM.exe",
    r"C:\\Windows\\explorer.exe",
    r"C:\\Program Files\\Git\\cmd\\git.exe",
];

const ARGUMENTS: [&str; 8] = [
    "-k netsvcs -p -s Schedule",
    "--type=renderer --lang=en-US --device-scale-factor=1 --num-raster-threads=4",
    "-Embedding",
    "0x4",
    "/c dir C:\\\\Users\\\\Public",
    "-NoProfile -File C:\\\\Tools\\\\inventory.ps1 -Quiet",
    "fetch --prune origin",
    "/recycle",
];

/// Sysmon and Security events as flat JSON lines, the mix of a quiet workstation: process creation, image loads,
/// registry values, files, connections, DNS, logons.
pub fn windows_json(events: usize, seed: u64) -> Vec<u8> {
    let mut random = Random::new(seed);
    let mut out = String::with_capacity(events * 900);
    for number in 0..events as u64 {
        windows_event(number, &mut random, &mut out);
    }
    out.into_bytes()
}

/// What the parts of one event agree on.
struct Facts {
    number: u64,
    image: &'static str,
    parent: &'static str,
    arguments: &'static str,
    host: u64,
    user: u64,
    pid: u64,
    time: String,
    guid: String,
}

fn windows_event(number: u64, random: &mut Random, out: &mut String) {
    let (minute, second) = (number / 60 % 60, number % 60);
    let facts = Facts {
        number,
        image: random.pick::<&str>(&IMAGES),
        parent: random.pick::<&str>(&IMAGES),
        arguments: random.pick::<&str>(&ARGUMENTS),
        host: random.below(200),
        user: random.below(80),
        pid: 1000 + random.below(60_000),
        time: format!(
            "2026-03-02 {:02}:{minute:02}:{second:02}.{:03}",
            8 + number / 3600 % 10,
            random.below(1000)
        ),
        guid: format!(
            "{{{:08x}-43f4-5c7a-0000-{:012x}}}",
            random.below(1 << 32),
            random.below(1 << 48)
        ),
    };
    if number % 10 >= 8 {
        out.push_str(&logon(&facts, random));
    } else {
        out.push_str(&sysmon_head(&facts));
        out.push_str(&sysmon_details(&facts, random));
    }
    out.push('\n');
}

fn sysmon_head(facts: &Facts) -> String {
    let Facts { number, image, host, user, pid, time, guid, .. } = facts;
    let (id, task) = match number % 10 {
        0 | 1 => (1, "Process Create"),
        2 | 3 => (7, "Image Loaded"),
        4 => (13, "SetValue"),
        5 => (11, "File Created"),
        6 => (3, "Network connection"),
        _ => (22, "Dns query"),
    };
    format!(
        r#"{{"EventID":{id},"Channel":"Microsoft-Windows-Sysmon/Operational","Provider_Name":"Microsoft-Windows-Sysmon","Computer":"ws-{host:03}.corp.example","EventRecordID":{number},"Level":4,"Task":{id},"Keywords":"0x8000000000000000","TimeCreated":"{time}Z","RuleName":"-","UtcTime":"{time}","ProcessGuid":"{guid}","ProcessId":{pid},"Image":"{image}","User":"CORP\\user{user:02}","EventType":"{task}""#
    )
}

fn sysmon_details(facts: &Facts, random: &mut Random) -> String {
    let Facts { image, parent, arguments, host, user, pid, time, guid, .. } = facts;
    match facts.number % 10 {
        0 | 1 => format!(
            r#","FileVersion":"10.0.19041.546","Description":"Host Process","Product":"Microsoft Windows Operating System","Company":"Microsoft Corporation","OriginalFileName":"host.exe","CommandLine":"\"{image}\" {arguments}","CurrentDirectory":"C:\\Windows\\system32\\","LogonGuid":"{guid}","LogonId":"0x{:x}","TerminalSessionId":1,"IntegrityLevel":"Medium","Hashes":"SHA256={:064x},MD5={:032x}","ParentProcessGuid":"{guid}","ParentProcessId":{},"ParentImage":"{parent}","ParentCommandLine":"{parent} {arguments}","ParentUser":"CORP\\user{user:02}"}}"#,
            random.below(1 << 24),
            u128::from(random.draw()) << 64 | u128::from(random.draw()),
            random.draw(),
            pid - 7
        ),
        2 | 3 => format!(
            r#","ImageLoaded":"C:\\Windows\\System32\\{}.dll","FileVersion":"10.0.19041.1","Description":"Library","Product":"Microsoft Windows Operating System","Company":"Microsoft Corporation","OriginalFileName":"lib.dll","Hashes":"SHA256={:064x}","Signed":"true","Signature":"Microsoft Windows","SignatureStatus":"Valid"}}"#,
            random.pick(&["ntdll", "kernel32", "user32", "combase", "msvcrt", "crypt32"]),
            random.draw()
        ),
        4 => format!(
            r#","TargetObject":"HKLM\\System\\CurrentControlSet\\Services\\Tcpip\\Parameters\\Interfaces\\{guid}\\LeaseObtainedTime","Details":"DWORD (0x{:08x})"}}"#,
            random.below(1 << 32)
        ),
        5 => format!(
            r#","TargetFilename":"C:\\Users\\user{user:02}\\AppData\\Local\\Temp\\{:x}.tmp","CreationUtcTime":"{time}"}}"#,
            random.below(1 << 40)
        ),
        6 => format!(
            r#","Protocol":"tcp","Initiated":"true","SourceIsIpv6":"false","SourceIp":"10.20.{}.{}","SourceHostname":"ws-{host:03}.corp.example","SourcePort":{},"DestinationIsIpv6":"false","DestinationIp":"203.0.113.{}","DestinationHostname":"cdn.example.net","DestinationPort":443}}"#,
            host / 250,
            host % 250 + 1,
            49_152 + random.below(16_000),
            random.below(254) + 1
        ),
        _ => format!(
            r#","QueryName":"{}.example.net","QueryStatus":"0","QueryResults":"::ffff:203.0.113.{};"}}"#,
            random.pick(&["www", "cdn", "mail", "login", "static", "updates"]),
            random.below(254) + 1
        ),
    }
}

fn logon(facts: &Facts, random: &mut Random) -> String {
    let Facts { number, host, user, time, guid, .. } = facts;
    format!(
        r#"{{"EventID":{},"Channel":"Security","Provider_Name":"Microsoft-Windows-Security-Auditing","Computer":"dc-0{}.corp.example","EventRecordID":{number},"Level":0,"Task":12544,"Keywords":"0x8020000000000000","TimeCreated":"{time}Z","SubjectUserSid":"S-1-5-18","SubjectUserName":"DC-01$","SubjectDomainName":"CORP","SubjectLogonId":"0x3e7","TargetUserSid":"S-1-5-21-1-2-3-{}","TargetUserName":"user{user:02}","TargetDomainName":"CORP","TargetLogonId":"0x{:x}","LogonType":{},"LogonProcessName":"Kerberos","AuthenticationPackageName":"Kerberos","WorkstationName":"WS-{host:03}","LogonGuid":"{guid}","KeyLength":0,"ProcessId":"0x0","ProcessName":"-","IpAddress":"10.20.0.{}","IpPort":"{}"}}"#,
        if number % 20 == 9 { 4634 } else { 4624 },
        1 + random.below(2),
        1100 + user,
        random.below(1 << 28),
        random.pick(&[3, 3, 3, 2, 10]),
        host % 250 + 1,
        49_152 + random.below(16_000)
    )
}
