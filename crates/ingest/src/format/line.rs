//! A line that says by itself what it is: which decoder is for it.

use memchr::memchr;

use super::{Documents, Format, access, auditd, cef, kv, leef, syslog, winevtlog, xml};
use crate::{Fields, Malformed};

/// How far into a message CEF and LEEF may begin.
const HEADER_WITHIN: usize = 512;

/// Decodes one line (or the lines of one audit event joined by newlines).
///
/// A syslog envelope is taken off first and its parts put as `syslog.*`; then the body is looked at. Where free
/// text is left it is put as `message`; so is the body behind an envelope that holds pairs. Free text that
/// holds three pairs and more has them put as fields too and stays [`Format::Syslog`] or [`Format::Text`].
pub fn decode(
    line: &[u8],
    fields: &mut Fields<'_>,
    documents: &mut Documents,
) -> Result<Format, Malformed> {
    let line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
    let line = trimmed(line);
    if is_json(line) {
        return documents.decode(line, fields);
    }
    if auditd_first(line) {
        return auditd::decode(line, fields);
    }
    if let Some(envelope) = syslog::envelope(line) {
        syslog::put(&envelope, fields);
        let body = envelope.body;
        // The lines of an audit event carry an envelope each: all but the first's are still in the record.
        if auditd::is_record(body) {
            return auditd::decode(line, fields);
        }
        if envelope.appname == Some(b"WinEvtLog") && winevtlog::decode(body, fields) {
            if let Some(stamp) = envelope.timestamp {
                fields.put("TimeCreated", stamp);
            }
            return Ok(Format::Windows);
        }
        return match inner(body, fields, documents)? {
            Some(
                format @ (Format::Cef
                | Format::Leef
                | Format::Json
                | Format::Windows
                | Format::Access),
            ) => Ok(format),
            Some(format) => {
                put_message(body, fields);
                Ok(format)
            }
            None => {
                fields.put("message", body);
                kv::decode_within(body, fields);
                Ok(Format::Syslog)
            }
        };
    }
    if let Some(format) = inner(line, fields, documents)? {
        return Ok(format);
    }
    fields.put("message", line);
    // The attributes of XML are no pairs.
    if line.first() != Some(&b'<') {
        kv::decode_within(line, fields);
    }
    Ok(Format::Text)
}

/// Without line ends, zero bytes and space around it.
fn trimmed(line: &[u8]) -> &[u8] {
    let end = line
        .iter()
        .rposition(|byte| !byte.is_ascii_whitespace() && *byte != 0)
        .map_or(0, |last| last + 1);
    line.get(..end).unwrap_or_default().trim_ascii_start()
}

/// `{` and a name or `}` after it, or an array of objects.
fn is_json(text: &[u8]) -> bool {
    match text {
        [b'{', rest @ ..] => matches!(rest.trim_ascii_start().first(), Some(b'"' | b'}')),
        [b'[', rest @ ..] => {
            matches!(rest.trim_ascii_start(), [b'{', rest @ ..] if is_json_end(rest))
        }
        _ => false,
    }
}

fn is_json_end(text: &[u8]) -> bool {
    text.last() == Some(&b']')
}

fn auditd_first(line: &[u8]) -> bool {
    (line.starts_with(b"type=") || line.starts_with(b"node=")) && auditd::is_record(line)
}

/// The format of what is no envelope; `None` for free text, with nothing put.
fn inner(
    text: &[u8],
    fields: &mut Fields<'_>,
    documents: &mut Documents,
) -> Result<Option<Format>, Malformed> {
    let text = text.trim_ascii_start();
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
    let document = text.strip_prefix(b"@cee:").map_or(text, <[u8]>::trim_ascii_start);
    if is_json(document) && matches!(document.trim_ascii_end().last(), Some(b'}' | b']')) {
        return documents.decode(document, fields).map(Some);
    }
    if let Some(event) = xml::event_in(text) {
        return documents.decode(event, fields).map(Some);
    }
    if let Some(at) = marker(text, b"CEF:") {
        return cef::decode(text.get(at..).unwrap_or_default(), fields).map(Some);
    }
    if let Some(at) = marker(text, b"LEEF:") {
        return leef::decode(text.get(at..).unwrap_or_default(), fields).map(Some);
    }
    if cef::is_headless(text) {
        return cef::decode(text, fields).map(Some);
    }
    if leef::is_headless(text) {
        return leef::decode(text, fields).map(Some);
    }
    if let Some(format) = access::decode(text, fields) {
        return Ok(Some(format));
    }
    if memchr(b'=', text).is_some() || text.first() == Some(&b'[') || text.starts_with(b"syslog[") {
        if auditd_first(text) {
            return auditd::decode(text, fields).map(Some);
        }
        if kv::begins_with_pair(text) {
            return kv::decode(text, fields).map(Some);
        }
    }
    Ok(None)
}

