//! Microsoft 365 unified audit log, one AuditData record a line.
//! Format: learn.microsoft.com, "Office 365 Management Activity API schema".

use serde_json::{Value, json};

use super::Day;
use super::clock::{Moment, iso_bare};
use super::company::Person;
use super::entra::TENANT;
use super::office_hours::working;

pub(super) const FILE: &str = "m365_audit.jsonl";

const SITES: [(&str, &str); 5] = [
    ("sites/finance", "Shared Documents/Closing"),
    ("sites/harbour", "Shared Documents/Plans"),
    ("sites/sales", "Shared Documents/Offers"),
    ("sites/people", "Shared Documents/Forms"),
    ("sites/operations", "Shared Documents/Shifts"),
];
const NAMES: [&str; 10] = [
    "Forecast March.xlsx",
    "Offer 4411.docx",
    "Minutes 2026-02-27.docx",
    "Shift plan W10.xlsx",
    "Invoice list.xlsx",
    "Site plan.pdf",
    "Travel policy.pdf",
    "Budget draft.pptx",
    "Price list.xlsx",
    "Onboarding.docx",
];

/// Writes one record; `extra` holds what is special to the operation.
pub(super) fn record(day: &mut Day, at: Moment, operation: &str, person: &Person, extra: Value) {
    let mut all = json!({
        "CreationTime": iso_bare(at), "Id": day.random.uuid(), "Operation": operation,
        "OrganizationId": TENANT, "UserKey": format!("i:0h.f|membership|{}@live.com", person.sid.replace("S-1-5-21-", "").replace('-', "")),
        "UserType": 0, "Version": 1, "UserId": person.mail,
    });
    if let (Some(target), Value::Object(more)) = (all.as_object_mut(), extra) {
        target.extend(more);
    }
    day.write(FILE, at, all.to_string());
}

/// A record about a file in SharePoint or OneDrive.
pub(super) fn file(
    day: &mut Day,
    at: Moment,
    operation: &str,
    person: &Person,
    ip: &str,
    path: (&str, &str, &str),
) {
    let (site, folder, name) = path;
    let personal = site.starts_with("personal/");
    let host =
        if personal { "corpexample-my.sharepoint.com" } else { "corpexample.sharepoint.com" };
    let extension = name.rsplit('.').next().unwrap_or_default();
    let extra = json!({
        "RecordType": 6, "Workload": if personal { "OneDrive" } else { "SharePoint" }, "ClientIP": ip,
        "EventSource": "SharePoint", "ItemType": "File", "ListItemUniqueId": day.random.uuid(),
        "Site": day.random.uuid(), "SiteUrl": format!("https://{host}/{site}/"),
        "SourceRelativeUrl": folder, "SourceFileName": name, "SourceFileExtension": extension,
        "ObjectId": format!("https://{host}/{site}/{folder}/{name}"),
        "UserAgent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Safari/537.36",
        "IsManagedDevice": !personal, "ApplicationDisplayName": "Office 365 SharePoint Online",
    });
    record(day, at, operation, person, extra);
}

/// A record of mail that was read: `count` messages, `client` as Exchange describes it.
pub(super) fn mail_read(
    day: &mut Day,
    at: Moment,
    person: &Person,
    ip: &str,
    client: &str,
    count: u64,
) {
    let items: Vec<Value> = (0..count.min(3)).map(|_| {
        let id = day.random.hex(20).to_uppercase();
        json!({"InternetMessageId": format!("<{id}@corp.example>"), "SizeInBytes": day.random.between(9_000, 180_000)})
    }).collect();
    let extra = json!({
        "RecordType": 50, "ResultStatus": "Succeeded", "Workload": "Exchange", "ClientIPAddress": ip,
        "AppId": "00000002-0000-0ff1-ce00-000000000000", "ClientInfoString": client, "ExternalAccess": false,
        "InternalLogonType": 0, "LogonType": 0, "LogonUserSid": person.sid, "MailboxGuid": person.object,
        "MailboxOwnerSid": person.sid, "MailboxOwnerUPN": person.mail, "OrganizationName": "corpexample.onmicrosoft.com",
        "OperationProperties": [{"Name": "MailAccessType", "Value": "Bind"}, {"Name": "IsThrottled", "Value": "False"}],
        "OriginatingServer": "FR3P281MB2104 (15.20.8489.018)", "OperationCount": count,
        "Folders": [{"Path": "\\Inbox", "FolderItems": items}],
    });
    record(day, at, "MailItemsAccessed", person, extra);
}

