//! The attack on the AWS account. The account's own trail is stopped on the way; the records come
//! from the organization's trail, which the account cannot stop.

use serde_json::{Value, json};

use super::CLOUD;
use crate::day::Day;
use crate::day::clock::SECOND;
use crate::day::cloudtrail::{ACCOUNT, BACKUP_KEY, Call, Caller, call, object, user};

const AGENT: &str = "aws-cli/2.22.35 md/awscrt#0.23.4 ua/2.0 os/linux#6.11.2-amd64 md/arch#x86_64 lang/python#3.12.6";
/// The second way in; its key never belonged to anyone.
const NEW_USER: &str = "svc-cloudwatch-agent";
const NEW_KEY: &str = "AKIACORPSECONDEXAMPLE";

fn stolen() -> Caller<'static> {
    Caller { identity: user("backup-sync", BACKUP_KEY), ip: CLOUD, agent: AGENT }
}

fn second() -> Caller<'static> {
    Caller { identity: user(NEW_USER, NEW_KEY), ip: CLOUD, agent: AGENT }
}

pub(super) fn reconnaissance(day: &mut Day, start: u64) {
    let steps = [
        ("sts", "GetCallerIdentity", json!(null), true),
        ("iam", "ListAttachedUserPolicies", json!({"userName": "backup-sync"}), true),
        ("iam", "ListUsers", json!({"maxItems": 1000}), true),
        ("s3", "ListBuckets", json!({"Host": "s3.eu-central-1.amazonaws.com"}), true),
        ("ec2", "DescribeInstances", json!({"instancesSet": {}}), true),
        ("secretsmanager", "ListSecrets", json!({"maxResults": 100}), false),
        ("organizations", "DescribeOrganization", json!(null), false),
        ("iam", "GetAccountAuthorizationDetails", json!(null), false),
        ("rds", "DescribeDBInstances", json!(null), false),
        ("ec2", "DescribeSnapshots", json!({"ownersSet": {"items": [{"owner": "self"}]}}), true),
        ("cloudtrail", "DescribeTrails", json!({"trailNameList": []}), true),
        ("ce", "GetCostAndUsage", json!(null), false),
        ("guardduty", "ListDetectors", json!(null), false),
        ("iam", "ListAccessKeys", json!({"userName": "backup-sync"}), true),
    ];
    for (n, (service, name, request, allowed)) in (0..).zip(steps) {
        let mut what = Call::new(service, name, request);
        if !allowed {
            let message = format!(
                "User: arn:aws:iam::{ACCOUNT}:user/backup-sync is not authorized to perform: {service}:{name}"
            );
            what.more = json!({"errorCode": "AccessDenied", "errorMessage": message});
        }
        call(day, start + n * 23 * SECOND, &stolen(), what);
    }
}

pub(super) fn persistence(day: &mut Day, start: u64) {
    let arn = format!("arn:aws:iam::{ACCOUNT}:user/{NEW_USER}");
    let create = Call {
        response: json!({"user": {"path": "/", "userName": NEW_USER, "userId": "AIDACORPSVCCLOUDWATCHAGENTEXAMPLE", "arn": arn, "createDate": "Mar 2, 2026 11:12:00 AM"}}),
        ..Call::new("iam", "CreateUser", json!({"userName": NEW_USER}))
    };
    call(day, start, &stolen(), create);
    call(
        day,
        start + 31 * SECOND,
        &stolen(),
        Call::new(
            "iam",
            "AttachUserPolicy",
            json!({"userName": NEW_USER, "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}),
        ),
    );
    let key = Call {
        response: json!({"accessKey": {"userName": NEW_USER, "accessKeyId": NEW_KEY, "status": "Active", "createDate": "Mar 2, 2026 11:13:04 AM"}}),
        ..Call::new("iam", "CreateAccessKey", json!({"userName": NEW_USER}))
    };
    call(day, start + 64 * SECOND, &stolen(), key);
    call(day, start + 140 * SECOND, &second(), Call::new("sts", "GetCallerIdentity", Value::Null));
    let trail = format!("arn:aws:cloudtrail:eu-central-1:{ACCOUNT}:trail/account-trail");
    call(
        day,
        start + 171 * SECOND,
        &second(),
        Call::new("cloudtrail", "GetTrailStatus", json!({"name": trail})),
    );
    call(
        day,
        start + 533 * SECOND,
        &second(),
        Call::new("cloudtrail", "StopLogging", json!({"name": trail})),
    );
}

pub(super) fn theft(day: &mut Day, start: u64) {
    call(
        day,
        start,
        &stolen(),
        Call::new("s3", "ListObjects", json!({"bucketName": "corp-backups", "prefix": "2026/"})),
    );
    for n in 0..340_u64 {
        let bytes = day.random.between(60_000_000, 160_000_000);
        let at = start + 20 * SECOND + n * 9_500 + day.random.below(2 * SECOND);
        let key = format!("2026/{:02}/{:02}/fs01-{:03}.vbk", 2 - n / 300, 1 + n / 14, n % 70);
        call(day, at, &stolen(), object("GetObject", "corp-backups", &key, bytes));
    }
}

pub(super) fn destruction(day: &mut Day, start: u64) {
    for n in 0..8_u64 {
        let id = format!("snap-0{}", day.random.hex(16));
        call(
            day,
            start + n * 4 * SECOND,
            &second(),
            Call::new("ec2", "DeleteSnapshot", json!({"snapshotId": id, "force": false})),
        );
    }
    for n in 0..24_u64 {
        let key = format!("2026/03/01/fs01-{n:03}.vbk");
        call(
            day,
            start + 90 * SECOND + n * SECOND,
            &second(),
            object("DeleteObject", "corp-backups", &key, 0),
        );
    }
}
