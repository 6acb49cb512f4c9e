//! Regular expressions of rules: compiled once, within a size limit, and kept by what they say.

use regex::{Regex, RegexBuilder};
use rustc_hash::FxHashMap;

use super::ast::RegexTest;

/// Largest compiled expression, in bytes. (SigmaHQ has one, `\s\w{1,64}`, between one and two million.)
pub const REGEX_BYTES_MAX: usize = 4 << 20;

/// Most different expressions that one file may add: together with [`REGEX_BYTES_MAX`] it bounds what a file costs.
const REGEXES_PER_FILE_MAX: usize = 128;

/// The compiled expressions of a rule set.
#[derive(Debug, Clone, Default)]
pub struct Regexes {
    compiled: FxHashMap<RegexTest, Regex>,
    added: usize,
}

impl Regexes {
    /// The compiled expression of a test of the rule set.
    pub fn get(&self, test: &RegexTest) -> Option<&Regex> {
        self.compiled.get(test)
    }

    /// How many different expressions there are.
    pub fn len(&self) -> usize {
        self.compiled.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.compiled.is_empty()
    }

    /// Begins to count what one file adds.
    pub(crate) fn begin_file(&mut self) {
        self.added = 0;
    }

    /// Compiles a test unless an equal one is there.
    ///
    /// # Errors
    /// Says why the expression cannot be used.
    pub(crate) fn add(&mut self, test: &RegexTest) -> Result<(), String> {
        if !self.compiled.contains_key(test) {
            if self.added >= REGEXES_PER_FILE_MAX {
                return Err(format!("the file has more than {REGEXES_PER_FILE_MAX} of them"));
            }
            self.added += 1;
            self.compiled.insert(test.clone(), compile(test)?);
        }
        Ok(())
    }
}

/// Compiles one test: Unicode, searched anywhere, `.` without line ends unless `s`.
///
/// # Errors
/// Says why the expression cannot be used: its syntax (look-around and back references are not regular) or its
/// size.
pub fn compile(test: &RegexTest) -> Result<Regex, String> {
    RegexBuilder::new(&test.source)
        .case_insensitive(test.ignore_case)
        .multi_line(test.multi_line)
        .dot_matches_new_line(test.dot_all)
        .size_limit(REGEX_BYTES_MAX)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(limit) => {
                format!("it is larger than {limit} bytes when compiled")
            }
            other => {
                let text = other.to_string();
                let last = text
                    .lines()
                    .rev()
                    .find_map(|line| line.trim().strip_prefix("error: "))
                    .unwrap_or(&text);
                last.to_owned()
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(source: &str) -> RegexTest {
        RegexTest { source: source.into(), ignore_case: false, multi_line: false, dot_all: false }
    }

    #[test]
    fn reasons_name_what_is_not_regular() {
        let reason = |source| compile(&test(source)).err().unwrap_or_default();
        assert!(reason("a(?=b)").contains("look-around"), "{}", reason("a(?=b)"));
        assert!(reason(r"(a)\1").contains("backreference"));
        assert!(reason("(").contains("unclosed"));
        assert!(reason(r"\w{9000}").contains("larger"));
    }

    #[test]
    fn flags_change_what_matches() {
        let dot = |dot_all| {
            compile(&RegexTest { dot_all, ..test("a.b") }).is_ok_and(|regex| regex.is_match("a\nb"))
        };
        assert!(!dot(false) && dot(true));
        let line = |multi_line| {
            compile(&RegexTest { multi_line, ..test("^b$") }).is_ok_and(|it| it.is_match("a\nb\nc"))
        };
        assert!(!line(false) && line(true));
    }
}
