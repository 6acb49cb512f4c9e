//! The same event by all its carriers.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeMap;

use model::{BatchBuilder, FieldTable, KindId};

use crate::Fields;
use crate::format::Format;
use crate::format::json::{JsonDecoder, JsonForm};
use crate::format::probe::line;
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
    assert!(!found.keys().any(|name| name.contains("xmlns") || name.contains('#')), "{found:?}");
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
    let (form, found) = decode(r#"{"event_id":"x","Hostname":"h","message":"m","a":{"b c":1}}"#);
    assert_eq!(form, JsonForm::Plain);
    assert_eq!(found.keys().collect::<Vec<_>>(), ["Hostname", "a.b c", "event_id", "message"]);
}

#[test]
fn broken_xml_is_malformed_and_entities_are_not_expanded() {
    let table = FieldTable::default();
    for broken in ["<Event><System>", "<Event></System></Event>", "text", "<Event a=></Event>"] {
        let mut builder = BatchBuilder::default();
        let mut fields = Fields::new(&mut builder, &table, broken.as_bytes(), 9);
        assert!(XmlDecoder::new(9).decode(broken.as_bytes(), &mut fields).is_err(), "{broken}");
    }
    let (_, found) = decode("<Event><System><EventID>&lol;</EventID></System></Event>");
    assert_eq!(found.get("EventID").map(String::as_str), Some("&lol;"));
}

#[test]
fn texts_and_names_of_data_pair_in_any_order() {
    for record in [
        r#"{"Event":{"System":{"EventID":{"text":"1","Qualifiers":"0"}},"EventData":{"Data":
        [{"Name":"A"},{"text":"b","Name":"B"},{"text":"c"},{"text":null,"Name":"D"},{"text":"e","Name":"E F"}]}}}"#,
        r#"{"EventID":1,"Channel":"x","EventData":{"A":"","B":"b","Data":["c"],"D":null,"E F":"e"}}"#,
    ] {
        let (form, found) = decode(record);
        assert_eq!(form, JsonForm::Windows);
        for (name, text) in
            [("A", ""), ("B", "b"), ("Data", "c"), ("D", ""), ("EF", "e"), ("EventID", "1")]
        {
            assert_eq!(found.get(name).map(String::as_str), Some(text), "{name} of {record}");
        }
    }
}

#[test]
fn keywords_have_one_spelling() {
    for (written, spelt) in [
        ("-9214364837600034816", "0x8020000000000000"),
        ("\"-9214364837600034816\"", "0x8020000000000000"),
        ("-9214364837600035000", "0x8020000000000000"),
        ("-9223372036854776000", "0x8000000000000000"),
        ("9232379236109516800", "0x8020000000000000"),
        ("36028797018963968", "0x80000000000000"),
        ("0", "0x0"),
        ("\"0x8020000000000000\"", "0x8020000000000000"),
        ("[\"Audit Success\"]", "Audit Success"),
    ] {
        let (_, found) = decode(&format!(r#"{{"EventID":1,"Channel":"x","Keywords":{written}}}"#));
        assert_eq!(found.get("Keywords").map(String::as_str), Some(spelt), "{written}");
    }
}

#[test]
fn wazuh_and_wmi() {
    is_normal(
        r#"{"win":{"system":{"eventID":"1","channel":"Microsoft-Windows-Sysmon/Operational","computer":"host.example","eventRecordID":"77",
        "providerName":"Microsoft-Windows-Sysmon","systemTime":"2026-01-02T03:04:05.678Z","processID":"4"},"eventdata":{"image":"C:\\\\Windows\\\\a.exe"}}}"#,
    );
    let (form, found) = decode(
        r#"{"EventCode":4688,"Logfile":"Security","SourceName":"P","ComputerName":"h","InsertionStrings":["a","b"]}"#,
    );
    assert_eq!(form, JsonForm::Windows);
    for (name, text) in
        [("EventID", "4688"), ("Channel", "Security"), ("Computer", "h"), ("Data", "a|b")]
    {
        assert_eq!(found.get(name).map(String::as_str), Some(text), "{name}");
    }
}

#[test]
fn events_within_a_text_of_a_record() {
    let xml = r"<?xml version='1.0'?>- <Event xmlns='x'>- <System>  <EventID>13</EventID>  <Channel>C</Channel><Computer>h</Computer></System>- <EventData><Data Name='Image'>C:\\a</Data></EventData></Event>";
    let json = r#" { \"Event\":{\"System\":{\"EventID\":\"13\",\"Channel\":\"C\",\"Computer\":\"h\"},\"EventData\":{\"Data\":[{\"Name\":\"Image\",\"text\":\"C:\\\\a\"}]}}} "#;
    for record in [
        format!(r#"{{"time":"t","properties":{{"EventId":13,"Channel":"C","RawXml":"{xml}"}}}}"#),
        format!(r#"{{"tag":"x","body":"{xml}"}}"#),
        format!(r#"{{"tag":"x","body":"{json}"}}"#),
    ] {
        let probe = line(&record);
        assert_eq!(probe.format, Ok(Format::Windows), "{record}");
        assert_eq!(probe.all("Computer"), ["h"]);
        assert_eq!(probe.all("Image"), [r"C:\a"], "{record}");
        assert!(!probe.pairs.iter().any(|(_, value)| value.contains("System")), "{record}");
    }
    let broken = line(r#"{"body":"<Event><System></Event>"}"#);
    assert_eq!(broken.format, Ok(Format::Json));
    assert_eq!(broken.first("body"), "<Event><System></Event>");
    let bare = line(
        r#"{"time":"t","properties":{"EventId":13,"Channel":"C","Description":"d","RoleInstance":"h"}}"#,
    );
    assert_eq!(bare.format, Ok(Format::Windows));
    for (name, text) in
        [("EventID", "#13"), ("Message", "d"), ("Computer", "h"), ("TimeCreated", "t")]
    {
        assert_eq!(bare.first(name), text, "{name}");
    }
}
