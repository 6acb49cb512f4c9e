//! The normal form of a Windows event: the same field names whatever brought it.
//!
//! System properties are `EventID`, `Version`, `Level`, `Task`, `Opcode`, `Keywords`, `EventRecordID`,
//! `Channel`, `Computer`, `Provider_Name`, `Provider_Guid`, `TimeCreated` (the text of `SystemTime`),
//! `Execution_ProcessID`, `Execution_ThreadID`, `UserID` and `Correlation_ActivityID`; the event's own data
//! have the names of its template (the elements of `EventData` and `UserData`), which are what Sigma rules
//! use. Shapes understood: Windows event XML and JSON made of it (schema:
//! learn.microsoft.com/windows/win32/wes/eventschema-schema), Winlogbeat since 7 (`winlog.*`) and before
//! (`event_data.*`), NXLog and other flat exports.

/// What a dotted name of a record means in a Windows event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A field of this name; it may also stand in for a system property when that is absent.
    Field { name: String, offer: Option<(Canonical, u8)> },
    /// Carries nothing (XML namespaces).
    Passed,
    /// The name of the `Data` text that follows.
    DataName,
    /// The text of a `Data` element.
    DataText,
}

/// Properties that flat exports give under names of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Canonical {
    EventId,
    Channel,
    Computer,
    ProviderName,
    ProviderGuid,
    TimeCreated,
    EventRecordId,
    ProcessId,
    ThreadId,
    ActivityId,
    Message,
}

impl Canonical {
    pub(super) const COUNT: usize = Self::ALL.len();

    pub(super) const ALL: [Self; 11] = [
        Self::EventId,
        Self::Channel,
        Self::Computer,
        Self::ProviderName,
        Self::ProviderGuid,
        Self::TimeCreated,
        Self::EventRecordId,
        Self::ProcessId,
        Self::ThreadId,
        Self::ActivityId,
        Self::Message,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::EventId => "EventID",
            Self::Channel => "Channel",
            Self::Computer => "Computer",
            Self::ProviderName => "Provider_Name",
            Self::ProviderGuid => "Provider_Guid",
            Self::TimeCreated => "TimeCreated",
            Self::EventRecordId => "EventRecordID",
            Self::ProcessId => "Execution_ProcessID",
            Self::ThreadId => "Execution_ThreadID",
            Self::ActivityId => "Correlation_ActivityID",
            Self::Message => "Message",
        }
    }
}

/// Which telling names a record has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marks(u8);

impl Marks {
    pub(super) const NONE: Self = Self(0);
    /// Enough alone: `Event.System.EventID`, `winlog.channel` …
    const CERTAIN: Self = Self(1);
    /// An event number.
    const NUMBER: Self = Self(2);
    /// A channel or a provider.
    const ORIGIN: Self = Self(4);
    /// An event number as Winlogbeat before 7 and `Get-WinEvent` name it, which others use, too.
    const WEAK_NUMBER: Self = Self(8);
    const WEAK_ORIGIN: Self = Self(16);

    #[inline]
    pub(super) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    #[inline]
    pub(super) const fn are_windows(self) -> bool {
        self.has(Self::CERTAIN)
            || self.has(Self::NUMBER.with(Self::ORIGIN))
            || self.has(Self::WEAK_NUMBER.with(Self::WEAK_ORIGIN))
    }
}

/// What the name says about the record.
pub(super) fn marks(name: &str) -> Marks {
    match name {
        "Event.System" | "winlog.channel" | "winlog.event_id" => Marks::CERTAIN,
        "EventID" => Marks::NUMBER,
        "Channel" | "SourceName" | "Provider_Name" | "ProviderName" | "ProviderGuid"
        | "EventSourceName" => {
            if name == "ProviderName" {
                Marks::ORIGIN.with(Marks::WEAK_ORIGIN)
            } else {
                Marks::ORIGIN
            }
        }
        "event_id" | "Id" => Marks::WEAK_NUMBER,
        "log_name" => Marks::WEAK_ORIGIN,
        _ => Marks::NONE,
    }
}

/// What the name means in a Windows event.
pub(super) fn meaning(name: &str) -> Meaning {
    if let Some(rest) = name.strip_prefix("Event.") {
        return event_meaning(rest);
    }
    if let Some(rest) = name.strip_prefix("winlog.") {
        return winlog_meaning(name, rest);
    }
    if let Some(rest) = name.strip_prefix("event_data.").or_else(|| name.strip_prefix("user_data."))
    {
        return data_field(rest);
    }
    flat_meaning(name)
}

