//! An ordinary day in the Security log: logons, tickets, shares, service desk, backup, patching.

use serde_json::json;

use super::Day;
use super::clock::{HOUR, MINUTE, SECOND, at};
use super::company::{APP, BACKUP, DC, FILES, MANAGEMENT, Person, SQL, WINDOWS, sid};
use super::office_hours::{every, working};
use super::security::{
    Account, Logon, account_change, event, failed, logoff, logon, preauth_failed, privileges,
    process, service_installed, service_ticket, share, task, ticket_granting,
};

const SHARES: [&str; 5] = ["Finance", "Projects", "Sales", "Public", "Scans"];

pub(super) fn write(day: &mut Day) {
    for person in day.company.seated() {
        desk(day, &person);
    }
    file_server(day);
    machines(day);
    service_desk(day);
    backups(day);
    administration(day);
    servers(day);
}

/// One person: ticket and logon in the morning, locked screens, logoff in the evening, a typing error now and then.
fn desk(day: &mut Day, person: &Person) {
    let Some(host) = person.host.clone() else { return };
    let who = Account::of(person);
    let morning = at(6, 20, 0) + day.random.below(2 * HOUR);
    let evening = at(15, 10, 0) + day.random.below(3 * HOUR);
    let local = Logon { kind: 2, ip: "127.0.0.1", station: "-", package: "Negotiate" };
    if day.random.chance(12) {
        let tries = day.random.between(1, 3);
        for n in 0..tries {
            failed(day, morning - (n + 1) * 9 * SECOND, &host, person.login, &local, "0xc000006a");
            preauth_failed(day, morning - (n + 1) * 9 * SECOND, &who, &person.ip);
        }
    }
    ticket_granting(day, morning, &who, &person.ip);
    let machine = Account::machine(&host);
    service_ticket(day, morning + SECOND, &who, &person.ip, &machine, "0x12");
    let id = logon(day, morning + SECOND, &host, &who, &local);
    if person.department == "it" {
        privileges(day, morning + SECOND, &host, &who, &id);
    }
    let unlock = Logon { kind: 7, ip: "-", station: "-", package: "Negotiate" };
    let back = at(11, 35, 0) + day.random.below(HOUR);
    logon(day, back, &host, &who, &unlock);
    let servers = [FILES, APP, SQL];
    let server = day.random.pick(&servers).fqdn();
    service_ticket(day, back + MINUTE, &who, &person.ip, &Account::machine(&server), "0x12");
    logoff(day, evening, &host, &who, &id, 2);
}

/// Shares opened through the day.
fn file_server(day: &mut Day) {
    let people = day.company.seated();
    let host = FILES.fqdn();
    for _ in 0..170 {
        let at = working(&mut day.random);
        let person = day.random.pick(&people).clone();
        let who = Account::of(&person);
        let how = Logon { kind: 3, ip: &person.ip, station: "-", package: "Kerberos" };
        let id = logon(day, at, &host, &who, &how);
        let name = *day.random.pick(&SHARES);
        share(day, at + 40, &host, &who, &person.ip, name, &id);
        if day.random.chance(60) {
            logoff(day, at + 12 * MINUTE, &host, &who, &id, 3);
        }
    }
}

/// Machine accounts that renew tickets and read policy.
fn machines(day: &mut Day) {
    for person in day.company.seated() {
        let Some(host) = person.host.clone() else { continue };
        let machine = Account::machine(&host);
        for at in every(&mut day.random, 8 * HOUR, 20 * MINUTE) {
            let how = Logon { kind: 3, ip: &person.ip, station: "-", package: "Kerberos" };
            ticket_granting(day, at, &machine, &person.ip);
            let id = logon(day, at + 300, &DC.fqdn(), &machine, &how);
            share(day, at + 600, &DC.fqdn(), &machine, &person.ip, "SYSVOL", &id);
        }
    }
}

