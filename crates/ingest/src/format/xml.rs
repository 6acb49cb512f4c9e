//! Windows event XML: one `<Event>` element to the fields of [`super::windows`].
//!
//! Entities other than the five predefined ones and character references are left as they stand; nothing is
//! ever expanded from a document type definition.

use std::borrow::Cow;

use model::Value;
use quick_xml::Reader;
use quick_xml::errors::IllFormedError;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::paths::{JsonForm, Paths, Place};
use crate::{Fields, Malformed};

/// Decodes `<Event>` elements of one chunk; like [`super::json::JsonDecoder`] it belongs to one batch.
#[derive(Debug)]
pub struct XmlDecoder {
    paths: Paths,
    depth_max: usize,
    flaw: Option<Malformed>,
}

/// An element that is still open.
struct Open<'r> {
    place: Place,
    previous: Place,
    has_children: bool,
    has_attributes: bool,
    text: Text<'r>,
}

/// The text of an element: where it stands when it is one piece, else put together.
#[derive(Default)]
enum Text<'r> {
    #[default]
    Empty,
    Borrowed(&'r str),
    Owned(String),
}

impl<'r> Text<'r> {
    fn add(&mut self, piece: Cow<'r, str>) {
        if piece.is_empty() {
            return;
        }
        *self = match (std::mem::take(self), piece) {
            (Text::Empty, Cow::Borrowed(text)) => Text::Borrowed(text),
            (Text::Empty, Cow::Owned(text)) => Text::Owned(text),
            (Text::Borrowed(have), more) => Text::Owned([have, &more].concat()),
            (Text::Owned(mut have), more) => {
                have.push_str(&more);
                Text::Owned(have)
            }
        };
    }

    fn as_str(&self) -> &str {
        match self {
            Text::Empty => "",
            Text::Borrowed(text) => text,
            Text::Owned(text) => text,
        }
    }
}

impl XmlDecoder {
    /// A decoder that refuses elements nested deeper than `depth_max`.
    pub fn new(depth_max: usize) -> Self {
        Self { paths: Paths::default(), depth_max, flaw: None }
    }

    /// Decodes one element. Returns which family of names the record has: an element other than a Windows
    /// event keeps its own names, joined with dots. An element that is broken or ends early gives what can be read
    /// of it, and [`Self::take_flaw`] what is wrong.
    pub fn decode(
        &mut self,
        record: &[u8],
        fields: &mut Fields<'_>,
    ) -> Result<JsonForm, Malformed> {
        self.read(record, fields)?;
        Ok(self.paths.finish(fields))
    }

    /// Decodes the `EventData` element of a Windows event whose other properties have been put already.
    pub(super) fn decode_data(
        &mut self,
        element: &[u8],
        fields: &mut Fields<'_>,
    ) -> Result<(), Malformed> {
        self.read(element, fields)?;
        self.paths.finish_windows(fields);
        Ok(())
    }

    /// What is wrong with the element decoded last, although it was decoded.
    pub(super) fn take_flaw(&mut self) -> Option<Malformed> {
        self.flaw.take()
    }

    fn read(&mut self, record: &[u8], fields: &mut Fields<'_>) -> Result<(), Malformed> {
        self.paths.begin();
        self.flaw = None;
        let mut open: Vec<Open<'_>> = Vec::with_capacity(8);
        let text = String::from_utf8_lossy(record);
        let read = self.elements(&text, &mut open, fields);
        // What is still open ends where the text ends.
        let room = fields.room();
        while let Some(element) = open.pop() {
            self.end(&element, fields, room);
        }
        match read {
            Err(flaw) if !self.paths.has_values() => Err(flaw),
            read => {
                self.flaw = self.flaw.take().or(read.err());
                Ok(())
            }
        }
    }

