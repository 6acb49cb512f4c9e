//! Making hostile text harmless: nothing that a log says may steer a terminal, a spreadsheet or a browser.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;

use serde_json::ser::Formatter;

/// Characters that are shown by their code: controls, marks that turn the direction of text, and characters
/// that are there without being seen.
pub(crate) fn is_hostile(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The text with every hostile character written as its code (`\x1b`, `\u{202e}`) and line ends as `\n`.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hostile) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            hostile if is_hostile(hostile) => push_code(&mut shown, hostile),
            plain => shown.push(plain),
        }
    }
    Cow::Owned(shown)
}

fn push_code(shown: &mut String, character: char) {
    let code = u32::from(character);
    // Writing into a String cannot fail.
    let _written = if code < 0x100 {
        write!(shown, "\\x{code:02x}")
    } else {
        write!(shown, "\\u{{{code:x}}}")
    };
}

/// At most `characters_max` characters, with an ellipsis where something was cut.
pub(crate) fn shorten(text: &str, characters_max: usize) -> Cow<'_, str> {
    if text.chars().nth(characters_max).is_none() {
        return Cow::Borrowed(text);
    }
    let kept: String = text.chars().take(characters_max.saturating_sub(1)).collect();
    Cow::Owned(kept + "…")
}

/// A spreadsheet cell: what would start a formula gets an apostrophe in front.
pub(crate) fn cell(text: &str) -> Cow<'_, str> {
    let shown = visible(text);
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        Cow::Owned(format!("'{shown}"))
    } else {
        shown
    }
}

/// The one function by which text enters HTML, as element content or quoted attribute value.
pub(crate) fn html(text: &str) -> String {
    let shown = visible(text);
    let mut escaped = String::with_capacity(shown.len() + 8);
    for character in shown.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            plain => escaped.push(plain),
        }
    }
    escaped
}

/// Prose from a rule for HTML: how its author broke the lines does not matter.
pub(crate) fn html_prose(text: &str) -> String {
    html(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// JSON on one line in which hostile characters beyond those that JSON itself escapes are `\u` escapes too.
struct VisibleJson;

impl Formatter for VisibleJson {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        if fragment.bytes().all(|byte| byte < 0x7f) {
            return writer.write_all(fragment.as_bytes());
        }
        let mut buffer = [0_u16; 2];
        for character in fragment.chars() {
            if is_hostile(character) {
                for unit in character.encode_utf16(&mut buffer) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            } else {
                write!(writer, "{character}")?;
            }
        }
        Ok(())
    }
}

/// Writes `value` as JSON on one line.
pub(crate) fn write_json<W: io::Write, T: serde::Serialize>(
    writer: W,
    value: &T,
) -> serde_json::Result<()> {
    value.serialize(&mut serde_json::Serializer::with_formatter(writer, VisibleJson))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    const HOSTILE: &str = "a\u{1b}[31m\u{9b}b\u{202e}c\r\n\u{7f}\u{200b}é";

    #[test]
    fn hostile_characters_are_shown_by_their_code() {
        assert_eq!(visible(HOSTILE), "a\\x1b[31m\\x9bb\\u{202e}c\\r\\n\\x7f\\u{200b}é");
        assert!(matches!(visible("C:\\Windows é 日本"), Cow::Borrowed(_)));
    }

    #[test]
    fn cells_cannot_start_a_formula() {
        assert_eq!(cell("=cmd|' /C calc'!A0"), "'=cmd|' /C calc'!A0");
        assert_eq!(cell("\t=1"), "'\\t=1");
        for start in ["+1", "-1", "@a", "\r1"] {
            assert!(cell(start).starts_with('\''), "{start:?}");
        }
        assert_eq!(cell("plain"), "plain");
    }

    #[test]
    fn html_has_no_markup_left() {
        assert_eq!(html("<script>'\"&\u{202e}"), "&lt;script&gt;&#39;&quot;&amp;\\u{202e}");
    }

    #[test]
    fn prose_flows() {
        assert_eq!(html_prose("one\n  <two>\n"), "one &lt;two&gt;");
    }

    #[test]
    fn json_carries_the_text_unharmed_but_not_raw() {
        let mut out = Vec::new();
        write_json(&mut out, &serde_json::json!({"x": HOSTILE})).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(!text.chars().any(is_hostile), "{text}");
        let back: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(back["x"], HOSTILE);
    }

    #[test]
    fn shortening_counts_characters() {
        assert_eq!(shorten("éééé", 4), "éééé");
        assert_eq!(shorten("ééééé", 4), "ééé…");
    }
}
