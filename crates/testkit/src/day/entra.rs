//! Microsoft Entra: sign-ins and directory audit as diagnostic settings export them.
//! Formats: learn.microsoft.com, "SignInLogs" and "AuditLogs" resource log schemas.

use serde_json::{Value, json};

use super::Day;
use super::clock::{MINUTE, Moment, SECOND, at, iso_ticks};
use super::company::{EGRESS, Person};
use super::office_hours::working;

pub(super) const SIGNIN: &str = "entra_signin.jsonl";
pub(super) const AUDIT: &str = "entra_audit.jsonl";
pub(super) const TENANT: &str = "3c9d1f60-8a57-4be2-9f14-6e0d2a71c5b8";

/// Applications people sign in to: id and name.
const APPS: [(&str, &str); 6] = [
    ("00000002-0000-0ff1-ce00-000000000000", "Office 365 Exchange Online"),
    ("5e3ce6c0-2b1f-4285-8d4b-75ee78787346", "Microsoft Teams Web Client"),
    ("00000003-0000-0ff1-ce00-000000000000", "Office 365 SharePoint Online"),
    ("9a1c44de-70f2-4d0a-8be6-1c2d3e4f5a6b", "Travel Expenses"),
    ("2b7e1516-28ae-4d2a-a6ab-f7158809cf4f", "AWS IAM Identity Center"),
    ("4765445b-32c6-49b0-83e6-1d93765276ca", "OfficeHome"),
];

const EDGE: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Safari/537.36 Edg/133.0.0.0";
const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148";

/// Where a sign-in comes from.
pub(super) struct Origin<'a> {
    pub(super) ip: &'a str,
    pub(super) city: &'a str,
    pub(super) country: &'a str,
    pub(super) network: u64,
    pub(super) agent: &'a str,
    pub(super) managed: bool,
}

/// How a sign-in ended: error code, whether a second factor was asked for, application.
pub(super) struct Outcome {
    pub(super) code: u32,
    pub(super) second: Option<&'static str>,
    pub(super) app: usize,
}

/// Writes one interactive sign-in.
pub(super) fn sign_in(
    day: &mut Day,
    at: Moment,
    person: &Person,
    from: &Origin<'_>,
    end: &Outcome,
) {
    let (app, app_name) = APPS[end.app % APPS.len()];
    let (reason, details) = explain(end.code, end.second);
    let correlation = day.random.uuid();
    let id = day.random.uuid();
    let inside = from.ip == EGRESS;
    let networks = if inside {
        json!([{"networkType": "trustedNamedLocation", "networkNames": ["Hamburg office"]}])
    } else {
        json!([])
    };
    let mut status = json!({"errorCode": end.code});
    if !reason.is_empty() {
        status["failureReason"] = json!(reason);
    }
    if !details.is_empty() {
        status["additionalDetails"] = json!(details);
    }
    let properties = json!({
        "id": id, "createdDateTime": iso_ticks(at, "+00:00"),
        "userDisplayName": person.name, "userPrincipalName": person.mail, "userId": person.object,
        "appId": app, "appDisplayName": app_name, "ipAddress": from.ip, "status": status,
        "clientAppUsed": if from.agent == PHONE { "Mobile Apps and Desktop clients" } else { "Browser" },
        "userAgent": from.agent,
        "deviceDetail": device(from, person), "correlationId": correlation,
        "location": {"city": from.city, "countryOrRegion": from.country},
        "conditionalAccessStatus": if end.code == 0 { "success" } else { "notApplied" },
        "isInteractive": true, "tokenIssuerType": "AzureAD",
        "authenticationRequirement": if end.second.is_some() { "multiFactorAuthentication" } else { "singleFactorAuthentication" },
        "authenticationDetails": steps(at, end), "authenticationProtocol": "none",
        "networkLocationDetails": networks, "autonomousSystemNumber": from.network,
        "riskLevelDuringSignIn": "none", "riskState": "none", "resourceDisplayName": app_name,
        "homeTenantId": TENANT, "userType": "Member", "crossTenantAccessType": "none",
    });
    let record = json!({
        "time": iso_ticks(at + 40 * SECOND, "Z"),
        "resourceId": format!("/tenants/{TENANT}/providers/Microsoft.aadiam"),
        "operationName": "Sign-in activity", "operationVersion": "1.0", "category": "SignInLogs",
        "tenantId": TENANT, "resultType": end.code.to_string(), "resultSignature": "None",
        "resultDescription": reason, "durationMs": 0, "callerIpAddress": from.ip,
        "correlationId": correlation, "identity": person.name, "Level": 4,
        "location": from.country, "properties": properties,
    });
    day.write(SIGNIN, at, record.to_string());
}

