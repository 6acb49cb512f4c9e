//! JSON records (RFC 8259) to native fields, without a tree in between.
//!
//! Nested keys are joined with dots, a list of scalars becomes the same field several times, a list of
//! objects `list.key` several times. Texts without escapes stay where they are in the record.
//!
//! The reader is written here: a library's deserializer hands over every unescaped text as a string of its
//! own and begins each record with an empty buffer, and Windows paths are full of escapes.

use std::borrow::Cow;

use model::Value;

use super::json_text::{self, Text};
use super::paths::{Paths, Place};
use crate::{Fields, Malformed};

pub use super::paths::JsonForm;

/// Decodes JSON records of one chunk. Keeps the names it has seen, whose ids belong to the chunk's batch:
/// every chunk needs a decoder of its own.
#[derive(Debug)]
pub struct JsonDecoder {
    paths: Paths,
    depth_max: usize,
    unescaped: Vec<u8>,
}

impl JsonDecoder {
    /// A decoder that refuses records nested deeper than `depth_max`.
    pub fn new(depth_max: usize) -> Self {
        Self { paths: Paths::default(), depth_max, unescaped: Vec::new() }
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
        self.paths.begin();
        let room = fields.room();
        let mut reader = Reader {
            text: &text,
            at: 0,
            paths: &mut self.paths,
            unescaped: &mut self.unescaped,
            fields,
            room,
        };
        reader.document(self.depth_max)?;
        Ok(self.paths.finish(fields))
    }
}

/// Reads one record.
struct Reader<'r, 'd, 'f> {
    text: &'r str,
    at: usize,
    paths: &'d mut Paths,
    unescaped: &'d mut Vec<u8>,
    fields: &'d mut Fields<'f>,
    room: usize,
}

impl<'r> Reader<'r, '_, '_> {
    fn document(&mut self, depth: usize) -> Result<(), Malformed> {
        if self.next_token() != Some(b'{') {
            return Err(self.unexpected("an object"));
        }
        self.at += 1;
        let depth = depth.checked_sub(1).ok_or_else(too_deep)?;
        self.object(Place::ROOT, depth)?;
        match self.next_token() {
            None => Ok(()),
            Some(_) => Err(self.unexpected("the end of the record")),
        }
    }

