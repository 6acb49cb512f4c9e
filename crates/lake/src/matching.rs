//! Tests on texts that SQL has no exact word for, as functions of the query engine.
//!
//! ASCII letters are compared without regard to case, as the skip index folds them; other letters as Unicode folds
//! them.

use std::any::Any;
use std::net::IpAddr;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, BooleanBuilder, StringViewArray,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use ipnet::IpNet;
use regex::{Regex, RegexBuilder};
use rustc_hash::FxHashSet;

use crate::query::Comparison;
use crate::skip::tokens::{is_edge, is_token};

/// A test on one text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum TextTest {
    /// The whole text, whatever its case.
    Equal(String),
    /// One of several whole texts, whatever their case.
    OneOf(Vec<String>),
    /// The whole text as a pattern with `*` and `?`, whatever its case.
    Glob(Vec<Piece>),
    /// A regular expression that is found somewhere in the text.
    Regex(String),
    /// A text that stands in the text between the ends of tokens, whatever its case.
    Phrase(String),
    /// An address of this network.
    Network(IpNet),
    /// The text is a JSON list; one element passes.
    Element(Box<TextTest>),
    /// The text is a JSON object; the value of this key (or one of its values) passes.
    Key(String, Box<TextTest>),
    /// It compares so: as numbers when both are numbers, else letter by letter.
    Order(Comparison, String),
    /// All of these tests.
    All(Vec<TextTest>),
    /// Any text.
    Exists,
}

/// A piece of a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Piece {
    /// These letters.
    Text(String),
    /// One letter.
    One,
    /// Any letters.
    Any,
}

/// A test made ready.
#[derive(Debug)]
enum Ready {
    Ascii(String),
    OneOf(FxHashSet<String>),
    Regex(Regex),
    Phrase(Regex, bool, bool),
    Network(IpNet),
    Element(Box<Ready>),
    Key(String, Box<Ready>),
    Order(Comparison, String),
    All(Vec<Ready>),
    Exists,
}

/// Bytes that a compiled regular expression may take.
const REGEX_SIZE_MAX: usize = 1 << 20;

/// Letters that Unicode folds to ASCII letters; the skip index does not.
const FOLD_TO_ASCII: [char; 2] = ['\u{17f}', '\u{212a}'];

/// A regular expression for a text, whatever its case.
fn folded(text: &str, out: &mut String) {
    for letter in text.chars() {
        if letter.is_ascii_alphabetic() {
            let both = [letter.to_ascii_lowercase(), letter.to_ascii_uppercase()];
            out.push('[');
            out.extend(both);
            out.push(']');
        } else if letter.is_ascii() || FOLD_TO_ASCII.contains(&letter) {
            out.push_str(&regex::escape(letter.encode_utf8(&mut [0; 4])));
        } else {
            out.push_str("(?i:");
            out.push(letter);
            out.push(')');
        }
    }
}

fn glob(pieces: &[Piece]) -> String {
    let mut out = String::from("(?s)");
    if pieces.first() != Some(&Piece::Any) {
        out.push_str(r"\A");
    }
    let last = pieces.len().saturating_sub(1);
    for (index, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Text(text) => folded(text, &mut out),
            Piece::One => out.push('.'),
            Piece::Any if index == 0 || index == last => {}
            Piece::Any => out.push_str(".*"),
        }
    }
    if pieces.last() != Some(&Piece::Any) {
        out.push_str(r"\z");
    }
    out
}

fn compile(pattern: &str) -> std::result::Result<Regex, String> {
    RegexBuilder::new(pattern)
        .size_limit(REGEX_SIZE_MAX)
        .nest_limit(50)
        .build()
        .map_err(|error| error.to_string())
}

impl Ready {
    fn of(test: &TextTest) -> std::result::Result<Self, String> {
        Ok(match test {
            TextTest::Equal(text) if text.is_ascii() => Self::Ascii(text.clone()),
            TextTest::Equal(text) => Self::Regex(compile(&glob(&[Piece::Text(text.clone())]))?),
            TextTest::OneOf(texts) => {
                Self::OneOf(texts.iter().map(|text| text.to_ascii_lowercase()).collect())
            }
            TextTest::Glob(pieces) => Self::Regex(compile(&glob(pieces))?),
            TextTest::Regex(pattern) => Self::Regex(compile(pattern)?),
            TextTest::Phrase(text) => {
                let mut pattern = String::new();
                folded(text, &mut pattern);
                let bytes = text.as_bytes();
                // Dashes alone are no token, so they have no ends to look for.
                let has_token = bytes.iter().any(u8::is_ascii_alphanumeric);
                let ends = |byte: Option<&u8>| has_token && byte.is_some_and(|it| is_token(*it));
                Self::Phrase(compile(&pattern)?, ends(bytes.first()), ends(bytes.last()))
            }
            TextTest::Network(network) => Self::Network(*network),
            TextTest::Element(inner) => Self::Element(Box::new(Self::of(inner)?)),
            TextTest::Key(key, inner) => Self::Key(key.clone(), Box::new(Self::of(inner)?)),
            TextTest::Order(how, than) => Self::Order(*how, than.clone()),
            TextTest::All(tests) => {
                Self::All(tests.iter().map(Self::of).collect::<std::result::Result<_, _>>()?)
            }
            TextTest::Exists => Self::Exists,
        })
    }