    fn elements<'r>(
        &mut self,
        text: &'r str,
        open: &mut Vec<Open<'r>>,
        fields: &mut Fields<'_>,
    ) -> Result<(), Malformed> {
        let mut reader = Reader::from_str(text);
        reader.config_mut().allow_dangling_amp = true;
        let room = fields.room();
        let mut root = Open {
            place: Place::ROOT,
            previous: Place::START,
            has_children: true,
            has_attributes: true,
            text: Text::Empty,
        };
        let mut elements = 0;
        loop {
            let Some(event) = self.next(&mut reader)? else {
                if let Some(element) = open.pop() {
                    self.end(&element, fields, room);
                }
                continue;
            };
            match event {
                Event::Start(start) => {
                    if open.len() >= self.depth_max {
                        return Err(Malformed::over_limit(
                            "XML nested deeper than the limit allows",
                        ));
                    }
                    let element =
                        self.begin(open.last_mut().unwrap_or(&mut root), &start, fields, room)?;
                    open.push(element);
                    elements += 1;
                }
                Event::Empty(start) => {
                    let element =
                        self.begin(open.last_mut().unwrap_or(&mut root), &start, fields, room)?;
                    self.end(&element, fields, room);
                    elements += 1;
                }
                Event::End(_) => {
                    if let Some(element) = open.pop() {
                        self.end(&element, fields, room);
                    }
                }
                Event::Text(piece) => add(open, piece.into_inner()),
                Event::CData(piece) => add(open, piece.into_inner()),
                Event::GeneralRef(reference) => add(open, Cow::Owned(resolve(&reference))),
                Event::Eof => break,
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            }
        }
        match (elements, open.is_empty()) {
            (0, _) => Err(Malformed::new("no XML element in the record".to_owned())),
            (_, false) => Err(Malformed::new(
                "the XML element ends early: it was cut; the event has what was there".to_owned(),
            )),
            _ => Ok(()),
        }
    }

    /// The next piece of XML; `None` stands for an end tag that has the name of no open element, which ends the
    /// innermost one.
    fn next<'r>(&mut self, reader: &mut Reader<&'r [u8]>) -> Result<Option<Event<'r>>, Malformed> {
        match reader.read_event() {
            Ok(event) => Ok(Some(event)),
            Err(quick_xml::Error::IllFormed(IllFormedError::MismatchedEndTag {
                expected,
                found,
            })) if expected != "Event" => {
                let words = format!("</{found}> ends the XML element <{expected}>");
                self.flaw.get_or_insert_with(|| Malformed::new(words));
                Ok(None)
            }
            Err(error) => Err(Malformed::new(format!("not well-formed XML: {error}"))),
        }
    }

    fn begin<'r>(
        &mut self,
        parent: &mut Open<'_>,
        start: &BytesStart<'_>,
        fields: &mut Fields<'_>,
        room: usize,
    ) -> Result<Open<'r>, Malformed> {
        parent.has_children = true;
        let local = start.local_name();
        let mut name = Cow::Borrowed(local.as_ref());
        let mut has_attributes = false;
        if name == "Data"
            && let Ok(Some(attribute)) = start.try_get_attribute("Name")
            && !attribute.value.is_empty()
        {
            name = Cow::Owned(value(&attribute.value).into_owned());
        }
        let place = self.paths.child(parent.place, parent.previous, &name)?;
        parent.previous = place;
        if local.as_ref() == "Data" {
            return Ok(Open {
                place,
                previous: Place::START,
                has_children: false,
                has_attributes,
                text: Text::Empty,
            });
        }
        let mut previous = Place::START;
        for attribute in start.attributes().with_checks(false) {
            let attribute = attribute
                .map_err(|error| Malformed::new(format!("not well-formed XML: {error}")))?;
            let key = attribute.key.0;
            if key == "xmlns" || key.starts_with("xmlns:") {
                continue;
            }
            has_attributes = true;
            let group = self.paths.child(place, previous, "#attributes")?;
            let at = self.paths.child(group, Place::START, key)?;
            previous = group;
            if self.paths.len() < room {
                let text = value(&attribute.value);
                let text = fields.value_of(text.as_bytes());
                self.paths.push(at, text);
            }
        }
        Ok(Open { place, previous, has_children: false, has_attributes, text: Text::Empty })
    }

    fn end(&mut self, element: &Open<'_>, fields: &mut Fields<'_>, room: usize) {
        let text = element.text.as_str();
        // Browsers put a `-` before elements that can be folded.
        let is_empty = || text.chars().all(|letter| letter == '-' || letter.is_whitespace());
        if self.paths.len() >= room || (element.has_children && is_empty()) {
            return;
        }
        if !text.is_empty() {
            let text = fields.value_of(text.as_bytes());
            self.paths.push(element.place, text);
        } else if !element.has_attributes {
            self.paths.push(element.place, Value::Null);
        }
    }
}

/// The `<Event>` element, or the beginning of one, that a text consists of, without declaration and comments before
/// it or the `-` that browsers put there.
pub(super) fn event_in(text: &[u8]) -> Option<&[u8]> {
    let text = text.trim_ascii();
    let text = text.strip_prefix(b"-").map_or(text, <[u8]>::trim_ascii_start);
    if !text.starts_with(b"<Event") && !text.starts_with(b"<?xml") && !text.starts_with(b"<!--") {
        return None;
    }
    let is_start =
        |at: &usize| matches!(text.get(at + 6), Some(b'>' | b' ' | b'\t' | b'\r' | b'\n'));
    let at = memchr::memmem::find_iter(text, b"<Event").find(is_start)?;
    let event = text.get(at..)?;
    // Forwarders cut long events.
    (event.ends_with(b"</Event>") || memchr::memmem::find(event, b"<System>").is_some())
        .then_some(event)
}

fn add<'r>(open: &mut [Open<'r>], piece: Cow<'r, str>) {
    if let Some(element) = open.last_mut() {
        element.text.add(piece);
    }
}

/// An attribute's value with references resolved; as it stands when one of them is unknown.
fn value(raw: &str) -> Cow<'_, str> {
    quick_xml::escape::unescape(raw).unwrap_or(Cow::Borrowed(raw))
}

fn resolve(reference: &BytesRef<'_>) -> String {
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        return character.to_string();
    }
    let name: &str = reference;
    resolve_predefined_entity(name).map_or_else(|| format!("&{name};"), str::to_owned)
}
