//! The Windows Security log: the events that logons, tickets, shares and processes leave.
//! Format: learn.microsoft.com, "Advanced security audit policy", one page per event.

use serde_json::{Value, json};

use super::Day;
use super::clock::Moment;
use super::company::{DC, Person, sid};
use super::windows::{Event, winlogbeat};

/// Workstations and member servers.
pub(super) const FILE: &str = "windows_security.jsonl";
/// Domain controllers, which have a collector of their own.
pub(super) const DIRECTORY: &str = "windows_security_dc.jsonl";

/// The account an event is about.
pub(super) struct Account {
    pub(super) name: String,
    pub(super) sid: String,
}

impl Account {
    pub(super) fn of(person: &Person) -> Self {
        Self { name: person.login.to_owned(), sid: person.sid.clone() }
    }

    /// A machine account: `WS-117$`
    pub(super) fn machine(host: &str) -> Self {
        let short = host.split('.').next().unwrap_or(host).to_uppercase();
        let relative = 3_000 + short.bytes().map(u64::from).sum::<u64>();
        Self { name: format!("{short}$"), sid: sid(relative) }
    }

    /// A service or administration account.
    pub(super) fn service(name: &str, relative: u64) -> Self {
        Self { name: name.to_owned(), sid: sid(relative) }
    }
}

/// Writes one Security event.
pub(super) fn event(day: &mut Day, at: Moment, host: &str, id: u32, success: bool, data: &Value) {
    let task = match id {
        1_102 => 104,
        4_624 | 4_625 | 4_648 => 12_544,
        4_634 => 12_545,
        4_672 => 12_548,
        4_688 => 13_312,
        4_697 => 12_289,
        4_698 => 12_804,
        4_720..=4_726 | 4_738 | 4_740 | 4_767 => 13_824,
        4_728 => 13_826,
        4_768 | 4_771 => 14_339,
        4_769 => 14_337,
        5_140 => 12_808,
        5_145 => 12_811,
        _ => 0,
    };
    let (provider, guid) = if id == 1_102 {
        ("Microsoft-Windows-Eventlog", "{fc65ddd8-d6ef-4962-83d5-6e5cfe9ce148}")
    } else {
        ("Microsoft-Windows-Security-Auditing", "{54849625-5478-4994-a5ba-3e3b0328c30d}")
    };
    let event = Event { host, id, channel: "Security", provider, guid, task, success };
    let file = if host.starts_with("dc") { DIRECTORY } else { FILE };
    winlogbeat(day, file, at, &event, data);
}

/// How a logon came in.
pub(super) struct Logon<'a> {
    pub(super) kind: u32,
    pub(super) ip: &'a str,
    pub(super) station: &'a str,
    /// `Kerberos`, `NTLM` or `Negotiate`
    pub(super) package: &'a str,
}

/// A successful logon; gives its logon id.
pub(super) fn logon(
    day: &mut Day,
    at: Moment,
    host: &str,
    who: &Account,
    how: &Logon<'_>,
) -> String {
    let id = format!("0x{}", day.random.hex(6));
    let local = matches!(how.kind, 2 | 7 | 11);
    let subject = Account::machine(host);
    let data = json!({
        "SubjectUserSid": if local { "S-1-5-18" } else { "S-1-0-0" },
        "SubjectUserName": if local { subject.name.as_str() } else { "-" },
        "SubjectDomainName": if local { "CORP" } else { "-" }, "SubjectLogonId": if local { "0x3e7" } else { "0x0" },
        "TargetUserSid": who.sid, "TargetUserName": who.name, "TargetDomainName": "CORP", "TargetLogonId": id,
        "LogonType": how.kind.to_string(), "LogonProcessName": match how.package { "NTLM" => "NtLmSsp ", "Kerberos" => "Kerberos", _ => "User32 " },
        "AuthenticationPackageName": how.package, "WorkstationName": how.station,
        "LogonGuid": if how.package == "Kerberos" { format!("{{{}}}", day.random.uuid()) } else { "{00000000-0000-0000-0000-000000000000}".to_owned() },
        "TransmittedServices": "-", "LmPackageName": if how.package == "NTLM" { "NTLM V2" } else { "-" },
        "KeyLength": if how.package == "NTLM" { "128" } else { "0" },
        "ProcessId": if local { "0x3c4" } else { "0x0" },
        "ProcessName": if local { "C:\\Windows\\System32\\svchost.exe" } else { "-" },
        "IpAddress": how.ip, "IpPort": if local { "0".to_owned() } else { day.random.port().to_string() },
        "ImpersonationLevel": "%%1833", "RestrictedAdminMode": "-", "TargetOutboundUserName": "-",
        "TargetOutboundDomainName": "-", "VirtualAccount": "%%1843", "TargetLinkedLogonId": "0x0", "ElevatedToken": "%%1843",
    });
    event(day, at, host, 4_624, true, &data);
    id
}