    fn holds(&self, text: &str) -> bool {
        match self {
            Self::Ascii(wanted) => text.eq_ignore_ascii_case(wanted),
            Self::OneOf(wanted) => {
                wanted.contains(text) || wanted.contains(&text.to_ascii_lowercase())
            }
            Self::Regex(regex) => regex.is_match(text),
            Self::Phrase(regex, starts, ends) => holds_phrase(regex, *starts, *ends, text),
            Self::Network(network) => {
                text.parse::<IpAddr>().is_ok_and(|address| network.contains(&address))
            }
            Self::Element(inner) => serde_json::from_str::<Vec<String>>(text)
                .is_ok_and(|items| items.iter().any(|item| inner.holds(item))),
            Self::Key(key, inner) => holds_key(key, inner, text),
            Self::Order(how, than) => holds_order(*how, text, than),
            Self::All(tests) => tests.iter().all(|test| test.holds(text)),
            Self::Exists => true,
        }
    }
}

fn holds_order(how: Comparison, text: &str, than: &str) -> bool {
    let whole = text.parse::<i64>().ok().zip(than.parse::<i64>().ok());
    let number = || text.parse::<f64>().ok().zip(than.parse::<f64>().ok());
    let order = match whole {
        Some((text, than)) => Some(text.cmp(&than)),
        None => {
            number().map_or_else(|| Some(text.cmp(than)), |(text, than)| text.partial_cmp(&than))
        }
    };
    order.is_some_and(|order| match how {
        Comparison::Less => order.is_lt(),
        Comparison::AtMost => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::AtLeast => order.is_ge(),
    })
}

/// Whether the phrase stands in the text with its outer tokens whole.
fn holds_phrase(regex: &Regex, starts: bool, ends: bool, text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(found) = regex.find_at(text, from) {
        let before = bytes.get(..found.start()).unwrap_or_default();
        let after = bytes.get(found.end()..).unwrap_or_default();
        let is_end = |byte: Option<&u8>| byte.is_none_or(|byte| !is_token(*byte));
        let starts_whole = !starts || is_end(before.iter().rev().find(|byte| !is_edge(**byte)));
        let ends_whole = !ends || is_end(after.iter().find(|byte| !is_edge(**byte)));
        if starts_whole && ends_whole {
            return true;
        }
        from = found.start() + 1;
        while !text.is_char_boundary(from) {
            from += 1;
        }
    }
    false
}

fn holds_key(key: &str, inner: &Ready, text: &str) -> bool {
    // Parsing is dear: an object without the name's letters is passed over.
    let is_plain = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-@".contains(&byte));
    if is_plain && memchr::memmem::find(text.as_bytes(), key.as_bytes()).is_none() {
        return false;
    }
    let Ok(serde_json::Value::Object(map)) = serde_json::from_str(text) else { return false };
    let one = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => inner.holds(text),
        serde_json::Value::Null => false,
        other => inner.holds(&other.to_string()),
    };
    match map.get(key) {
        Some(serde_json::Value::Array(items)) => items.iter().any(one),
        Some(value) => one(value),
        None => false,
    }
}

/// A test as a function of the query engine: one text in, true, false or null out.
#[derive(Debug)]
pub(crate) struct TestFunction {
    test: TextTest,
    ready: Ready,
    name: String,
    signature: Signature,
}

impl PartialEq for TestFunction {
    fn eq(&self, other: &Self) -> bool {
        self.test == other.test
    }
}

impl Eq for TestFunction {}

impl std::hash::Hash for TestFunction {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.test.hash(state);
    }
}

impl TestFunction {
    /// What is tested.
    pub(crate) fn test(&self) -> &TextTest {
        &self.test
    }
}

/// Letters of a test that plans show.
const NAME_MAX: usize = 120;

/// The expression that tests `argument`; the error says what is wrong with a regular expression.
pub(crate) fn tested(argument: Expr, test: TextTest) -> std::result::Result<Expr, String> {
    let function = TestFunction {
        ready: Ready::of(&test)?,
        name: format!("text_test {test:?}").chars().take(NAME_MAX).collect(),
        test,
        signature: Signature::any(1, Volatility::Immutable),
    };
    Ok(ScalarUDF::new_from_impl(function).call(vec![argument]))
}

/// The test of a function, when it is one.
pub(crate) fn test_of(function: &ScalarUDF) -> Option<&TextTest> {
    let inner: &dyn Any = function.inner().as_ref();
    inner.downcast_ref::<TestFunction>().map(TestFunction::test)
}

