//! A text that every match of a regular expression contains, so that the expression runs only where it is seen.

use regex_syntax::hir::{Hir, HirKind};

use crate::sigma::ast::RegexTest;
use crate::sigma::fold::fold;

/// The longest text, folded, that stands in every match; `None` when there is none.
pub(super) fn literal(test: &RegexTest) -> Option<Box<[u8]>> {
    let hir = regex_syntax::ParserBuilder::new()
        .case_insensitive(test.ignore_case)
        .multi_line(test.multi_line)
        .dot_matches_new_line(test.dot_all)
        .build()
        .parse(&test.source)
        .ok()?;
    let mut runs = Runs::default();
    runs.walk(&hir);
    runs.cut();
    (!runs.best.is_empty()).then(|| runs.best.as_bytes().into())
}

/// Texts that must stand side by side.
#[derive(Default)]
struct Runs {
    current: String,
    best: String,
}

impl Runs {
    /// Ends the current run.
    fn cut(&mut self) {
        if self.current.len() > self.best.len() {
            self.best = std::mem::take(&mut self.current);
        }
        self.current.clear();
    }

    fn walk(&mut self, hir: &Hir) {
        match hir.kind() {
            HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
                Ok(text) => self.current.push_str(&fold(text)),
                Err(_) => self.cut(),
            },
            HirKind::Class(_) => match single(hir) {
                Some(character) => self.current.push(character),
                None => self.cut(),
            },
            HirKind::Concat(parts) => parts.iter().for_each(|part| self.walk(part)),
            HirKind::Capture(capture) => self.walk(&capture.sub),
            HirKind::Repetition(repetition) if repetition.min >= 1 => {
                self.walk(&repetition.sub);
                if repetition.max != Some(1) {
                    self.cut();
                    // What follows stands after the last repetition; a run may begin with one more copy of it.
                }
            }
            HirKind::Repetition(_) | HirKind::Alternation(_) => self.cut(),
            // Anchors match no characters: what stands on both sides still stands side by side.
            HirKind::Empty | HirKind::Look(_) => {}
        }
    }
}

/// The folded character when a class is one letter in its cases (`[aA]`).
fn single(hir: &Hir) -> Option<char> {
    let HirKind::Class(regex_syntax::hir::Class::Unicode(class)) = hir.kind() else { return None };
    let mut folded: Option<char> = None;
    for range in class.ranges() {
        if range.end() as u32 - range.start() as u32 > 4 {
            return None;
        }
        for character in range.start()..=range.end() {
            let lower = crate::sigma::fold::fold_char(character);
            if folded.is_some_and(|have| have != lower) {
                return None;
            }
            folded = Some(lower);
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(source: &str, ignore_case: bool) -> Option<String> {
        let test =
            RegexTest { source: source.into(), ignore_case, multi_line: false, dot_all: false };
        literal(&test).map(|text| String::from_utf8_lossy(&text).into_owned())
    }

    #[test]
    fn the_longest_text_that_must_stand() {
        assert_eq!(of(r"^.*\\system32\\[a-z]+\.exe$", false).as_deref(), Some(r"\system32\"));
        assert_eq!(of("(?:abc)+def", false).as_deref(), Some("abc"));
        assert_eq!(of("(foo|bar)baz", false).as_deref(), Some("baz"));
        assert_eq!(of("a?b?c?", false), None);
        assert_eq!(of(r"\w+`\w+", false).as_deref(), Some("`"));
        assert_eq!(of("InVoKe-X", true).as_deref(), Some("invoke-x"));
        assert_eq!(of("x{3,}yz", false).as_deref(), Some("yz"));
    }
}