/// Attributes of elements: `#attributes.X` (the evtx crate), `@X` and `_attributes.X` (others), or plain.
fn without_attribute_marks(path: &str) -> String {
    path.replace("#attributes.", "")
        .replace("_attributes.", ".")
        .replace(".@", ".")
        .replace('@', "")
}

fn event_meaning(path: &str) -> Meaning {
    let plain = without_attribute_marks(path);
    let plain = plain.strip_suffix(".#text").unwrap_or(&plain);
    if is_namespace(plain) {
        return Meaning::Passed;
    }
    if let Some(rest) = plain.strip_prefix("System.") {
        return system_meaning(rest);
    }
    if let Some(rest) = plain.strip_prefix("EventData.") {
        return match rest {
            "Data.Name" => Meaning::DataName,
            "Data" | "Data.content" | "Data.Value" | "Data.text" | "Data._" | "Data.$" => {
                Meaning::DataText
            }
            _ => data_field(rest),
        };
    }
    if let Some(rest) = plain.strip_prefix("UserData.") {
        return match rest.split_once('.') {
            Some((_, inner)) => data_field(inner),
            None => data_field(rest),
        };
    }
    if plain == "RenderingInfo.Message" {
        return data_field("Message");
    }
    data_field(plain)
}

/// Whether the last part of a name is that of a namespace declaration.
fn is_namespace(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    last == "xmlns" || last.starts_with("xmlns:")
}

fn system_meaning(rest: &str) -> Meaning {
    let name = match rest {
        "Provider.Name" => "Provider_Name",
        "Provider.Guid" => "Provider_Guid",
        "Provider.EventSourceName" => "Provider_EventSourceName",
        "TimeCreated.SystemTime" => "TimeCreated",
        "Execution.ProcessID" => "Execution_ProcessID",
        "Execution.ThreadID" => "Execution_ThreadID",
        "Security.UserID" => "UserID",
        "Correlation.ActivityID" => "Correlation_ActivityID",
        "Correlation.RelatedActivityID" => "Correlation_RelatedActivityID",
        "EventID.Qualifiers" => "EventID_Qualifiers",
        // An empty element with attributes only, as the evtx crate writes it.
        "Correlation" | "Execution" | "Security" | "TimeCreated" | "Provider" => {
            return Meaning::Passed;
        }
        other => {
            return Meaning::Field { name: other.replace('.', "_").replace(' ', ""), offer: None };
        }
    };
    Meaning::Field { name: name.to_owned(), offer: None }
}

fn winlog_meaning(name: &str, rest: &str) -> Meaning {
    if let Some(data) = rest.strip_prefix("event_data.").or_else(|| rest.strip_prefix("user_data."))
    {
        return data_field(data);
    }
    let normal = match rest {
        "event_id" => "EventID",
        "channel" => "Channel",
        "computer_name" => "Computer",
        "provider_name" => "Provider_Name",
        "provider_guid" => "Provider_Guid",
        "record_id" => "EventRecordID",
        "version" => "Version",
        "process.pid" => "Execution_ProcessID",
        "process.thread.id" => "Execution_ThreadID",
        "user.identifier" => "UserID",
        "activity_id" => "Correlation_ActivityID",
        "related_activity_id" => "Correlation_RelatedActivityID",
        // Task, opcode and keywords are display words here, not the numbers of the event.
        _ => name,
    };
    Meaning::Field { name: normal.to_owned(), offer: None }
}

