//! AWS CloudTrail as it lies in the bucket: one object of records, gzip.
//! Format: docs.aws.amazon.com, "CloudTrail record contents".

use serde_json::{Value, json};

use super::Day;
use super::clock::{DAY, HOUR, MINUTE, Moment, SECOND, at, iso_seconds};
use super::company::EGRESS;
use super::office_hours::{every, working};

pub(super) const FILE: &str = "aws_cloudtrail.json.gz";
pub(super) const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-central-1";
/// The long-term key of the backup job; it never belonged to anyone.
pub(super) const BACKUP_KEY: &str = "AKIACORPBACKUPEXAMPLE";

const TERRAFORM: &str = "APN/1.0 HashiCorp/1.0 Terraform/1.10.5 (+https://www.terraform.io) terraform-provider-aws/5.88.0";
const BOTO: &str =
    "Boto3/1.36.21 md/Botocore#1.36.21 ua/2.0 os/linux#6.8.0 md/arch#x86_64 lang/python#3.12.3";

/// The object around all records.
pub(super) fn with_envelope(records: &[String]) -> String {
    format!("{{\"Records\":[{}]}}\n", records.join(",\n"))
}

/// Who calls, from where, with what.
pub(super) struct Caller<'a> {
    pub(super) identity: Value,
    pub(super) ip: &'a str,
    pub(super) agent: &'a str,
}

/// A call: service, operation, parameters and answer; `more` is laid over the record.
pub(super) struct Call<'a> {
    pub(super) service: &'a str,
    pub(super) name: &'a str,
    pub(super) request: Value,
    pub(super) response: Value,
    pub(super) more: Value,
}

impl<'a> Call<'a> {
    pub(super) fn new(service: &'a str, name: &'a str, request: Value) -> Self {
        Self { service, name, request, response: Value::Null, more: json!({}) }
    }
}

/// Writes one record.
pub(super) fn call(day: &mut Day, at: Moment, who: &Caller<'_>, what: Call<'_>) {
    let read = ["Get", "List", "Describe", "Lookup", "Head"]
        .iter()
        .any(|verb| what.name.starts_with(verb));
    let global = matches!(what.service, "iam" | "sts");
    let data = what.service == "s3" && what.name.ends_with("Object");
    let mut all = json!({
        "eventVersion": "1.11", "userIdentity": who.identity, "eventTime": iso_seconds(at),
        "eventSource": format!("{}.amazonaws.com", what.service), "eventName": what.name,
        "awsRegion": if global { "us-east-1" } else { REGION }, "sourceIPAddress": who.ip, "userAgent": who.agent,
        "requestParameters": what.request, "responseElements": what.response, "requestID": day.random.uuid(), "eventID": day.random.uuid(),
        "readOnly": read, "eventType": "AwsApiCall", "managementEvent": !data, "recipientAccountId": ACCOUNT,
        "eventCategory": if data { "Data" } else { "Management" },
    });
    if let (Some(target), Value::Object(more)) = (all.as_object_mut(), what.more) {
        target.extend(more);
    }
    day.write(FILE, at, all.to_string());
}

/// A user with a long-term key.
pub(super) fn user(name: &str, key: &str) -> Value {
    json!({"type": "IAMUser", "principalId": format!("AIDACORP{}EXAMPLE", name.replace('-', "").to_uppercase()),
        "arn": format!("arn:aws:iam::{ACCOUNT}:user/{name}"), "accountId": ACCOUNT, "accessKeyId": key, "userName": name})
}

/// A session of a role.
fn role(name: &str, session: &str) -> Value {
    json!({"type": "AssumedRole", "principalId": format!("AROACORPEXAMPLEROLE:{session}"),
        "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{session}"), "accountId": ACCOUNT, "accessKeyId": "ASIACORPSESSIONEXAMPLE",
        "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": "AROACORPEXAMPLEROLE", "arn": format!("arn:aws:iam::{ACCOUNT}:role/{name}"),
            "accountId": ACCOUNT, "userName": name}, "attributes": {"creationDate": "2026-03-02T05:00:00Z", "mfaAuthenticated": "false"}}})
}

