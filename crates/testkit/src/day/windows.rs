//! Windows events in the two JSON shapes that shippers write: Winlogbeat (nested) and NXLog (flat);
//! and the System log. Formats: elastic.co "Exported fields" of Winlogbeat; docs.nxlog.co im_msvistalog.

use serde_json::{Map, Value, json};

use super::Day;
use super::clock::{HOUR, MINUTE, Moment, at, iso, iso_micros};
use super::company::{MANAGEMENT, WINDOWS};

pub(super) const SYSTEM: &str = "windows_system.jsonl";

/// What an event is, apart from its data.
pub(super) struct Event<'a> {
    /// Full name of the machine
    pub(super) host: &'a str,
    pub(super) id: u32,
    pub(super) channel: &'a str,
    pub(super) provider: &'a str,
    pub(super) guid: &'a str,
    pub(super) task: u32,
    pub(super) success: bool,
}

/// Writes an event as Winlogbeat does.
pub(super) fn winlogbeat(
    day: &mut Day,
    file: &'static str,
    at: Moment,
    event: &Event<'_>,
    data: &Value,
) {
    let keywords = match (event.channel, event.success) {
        ("Security", true) => json!(["Audit Success"]),
        ("Security", false) => json!(["Audit Failure"]),
        _ => json!(["Classic"]),
    };
    let process = if event.channel == "Security" { 724 } else { 680 };
    let mut line = json!({
        "@timestamp": iso(at), "agent": {"type": "winlogbeat", "version": "8.17.2"},
        "event": {"code": event.id.to_string(), "kind": "event", "provider": event.provider,
            "outcome": if event.success { "success" } else { "failure" }, "created": iso(at + 900)},
        "host": {"name": event.host}, "log": {"level": "information"},
        "winlog": {"channel": event.channel, "provider_name": event.provider, "provider_guid": event.guid,
            "event_id": event.id.to_string(), "computer_name": event.host, "record_id": number(event.host, at),
            "task": event.task.to_string(), "opcode": "Info", "keywords": keywords, "api": "wineventlog",
            "process": {"pid": process, "thread": {"id": 700 + day.random.below(90) * 4}}},
    });
    // The provider that clears logs writes UserData, all others EventData.
    let part = if event.id == 1_102 { "user_data" } else { "event_data" };
    line["winlog"][part] = data.clone();
    day.write(file, at, line.to_string());
}

/// Writes an event as NXLog does.
pub(super) fn nxlog(day: &mut Day, file: &'static str, at: Moment, event: &Event<'_>, data: Value) {
    let mut all = Map::new();
    if let Value::Object(fields) = data {
        all.extend(fields);
    }
    let frame = json!({
        "EventTime": iso_micros(at, "+00:00"), "EventReceivedTime": iso_micros(at + 1_100, "+00:00"),
        "Hostname": event.host, "Keywords": "9223372036854775808", "EventType": "INFO", "LevelValue": 4,
        "SeverityValue": 2, "Severity": "INFO", "EventID": event.id, "SourceName": event.provider,
        "ProviderGuid": event.guid, "Task": event.task, "OpcodeValue": 0, "RecordNumber": number(event.host, at),
        "ExecutionProcessID": 3_112, "ExecutionThreadID": 4_000 + day.random.below(90) * 4,
        "Channel": event.channel, "SourceModuleName": "eventlog", "SourceModuleType": "im_msvistalog",
    });
    if let Value::Object(fields) = frame {
        all.extend(fields);
    }
    day.write(file, at, Value::Object(all).to_string());
}

/// A record number that grows with time, from another start on every machine.
fn number(host: &str, at: Moment) -> u64 {
    let start: u64 = host.bytes().fold(7, |sum, byte| sum * 31 % 9_973 + u64::from(byte));
    start * 1_000 + at / 40
}

/// Writes an event of the Service Control Manager.
pub(super) fn service_control(day: &mut Day, at: Moment, host: &str, id: u32, data: &Value) {
    let event = Event {
        host,
        id,
        channel: "System",
        provider: "Service Control Manager",
        guid: "{555908d1-a6d7-4695-8e1e-26931d2012f4}",
        task: 0,
        success: true,
    };
    winlogbeat(day, SYSTEM, at, &event, data);
}

/// Services that start and stop, patches of the night, agents that the management server installs.
pub(super) fn benign(day: &mut Day) {
    for server in WINDOWS {
        for _ in 0..14 {
            let at = day.random.below(24 * HOUR);
            let service = *day.random.pick(&[
                "Windows Update",
                "Windows Modules Installer",
                "Volume Shadow Copy",
                "Microsoft Software Shadow Copy Provider",
                "WMI Performance Adapter",
                "Application Experience",
            ]);
            service_control(
                day,
                at,
                &server.fqdn(),
                7_036,
                &json!({"param1": service, "param2": "running"}),
            );
            service_control(
                day,
                at + 3 * MINUTE,
                &server.fqdn(),
                7_036,
                &json!({"param1": service, "param2": "stopped"}),
            );
        }
    }
    for n in 0..12_u64 {
        let host = format!("ws-{}.corp.example", 103 + n * 3);
        let at = at(3, 10, 0) + n * 7 * MINUTE + day.random.below(MINUTE);
        let event = Event {
            host: &host,
            id: 19,
            channel: "System",
            provider: "Microsoft-Windows-WindowsUpdateClient",
            guid: "{945a8954-c147-4acd-923f-40c45405a658}",
            task: 1,
            success: true,
        };
        let title = "2026-02 Cumulative Update for Windows 11 Version 24H2 for x64-based Systems (KB5999999)";
        let data = json!({"updateTitle": title, "updateGuid": "{4f2a7c10-9a1b-4a8e-b7de-2f64a5d1c011}", "updateRevisionNumber": "201", "serviceGuid": "{9482f4b4-e343-43b6-b170-9a65bc822c77}"});
        winlogbeat(day, SYSTEM, at, &event, &data);
    }
    for server in [&WINDOWS[5], &WINDOWS[6], &WINDOWS[7]] {
        let data = json!({"ServiceName": "Inventory Agent", "ImagePath": "\"C:\\Program Files\\Corp Inventory\\inventory.exe\" --service",
            "ServiceType": "user mode service", "StartType": "auto start", "AccountName": "LocalSystem"});
        let at = at(2, 15, 0) + day.random.below(20 * MINUTE);
        service_control(day, at, &server.fqdn(), 7_045, &data);
    }
    service_control(
        day,
        at(2, 2, 0),
        &MANAGEMENT.fqdn(),
        7_040,
        &json!({"param1": "Background Intelligent Transfer Service",
        "param2": "auto start", "param3": "demand start", "param4": "BITS"}),
    );
}
