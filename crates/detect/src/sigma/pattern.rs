//! Sigma text: escapes and wildcards read from a rule, and the match against a value.

use super::ast::{Part, Pattern};
use super::fold::fold_char;

/// Reads text as the specification's *Escape Character* section says: a backslash takes away the meaning of a
/// following `*`, `?` or backslash; before any other character it is itself.
pub fn parse_parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    if !text.contains(['*', '?', '\\']) {
        push_literal(&mut parts, text);
        return parts;
    }
    let mut literal = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                literal
                    .push(chars.next_if(|next| matches!(next, '*' | '?' | '\\')).unwrap_or('\\'));
            }
            '*' | '?' => {
                push_literal(&mut parts, &literal);
                literal.clear();
                push_wildcard(&mut parts, if c == '*' { Part::Any } else { Part::One });
            }
            _ => literal.push(c),
        }
    }
    push_literal(&mut parts, &literal);
    parts
}

fn push_literal(parts: &mut Vec<Part>, text: &str) {
    if !text.is_empty() {
        parts.push(Part::Literal(text.into()));
    }
}

fn push_wildcard(parts: &mut Vec<Part>, wildcard: Part) {
    if wildcard != Part::Any || parts.last() != Some(&Part::Any) {
        parts.push(wildcard);
    }
}

/// Lets anything stand before the pattern.
pub(crate) fn open_start(parts: &mut Vec<Part>) {
    if parts.first() != Some(&Part::Any) {
        parts.insert(0, Part::Any);
    }
}

/// Lets anything stand after the pattern.
pub(crate) fn open_end(parts: &mut Vec<Part>) {
    push_wildcard(parts, Part::Any);
}

/// The text when there is no wildcard.
pub(crate) fn plain_text(parts: &[Part]) -> Option<&str> {
    match parts {
        [] => Some(""),
        [Part::Literal(text)] => Some(text),
        _ => None,
    }
}

/// A character of a pattern between two `*`.
#[derive(Clone, Copy, PartialEq)]
enum Piece {
    Char(char),
    One,
}

impl Pattern {
    /// Whether the whole value fits the pattern; if so, start and end in characters of what the pattern's first
    /// and last character other than `*` met.
    ///
    /// The pieces between two `*` have fixed lengths, so the first place where each fits is as good as any: time
    /// grows at worst with the product of both lengths, never more.
    pub fn find(&self, value: &str) -> Option<(usize, usize)> {
        let case = |c: char| if self.cased { c } else { fold_char(c) };
        let value: Vec<char> = value.chars().map(case).collect();
        let mut segments: Vec<Vec<Piece>> = vec![Vec::new()];
        for part in &self.parts {
            match (part, segments.last_mut()) {
                (Part::Any, _) => segments.push(Vec::new()),
                (Part::One, Some(segment)) => segment.push(Piece::One),
                (Part::Literal(text), Some(segment)) => {
                    segment.extend(text.chars().map(|c| Piece::Char(case(c))));
                }
                (_, None) => {}
            }
        }
        let (first, rest) = segments.split_first()?;
        if !fits(first, &value, 0) {
            return None;
        }
        let Some((last, middle)) = rest.split_last() else {
            return (first.len() == value.len()).then_some((0, value.len()));
        };
        let mut at = first.len();
        let mut start = (!first.is_empty()).then_some(0);
        let mut end = first.len();
        for segment in middle.iter().filter(|segment| !segment.is_empty()) {
            let found = (at..=value.len().checked_sub(segment.len())?)
                .find(|&here| fits(segment, &value, here))?;
            at = found + segment.len();
            start = start.or(Some(found));
            end = at;
        }
        if !last.is_empty() {
            let tail = value.len().checked_sub(last.len()).filter(|&tail| tail >= at)?;
            if !fits(last, &value, tail) {
                return None;
            }
            start = start.or(Some(tail));
            end = value.len();
        }
        Some(start.map_or((0, value.len()), |start| (start, end)))
    }

    /// Whether the whole value fits the pattern.
    pub fn matches(&self, value: &str) -> bool {
        self.find(value).is_some()
    }
}

/// Whether a segment fits at one place.
fn fits(segment: &[Piece], value: &[char], at: usize) -> bool {
    value.get(at..at + segment.len()).is_some_and(|window| {
        segment
            .iter()
            .zip(window)
            .all(|(piece, c)| *piece == Piece::One || *piece == Piece::Char(*c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literal(text: &str) -> Part {
        Part::Literal(text.into())
    }

    fn pattern(text: &str) -> Pattern {
        Pattern { parts: parse_parts(text), cased: false }
    }

    #[test]
    fn escapes_follow_the_specification() {
        assert_eq!(parse_parts(r"C:\Windows\x"), [literal(r"C:\Windows\x")]);
        assert_eq!(parse_parts(r"C:\\Windows"), [literal(r"C:\Windows")]);
        assert_eq!(parse_parts(r"a\*b\?"), [literal("a*b?")]);
        assert_eq!(parse_parts(r"a\\*"), [literal(r"a\"), Part::Any]);
        assert_eq!(parse_parts(r"a\\\*"), [literal(r"a\*")]);
        assert_eq!(parse_parts(r"\\\x"), [literal(r"\\x")]);
        assert_eq!(parse_parts(r"\\\\x"), [literal(r"\\x")]);
        assert_eq!(parse_parts(r"end\"), [literal(r"end\")]);
        assert_eq!(parse_parts("***?"), [Part::Any, Part::One]);
        assert!(parse_parts("").is_empty());
    }

    #[test]
    fn wildcards_match_whole_values_with_spans() {
        assert_eq!(pattern("*WhoAmI*").find("c:\\whoami.exe"), Some((3, 9)));
        assert_eq!(pattern("prog?.exe").find("progA.exe"), Some((0, 9)));
        assert_eq!(pattern("prog?.exe").find("prog.exe"), None);
        assert_eq!(pattern("*").find(""), Some((0, 0)));
        assert_eq!(pattern("").find(""), Some((0, 0)));
        assert_eq!(pattern("").find("x"), None);
        assert_eq!(pattern("a*a").find("a"), None);
        assert_eq!(pattern("*ÄB*c").find("xäb\nyc"), Some((1, 6)));
        assert_eq!(pattern("a*b*c").find("a-b-b-c"), Some((0, 7)));
        assert!(!Pattern { parts: parse_parts("A*"), cased: true }.matches("ab"));
    }

    #[test]
    fn many_wildcards_take_no_exponential_time() {
        let hard = format!("{}b", "a*".repeat(200));
        assert!(!pattern(&hard).matches(&"a".repeat(5_000)));
    }
}