/// The end of a logon.
pub(super) fn logoff(day: &mut Day, at: Moment, host: &str, who: &Account, logon: &str, kind: u32) {
    let data = json!({"TargetUserSid": who.sid, "TargetUserName": who.name, "TargetDomainName": "CORP",
        "TargetLogonId": logon, "LogonType": kind.to_string()});
    event(day, at, host, 4_634, true, &data);
}

/// A failed logon with the given sub status.
pub(super) fn failed(
    day: &mut Day,
    at: Moment,
    host: &str,
    name: &str,
    how: &Logon<'_>,
    sub_status: &str,
) {
    let data = json!({
        "SubjectUserSid": "S-1-0-0", "SubjectUserName": "-", "SubjectDomainName": "-", "SubjectLogonId": "0x0",
        "TargetUserSid": "S-1-0-0", "TargetUserName": name, "TargetDomainName": "CORP", "Status": "0xc000006d",
        "FailureReason": "%%2313", "SubStatus": sub_status, "LogonType": how.kind.to_string(),
        "LogonProcessName": if how.kind == 3 { "NtLmSsp " } else { "User32 " },
        "AuthenticationPackageName": how.package, "WorkstationName": how.station, "TransmittedServices": "-",
        "LmPackageName": "-", "KeyLength": "0", "ProcessId": "0x0", "ProcessName": "-",
        "IpAddress": how.ip, "IpPort": day.random.port().to_string(),
    });
    event(day, at, host, 4_625, false, &data);
}

/// Special privileges at logon.
pub(super) fn privileges(day: &mut Day, at: Moment, host: &str, who: &Account, logon: &str) {
    let data = json!({"SubjectUserSid": who.sid, "SubjectUserName": who.name, "SubjectDomainName": "CORP", "SubjectLogonId": logon,
        "PrivilegeList": "SeSecurityPrivilege\n\t\t\tSeBackupPrivilege\n\t\t\tSeRestorePrivilege\n\t\t\tSeDebugPrivilege\n\t\t\tSeImpersonatePrivilege"});
    event(day, at, host, 4_672, true, &data);
}

/// A ticket-granting ticket.
pub(super) fn ticket_granting(day: &mut Day, at: Moment, who: &Account, ip: &str) {
    let data = json!({"TargetUserName": who.name, "TargetDomainName": "CORP", "TargetSid": who.sid, "ServiceName": "krbtgt",
        "ServiceSid": sid(502), "TicketOptions": "0x40810010", "Status": "0x0", "TicketEncryptionType": "0x12", "PreAuthType": "2",
        "IpAddress": format!("::ffff:{ip}"), "IpPort": day.random.port().to_string(), "CertIssuerName": "", "CertSerialNumber": "", "CertThumbprint": ""});
    event(day, at, &DC.fqdn(), 4_768, true, &data);
}

/// A service ticket with the given encryption type (`0x12` AES, `0x17` RC4).
pub(super) fn service_ticket(
    day: &mut Day,
    at: Moment,
    who: &Account,
    ip: &str,
    service: &Account,
    encryption: &str,
) {
    let data = json!({"TargetUserName": format!("{}@CORP.EXAMPLE", who.name), "TargetDomainName": "CORP.EXAMPLE",
        "ServiceName": service.name, "ServiceSid": service.sid, "TicketOptions": "0x40810000", "TicketEncryptionType": encryption,
        "IpAddress": format!("::ffff:{ip}"), "IpPort": day.random.port().to_string(), "Status": "0x0",
        "LogonGuid": format!("{{{}}}", day.random.uuid()), "TransmittedServices": "-"});
    event(day, at, &DC.fqdn(), 4_769, true, &data);
}

/// Pre-authentication that failed for a wrong password.
pub(super) fn preauth_failed(day: &mut Day, at: Moment, who: &Account, ip: &str) {
    let data = json!({"TargetUserName": who.name, "TargetSid": who.sid, "ServiceName": "krbtgt/CORP", "TicketOptions": "0x40810010",
        "Status": "0x18", "PreAuthType": "2", "IpAddress": format!("::ffff:{ip}"), "IpPort": day.random.port().to_string(),
        "CertIssuerName": "", "CertSerialNumber": "", "CertThumbprint": ""});
    event(day, at, &DC.fqdn(), 4_771, false, &data);
}