fn flat_meaning(name: &str) -> Meaning {
    let offer = match name {
        "EventID" => (Canonical::EventId, 0),
        "event_id" | "Id" => (Canonical::EventId, 1),
        "Channel" => (Canonical::Channel, 0),
        "log_name" | "LogName" => (Canonical::Channel, 1),
        "Computer" => (Canonical::Computer, 0),
        "Hostname" | "computer_name" | "MachineName" => (Canonical::Computer, 1),
        "Provider_Name" => (Canonical::ProviderName, 0),
        "SourceName" | "source_name" | "ProviderName" | "EventSourceName" => {
            (Canonical::ProviderName, 1)
        }
        "Provider_Guid" => (Canonical::ProviderGuid, 0),
        "ProviderGuid" | "provider_guid" => (Canonical::ProviderGuid, 1),
        "TimeCreated" => (Canonical::TimeCreated, 0),
        // `EventTime` of NXLog is local time without a zone; the shipper's stamp is UTC.
        "@timestamp" => (Canonical::TimeCreated, 1),
        "EventTime" => (Canonical::TimeCreated, 2),
        "EventRecordID" => (Canonical::EventRecordId, 0),
        "RecordNumber" | "record_number" | "RecordId" => (Canonical::EventRecordId, 1),
        "Execution_ProcessID" => (Canonical::ProcessId, 0),
        "ExecutionProcessID" | "process_id" => (Canonical::ProcessId, 1),
        "Execution_ThreadID" => (Canonical::ThreadId, 0),
        "ThreadID" | "ExecutionThreadID" | "thread_id" => (Canonical::ThreadId, 1),
        "Correlation_ActivityID" => (Canonical::ActivityId, 0),
        "ActivityID" | "activity_id" => (Canonical::ActivityId, 1),
        "Message" => (Canonical::Message, 0),
        "message" => (Canonical::Message, 1),
        _ => return data_field(name),
    };
    Meaning::Field { name: name.to_owned(), offer: Some(offer) }
}