/// A starter, resets by ticket, an account that locked itself out.
fn service_desk(day: &mut Day) {
    let by = Account::service("adm.neumann", 5_203);
    let starter = Account::service("greta.lindner", 6_120);
    let start = at(7, 48, 12);
    account_change(
        day,
        start,
        4_720,
        &by,
        &starter,
        &json!({"SamAccountName": starter.name, "DisplayName": "Greta Lindner",
        "UserPrincipalName": "greta.lindner@corp.example", "PrivilegeList": "-", "OldUacValue": "0x0", "NewUacValue": "0x15",
        "UserAccountControl": "\n\t\t%%2080\n\t\t%%2082\n\t\t%%2084"}),
    );
    account_change(day, start + 3 * SECOND, 4_722, &by, &starter, &json!({}));
    account_change(day, start + 3 * SECOND, 4_724, &by, &starter, &json!({}));
    let group = Account::service("SG-Sales-Staff", 4_410);
    account_change(
        day,
        start + 40 * SECOND,
        4_728,
        &by,
        &group,
        &json!({"MemberSid": starter.sid,
        "MemberName": "CN=Greta Lindner,OU=Staff,DC=corp,DC=example", "PrivilegeList": "-"}),
    );
    for login in ["onno.sauer", "heike.baumann", "rieke.ziegler"] {
        let at = working(&mut day.random);
        let who = Account::of(&day.company.find(login));
        account_change(day, at, 4_724, &by, &who, &json!({}));
        account_change(
            day,
            at + 400,
            4_738,
            &by,
            &who,
            &json!({"PasswordLastSet": "3/2/2026 10:00:00 AM"}),
        );
    }
    let locked = day.company.find("dirk.franke");
    let who = Account::of(&locked);
    for n in 0..6 {
        preauth_failed(day, at(12, 41, 3) + n * 11 * SECOND, &who, &locked.ip);
    }
    let data = json!({"TargetUserName": locked.login, "TargetDomainName": "WS-134", "TargetSid": locked.sid,
        "SubjectUserSid": "S-1-5-18", "SubjectUserName": "DC01$", "SubjectDomainName": "CORP", "SubjectLogonId": "0x3e7"});
    event(day, at(12, 42, 9), &DC.fqdn(), 4_740, true, &data);
    account_change(day, at(12, 49, 50), 4_767, &by, &who, &json!({}));
}

/// The backup agent logs on to every server at night and takes shadow copies.
fn backups(day: &mut Day) {
    let who = Account::service("svc-backup", 5_110);
    for (n, server) in (0..).zip(WINDOWS) {
        let at = at(22, 0, 0) + n * 6 * MINUTE + day.random.below(MINUTE);
        let how = Logon { kind: 3, ip: BACKUP.ip, station: "BKP01", package: "Kerberos" };
        service_ticket(day, at, &who, BACKUP.ip, &Account::machine(&server.fqdn()), "0x12");
        let id = logon(day, at, &server.fqdn(), &who, &how);
        privileges(day, at, &server.fqdn(), &who, &id);
        share(day, at + SECOND, &server.fqdn(), &who, BACKUP.ip, "ADMIN$", &id);
        let agent = "C:\\Program Files\\Backup Agent\\agent.exe";
        process(
            day,
            at + 4 * SECOND,
            &server.fqdn(),
            &who,
            "C:\\Windows\\System32\\vssadmin.exe",
            "vssadmin.exe list writers",
            agent,
        );
        process(
            day,
            at + 9 * SECOND,
            &server.fqdn(),
            &who,
            "C:\\Windows\\System32\\vssadmin.exe",
            "vssadmin.exe list shadows /for=C:",
            agent,
        );
        logoff(day, at + 5 * MINUTE, &server.fqdn(), &who, &id, 3);
    }
}

/// Administrators on servers over Remote Desktop, inventory by the management server, one old program that only knows RC4.
fn administration(day: &mut Day) {
    let admins = [
        ("jonas.weber", "adm.weber", 5_201),
        ("tobias.wolf", "adm.wolf", 5_202),
        ("markus.brandt", "adm.brandt", 5_204),
    ];
    for (login, name, relative) in admins {
        let person = day.company.find(login);
        let who = Account::service(name, relative);
        for _ in 0..3 {
            let at = working(&mut day.random);
            let server = *day.random.pick(&[APP, SQL, MANAGEMENT]);
            ticket_granting(day, at - SECOND, &who, &person.ip);
            service_ticket(day, at, &who, &person.ip, &Account::machine(&server.fqdn()), "0x12");
            let how = Logon {
                kind: 10,
                ip: &person.ip,
                station: &server.name.to_uppercase(),
                package: "Negotiate",
            };
            let id = logon(day, at, &server.fqdn(), &who, &how);
            privileges(day, at, &server.fqdn(), &who, &id);
            logoff(day, at + 31 * MINUTE, &server.fqdn(), &who, &id, 10);
        }
    }
    let sccm = Account::service("svc-sccm", 5_111);
    for person in day.company.seated().iter().step_by(2) {
        let Some(host) = person.host.clone() else { continue };
        let at = at(1, 0, 0) + day.random.below(3 * HOUR);
        let how = Logon { kind: 3, ip: MANAGEMENT.ip, station: "CM01", package: "Kerberos" };
        let id = logon(day, at, &host, &sccm, &how);
        share(day, at + 200, &host, &sccm, MANAGEMENT.ip, "ADMIN$", &id);
        logoff(day, at + MINUTE, &host, &sccm, &id, 3);
    }
    let old = Account::service("svc-scanner", 5_119);
    for n in [8, 13] {
        service_ticket(
            day,
            at(n, 2, 11),
            &old,
            "10.10.0.26",
            &Account::service("svc-docstore", 5_120),
            "0x17",
        );
    }
}