impl ScalarUDFImpl for TestFunction {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match arguments.args.into_iter().next() {
            Some(ColumnarValue::Array(array)) => {
                let tested = apply(&array, |text| self.ready.holds(text))?;
                Ok(ColumnarValue::Array(Arc::new(tested)))
            }
            Some(ColumnarValue::Scalar(scalar)) => {
                let text = scalar.try_as_str().flatten();
                let truth = text.map(|text| self.ready.holds(text));
                Ok(ColumnarValue::Scalar(ScalarValue::Boolean(truth)))
            }
            None => Err(DataFusionError::Internal("a test without a text".to_owned())),
        }
    }
}

fn apply(array: &ArrayRef, holds: impl Fn(&str) -> bool) -> Result<BooleanArray> {
    let texts: ArrayRef = match array.data_type() {
        DataType::Utf8View => Arc::clone(array),
        _ => cast(array, &DataType::Utf8View)?,
    };
    let texts: &StringViewArray = texts.as_string_view();
    let mut found = BooleanBuilder::with_capacity(texts.len());
    for text in texts {
        found.append_option(text.map(&holds));
    }
    Ok(found.finish())
}

/// The function `cidr_match(address, network)` for SQL.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct CidrMatch {
    signature: Signature,
}

impl CidrMatch {
    pub(crate) fn new() -> Self {
        Self { signature: Signature::any(2, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for CidrMatch {
    fn name(&self) -> &'static str {
        "cidr_match"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [address, network] = arguments.args.as_slice() else {
            return Err(DataFusionError::Plan("cidr_match takes (address, network)".to_owned()));
        };
        let ColumnarValue::Scalar(network) = network else {
            return Err(DataFusionError::Plan(
                "cidr_match takes a network that is written out, such as '10.0.0.0/8'".to_owned(),
            ));
        };
        let network = network.try_as_str().flatten().and_then(|text| text.parse::<IpNet>().ok());
        let Some(network) = network else {
            return Err(DataFusionError::Plan(
                "cidr_match takes a network such as '10.0.0.0/8'".to_owned(),
            ));
        };
        let address = address.to_array(arguments.number_rows)?;
        let ready = Ready::Network(network);
        Ok(ColumnarValue::Array(Arc::new(apply(&address, |text| ready.holds(text))?)))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    fn holds(test: &TextTest, text: &str) -> bool {
        Ready::of(test).unwrap().holds(text)
    }

    #[test]
    fn a_phrase_stands_between_the_ends_of_tokens() {
        let phrase = |words: &str| TextTest::Phrase(words.to_owned());
        for (words, text, expected) in [
            ("evil.exe", r"C:\x\EVIL.exe", true),
            ("evil.exe", "ran evil.exe.", true),
            ("evil.exe", "devil.exe", false),
            ("bar", "foo-bar", false),
            ("bar", "--bar", true),
            ("foo bar", "a foo bar b", true),
            ("foo bar", "a foo barb foo bar", true),
            ("müller", "Herr MÜLLER.", true),
            ("/etc", "cat /etc/passwd", true),
            ("a", "ba aa a", true),
        ] {
            assert_eq!(holds(&phrase(words), text), expected, "{words} in {text}");
        }
    }

    #[test]
    fn patterns_cover_the_whole_text() {
        let pieces =
            vec![Piece::Text("cmd".into()), Piece::Any, Piece::Text("e".into()), Piece::One];
        let glob = TextTest::Glob(pieces);
        assert!(holds(&glob, "CMD.exe\nex"));
        assert!(!holds(&glob, "xcmd.exex"));
        assert!(!holds(&glob, "cmd.e"));
        assert!(holds(&TextTest::Glob(vec![Piece::Any]), ""));
    }

    #[test]
    fn letters_beyond_ascii_never_fold_into_ascii() {
        assert!(!holds(&TextTest::Equal("\u{212a}".into()), "k"));
        assert!(!holds(&TextTest::Equal("k".into()), "\u{212a}"));
        assert!(holds(&TextTest::Equal("grün".into()), "GRÜN"));
    }

    #[test]
    fn networks_lists_and_keys() {
        let network = TextTest::Network("10.0.0.0/8".parse().unwrap());
        assert!(holds(&network, "10.255.0.1"));
        assert!(!holds(&network, "11.0.0.1") && !holds(&network, "no address"));
        let element = TextTest::Element(Box::new(TextTest::Equal("b".into())));
        assert!(holds(&element, r#"["a","B"]"#) && !holds(&element, r#"["ab"]"#));
        let key = TextTest::Key("a".into(), Box::new(TextTest::Equal("7".into())));
        assert!(holds(&key, r#"{"a":[1,7]}"#) && !holds(&key, r#"{"b":7}"#));
    }

    #[test]
    fn a_regular_expression_without_end_is_refused() {
        assert!(Ready::of(&TextTest::Regex(r"(\w{1000}){1000}".into())).is_err());
    }
}