fn data_field(name: &str) -> Meaning {
    let name = name.strip_suffix(".#text").unwrap_or(name);
    if is_namespace(name) {
        return Meaning::Passed;
    }
    Meaning::Field { name: name.replace(' ', "").replace("#attributes.", ""), offer: None }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use std::collections::BTreeMap;

    use model::{BatchBuilder, FieldTable, KindId};

    use crate::Fields;
    use crate::format::json::{JsonDecoder, JsonForm};
    use crate::format::xml::XmlDecoder;

    fn decode(record: &str) -> (JsonForm, BTreeMap<String, String>) {
        let table = FieldTable::default();
        let mut builder = BatchBuilder::default();
        let mut fields = Fields::new(&mut builder, &table, record.as_bytes(), 100);
        let form = if record.starts_with('<') {
            XmlDecoder::new(9).decode(record.as_bytes(), &mut fields).unwrap()
        } else {
            JsonDecoder::new(9).decode(record.as_bytes(), &mut fields).unwrap()
        };
        builder.finish_record(KindId(0), None, 0, (0, record.len() as u32));
        let batch = builder.finish(record.as_bytes().to_vec());
        let event = batch.get(0);
        let mut found = BTreeMap::new();
        for slot in event.slots() {
            let text: &mut String =
                found.entry(batch.field_name(slot.field, &table).to_owned()).or_default();
            if !text.is_empty() {
                text.push('|');
            }
            text.push_str(&event.text(slot.value));
        }
        (form, found)
    }

    /// The same event by all carriers has these fields.
    const NORMAL: [(&str, &str); 8] = [
        ("EventID", "1"),
        ("Channel", "Microsoft-Windows-Sysmon/Operational"),
        ("Computer", "host.example"),
        ("Provider_Name", "Microsoft-Windows-Sysmon"),
        ("EventRecordID", "77"),
        ("TimeCreated", "2026-01-02T03:04:05.678Z"),
        ("Image", "C:\\Windows\\a.exe"),
        ("Execution_ProcessID", "4"),
    ];

    fn is_normal(record: &str) -> BTreeMap<String, String> {
        let (form, found) = decode(record);
        assert_eq!(form, JsonForm::Windows, "{record}");
        for (name, text) in NORMAL {
            assert_eq!(found.get(name).map(String::as_str), Some(text), "{name} of {record}");
        }
        found
    }

    #[test]
    fn every_carrier_gives_the_same_names() {
        let found = is_normal(
            r##"{"Event":{"#attributes":{"xmlns":"x"},"System":{"Provider":{"#attributes":{"Name":"Microsoft-Windows-Sysmon","Guid":"G"}},
            "EventID":{"#attributes":{"Qualifiers":0},"#text":1},"EventRecordID":77,"Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"host.example",
            "Correlation":null,"TimeCreated":{"#attributes":{"SystemTime":"2026-01-02T03:04:05.678Z"}},"Execution":{"#attributes":{"ProcessID":4,"ThreadID":5}},
            "Security":{"#attributes":{"UserID":"S-1-5-18"}}},"EventData":{"Image":"C:\\Windows\\a.exe","Rule Name":"-","Data":{"#text":["one","two"]}}}}"##,
        );
        let of = |name: &str| found.get(name).map(String::as_str);
        assert_eq!(
            (of("Provider_Guid"), of("UserID"), of("RuleName"), of("Data")),
            (Some("G"), Some("S-1-5-18"), Some("-"), Some("one|two"))
        );
        assert!(
            !found.keys().any(|name| name.contains("xmlns") || name.contains('#')),
            "{found:?}"
        );
        let found = is_normal(
            "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Microsoft-Windows-Sysmon' Guid='G'/>\
             <EventID Qualifiers='0'>1</EventID><EventRecordID>77</EventRecordID><Channel>Microsoft-Windows-Sysmon/Operational</Channel>\
             <Computer>host.example</Computer><Correlation/><TimeCreated SystemTime='2026-01-02T03:04:05.678Z'/><Execution ProcessID='4' ThreadID='5'/>\
             <Security UserID='S-1-5-18'/></System><EventData><Data Name='Image'>C:\\Windows\\a.exe</Data><Data Name='Rule Name'>a &lt; b &#65;</Data>\
             <Data>one</Data><Data>two</Data></EventData><RenderingInfo Culture='en'><Message>Hello</Message></RenderingInfo></Event>",
        );
        let of = |name: &str| found.get(name).map(String::as_str);
        assert_eq!(
            (of("UserID"), of("RuleName"), of("Data"), of("Message")),
            (Some("S-1-5-18"), Some("a < b A"), Some("one|two"), Some("Hello"))
        );
        is_normal(
            r#"{"@timestamp":"2026-01-02T03:04:05.678Z","winlog":{"channel":"Microsoft-Windows-Sysmon/Operational","event_id":1,"computer_name":"host.example",
            "provider_name":"Microsoft-Windows-Sysmon","record_id":77,"process":{"pid":4,"thread":{"id":5}},"event_data":{"Image":"C:\\Windows\\a.exe"}}}"#,
        );
        is_normal(
            r#"{"@timestamp":"2026-01-02T03:04:05.678Z","log_name":"Microsoft-Windows-Sysmon/Operational","event_id":1,"computer_name":"host.example",
            "source_name":"Microsoft-Windows-Sysmon","record_number":"77","process_id":4,"event_data":{"Image":"C:\\Windows\\a.exe"}}"#,
        );
        let found = is_normal(
            r#"{"EventTime":"2026-01-02 05:04:05","@timestamp":"2026-01-02T03:04:05.678Z","Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,
            "Hostname":"host.example","SourceName":"Microsoft-Windows-Sysmon","RecordNumber":77,"ExecutionProcessID":4,"Image":"C:\\Windows\\a.exe"}"#,
        );
        assert_eq!(found.get("Hostname").map(String::as_str), Some("host.example"));
    }

    #[test]
    fn user_data_loses_its_wrapper_and_named_pairs_are_joined() {
        let (_, found) = decode(
            "<Event><System><EventID>104</EventID></System><UserData><LogFileCleared xmlns='x'><SubjectUserName>u</SubjectUserName></LogFileCleared></UserData></Event>",
        );
        assert_eq!(found.get("SubjectUserName").map(String::as_str), Some("u"));
        let (_, found) = decode(
            r##"{"Event":{"System":{"EventID":1},"EventData":{"Data":[{"@Name":"Image","#text":"x"},{"@Name":"User","#text":"y"}]}}}"##,
        );
        assert_eq!(
            (found.get("Image").map(String::as_str), found.get("User").map(String::as_str)),
            (Some("x"), Some("y"))
        );
    }

    #[test]
    fn other_json_keeps_its_names() {
        let (form, found) =
            decode(r#"{"event_id":"x","Hostname":"h","message":"m","a":{"b c":1}}"#);
        assert_eq!(form, JsonForm::Plain);
        assert_eq!(found.keys().collect::<Vec<_>>(), ["Hostname", "a.b c", "event_id", "message"]);
    }

    #[test]
    fn broken_xml_is_malformed_and_entities_are_not_expanded() {
        let table = FieldTable::default();
        for broken in ["<Event><System>", "<Event></System></Event>", "text", "<Event a=></Event>"]
        {
            let mut builder = BatchBuilder::default();
            let mut fields = Fields::new(&mut builder, &table, broken.as_bytes(), 9);
            assert!(XmlDecoder::new(9).decode(broken.as_bytes(), &mut fields).is_err(), "{broken}");
        }
        let (_, found) = decode("<Event><System><EventID>&lol;</EventID></System></Event>");
        assert_eq!(found.get("EventID").map(String::as_str), Some("&lol;"));
    }
}
