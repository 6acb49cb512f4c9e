//! The normal form of a Windows event: the same field names whatever brought it.
//!
//! System properties are `EventID`, `Version`, `Level`, `Task`, `Opcode`, `Keywords`, `EventRecordID`,
//! `Channel`, `Computer`, `Provider_Name`, `Provider_Guid`, `TimeCreated` (the text of `SystemTime`),
//! `Execution_ProcessID`, `Execution_ThreadID`, `UserID` and `Correlation_ActivityID`; the event's own data
//! have the names of its template (the elements of `EventData` and `UserData`), which are what Sigma rules
//! use. Shapes understood: Windows event XML and JSON made of it (schema:
//! learn.microsoft.com/windows/win32/wes/eventschema-schema), Winlogbeat since 7 (`winlog.*`) and before
//! (`event_data.*`), Wazuh (`win.*`), Azure Diagnostics (`properties.*`), NXLog, WMI and other flat exports; and
//! all of them as a text within another record.

use model::Value;

/// What a dotted name of a record means in a Windows event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A field of this name; it may also stand in for a system property when that is absent.
    Field { name: String, offer: Option<(Canonical, u8)> },
    /// Carries nothing (XML namespaces).
    Passed,
    /// The bit mask of keywords, which carriers write in several ways ([`keywords`]).
    Keywords,
    /// A field whose text was escaped twice ([`unescaped`]).
    Escaped { name: String },
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
pub(super) struct Marks(u16);

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
    /// A list of `Data` objects: where each ends must be known.
    const DATA: Self = Self(32);
    /// A text that may be a whole event.
    const CARRIER: Self = Self(64);
    /// A text that may be the data of an event, as XML.
    const EVENT_DATA: Self = Self(128);

    #[inline]
    pub(super) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    #[inline]
    pub(super) const fn are_of_data(self) -> bool {
        self.has(Self::DATA)
    }

    #[inline]
    pub(super) const fn are_of_carrier(self) -> bool {
        self.has(Self::CARRIER)
    }

    #[inline]
    pub(super) const fn are_of_event_data(self) -> bool {
        self.has(Self::EVENT_DATA)
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
        "Event.System" | "winlog.channel" | "winlog.event_id" | "win.system"
        | "data.win.system" => Marks::CERTAIN,
        "EventID" | "Event_ID" | "EventCode" | "System.EventID" | "properties.EventId" => {
            Marks::NUMBER
        }
        "ProviderName" | "LogName" => Marks::ORIGIN.with(Marks::WEAK_ORIGIN),
        "Channel" | "SourceName" | "Provider_Name" | "ProviderGuid" | "EventSourceName"
        | "Logfile" | "EventLog" | "System.Channel" | "System.Provider" | "properties.Channel" => {
            Marks::ORIGIN
        }
        "event_id" | "Id" | "EventId" => Marks::WEAK_NUMBER,
        "log_name" => Marks::WEAK_ORIGIN,
        "Event.EventData.Data" | "EventData.Data" => Marks::DATA,
        "EventData" => Marks::EVENT_DATA,
        "body" | "message" | "event" | "log" | "raw" | "_raw" | "result._raw" | "RawXml"
        | "properties.RawXml" | "event_xml" | "EventXml" | "details.eventXml" => Marks::CARRIER,
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
    if let Some(rest) = name.strip_prefix("data.").unwrap_or(name).strip_prefix("win.") {
        return wazuh_meaning(rest);
    }
    if let Some(rest) = name.strip_prefix("properties.") {
        return azure_meaning(rest);
    }
    if ["System.", "EventData.", "UserData."].iter().any(|part| name.starts_with(part)) {
        return event_meaning(name);
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
            "Data" if path.ends_with(".#text") => Meaning::DataText,
            "Data.content" | "Data.Value" | "Data.text" | "Data._" | "Data.$" => Meaning::DataText,
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
    let texts = [".text", ".content", ".Value", ".value", "._", ".$"];
    let rest = texts.iter().find_map(|text| rest.strip_suffix(text)).unwrap_or(rest);
    let name = match rest {
        "Keywords" => return Meaning::Keywords,
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
        other => return system_field(&other.replace('.', "_").replace(' ', "")),
    };
    system_field(name)
}

/// A system property under its own name, which nothing has to stand in for.
fn system_field(name: &str) -> Meaning {
    let canonical = Canonical::ALL.into_iter().find(|canonical| canonical.name() == name);
    Meaning::Field { name: name.to_owned(), offer: canonical.map(|canonical| (canonical, 0)) }
}

/// `win.system.eventID`, `win.eventdata.commandLine` …: Wazuh's agents write the first letter small and escape
/// the event's data for JSON once more than JSON needs.
fn wazuh_meaning(path: &str) -> Meaning {
    let (group, rest) = path.split_once('.').unwrap_or(("", path));
    if group != "system" {
        return Meaning::Escaped { name: capitalised(rest).replace(' ', "") };
    }
    match rest {
        "providerName" => system_field("Provider_Name"),
        "providerGuid" => system_field("Provider_Guid"),
        "systemTime" => system_field("TimeCreated"),
        "processID" => system_field("Execution_ProcessID"),
        "threadID" => system_field("Execution_ThreadID"),
        "keywords" => Meaning::Keywords,
        other => system_field(&capitalised(other)),
    }
}

fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// `WindowsEventLogsTable` of Azure Diagnostics; its `RawXml` has the data.
fn azure_meaning(rest: &str) -> Meaning {
    match rest {
        "EventId" => system_field("EventID"),
        "ProviderName" => system_field("Provider_Name"),
        "ProviderGuid" => system_field("Provider_Guid"),
        "Pid" => system_field("Execution_ProcessID"),
        "Tid" => system_field("Execution_ThreadID"),
        "Description" => system_field("Message"),
        "RoleInstance" => {
            Meaning::Field { name: rest.to_owned(), offer: Some((Canonical::Computer, 2)) }
        }
        other => system_field(other),
    }
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
    system_field(normal)
}

fn flat_meaning(name: &str) -> Meaning {
    let offer = match name {
        "EventID" => (Canonical::EventId, 0),
        "event_id" | "Event_ID" | "EventCode" | "EventId" | "Id" => (Canonical::EventId, 1),
        "event.code" => (Canonical::EventId, 2),
        "Channel" => (Canonical::Channel, 0),
        "log_name" | "LogName" | "Logfile" | "EventLog" => (Canonical::Channel, 1),
        "Computer" => (Canonical::Computer, 0),
        "Hostname" | "computer_name" | "ComputerName" | "MachineName" => (Canonical::Computer, 1),
        "host.name" | "agent.hostname" => (Canonical::Computer, 2),
        "Provider_Name" => (Canonical::ProviderName, 0),
        "SourceName" | "source_name" | "ProviderName" | "EventSourceName" => {
            (Canonical::ProviderName, 1)
        }
        "Source" => (Canonical::ProviderName, 2),
        "Provider_Guid" => (Canonical::ProviderGuid, 0),
        "ProviderGuid" | "provider_guid" => (Canonical::ProviderGuid, 1),
        "TimeCreated" => (Canonical::TimeCreated, 0),
        // `EventTime` of NXLog is local time without a zone; the shipper's stamp is UTC.
        "@timestamp" => (Canonical::TimeCreated, 1),
        "EventTime" | "time" => (Canonical::TimeCreated, 2),
        "TimeGenerated" => (Canonical::TimeCreated, 3),
        "EventRecordID" => (Canonical::EventRecordId, 0),
        "RecordNumber" | "record_number" | "RecordId" => (Canonical::EventRecordId, 1),
        "Execution_ProcessID" => (Canonical::ProcessId, 0),
        "ExecutionProcessID" | "process_id" => (Canonical::ProcessId, 1),
        "Execution_ThreadID" => (Canonical::ThreadId, 0),
        "ThreadID" | "ExecutionThreadID" | "thread_id" => (Canonical::ThreadId, 1),
        "Correlation_ActivityID" => (Canonical::ActivityId, 0),
        "ActivityID" | "activity_id" => (Canonical::ActivityId, 1),
        "Keywords" => return Meaning::Keywords,
        // The numbered texts of WMI's `Win32_NTLogEvent`.
        "InsertionStrings" => return data_field("Data"),
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

/// Keywords as the event's own XML writes them: a number becomes `0x` and hexadecimal digits. NXLog gives the
/// 64 bits as a signed decimal, which others round to a double. Words are left as they are (`None`).
pub(super) fn keywords(value: Value, text: Option<&[u8]>) -> Option<String> {
    let number = match value {
        Value::Int(number) => unrounded(number).cast_unsigned(),
        Value::Float(number) if (0.0..2.0_f64.powi(64)).contains(&number) => number as u64,
        Value::Float(number) if (-(2.0_f64.powi(63))..0.0).contains(&number) => {
            (number as i64).cast_unsigned()
        }
        _ => {
            let text = std::str::from_utf8(text?).ok()?.trim();
            let signed = text.parse::<i64>().map(|number| unrounded(number).cast_unsigned());
            signed.or_else(|_| text.parse::<u64>()).ok()?
        }
    };
    Some(format!("{number:#x}"))
}

/// A large number that ends in zeros was printed from a double, which held the mask exactly.
fn unrounded(number: i64) -> i64 {
    let was_rounded = number.unsigned_abs() > 1 << 53 && number % 1000 == 0;
    if was_rounded { number as f64 as i64 } else { number }
}

/// `\\` and `\"` resolved once; `None` when some backslash stands before something else, as it is then not
/// escaped at all.
pub(super) fn unescaped(text: &[u8]) -> Option<Vec<u8>> {
    memchr::memchr(b'\\', text)?;
    let mut plain = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => match bytes.next() {
                Some(next @ (b'\\' | b'"')) => plain.push(*next),
                _ => return None,
            },
            byte => plain.push(*byte),
        }
    }
    Some(plain)
}

/// Whether the text that another record carries is an event: XML, or JSON that names one of the known shapes.
pub(super) fn is_event(text: &[u8]) -> bool {
    const NAMES: [&[u8]; 4] = [b"\"Event\"", b"\"EventID\"", b"\"EventCode\"", b"\"winlog\""];
    let text = text.trim_ascii();
    let head = text.get(..4096).unwrap_or(text);
    if text.starts_with(b"<") {
        return super::xml::event_in(text).is_some();
    }
    text.starts_with(b"{")
        && text.ends_with(b"}")
        && NAMES.iter().any(|name| memchr::memmem::find(head, name).is_some())
}

#[cfg(test)]
mod tests;
