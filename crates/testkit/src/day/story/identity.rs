//! The attack on accounts and mail.

use serde_json::json;

use super::SPRAY;
use crate::day::Day;
use crate::day::clock::{MINUTE, SECOND};
use crate::day::entra::{self, Change, Origin, Outcome, audit, sign_in};
use crate::day::m365;

const AGENT: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36";
const DOCUMENT: (&str, &str, &str) =
    ("personal/anna_keller_corp_example", "Documents/Shared", "Budget_2026_Q1.docm");

fn outside() -> Origin<'static> {
    Origin {
        ip: SPRAY,
        city: "Amsterdam",
        country: "NL",
        network: 64_511,
        agent: AGENT,
        managed: false,
    }
}

pub(super) fn spray(day: &mut Day, start: u64) {
    let people = day.company.people.clone();
    for (n, person) in
        (0..).zip(people.iter().filter(|person| person.login != "anna.keller").step_by(2).take(41))
    {
        let at = start + n * 38 * SECOND + day.random.below(9 * SECOND);
        let code = if n % 11 == 10 { 50_053 } else { 50_126 };
        sign_in(day, at, person, &outside(), &Outcome { code, second: None, app: 0 });
    }
    let anna = day.company.find("anna.keller");
    sign_in(
        day,
        start + 27 * MINUTE,
        &anna,
        &outside(),
        &Outcome { code: 50_074, second: None, app: 0 },
    );
}

pub(super) fn push_fatigue(day: &mut Day, start: u64) {
    let anna = day.company.find("anna.keller");
    for n in 0..7_u64 {
        let at = start + n * 95 * SECOND + day.random.below(20 * SECOND);
        sign_in(
            day,
            at,
            &anna,
            &outside(),
            &Outcome { code: 500_121, second: Some("Mobile app notification"), app: 0 },
        );
    }
    let last = start + 13 * MINUTE;
    sign_in(
        day,
        last,
        &anna,
        &outside(),
        &Outcome { code: 0, second: Some("Mobile app notification"), app: 0 },
    );
    m365::record(
        day,
        last + 4 * SECOND,
        "UserLoggedIn",
        &anna,
        json!({"RecordType": 15, "ResultStatus": "Success", "Workload": "AzureActiveDirectory",
        "ClientIP": SPRAY, "ActorIpAddress": SPRAY, "ObjectId": "00000002-0000-0ff1-ce00-000000000000", "ApplicationId": "00000002-0000-0ff1-ce00-000000000000",
        "ErrorNumber": "0", "ExtendedProperties": [{"Name": "ResultStatusDetail", "Value": "Success"}, {"Name": "UserAgent", "Value": AGENT}],
        "DeviceProperties": [{"Name": "OS", "Value": "Windows10"}, {"Name": "IsCompliantAndManaged", "Value": "False"}]}),
    );
}

pub(super) fn new_factor(day: &mut Day, at: u64) {
    let anna = day.company.find("anna.keller");
    let started = Change {
        operation: "User started security info registration",
        category: "UserManagement",
        service: "Authentication Methods",
        kind: "Update",
        reason: "User started the registration for Authenticator App",
        modified: json!([]),
    };
    audit(day, at, &anna, SPRAY, &anna, &started);
    let done = Change {
        operation: "User registered security info",
        reason: "User registered Authenticator App with Notification and Code",
        ..started
    };
    audit(day, at + 50 * SECOND, &anna, SPRAY, &anna, &done);
    let update = Change {
        operation: "Update user",
        service: "Core Directory",
        reason: "",
        modified: json!([{"displayName": "StrongAuthenticationPhoneAppDetail",
        "oldValue": "[{\"DeviceName\":\"iPhone 15\"}]", "newValue": "[{\"DeviceName\":\"iPhone 15\"},{\"DeviceName\":\"SM-A146P\"}]"}]),
        ..done
    };
    audit(day, at + 51 * SECOND, &anna, SPRAY, &anna, &update);
}

pub(super) fn mailbox(day: &mut Day, start: u64) {
    let anna = day.company.find("anna.keller");
    for n in 0..9_u64 {
        let count = day.random.between(20, 90);
        m365::mail_read(
            day,
            start + n * 47 * SECOND,
            &anna,
            SPRAY,
            "Client=OWA;Action=ViaProxy",
            count,
        );
    }
    for (n, words) in (0..).zip(["password", "vpn", "jump host", "invoice"]) {
        m365::record(
            day,
            start + 2 * MINUTE + n * 31 * SECOND,
            "SearchQueryInitiatedExchange",
            &anna,
            json!({"RecordType": 113, "Workload": "Exchange",
            "ClientIP": SPRAY, "QueryText": words, "QuerySource": "Mail", "ScenarioName": "OWA.React", "ResultStatus": "Succeeded"}),
        );
    }
    let rule = [
        ("AlwaysDeleteOutlookRulesBlob", "False"),
        ("Force", "False"),
        ("Name", ".."),
        ("SubjectOrBodyContainsWords", "budget;phish;suspicious;hacked;link"),
        ("MoveToFolder", "RSS Feeds"),
        ("MarkAsRead", "True"),
        ("StopProcessingRules", "True"),
    ];
    m365::inbox_rule(day, start + 9 * MINUTE, &anna, SPRAY, &rule);
    for name in ["Payments 2026.xlsx", "Contacts suppliers.xlsx", "Network plan.pdf"] {
        let at = start + 14 * MINUTE + day.random.below(6 * MINUTE);
        m365::file(
            day,
            at,
            "FileDownloaded",
            &anna,
            SPRAY,
            ("sites/finance", "Shared Documents/Closing", name),
        );
    }
    sign_in(
        day,
        start + 13 * MINUTE,
        &anna,
        &outside(),
        &Outcome { code: 0, second: None, app: 2 },
    );
}

pub(super) fn inside_phishing(day: &mut Day, start: u64) {
    let anna = day.company.find("anna.keller");
    m365::file(day, start, "FileUploaded", &anna, SPRAY, DOCUMENT);
    m365::file(day, start + 50 * SECOND, "CompanyLinkCreated", &anna, SPRAY, DOCUMENT);
    for n in 0..6_u64 {
        m365::sent(
            day,
            start + 4 * MINUTE + n * 21 * SECOND,
            &anna,
            SPRAY,
            "Budget 2026 Q1 - please check your numbers by noon",
            None,
        );
    }
    let markus = day.company.find("markus.brandt");
    let ip = markus.outside().to_owned();
    m365::mail_read(
        day,
        start + 29 * MINUTE,
        &markus,
        &ip,
        "Client=OutlookService;Outlook-Desktop/16.0;",
        4,
    );
    m365::file(day, start + 31 * MINUTE + 20 * SECOND, "FileDownloaded", &markus, &ip, DOCUMENT);
    let at = start + 55 * MINUTE;
    entra::sign_in(day, at, &anna, &outside(), &Outcome { code: 0, second: None, app: 4 });
}
