//! Decoders: one record of a format to native fields.

pub mod access;
pub mod auditd;
pub mod cef;
pub mod csv;
pub mod evtx;
pub mod json;
pub mod kv;
pub mod leef;
pub mod line;
mod paths;
#[cfg(test)]
mod probe;
mod scan;
pub mod syslog;
pub mod timestamp;
pub mod w3c;
pub mod windows;
mod winevtlog;
pub mod xml;
pub mod zeek;

use crate::{Fields, Malformed};

/// What a record turned out to be. Inside a syslog envelope it is the inner format, the envelope's fields
/// (`syslog.*`) stand beside the inner ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// A Windows event: EVTX, event XML, or JSON made of one.
    Windows,
    /// A JSON object.
    Json,
    /// Syslog with a body of free text.
    Syslog,
    /// ArcSight Common Event Format.
    Cef,
    /// IBM Log Event Extended Format, 1.0 or 2.0.
    Leef,
    /// `key=value` pairs from the beginning on.
    KeyValue,
    /// Records of the Linux audit daemon.
    Auditd,
    /// A row of a Zeek TSV log.
    Zeek,
    /// A row of a table with a header.
    Csv,
    /// A row of a W3C extended log.
    W3c,
    /// A web server's or proxy's access log line.
    Access,
    /// A line of free text.
    Text,
}

impl Format {
    /// All formats, in order of declaration.
    pub const ALL: [Self; 12] = [
        Self::Windows,
        Self::Json,
        Self::Syslog,
        Self::Cef,
        Self::Leef,
        Self::KeyValue,
        Self::Auditd,
        Self::Zeek,
        Self::Csv,
        Self::W3c,
        Self::Access,
        Self::Text,
    ];

    /// The word for it in mappings and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Windows => "windows",
            Self::Json => "json",
            Self::Syslog => "syslog",
            Self::Cef => "cef",
            Self::Leef => "leef",
            Self::KeyValue => "keyvalue",
            Self::Auditd => "auditd",
            Self::Zeek => "zeek",
            Self::Csv => "csv",
            Self::W3c => "w3c",
            Self::Access => "access",
            Self::Text => "text",
        }
    }

    /// The format behind a word of [`Self::as_str`].
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == word)
    }
}

impl From<json::JsonForm> for Format {
    fn from(form: json::JsonForm) -> Self {
        match form {
            json::JsonForm::Plain => Self::Json,
            json::JsonForm::Windows => Self::Windows,
        }
    }
}

/// The decoders of structured documents, which stand alone or inside a line. They keep the names of one chunk.
#[derive(Debug)]
pub struct Documents {
    /// For JSON.
    pub json: json::JsonDecoder,
    /// For XML elements.
    pub xml: xml::XmlDecoder,
}

impl Documents {
    /// For one chunk; documents nested deeper than `depth_max` are refused.
    pub fn new(depth_max: usize) -> Self {
        Self { json: json::JsonDecoder::new(depth_max), xml: xml::XmlDecoder::new(depth_max) }
    }

    /// Decodes a document: XML when it begins with `<`, else JSON. A JSON record that carries a Windows event as
    /// a text (forwarders' `body`, Azure's `RawXml`) gives the event's fields beside its own.
    pub fn decode(
        &mut self,
        document: &[u8],
        fields: &mut Fields<'_>,
    ) -> Result<Format, Malformed> {
        if document.first() == Some(&b'<') {
            return self.xml.decode(document, fields).map(Format::from);
        }
        let form = self.json.decode(document, fields)?;
        let Some((name, text)) = self.json.take_carried() else { return Ok(form.into()) };
        let inner = match xml::event_in(&text) {
            Some(event) => self.xml.decode(event, fields),
            None => self.json.decode(&text, fields),
        };
        // An event within an event within a record stays a text.
        let deeper = self.json.take_carried();
        for (name, text) in deeper.into_iter().chain(inner.is_err().then_some((name, text))) {
            fields.put(&name, &text);
        }
        Ok(inner.unwrap_or(form).into())
    }
}

#[cfg(test)]
mod tests {
    use super::Format;

    #[test]
    fn every_word_leads_back() {
        for format in Format::ALL {
            assert_eq!(Format::parse(format.as_str()), Some(format));
        }
        assert_eq!(Format::parse("Json"), None);
    }
}