/// A message that was sent.
pub(super) fn sent(
    day: &mut Day,
    at: Moment,
    person: &Person,
    ip: &str,
    subject: &str,
    attachment: Option<&str>,
) {
    let item = json!({"Id": day.random.hex(40), "InternetMessageId": format!("<{}@corp.example>", day.random.hex(24)),
        "ParentFolder": {"Id": "LgAAAAB1", "Path": "\\Sent Items"}, "SizeInBytes": day.random.between(6_000, 90_000),
        "Subject": subject, "Attachments": attachment.unwrap_or_default()});
    let extra = json!({
        "RecordType": 2, "ResultStatus": "Succeeded", "Workload": "Exchange", "ClientIPAddress": ip, "ClientIP": ip,
        "ClientInfoString": "Client=OWA;Action=ViaProxy", "ExternalAccess": false, "InternalLogonType": 0, "LogonType": 0,
        "LogonUserSid": person.sid, "MailboxGuid": person.object, "MailboxOwnerSid": person.sid,
        "MailboxOwnerUPN": person.mail, "OrganizationName": "corpexample.onmicrosoft.com",
        "OriginatingServer": "FR3P281MB2104 (15.20.8489.018)", "Item": item, "SaveToSentItems": true,
    });
    record(day, at, "Send", person, extra);
}

/// A change of a mailbox rule: parameters as name and value.
pub(super) fn inbox_rule(
    day: &mut Day,
    at: Moment,
    person: &Person,
    ip: &str,
    rule: &[(&str, &str)],
) {
    let parameters: Vec<Value> =
        rule.iter().map(|(name, value)| json!({"Name": name, "Value": value})).collect();
    let extra = json!({
        "RecordType": 1, "ResultStatus": "True", "Workload": "Exchange", "ClientIP": format!("{ip}:{}", day.random.port()),
        "AppId": "00000002-0000-0ff1-ce00-000000000000", "ExternalAccess": false, "UserType": 2,
        "ObjectId": format!("EURPR04A009.PROD.OUTLOOK.COM/Microsoft Exchange Hosted Organizations/corpexample.onmicrosoft.com/{}", person.login),
        "OrganizationName": "corpexample.onmicrosoft.com", "OriginatingServer": "FR3P281MB2104 (15.20.8489.018)",
        "Parameters": parameters, "SessionId": day.random.uuid(),
    });
    record(day, at, "New-InboxRule", person, extra);
}

/// Files, mail, meetings and one or two harmless mailbox rules.
pub(super) fn benign(day: &mut Day) {
    for person in day.company.people.clone() {
        let ip = person.outside().to_owned();
        for _ in 0..day.random.between(3, 6) {
            let at = working(&mut day.random);
            work(day, at, &person, &ip);
        }
    }
    for (login, words, folder) in
        [("ines.guenther", "Newsletter", "Reading"), ("tim.weiss", "build report", "CI")]
    {
        let person = day.company.find(login);
        let at = working(&mut day.random);
        let rule = [
            ("Force", "False"),
            ("Name", words),
            ("SubjectContainsWords", words),
            ("MoveToFolder", folder),
            ("StopProcessingRules", "True"),
        ];
        let ip = person.outside().to_owned();
        inbox_rule(day, at, &person, &ip, &rule);
    }
}

fn work(day: &mut Day, at: Moment, person: &Person, ip: &str) {
    let (site, folder) = *day.random.pick(&SITES);
    let name = *day.random.pick(&NAMES);
    match day.random.below(10) {
        0..=3 => file(day, at, "FileAccessed", person, ip, (site, folder, name)),
        4 => file(day, at, "FileModified", person, ip, (site, folder, name)),
        5 => file(day, at, "FileDownloaded", person, ip, (site, folder, name)),
        6 => {
            let count = day.random.between(1, 12);
            mail_read(day, at, person, ip, "Client=OutlookService;Outlook-iOS/2.0;", count);
        }
        7 => sent(day, at, person, ip, day_subject(name), Some(name)),
        8 => record(
            day,
            at,
            "MessageSent",
            person,
            json!({"RecordType": 25, "Workload": "MicrosoftTeams", "ClientIP": ip,
            "ItemName": "harbour", "CommunicationType": "GroupChat", "ChatThreadId": "19:4f0e8c@thread.v2", "MessageId": "1772441111"}),
        ),
        _ => record(
            day,
            at,
            "UserLoggedIn",
            person,
            json!({"RecordType": 15, "ResultStatus": "Success", "Workload": "AzureActiveDirectory",
            "ClientIP": ip, "ActorIpAddress": ip, "ObjectId": "00000003-0000-0ff1-ce00-000000000000",
            "ApplicationId": "00000003-0000-0ff1-ce00-000000000000", "ErrorNumber": "0",
            "ExtendedProperties": [{"Name": "ResultStatusDetail", "Value": "Redirect"}, {"Name": "RequestType", "Value": "OAuth2:Authorize"}],
            "DeviceProperties": [{"Name": "OS", "Value": "Windows10"}, {"Name": "IsCompliantAndManaged", "Value": "True"}]}),
        ),
    }
}

/// The subject of a message is what its attachment is about.
fn day_subject(name: &'static str) -> &'static str {
    name.split('.').next().unwrap_or(name)
}
