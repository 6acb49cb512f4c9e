//! JSON records (RFC 8259) to native fields, without a tree in between.
//!
//! Nested keys are joined with dots, a list of scalars becomes the same field several times, a list of
//! objects `list.key` several times. Texts without escapes stay where they are in the record.

use std::borrow::Cow;
use std::fmt;

use model::Value;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::paths::{Paths, Place};
use crate::{Fields, Malformed};

pub use super::paths::JsonForm;

/// Decodes JSON records of one chunk. Keeps the names it has seen, whose ids belong to the chunk's batch:
/// every chunk needs a decoder of its own.
#[derive(Debug)]
pub struct JsonDecoder {
    paths: Paths,
    depth_max: usize,
    carried: Option<(String, Vec<u8>)>,
    event_data: Option<Vec<u8>>,
    flaw: Option<Malformed>,
}

impl JsonDecoder {
    /// A decoder that refuses records nested deeper than `depth_max`.
    pub fn new(depth_max: usize) -> Self {
        Self { paths: Paths::default(), depth_max, carried: None, event_data: None, flaw: None }
    }

    /// Decodes one JSON object. Bytes that are not UTF-8 are replaced (U+FFFD) in the fields, not in the raw
    /// record. Returns which family of names the record has.
    pub fn decode(
        &mut self,
        record: &[u8],
        fields: &mut Fields<'_>,
    ) -> Result<JsonForm, Malformed> {
        let text = match std::str::from_utf8(record) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => String::from_utf8_lossy(record),
        };
        self.flaw = None;
        if let Err(flaw) = self.read(sonic_rs::Deserializer::from_str(&text), fields) {
            // Halves of surrogate pairs stand for no character; a record with one is whole all the same.
            let is_escaped = memchr::memmem::find(text.as_bytes(), b"\\u").is_some();
            if flaw.is_over_limit || !is_escaped {
                return Err(flaw);
            }
            let lossy = sonic_rs::Deserializer::from_str(&text).utf8_lossy();
            self.read(lossy, fields)?;
            let words = "a \\u escape that stands for no character; it is read as U+FFFD";
            self.flaw = Some(Malformed::new(words));
        }
        Ok(self.conclude(fields))
    }

    #[inline]
    fn read(
        &mut self,
        mut deserializer: sonic_rs::Deserializer<sonic_rs::Read<'_>>,
        fields: &mut Fields<'_>,
    ) -> Result<(), Malformed> {
        self.paths.begin();
        let room = fields.room();
        let mut state = State { paths: &mut self.paths, fields, room };
        let seed = Document { state: &mut state, depth: self.depth_max };
        let read = seed.deserialize(&mut deserializer).and_then(|()| deserializer.end());
        read.map_err(|error| {
            let detail = in_words(&error);
            Malformed { detail, is_over_limit: self.paths.is_over_limit() }
        })
    }

    /// Puts what was read.
    fn conclude(&mut self, fields: &mut Fields<'_>) -> JsonForm {
        self.event_data = None;
        self.carried = self.paths.take_event(fields);
        if self.carried.is_some() {
            self.paths.finish_around(fields);
            return JsonForm::Plain;
        }
        self.event_data = self.paths.take_event_data(fields);
        self.paths.finish(fields)
    }

    /// Puts what a record that could not be decoded to its end has before its flaw; `None`, with nothing put,
    /// when that is nothing.
    pub(super) fn conclude_broken(&mut self, fields: &mut Fields<'_>) -> Option<JsonForm> {
        self.paths.has_values().then(|| self.conclude(fields))
    }

    /// Reads a row of a table like an object whose keys are the names of the columns.
    pub(super) fn row<'c>(
        &mut self,
        fields: &mut Fields<'_>,
        read: impl FnOnce(&mut dyn FnMut(&'c str, &[u8])) -> Result<(), Malformed>,
    ) -> Result<JsonForm, Malformed> {
        self.paths.begin();
        let room = fields.room();
        let mut previous = Place::START;
        let mut too_long = Ok(());
        let paths = &mut self.paths;
        read(&mut |name, cell| match paths.child(Place::ROOT, previous, name) {
            Ok(place) => {
                previous = place;
                if paths.len() < room {
                    paths.push(place, fields.value_of(cell));
                }
            }
            Err(malformed) => too_long = Err(malformed),
        })?;
        too_long?;
        Ok(self.conclude(fields))
    }

    /// What is wrong with the record decoded last, although it was decoded.
    pub(super) fn take_flaw(&mut self) -> Option<Malformed> {
        self.flaw.take()
    }

    /// The data of the Windows event decoded last, as XML, when they stand in a text of their own.
    pub(super) fn take_event_data(&mut self) -> Option<Vec<u8>> {
        self.event_data.take()
    }

    /// The Windows event that the record decoded last holds as a text: the name of the field, which was not
    /// put, and the text.
    pub(super) fn take_carried(&mut self) -> Option<(String, Vec<u8>)> {
        self.carried.take()
    }
}

