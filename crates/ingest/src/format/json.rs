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
}

impl JsonDecoder {
    /// A decoder that refuses records nested deeper than `depth_max`.
    pub fn new(depth_max: usize) -> Self {
        Self { paths: Paths::default(), depth_max }
    }

    /// Decodes one JSON object. Bytes that are not UTF-8 are replaced (U+FFFD) in the fields, not in the raw
    /// record. Returns which family of names the record has.
    pub fn decode(&mut self, record: &[u8], fields: &mut Fields<'_>) -> Result<JsonForm, Malformed> {
        let text = match std::str::from_utf8(record) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => String::from_utf8_lossy(record),
        };
        self.paths.begin();
        let room = fields.room();
        let mut deserializer = sonic_rs::Deserializer::from_str(&text);
        let mut state = State { paths: &mut self.paths, fields, room };
        let seed = Document { state: &mut state, depth: self.depth_max };
        seed.deserialize(&mut deserializer).and_then(|()| deserializer.end()).map_err(|error| malformed(&error))?;
        Ok(self.paths.finish(fields))
    }
}

/// The library's message quotes the place over several lines; the first says what is wrong.
fn malformed(error: &dyn fmt::Display) -> Malformed {
    let text = error.to_string();
    Malformed(format!("not a JSON object: {}", text.lines().next().unwrap_or_default().trim()))
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
    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<(), A::Error> {
        Content { state: self.state, place: Place::ROOT, depth: self.depth }.visit_seq(list)
    }
}

/// A value at some place of the record.
struct Content<'a, 's, 'f> {
    state: &'a mut State<'s, 'f>,
    place: Place,
    depth: usize,
}

impl Content<'_, '_, '_> {
    fn deeper<E: serde::de::Error>(&self) -> Result<usize, E> {
        self.depth.checked_sub(1).ok_or_else(|| E::custom("nested deeper than the limit allows"))
    }
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
        let depth = self.deeper()?;
        let place = self.place;
        while list.next_element_seed(Content { state: self.state, place, depth })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let depth = self.deeper()?;
        let mut previous = Place::START;
        loop {
            if self.state.paths.len() >= self.state.room {
                // Fields beyond the limit stay in the raw record only; names are not collected for them.
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                return Ok(());
            }
            let key = Key { paths: self.state.paths, parent: self.place, previous };
            let Some(place) = map.next_key_seed(key)? else { return Ok(()) };
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
        self.paths.child(self.parent, self.previous, key).map_err(|malformed| E::custom(malformed.0))
    }
}
