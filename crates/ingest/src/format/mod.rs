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
    flaw: Option<Malformed>,
}

impl Documents {
    /// For one chunk; documents nested deeper than `depth_max` are refused.
    pub fn new(depth_max: usize) -> Self {
        Self {
            json: json::JsonDecoder::new(depth_max),
            xml: xml::XmlDecoder::new(depth_max),
            flaw: None,
        }
    }

    /// What is wrong with a document that was decoded as far as possible since this was asked last.
    pub fn take_flaw(&mut self) -> Option<Malformed> {
        self.flaw.take()
    }

    /// Decodes a document: XML when it begins with `<`, else JSON. A JSON record that carries a Windows event as
    /// a text (forwarders' `body`, Azure's `RawXml`) gives the event's fields beside its own. A broken document
    /// gives what stands before the flaw, which [`Self::take_flaw`] tells.
    pub fn decode(
        &mut self,
        document: &[u8],
        fields: &mut Fields<'_>,
    ) -> Result<Format, Malformed> {
        if document.first() == Some(&b'<') {
            let form = self.xml.decode(document, fields)?;
            self.flaw = self.xml.take_flaw();
            return Ok(form.into());
        }
        let form = match self.json.decode(document, fields) {
            Ok(form) => {
                self.flaw = self.json.take_flaw();
                form
            }
            Err(flaw) => {
                let Some(form) = self.json.conclude_broken(fields) else { return Err(flaw) };
                self.flaw = Some(flaw);
                form
            }
        };
        Ok(self.carried(form.into(), fields))
    }

    /// Decodes a row of a table, whose named cells `read` hands on.
    pub(crate) fn row<'c>(
        &mut self,
        fields: &mut Fields<'_>,
        read: impl FnOnce(&mut dyn FnMut(&'c str, &[u8])) -> Result<(), Malformed>,
    ) -> Result<Format, Malformed> {
        let form = match self.json.row(fields, read)? {
            json::JsonForm::Plain => Format::Csv,
            json::JsonForm::Windows => Format::Windows,
        };
        Ok(self.carried(form, fields))
    }

    /// Decodes what the record decoded last carries as a text. Returns what the record is with it.
    fn carried(&mut self, form: Format, fields: &mut Fields<'_>) -> Format {
        self.event_data(fields);
        let Some((name, text)) = self.json.take_carried() else { return form };
        let inner = match xml::event_in(&text) {
            Some(event) => self.xml.decode(event, fields),
            None => self.json.decode(&text, fields),
        };
        let flaw = self.xml.take_flaw();
        self.flaw = self.flaw.take().or(flaw);
        self.event_data(fields);
        // An event within an event within a record stays a text.
        let deeper = self.json.take_carried();
        for (name, text) in deeper.into_iter().chain(inner.is_err().then_some((name, text))) {
            fields.put(&name, &text);
        }
        inner.map_or(form, Format::from)
    }

    /// Decodes the data of a Windows event that stand in a text of their own.
    fn event_data(&mut self, fields: &mut Fields<'_>) {
        let Some(data) = self.json.take_event_data() else { return };
        if self.xml.decode_data(&data, fields).is_err() {
            fields.put("EventData", &data);
        }
        let flaw = self.xml.take_flaw();
        self.flaw = self.flaw.take().or(flaw);
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