/// What servers start by themselves, and software that the management server rolls out.
fn servers(day: &mut Day) {
    let commands = [
        (
            "C:\\Windows\\System32\\svchost.exe",
            "C:\\Windows\\system32\\svchost.exe -k netsvcs -p -s wuauserv",
            "C:\\Windows\\System32\\services.exe",
        ),
        (
            "C:\\Windows\\System32\\taskhostw.exe",
            "taskhostw.exe",
            "C:\\Windows\\System32\\svchost.exe",
        ),
        (
            "C:\\Windows\\System32\\wbem\\WmiPrvSE.exe",
            "C:\\Windows\\system32\\wbem\\wmiprvse.exe -secured -Embedding",
            "C:\\Windows\\System32\\svchost.exe",
        ),
        (
            "C:\\Windows\\System32\\cmd.exe",
            "C:\\Windows\\system32\\cmd.exe /c D:\\Jobs\\rotate-logs.cmd",
            "C:\\Windows\\System32\\svchost.exe",
        ),
        (
            "C:\\Program Files\\Monitoring Agent\\probe.exe",
            "\"C:\\Program Files\\Monitoring Agent\\probe.exe\" --disk --cpu",
            "C:\\Program Files\\Monitoring Agent\\agentd.exe",
        ),
    ];
    for server in WINDOWS {
        let machine = Account { sid: "S-1-5-18".to_owned(), ..Account::machine(&server.fqdn()) };
        for at in every(&mut day.random, 55 * MINUTE, 8 * MINUTE) {
            let (image, command, parent) = *day.random.pick(&commands);
            process(day, at, &server.fqdn(), &machine, image, command, parent);
        }
        let start = Logon { kind: 5, ip: "-", station: "-", package: "Negotiate" };
        let system = Account { name: "SYSTEM".to_owned(), sid: "S-1-5-18".to_owned() };
        let id = logon(day, at(2, 11, 0), &server.fqdn(), &system, &start);
        privileges(day, at(2, 11, 0), &server.fqdn(), &system, &id);
    }
    let host = APP.fqdn();
    let machine = Account { sid: "S-1-5-18".to_owned(), ..Account::machine(&host) };
    service_installed(
        day,
        at(2, 15, 30),
        &host,
        &machine,
        "Inventory Agent",
        "\"C:\\Program Files\\Corp Inventory\\inventory.exe\" --service",
    );
    task(
        day,
        at(2, 16, 2),
        &host,
        &machine,
        "\\Corp\\Inventory Upload",
        ("C:\\Program Files\\Corp Inventory\\inventory.exe", "--upload --daily"),
    );
    let data = json!({"SubjectUserSid": sid(5_201), "SubjectUserName": "adm.weber", "SubjectDomainName": "CORP", "SubjectLogonId": "0x5a1c2f",
        "LogonGuid": "{00000000-0000-0000-0000-000000000000}", "TargetUserName": "svc-report", "TargetDomainName": "CORP",
        "TargetLogonGuid": "{00000000-0000-0000-0000-000000000000}", "TargetServerName": "sql01.corp.example", "TargetInfo": "sql01.corp.example",
        "ProcessId": "0x1c44", "ProcessName": "C:\\Windows\\System32\\svchost.exe", "IpAddress": "-", "IpPort": "-"});
    event(day, at(9, 40, 18), &SQL.fqdn(), 4_648, true, &data);
}