/// Reads of objects carry the bytes that left.
pub(super) fn object(name: &'static str, bucket: &str, key: &str, bytes: u64) -> Call<'static> {
    let (taken, given) = if name == "GetObject" { (0, bytes) } else { (bytes, 0) };
    Call {
        service: "s3",
        name,
        request: json!({"bucketName": bucket, "key": key, "Host": format!("{bucket}.s3.{REGION}.amazonaws.com")}),
        response: Value::Null,
        more: json!({"additionalEventData": {"SignatureVersion": "SigV4", "CipherSuite": "TLS_AES_128_GCM_SHA256", "bytesTransferredIn": taken,
            "bytesTransferredOut": given, "AuthenticationMethod": "AuthHeader"},
            "resources": [{"type": "AWS::S3::Object", "ARN": format!("arn:aws:s3:::{bucket}/{key}")}, {"accountId": ACCOUNT, "type": "AWS::S3::Bucket", "ARN": format!("arn:aws:s3:::{bucket}")}]}),
    }
}

/// Monitoring, pipelines, people through single sign-on, the backup of the night, services among themselves.
pub(super) fn benign(day: &mut Day) {
    let monitor = Caller { identity: role("monitoring-reader", "mon01"), ip: EGRESS, agent: BOTO };
    let reads = [
        ("ec2", "DescribeInstances"),
        ("cloudwatch", "GetMetricData"),
        ("ec2", "DescribeVolumes"),
        ("rds", "DescribeDBInstances"),
        ("elasticloadbalancing", "DescribeTargetHealth"),
    ];
    for at in every(&mut day.random, 7 * MINUTE, 20 * SECOND) {
        let (service, name) = *day.random.pick(&reads);
        call(day, at.min(DAY - 1), &monitor, Call::new(service, name, json!({"maxResults": 100})));
    }
    pipelines(day);
    people(day);
    emergency_user(day);
    let backup = Caller {
        identity: user("backup-sync", BACKUP_KEY),
        ip: EGRESS,
        agent: "aws-cli/2.24.5 md/awscrt#0.23.8 ua/2.0 os/linux#6.8.0 md/command#s3.sync",
    };
    call(
        day,
        at(23, 4, 40),
        &backup,
        Call::new(
            "s3",
            "ListObjects",
            json!({"bucketName": "corp-backups", "prefix": "2026/03/02/"}),
        ),
    );
    for n in 0..70 {
        let bytes = day.random.between(60_000_000, 300_000_000);
        call(
            day,
            at(23, 5, 0) + n * 32 * SECOND,
            &backup,
            object("PutObject", "corp-backups", &format!("2026/03/02/fs01-{n:03}.vbk"), bytes),
        );
    }
    let trail = Caller {
        identity: json!({"type": "AWSService", "invokedBy": "autoscaling.amazonaws.com"}),
        ip: "autoscaling.amazonaws.com",
        agent: "autoscaling.amazonaws.com",
    };
    for at in every(&mut day.random, HOUR, 9 * MINUTE) {
        let more = json!({"roleArn": format!("arn:aws:iam::{ACCOUNT}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"), "roleSessionName": "AutoScaling"});
        call(day, at.min(DAY - 1), &trail, Call::new("sts", "AssumeRole", more));
    }
}

/// The emergency user is tried out once a quarter: console, password, no second factor. It deserves a question, no more.
fn emergency_user(day: &mut Day) {
    let mut identity = user("emergency", "");
    if let Some(fields) = identity.as_object_mut() {
        fields.remove("accessKeyId");
    }
    let agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Safari/537.36";
    let who = Caller { identity, ip: EGRESS, agent };
    let what = Call {
        response: json!({"ConsoleLogin": "Success"}),
        more: json!({"eventType": "AwsConsoleSignIn", "additionalEventData": {"LoginTo": "https://console.aws.amazon.com/console/home", "MobileVersion": "No", "MFAUsed": "No"}}),
        ..Call::new("signin", "ConsoleLogin", Value::Null)
    };
    call(day, at(13, 55, 30), &who, what);
    call(day, at(13, 56, 2), &who, Call::new("iam", "GetAccountSummary", Value::Null));
}

/// Terraform from the build machine, by way of a role.
fn pipelines(day: &mut Day) {
    let terraform =
        Caller { identity: role("ci-terraform", "pipeline-8841"), ip: EGRESS, agent: TERRAFORM };
    for _ in 0..6 {
        let start = working(&mut day.random);
        let steps = [
            ("sts", "GetCallerIdentity", json!(null)),
            ("ec2", "DescribeSecurityGroups", json!({"securityGroupIdSet": {}})),
            ("iam", "GetRole", json!({"roleName": "harbour-api"})),
            ("s3", "GetBucketPolicy", json!({"bucketName": "corp-artifacts"})),
            (
                "ec2",
                "CreateTags",
                json!({"resourcesSet": {"items": [{"resourceId": "i-0a1b2c3d4e5f60718"}]}}),
            ),
            (
                "iam",
                "UpdateAssumeRolePolicy",
                json!({"roleName": "harbour-api", "policyDocument": "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"ec2.amazonaws.com\"},\"Action\":\"sts:AssumeRole\"}]}"}),
            ),
        ];
        for (n, (service, name, request)) in (0..).zip(steps) {
            call(
                day,
                (start + n * 3 * SECOND).min(DAY - 1),
                &terraform,
                Call::new(service, name, request),
            );
        }
    }
    call(
        day,
        at(13, 31, 5),
        &terraform,
        Call::new(
            "iam",
            "CreateUser",
            json!({"userName": "ses-mailer", "tags": [{"key": "owner", "value": "operations"}]}),
        ),
    );
    call(
        day,
        at(13, 31, 9),
        &terraform,
        Call::new("iam", "CreateAccessKey", json!({"userName": "ses-mailer"})),
    );
    call(
        day,
        at(13, 31, 12),
        &terraform,
        Call::new(
            "iam",
            "AttachUserPolicy",
            json!({"userName": "ses-mailer", "policyArn": "arn:aws:iam::111122223333:policy/ses-send-only"}),
        ),
    );
}

/// Developers and administrators in the console, each in a role.
fn people(day: &mut Day) {
    const CONSOLE: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Safari/537.36";
    let reads = [
        ("s3", "ListBuckets"),
        ("ec2", "DescribeInstances"),
        ("logs", "FilterLogEvents"),
        ("ecs", "ListClusters"),
        ("lambda", "ListFunctions20150331"),
        ("cloudformation", "DescribeStacks"),
        ("rds", "DescribeDBSnapshots"),
        ("iam", "ListRoles"),
    ];
    for person in day
        .company
        .people
        .clone()
        .iter()
        .filter(|person| matches!(person.department, "development" | "it"))
    {
        let who = Caller {
            identity: role("AWSReservedSSO_Developer_7a1f00c2d9e4b355", &person.mail),
            ip: person.outside(),
            agent: CONSOLE,
        };
        for _ in 0..day.random.between(8, 14) {
            let at = working(&mut day.random);
            let (service, name) = *day.random.pick(&reads);
            let mut what = Call::new(service, name, json!(null));
            if day.random.chance(3) {
                what.more = json!({"errorCode": "AccessDenied", "errorMessage": format!("User is not authorized to perform: {service}:{name}")});
            }
            call(day, at, &who, what);
        }
    }
}