/// The library's message quotes the place over several lines; the first says what is wrong.
fn in_words(error: &dyn fmt::Display) -> String {
    let text = error.to_string();
    format!("not a JSON object: {}", text.lines().next().unwrap_or_default().trim())
}

struct State<'s, 'f> {
    paths: &'s mut Paths,
    fields: &'s mut Fields<'f>,
    room: usize,
}

impl State<'_, '_> {
    #[inline]
    fn put(&mut self, place: Place, value: Value) {
        if self.paths.len() < self.room {
            self.paths.push(place, value);
        }
    }

    #[inline]
    fn put_text(&mut self, place: Place, text: &str) {
        if self.paths.len() < self.room {
            let value = self.fields.value_of(text.as_bytes());
            self.paths.push(place, value);
        }
    }
}

/// The whole record, which must be an object.
struct Document<'a, 's, 'f> {
    state: &'a mut State<'s, 'f>,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Document<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Document<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        Content { state: self.state, place: Place::ROOT, depth: self.depth }.visit_map(map)
    }

    /// A list of objects on one line: their keys several times.
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let depth = deeper(self.state, self.depth)?;
        while list.next_element_seed(Document { state: &mut *self.state, depth })?.is_some() {}
        Ok(())
    }
}

/// A value at some place of the record.
struct Content<'a, 's, 'f> {
    state: &'a mut State<'s, 'f>,
    place: Place,
    depth: usize,
}

/// The depth that is left within an object or a list.
#[inline]
fn deeper<E: serde::de::Error>(state: &mut State<'_, '_>, depth: usize) -> Result<usize, E> {
    depth.checked_sub(1).ok_or_else(|| {
        state.paths.exceed();
        E::custom("nested deeper than the limit allows")
    })
}

impl<'de> DeserializeSeed<'de> for Content<'_, '_, '_> {
    type Value = ();

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Content<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any JSON value")
    }

    #[inline]
    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.state.put(self.place, Value::Bool(value));
        Ok(())
    }

    #[inline]
    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.state.put(self.place, Value::Int(value));
        Ok(())
    }

    #[inline]
    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        let value = i64::try_from(value).map_or(Value::Float(value as f64), Value::Int);
        self.state.put(self.place, value);
        Ok(())
    }

    #[inline]
    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.state.put(self.place, Value::Float(value));
        Ok(())
    }

    #[inline]
    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.state.put_text(self.place, value);
        Ok(())
    }

    #[inline]
    fn visit_unit<E>(self) -> Result<(), E> {
        self.state.put(self.place, Value::Null);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let depth = deeper(self.state, self.depth)?;
        let place = self.place;
        while list.next_element_seed(Content { state: self.state, place, depth })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let depth = deeper(self.state, self.depth)?;
        let mut previous = Place::START;
        loop {
            if self.state.paths.len() >= self.state.room {
                // Fields beyond the limit stay in the raw record only; names are not collected for them.
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                return Ok(());
            }
            let key = Key { paths: self.state.paths, parent: self.place, previous };
            let Some(place) = map.next_key_seed(key)? else {
                self.state.paths.end_object(self.place);
                return Ok(());
            };
            map.next_value_seed(Content { state: self.state, place, depth })?;
            previous = place;
        }
    }
}

