//! Sysmon events as NXLog ships them.
//! Format: learn.microsoft.com/sysinternals/downloads/sysmon, "Events".

use serde_json::{Value, json};

use super::Day;
use super::clock::{Moment, spaced};
use super::windows::{Event, nxlog};

pub(super) const FILE: &str = "windows_sysmon.jsonl.gz";

/// Writes one Sysmon event; time and rule name are added.
pub(super) fn event(day: &mut Day, at: Moment, host: &str, id: u32, mut data: Value) {
    data["UtcTime"] = json!(spaced(at));
    data["RuleName"] = json!("-");
    let event = Event {
        host,
        id,
        channel: "Microsoft-Windows-Sysmon/Operational",
        provider: "Microsoft-Windows-Sysmon",
        guid: "{5770385F-C22A-43E0-BF4C-06F5698FFBD9}",
        task: id,
        success: true,
    };
    nxlog(day, FILE, at, &event, data);
}

/// A process that other events refer to.
#[derive(Clone)]
pub(super) struct Process {
    pub(super) guid: String,
    pub(super) pid: u64,
    pub(super) image: String,
    pub(super) command: String,
    pub(super) user: String,
}

/// A process that already ran before the recording, or whose start is not told.
pub(super) fn running(day: &mut Day, image: &str, command: &str, user: &str) -> Process {
    Process {
        guid: guid(day),
        pid: day.random.between(400, 2_400) * 4,
        image: image.to_owned(),
        command: command.to_owned(),
        user: user.to_owned(),
    }
}

fn guid(day: &mut Day) -> String {
    format!(
        "{{{}-{}-69a5-{}-00000000{}}}",
        day.random.hex(8),
        day.random.hex(4),
        day.random.hex(4),
        day.random.hex(4)
    )
}

/// What starts a process.
pub(super) struct Start<'a> {
    pub(super) host: &'a str,
    pub(super) user: &'a str,
    pub(super) image: &'a str,
    pub(super) command: &'a str,
    /// `Medium`, `High` or `System`
    pub(super) integrity: &'a str,
    pub(super) folder: &'a str,
}

/// Event 1: a process starts, with ids of its own.
pub(super) fn start(day: &mut Day, at: Moment, parent: &Process, what: &Start<'_>) -> Process {
    let process = Process {
        guid: guid(day),
        pid: day.random.between(600, 4_000) * 4,
        image: what.image.to_owned(),
        command: what.command.to_owned(),
        user: what.user.to_owned(),
    };
    start_as(day, at, parent, what, &process);
    process
}

/// Event 1 with the ids of `process`.
pub(super) fn start_as(
    day: &mut Day,
    at: Moment,
    parent: &Process,
    what: &Start<'_>,
    process: &Process,
) {
    let name = what.image.rsplit('\\').next().unwrap_or(what.image);
    let (original, description, company) = version(name);
    let session = if what.integrity == "System" {
        "0x3e7".to_owned()
    } else {
        format!("0x{}", day.random.hex(5))
    };
    let data = json!({
        "ProcessGuid": process.guid, "ProcessId": process.pid.to_string(), "Image": what.image, "FileVersion": if what.image.contains("Microsoft Office") { "16.0.18429.20132" } else { "10.0.26100.3194" },
        "Description": description, "Product": description, "Company": company, "OriginalFileName": original,
        "CommandLine": what.command, "CurrentDirectory": what.folder, "User": what.user,
        "LogonGuid": guid(day), "LogonId": session, "TerminalSessionId": if what.integrity == "System" { "0" } else { "1" },
        "IntegrityLevel": what.integrity, "Hashes": hashes(what.image), "ParentProcessGuid": parent.guid,
        "ParentProcessId": parent.pid.to_string(), "ParentImage": parent.image, "ParentCommandLine": parent.command, "ParentUser": parent.user,
    });
    event(day, at, what.host, 1, data);
}

/// Event 3: a process opens a connection.
pub(super) fn connection(
    day: &mut Day,
    at: Moment,
    host: &str,
    from: &Process,
    ip: &str,
    to: (&str, &str, u64),
) {
    let (address, name, port) = to;
    let data = json!({"ProcessGuid": from.guid, "ProcessId": from.pid.to_string(), "Image": from.image, "User": from.user, "Protocol": "tcp",
        "Initiated": "true", "SourceIsIpv6": "false", "SourceIp": ip, "SourceHostname": host, "SourcePort": day.random.port().to_string(),
        "SourcePortName": "-", "DestinationIsIpv6": "false", "DestinationIp": address, "DestinationHostname": name,
        "DestinationPort": port.to_string(), "DestinationPortName": match port { 443 => "https", 80 => "http", 445 => "microsoft-ds", _ => "-" }});
    event(day, at, host, 3, data);
}