fn device(from: &Origin<'_>, person: &Person) -> Value {
    let system = if from.agent.contains("iPhone") { "Ios" } else { "Windows10" };
    let browser = match from.agent {
        EDGE => "Edge 133.0.0",
        PHONE => "Mobile Safari 18.3",
        _ => "Chrome 124.0.0",
    };
    if from.managed {
        let name = person.host.as_deref().unwrap_or("shared-tablet.corp.example");
        let name = name.trim_end_matches(".corp.example").to_uppercase();
        json!({"deviceId": person.object.replace("7b1f", "d0c4"), "displayName": name, "operatingSystem": system,
            "browser": browser, "isCompliant": true, "isManaged": true, "trustType": "Hybrid Azure AD joined"})
    } else {
        json!({"deviceId": "", "displayName": "", "operatingSystem": system, "browser": browser})
    }
}

fn explain(code: u32, second: Option<&str>) -> (&'static str, &'static str) {
    match code {
        0 if second.is_some() => ("", "MFA completed in Azure AD"),
        0 => ("", "MFA requirement satisfied by claim in the token"),
        50_126 => ("Invalid username or password or Invalid on-premise username or password.", ""),
        50_053 => (
            "The account is locked, you've tried to sign in too many times with an incorrect user ID or password.",
            "",
        ),
        50_074 => ("Strong Authentication is required.", "MFA required in Azure AD"),
        50_140 => {
            ("This occurred due to 'Keep me signed in' interrupt when the user was signing in.", "")
        }
        500_121 => (
            "Authentication failed during strong authentication request.",
            "MFA denied; user declined the authentication",
        ),
        _ => ("Other", ""),
    }
}

fn steps(at: Moment, end: &Outcome) -> Value {
    let good = !matches!(end.code, 50_126 | 50_053);
    let mut list = vec![
        json!({"authenticationStepDateTime": iso_ticks(at, "+00:00"), "authenticationMethod": "Password",
        "authenticationMethodDetail": "Password Hash Sync", "succeeded": good,
        "authenticationStepResultDetail": if good { "Correct password" } else { "Incorrect password" },
        "authenticationStepRequirement": "Primary authentication"}),
    ];
    if let Some(method) = end.second {
        list.push(json!({"authenticationStepDateTime": iso_ticks(at + 9 * SECOND, "+00:00"),
            "authenticationMethod": method, "succeeded": end.code == 0,
            "authenticationStepResultDetail": if end.code == 0 { "MFA successfully completed" } else { "MFA denied; user declined the authentication" },
            "authenticationStepRequirement": "Multifactor authentication"}));
    }
    Value::Array(list)
}

/// One entry of the directory audit.
pub(super) struct Change<'a> {
    pub(super) operation: &'a str,
    pub(super) category: &'a str,
    pub(super) service: &'a str,
    pub(super) kind: &'a str,
    pub(super) reason: &'a str,
    pub(super) modified: Value,
}