/// A key of an object.
struct Key<'a> {
    paths: &'a mut Paths,
    parent: Place,
    previous: Place,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Place;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Place, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Place;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key")
    }

    #[inline]
    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<Place, E> {
        self.paths
            .child(self.parent, self.previous, key)
            .map_err(|malformed| E::custom(malformed.detail))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use model::{BatchBuilder, FieldTable, KindId, Section};

    use super::*;

    fn decode_with(
        record: &str,
        fields_max: usize,
        depth_max: usize,
    ) -> Result<Vec<(String, Value, String)>, String> {
        let table = FieldTable::default();
        let mut builder = BatchBuilder::default();
        let mut decoder = JsonDecoder::new(depth_max);
        // Twice: the second time the names are remembered.
        for _ in 0..2 {
            let mut fields = Fields::new(&mut builder, &table, record.as_bytes(), fields_max);
            decoder.decode(record.as_bytes(), &mut fields).map_err(|error| error.detail)?;
            builder.finish_record(KindId(0), None, 0, (0, record.len() as u32));
        }
        let batch = builder.finish(record.as_bytes().to_vec());
        let [first, second] = [0, 1].map(|index| {
            let event = batch.get(index);
            let slots = event.section(Section::Native).iter();
            slots
                .map(|slot| {
                    (
                        batch.field_name(slot.field, &table).to_owned(),
                        slot.value,
                        event.text(slot.value).into_owned(),
                    )
                })
                .collect::<Vec<_>>()
        });
        let names = |slots: &[(String, Value, String)]| {
            slots.iter().map(|slot| (slot.0.clone(), slot.2.clone())).collect::<Vec<_>>()
        };
        assert_eq!(names(&first), names(&second));
        Ok(first)
    }

    fn decode(record: &str) -> Vec<(String, Value, String)> {
        decode_with(record, 100, 10).unwrap()
    }

    fn pairs(record: &str) -> Vec<(String, String)> {
        decode(record).into_iter().map(|(name, _, text)| (name, text)).collect()
    }

    fn expect(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn nested_names_are_joined_and_lists_repeat_their_name() {
        assert_eq!(
            pairs(
                r#"{"a":{"b":{"c":"x"}},"l":[1,"2",[3]],"o":[{"k":1},{"k":2,"j":3}],"a":{"b":4},"my key":true}"#
            ),
            expect(&[
                ("a.b.c", "x"),
                ("l", "1"),
                ("l", "2"),
                ("l", "3"),
                ("o.k", "1"),
                ("o.k", "2"),
                ("o.j", "3"),
                ("a.b", "4"),
                ("my key", "true")
            ])
        );
        assert_eq!(pairs("{}"), []);
    }

    #[test]
    fn values_keep_their_kind_and_unescaped_texts_stay_in_place() {
        let slots = decode(
            r#"{"i":-5,"u":18446744073709551615,"f":1.5,"n":null,"t":"plain","e":"a\\b\u00e9"}"#,
        );
        assert_eq!(slots[0].1, Value::Int(-5));
        assert_eq!(slots[1].1, Value::Float(18_446_744_073_709_551_615.0));
        assert_eq!(slots[2].1, Value::Float(1.5));
        assert_eq!(slots[3].1, Value::Null);
        assert!(matches!(slots[4].1, Value::Raw { len: 5, .. }));
        assert!(matches!(slots[5].1, Value::Text { .. }));
        assert_eq!(slots[5].2, "a\\b\u{e9}");
    }

    #[test]
    fn limits_hold_and_broken_records_are_malformed() {
        assert_eq!(decode_with(r#"{"a":1,"b":2,"c":3}"#, 2, 10).unwrap().len(), 2);
        assert!(decode_with(r#"{"a":[[[1]]]}"#, 9, 3).unwrap_err().contains("deeper"));
        for broken in [
            "",
            "[1]",
            "12",
            "\"x\"",
            "{\"a\":1",
            "{\"a\" 1}",
            "{\"a\":1}}",
            "{\"a\":1} x",
            "{'a':1}",
            "{\"a\":\"\\q\"}",
        ] {
            assert!(decode_with(broken, 9, 9).is_err(), "{broken}");
        }
        let long = format!("{{\"{}\":1}}", "k".repeat(2000));
        assert!(decode_with(&long, 9, 9).unwrap_err().contains("longer"));
    }

    #[test]
    fn bytes_that_are_not_utf8_do_not_lose_the_record() {
        let table = FieldTable::default();
        let mut builder = BatchBuilder::default();
        let record = b"{\"a\":\"caf\xE9\"}";
        let mut fields = Fields::new(&mut builder, &table, record, 9);
        assert_eq!(JsonDecoder::new(9).decode(record, &mut fields), Ok(JsonForm::Plain));
        let value = fields.record()[0].value;
        assert_eq!(fields.bytes(value), Some("caf\u{FFFD}".as_bytes()));
    }
}