/// Where `CEF:` or `LEEF:` with a version and a `|` begins.
fn marker(text: &[u8], marker: &[u8]) -> Option<usize> {
    let head = text.get(..HEADER_WITHIN).unwrap_or(text);
    memchr::memmem::find_iter(head, marker).find(|at| {
        let version = text.get(at + marker.len()..).unwrap_or_default().trim_ascii_start();
        let digits = version
            .iter()
            .take(5)
            .take_while(|byte| byte.is_ascii_digit() || **byte == b'.')
            .count();
        digits > 0 && version.get(digits) == Some(&b'|')
    })
}

/// The body beside its pairs, unless a pair has that name.
fn put_message(body: &[u8], fields: &mut Fields<'_>) {
    let id = fields.id("message");
    if !fields.record().iter().any(|slot| slot.field == id) {
        fields.put_id(id, body);
    }
}

#[cfg(test)]
mod tests {
    use super::super::Format;
    use super::super::probe::line;

    #[test]
    fn the_first_bytes_decide() {
        let cases = [
            ("{\"a\":1}", Format::Json),
            ("[{\"a\":1}]", Format::Json),
            ("{not json", Format::Text),
            ("CEF:0|v|p|1|2|n|3|src=1.2.3.4", Format::Cef),
            ("<134>Mar  2 09:00:01 gw CEF: 0|v|p|1|2|n|3|src=1.2.3.4", Format::Cef),
            ("prefix CEF:CEF:0|v|p|1|2|n|3|", Format::Cef),
            ("LEEF:1.0|v|p|1|2|a=b\tc=d", Format::Leef),
            ("<13>Mar  2 09:00:01 host LEEF:2.0|v|p|1|2|^|a=b^c=d", Format::Leef),
            ("type=EOE msg=audit(1364481363.243:24287): ", Format::Auditd),
            (
                "Mar  2 09:00:01 host audispd: node=n type=EOE msg=audit(1364481363.243:24287):",
                Format::Auditd,
            ),
            ("1.2.3.4 - - [02/Mar/2026:09:00:01 +0000] \"GET / HTTP/1.1\" 200 1", Format::Access),
            ("date=2026-03-02 time=09:00:01 devname=\"fw\"", Format::KeyValue),
            ("<189>date=2026-03-02 time=09:00:01 devname=\"fw\"", Format::KeyValue),
            ("Mar  2 09:00:01 host sshd[1]: Failed password", Format::Syslog),
            ("Mar  2 09:00:01 host app[1]: @cee: {\"a\":1}", Format::Json),
            ("nothing in particular", Format::Text),
            ("", Format::Text),
        ];
        for (text, format) in cases {
            assert_eq!(line(text).format, Ok(format), "{text}");
        }
    }

    #[test]
    fn free_text_keeps_its_message_and_gives_its_pairs() {
        let probe = line(
            "Mar  2 09:00:01 h sshd[7]: auth failure; logname= uid=0 euid=0 rhost=1.2.3.4  user=root",
        );
        assert_eq!(probe.format, Ok(Format::Syslog));
        assert_eq!(
            probe.first("message"),
            "auth failure; logname= uid=0 euid=0 rhost=1.2.3.4  user=root"
        );
        assert_eq!(probe.first("logname"), "#null");
        assert_eq!(probe.first("rhost"), "1.2.3.4");
        assert_eq!(probe.first("user"), "root");
        assert_eq!(probe.first("syslog.procid"), "7");
        let probe = line(
            "Mar  2 09:00:01 h kernel: [1.2] DROP IN= OUT=eth0 SRC=1.2.3.4 ID=7 DF PROTO=TCP ACK PSH URGP=0",
        );
        assert_eq!(probe.first("IN"), "#null");
        assert_eq!(probe.first("ID"), "7");
        assert_eq!(probe.all("flags"), ["DF"]);
        assert_eq!(probe.copied, 0);
    }

    #[test]
    fn broken_json_is_malformed_by_the_json_decoder() {
        let probe = super::super::probe::probe(b"{\"a\":", |record, fields| {
            super::decode(record, fields, &mut super::Documents::new(64))
        });
        assert!(probe.format.is_err());
    }
}