    #[inline]
    fn bytes(&self) -> &'r [u8] {
        self.text.as_bytes()
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes().get(self.at).copied()
    }

    /// The next byte that is not white space.
    #[inline]
    fn next_token(&mut self) -> Option<u8> {
        loop {
            let byte = self.peek()?;
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    #[cold]
    fn unexpected(&self, wanted: &str) -> Malformed {
        Malformed(match self.peek() {
            Some(_) => format!("not a JSON object: {wanted} expected at byte {}", self.at),
            None => format!("not a JSON object: it ends where {wanted} is expected"),
        })
    }

    /// The members of an object whose brace has been read.
    fn object(&mut self, place: Place, depth: usize) -> Result<(), Malformed> {
        let mut previous = Place::START;
        let mut token = self.next_token();
        if token == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            if token != Some(b'"') {
                return Err(self.unexpected("a key"));
            }
            // Fields beyond the limit stay in the raw record only; names are not collected for them.
            let child = if self.is_full() {
                self.string()?;
                Place::ROOT
            } else {
                self.key(place, previous)?
            };
            if self.next_token() != Some(b':') {
                return Err(self.unexpected("a colon"));
            }
            self.at += 1;
            self.value(child, depth)?;
            previous = child;
            match self.next_token() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.unexpected("a comma or the end of the object")),
            }
            token = self.next_token();
        }
    }

    fn list(&mut self, place: Place, depth: usize) -> Result<(), Malformed> {
        if self.next_token() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.value(place, depth)?;
            match self.next_token() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.unexpected("a comma or the end of the list")),
            }
        }
    }

    #[inline]
    fn is_full(&self) -> bool {
        self.paths.len() >= self.room
    }

    #[inline]
    fn put(&mut self, place: Place, value: Value) {
        if !self.is_full() {
            self.paths.push(place, value);
        }
    }

    fn value(&mut self, place: Place, depth: usize) -> Result<(), Malformed> {
        match self.next_token() {
            Some(b'"') => {
                let text = self.string()?;
                if !self.is_full() {
                    let value = match text {
                        Text::Plain(bytes) => self.fields.value_of(bytes),
                        Text::Unescaped => self.fields.value_of(self.unescaped),
                    };
                    self.paths.push(place, value);
                }
                Ok(())
            }
            Some(b'{') => {
                self.at += 1;
                self.object(place, depth.checked_sub(1).ok_or_else(too_deep)?)
            }
            Some(b'[') => {
                self.at += 1;
                self.list(place, depth.checked_sub(1).ok_or_else(too_deep)?)
            }
            Some(b'-' | b'0'..=b'9') => {
                let (value, length) =
                    json_text::number(self.text.get(self.at..).unwrap_or_default())
                        .ok_or_else(|| self.unexpected("a number"))?;
                self.at += length;
                self.put(place, value);
                Ok(())
            }
            Some(b't') => self.word(place, b"true", Value::Bool(true)),
            Some(b'f') => self.word(place, b"false", Value::Bool(false)),
            Some(b'n') => self.word(place, b"null", Value::Null),
            _ => Err(self.unexpected("a value")),
        }
    }

    fn word(&mut self, place: Place, word: &[u8], value: Value) -> Result<(), Malformed> {
        if !self.bytes().get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            return Err(self.unexpected("a value"));
        }
        self.at += word.len();
        self.put(place, value);
        Ok(())
    }

    /// A string at its opening quote; what is unescaped lies in `unescaped`.
    #[inline]
    fn string(&mut self) -> Result<Text<'r>, Malformed> {
        let rest = self.bytes().get(self.at + 1..).unwrap_or_default();
        match json_text::string(rest, self.unescaped) {
            Ok((text, length)) => {
                self.at += 1 + length;
                Ok(text)
            }
            Err(at) => {
                self.at += 1 + at;
                Err(self.unexpected("the rest of a string"))
            }
        }
    }

    #[inline]
    fn key(&mut self, parent: Place, previous: Place) -> Result<Place, Malformed> {
        let start = self.at + 1;
        match self.string()? {
            Text::Plain(key) => {
                let key = self.text.get(start..start + key.len()).unwrap_or_default();
                self.paths.child(parent, previous, key)
            }
            Text::Unescaped => {
                self.paths.child(parent, previous, &String::from_utf8_lossy(self.unescaped))
            }
        }
    }
}

#[cold]
fn too_deep() -> Malformed {
    Malformed("JSON nested deeper than the limit allows".to_owned())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use model::{BatchBuilder, FieldTable, KindId, Section};
    use proptest::prelude::*;

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
            decoder.decode(record.as_bytes(), &mut fields).map_err(|error| error.0)?;
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

    /// Text that is nearly JSON.
    fn nearly_json() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("{\"a\":"),
            Just("}"),
            Just("["),
            Just("]"),
            Just(","),
            Just("\"b\":1"),
            Just("\"x\\n\\u00e9\""),
            Just("\"\\ud83d\\ude00\""),
            Just("-1.5e3"),
            Just("0"),
            Just("12345678901234567890"),
            Just("01"),
            Just("1."),
            Just("true"),
            Just("null"),
            Just(" \n"),
            Just("\"é long text without any escape at all\""),
            Just("tru"),
            Just("\"")
        ];
        prop::collection::vec(piece, 0..8)
            .prop_map(|pieces| format!("{{\"k\":{}}}", pieces.concat()))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_same_texts_are_json_as_for_serde_json(text in nearly_json()) {
            let expected = serde_json::from_str::<serde_json::Value>(&text).is_ok();
            prop_assert_eq!(decode_with(&text, 100, 100).is_ok(), expected, "{}", text);
        }

        #[test]
        fn texts_come_out_as_they_went_in(value in "\\PC{0,40}|[\\x00-\\x7f]{0,40}", key in "[a-z\"\\\\é]{1,20}") {
            let record = serde_json::json!({ &key: &value }).to_string();
            prop_assert_eq!(pairs(&record), expect(&[(&key, &value)]));
        }
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
