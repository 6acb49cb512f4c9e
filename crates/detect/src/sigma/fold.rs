//! The one case folding of this crate.
//!
//! A character folds to its lower case when that is a single character, else to itself (only `İ` is such a
//! one). Thus a folded text has as many characters as the text: offsets in characters need no translation.
//! Folding looks at one character at a time, so `Σ` is `σ` wherever it stands.

use std::borrow::Cow;

/// The folded character.
#[inline]
pub fn fold_char(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(single), None) => single,
        _ => c,
    }
}

/// The folded text; borrowed when nothing changes.
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Cow::Owned(text.to_ascii_lowercase());
        }
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(fold_char).collect())
}

/// Appends the folded text, for callers that keep a buffer.
pub fn fold_into(text: &str, into: &mut String) {
    if text.is_ascii() {
        let start = into.len();
        into.push_str(text);
        if let Some(added) = into.get_mut(start..) {
            added.make_ascii_lowercase();
        }
    } else {
        into.extend(text.chars().map(fold_char));
    }
}

/// How many characters of `folded` stand before byte `offset`: the offset in characters of the text that was
/// folded.
pub fn char_offset(folded: &str, offset: usize) -> usize {
    folded.get(..offset).map_or_else(|| folded.chars().count(), |before| before.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_keeps_the_number_of_characters() {
        for text in ["WhoAmI", "ÄÖÜ-Ω", "İstanbul", "ΟΔΥΣΣΕΥΣ", "ẞ", ""] {
            assert_eq!(fold(text).chars().count(), text.chars().count(), "{text}");
            let mut appended = "X".to_owned();
            fold_into(text, &mut appended);
            assert_eq!(appended, format!("X{}", fold(text)));
        }
        assert_eq!(fold("ÄÖÜ"), "äöü");
        assert_eq!(fold("ΟΔΥΣΣΕΥΣ"), "οδυσσευσ");
        assert!(matches!(fold("already"), Cow::Borrowed(_)));
        assert_eq!(char_offset("äöx", 4), 2);
    }
}