/// Writes a directory change that `by` made from `ip` to the account of `target`.
pub(super) fn audit(
    day: &mut Day,
    at: Moment,
    by: &Person,
    ip: &str,
    target: &Person,
    change: &Change<'_>,
) {
    let correlation = day.random.uuid();
    let record = json!({
        "time": iso_ticks(at, "Z"),
        "resourceId": format!("/tenants/{TENANT}/providers/Microsoft.aadiam"),
        "operationName": change.operation, "operationVersion": "1.0", "category": "AuditLogs",
        "tenantId": TENANT, "resultSignature": "None", "durationMs": 0, "callerIpAddress": ip,
        "correlationId": correlation, "identity": by.mail, "Level": 4,
        "properties": {
            "id": format!("Directory_{correlation}_{}", day.random.between(10_000_000, 99_999_999)),
            "category": change.category, "correlationId": correlation, "result": "success",
            "resultReason": change.reason, "activityDisplayName": change.operation,
            "activityDateTime": iso_ticks(at, "+00:00"), "loggedByService": change.service,
            "operationType": change.kind,
            "initiatedBy": {"user": {"id": by.object, "displayName": by.name,
                "userPrincipalName": by.mail, "ipAddress": ip, "roles": []}},
            "targetResources": [{"id": target.object, "displayName": target.name, "type": "User",
                "userPrincipalName": target.mail, "modifiedProperties": change.modified,
                "administrativeUnits": []}],
            "additionalDetails": [],
        },
    });
    day.write(AUDIT, at, record.to_string());
}

/// An ordinary Monday: sign-ins at the office and at home, typing errors, service desk work.
pub(super) fn benign(day: &mut Day) {
    for person in day.company.people.clone() {
        let visits = day.random.between(3, 5);
        for visit in 0..visits {
            let at = working(&mut day.random);
            ordinary(day, at, &person, visit == 0);
        }
    }
    desk(day);
}

fn ordinary(day: &mut Day, at: Moment, person: &Person, first: bool) {
    let phone = person.host.is_none() || day.random.chance(18);
    let ip = if phone && day.random.chance(40) {
        person.home.clone()
    } else {
        person.outside().to_owned()
    };
    let from = Origin {
        ip: &ip,
        city: "Hamburg",
        country: "DE",
        network: if ip == EGRESS { 64_496 } else { 64_500 },
        agent: if phone { PHONE } else { EDGE },
        managed: !phone,
    };
    let app = day.random.below(APPS.len() as u64) as usize;
    if day.random.chance(7) {
        for n in 0..day.random.between(1, 2) {
            sign_in(
                day,
                at.saturating_sub((n + 1) * 14 * SECOND),
                person,
                &from,
                &Outcome { code: 50_126, second: None, app },
            );
        }
    }
    let second =
        (first && person.remote || day.random.chance(12)).then_some("Mobile app notification");
    if second.is_some() {
        sign_in(
            day,
            at.saturating_sub(11 * SECOND),
            person,
            &from,
            &Outcome { code: 50_074, second: None, app },
        );
    }
    sign_in(day, at, person, &from, &Outcome { code: 0, second, app });
}

/// The service desk: a starter, password resets, a new phone, group changes.
fn desk(day: &mut Day) {
    let desk = day.company.find("sara.neumann");
    let people = day.company.people.clone();
    let reset = Change {
        operation: "Reset password (by admin)",
        category: "UserManagement",
        service: "Core Directory",
        kind: "Update",
        reason: "",
        modified: json!([]),
    };
    for target in [&people[23], &people[51], &people[67]] {
        let at = working(&mut day.random);
        audit(day, at, &desk, EGRESS, target, &reset);
        let update = Change {
            operation: "Update user",
            modified: json!([{"displayName": "StrongAuthenticationRequirement",
            "oldValue": "[]", "newValue": "[]"}]),
            ..reset
        };
        audit(day, at + 2 * MINUTE, &desk, EGRESS, target, &update);
    }
    let phone = &people[38];
    let registered = Change {
        operation: "User registered security info",
        category: "UserManagement",
        service: "Authentication Methods",
        kind: "Update",
        reason: "User registered Authenticator App with Notification and Code",
        modified: json!([]),
    };
    audit(day, at(13, 22, 41), phone, EGRESS, phone, &registered);
    for target in people.iter().skip(5).step_by(6) {
        let at = working(&mut day.random);
        let member = Change {
            operation: "Add member to group",
            category: "GroupManagement",
            service: "Core Directory",
            kind: "Assign",
            reason: "",
            modified: json!([{"displayName": "Group.DisplayName", "oldValue": null,
                "newValue": "\"SG-Project-Harbour\""}]),
        };
        audit(day, at, &desk, EGRESS, target, &member);
    }
}