/// Event 11: a file is created.
pub(super) fn file(day: &mut Day, at: Moment, host: &str, by: &Process, path: &str) {
    let data = json!({"ProcessGuid": by.guid, "ProcessId": by.pid.to_string(), "Image": by.image, "User": by.user,
        "TargetFilename": path, "CreationUtcTime": spaced(at)});
    event(day, at, host, 11, data);
}

/// Event 13: a registry value is set.
pub(super) fn registry(
    day: &mut Day,
    at: Moment,
    host: &str,
    by: &Process,
    target: &str,
    details: &str,
) {
    let data = json!({"EventType": "SetValue", "ProcessGuid": by.guid, "ProcessId": by.pid.to_string(), "Image": by.image, "User": by.user,
        "TargetObject": target, "Details": details});
    event(day, at, host, 13, data);
}

/// Event 22: a name is resolved.
pub(super) fn query(day: &mut Day, at: Moment, host: &str, by: &Process, name: &str, result: &str) {
    let data = json!({"ProcessGuid": by.guid, "ProcessId": by.pid.to_string(), "Image": by.image, "User": by.user,
        "QueryName": name, "QueryStatus": if result.is_empty() { "9003" } else { "0" }, "QueryResults": result});
    event(day, at, host, 22, data);
}

/// Event 10: a process opens another one.
pub(super) fn access(
    day: &mut Day,
    at: Moment,
    host: &str,
    by: &Process,
    target: &Process,
    mask: &str,
    trace: &str,
) {
    let data = json!({"SourceProcessGUID": by.guid, "SourceProcessId": by.pid.to_string(), "SourceThreadId": (by.pid + 44).to_string(),
        "SourceImage": by.image, "TargetProcessGUID": target.guid, "TargetProcessId": target.pid.to_string(), "TargetImage": target.image,
        "GrantedAccess": mask, "CallTrace": trace, "SourceUser": by.user, "TargetUser": target.user});
    event(day, at, host, 10, data);
}

/// Event 7: a library is loaded.
pub(super) fn image(day: &mut Day, at: Moment, host: &str, by: &Process, path: &str) {
    let data = json!({"ProcessGuid": by.guid, "ProcessId": by.pid.to_string(), "Image": by.image, "User": by.user, "ImageLoaded": path,
        "FileVersion": "10.0.26100.1", "Description": "-", "Product": "-", "Company": "Microsoft Corporation", "OriginalFileName": "-",
        "Hashes": hashes(path), "Signed": "true", "Signature": "Microsoft Windows", "SignatureStatus": "Valid"});
    event(day, at, host, 7, data);
}

/// Event 5: a process ends.
pub(super) fn end(day: &mut Day, at: Moment, host: &str, process: &Process) {
    let data = json!({"ProcessGuid": process.guid, "ProcessId": process.pid.to_string(), "Image": process.image, "User": process.user});
    event(day, at, host, 5, data);
}

/// Hashes that depend on the path only: the same program has the same hash on every machine.
fn hashes(path: &str) -> String {
    let seed = path.to_lowercase().bytes().fold(0xcbf2_9ce4_8422_2325, |sum: u64, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mut random = crate::random::Random::new(seed);
    format!(
        "MD5={},SHA256={},IMPHASH={}",
        random.hex(32).to_uppercase(),
        random.hex(64).to_uppercase(),
        random.hex(32).to_uppercase()
    )
}

/// Original name, description and company of a program.
fn version(name: &str) -> (&'static str, &'static str, &'static str) {
    const MS: &str = "Microsoft Corporation";
    match name.to_ascii_lowercase().as_str() {
        "winword.exe" => ("WinWord.exe", "Microsoft Word", MS),
        "excel.exe" => ("Excel.exe", "Microsoft Excel", MS),
        "outlook.exe" => ("Outlook.exe", "Microsoft Outlook", MS),
        "powershell.exe" => ("PowerShell.EXE", "Windows PowerShell", MS),
        "cmd.exe" => ("Cmd.Exe", "Windows Command Processor", MS),
        "schtasks.exe" => ("schtasks.exe", "Task Scheduler Configuration Tool", MS),
        "whoami.exe" => ("whoami.exe", "whoami - displays logged on user information", MS),
        "net.exe" => ("net.exe", "Net Command", MS),
        "nltest.exe" => ("nltestrk.exe", "Microsoft Logon Server Test Utility", MS),
        "svchost.exe" => ("svchost.exe", "Host Process for Windows Services", MS),
        "msedge.exe" => ("msedge.exe", "Microsoft Edge", MS),
        "code.exe" => ("electron.exe", "Visual Studio Code", MS),
        "chrome.exe" => ("chrome.exe", "Google Chrome", "Google LLC"),
        "wevtutil.exe" => ("wevtutil.exe", "Eventing Command Line Utility", MS),
        "armsync.exe" => ("-", "-", "-"),
        _ => ("-", "Windows component", MS),
    }
}