/// A share that was opened.
pub(super) fn share(
    day: &mut Day,
    at: Moment,
    host: &str,
    who: &Account,
    ip: &str,
    name: &str,
    logon: &str,
) {
    let data = json!({"SubjectUserSid": who.sid, "SubjectUserName": who.name, "SubjectDomainName": "CORP", "SubjectLogonId": logon,
        "ObjectType": "File", "IpAddress": ip, "IpPort": day.random.port().to_string(), "ShareName": format!("\\\\*\\{name}"),
        "ShareLocalPath": match name { "ADMIN$" => "\\??\\C:\\Windows", "C$" => "\\??\\C:\\", _ => "\\??\\D:\\Shares" },
        "AccessMask": "0x1", "AccessList": "%%4416\n\t\t\t\t"});
    event(day, at, host, 5_140, true, &data);
}

/// A process as event 4688.
pub(super) fn process(
    day: &mut Day,
    at: Moment,
    host: &str,
    who: &Account,
    image: &str,
    command: &str,
    parent: &str,
) {
    let data = json!({"SubjectUserSid": who.sid, "SubjectUserName": who.name, "SubjectDomainName": "CORP", "SubjectLogonId": "0x3e7",
        "NewProcessId": format!("0x{}", day.random.hex(4)), "NewProcessName": image, "TokenElevationType": "%%1936",
        "ProcessId": format!("0x{}", day.random.hex(3)), "CommandLine": command, "TargetUserSid": "S-1-0-0", "TargetUserName": "-",
        "TargetDomainName": "-", "TargetLogonId": "0x0", "ParentProcessName": parent, "MandatoryLabel": "S-1-16-16384"});
    event(day, at, host, 4_688, true, &data);
}

/// A change to an account or a group that `by` made on the domain controller.
pub(super) fn account_change(
    day: &mut Day,
    at: Moment,
    id: u32,
    by: &Account,
    target: &Account,
    more: &Value,
) {
    let mut data = json!({"TargetUserName": target.name, "TargetDomainName": "CORP", "TargetSid": target.sid,
        "SubjectUserSid": by.sid, "SubjectUserName": by.name, "SubjectDomainName": "CORP",
        "SubjectLogonId": format!("0x{}", day.random.hex(6))});
    if let (Some(all), Some(extra)) = (data.as_object_mut(), more.as_object()) {
        all.extend(extra.clone());
    }
    event(day, at, &DC.fqdn(), id, true, &data);
}

/// A scheduled task that was registered.
pub(super) fn task(
    day: &mut Day,
    at: Moment,
    host: &str,
    by: &Account,
    name: &str,
    action: (&str, &str),
) {
    let content = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-16\"?>\n<Task version=\"1.2\" xmlns=\"http://schemas.microsoft.com/windows/2004/02/mit/task\">\n  <Triggers><LogonTrigger><Enabled>true</Enabled></LogonTrigger></Triggers>\n  <Actions Context=\"Author\"><Exec><Command>{}</Command><Arguments>{}</Arguments></Exec></Actions>\n</Task>",
        action.0, action.1
    );
    let data = json!({"SubjectUserSid": by.sid, "SubjectUserName": by.name, "SubjectDomainName": "CORP",
        "SubjectLogonId": format!("0x{}", day.random.hex(6)), "TaskName": name, "TaskContent": content,
        "ClientProcessStartKey": "0", "ClientProcessId": day.random.between(2_000, 9_000).to_string(), "ParentProcessId": "5120", "RpcCallClientLocality": "0", "FQDN": host});
    event(day, at, host, 4_698, true, &data);
}

/// A service that was installed.
pub(super) fn service_installed(
    day: &mut Day,
    at: Moment,
    host: &str,
    by: &Account,
    name: &str,
    path: &str,
) {
    let data = json!({"SubjectUserSid": by.sid, "SubjectUserName": by.name, "SubjectDomainName": "CORP",
        "SubjectLogonId": format!("0x{}", day.random.hex(6)), "ServiceName": name, "ServiceFileName": path, "ServiceType": "0x10",
        "ServiceStartType": "3", "ServiceAccount": "LocalSystem", "ClientProcessStartKey": "0", "ClientProcessId": "640", "ParentProcessId": "532"});
    event(day, at, host, 4_697, true, &data);
}
