//! One word for each concept: names in code and headings of documents use the words of `docs/glossary.md`, whose
//! last column lists the words that are not used.

use super::rust::{Rust, Token};
use super::{Fault, Tree, has_ending};

const GLOSSARY: &str = "docs/glossary.md";

/// A word that is not used.
#[derive(Debug, PartialEq, Eq)]
struct Banned {
    /// Its parts in lower case: `log_source` has two.
    parts: Vec<String>,
    shown: String,
    instead: String,
}

pub(super) fn check(tree: &Tree) -> Vec<Fault> {
    let Some(glossary) = tree.text(GLOSSARY) else {
        return vec![Fault::of(GLOSSARY, "is missing: it holds the words of the project")];
    };
    let banned = banned(glossary);
    if banned.is_empty() {
        return vec![Fault::of(
            GLOSSARY,
            "bans no word: its tables need a last column 'Not' with words in backticks",
        )];
    }
    let mut faults = Vec::new();
    for (path, rust) in tree.rust() {
        let stem =
            path.rsplit('/').next().and_then(|name| name.strip_suffix(".rs")).unwrap_or_default();
        faults.extend(
            against(stem, &banned).map(|words| Fault::of(path, format!("is called so: {words}"))),
        );
        let foreign = foreign(rust);
        let is_ours = |token: &&Token| token.is_word && !foreign.contains(&token.text.as_str());
        for token in rust.tokens.iter().filter(is_ours) {
            faults.extend(
                against(&token.text, &banned).map(|words| Fault::at(path, token.line, words)),
            );
        }
    }
    for (path, text) in tree.files().filter(|(path, _)| has_ending(path, "md") && *path != GLOSSARY)
    {
        let mut is_code = false;
        for (index, line) in text.lines().enumerate() {
            is_code ^= line.starts_with("```");
            if line.starts_with('#') && !is_code {
                let words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
                faults.extend(
                    words
                        .filter_map(|word| against(word, &banned))
                        .map(|words| Fault::at(path, index + 1, words)),
                );
            }
        }
    }
    faults
}

/// Names that a file takes from libraries; they are not ours to choose.
fn foreign(rust: &Rust) -> Vec<&str> {
    const OURS: [&str; 8] =
        ["crate", "self", "super", "model", "ingest", "detect", "testkit", "xtask"];
    let mut found = Vec::new();
    for (index, token) in rust.tokens.iter().enumerate() {
        if token.is_word && token.text == "use" && !OURS.contains(&rust.text(index + 1)) {
            let path = rust.tokens.iter().skip(index + 1).take_while(|token| token.text != ";");
            found.extend(path.filter(|token| token.is_word).map(|token| token.text.as_str()));
        }
    }
    found
}

/// The words in backticks of the last column, with the word in the first column.
fn banned(glossary: &str) -> Vec<Banned> {
    let mut found = Vec::new();
    for row in glossary.lines().filter(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let (Some(first), Some(last), true) = (cells.first(), cells.last(), cells.len() > 2) else {
            continue;
        };
        for shown in last.split('`').skip(1).step_by(2) {
            let instead = first.trim_matches(['*', '`']).to_owned();
            found.push(Banned { parts: parts(shown), shown: shown.to_owned(), instead });
        }
    }
    found
}

/// What is wrong with a name, if anything.
fn against(name: &str, banned: &[Banned]) -> Option<String> {
    let have = parts(name);
    let is_same = |have: &String, word: &String| {
        have == word || have.strip_suffix('s') == Some(word.as_str())
    };
    banned
        .iter()
        .find(|word| {
            have.windows(word.parts.len()).any(|window| {
                window.iter().zip(&word.parts).all(|(have, word)| is_same(have, word))
            })
        })
        .map(|word| {
            format!("`{name}` says '{}': the word is '{}' ({GLOSSARY})", word.shown, word.instead)
        })
}

/// The words of a name: `fooBar_baz` has three.
fn parts(name: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut was_lower = false;
    for c in name.chars() {
        if c == '_' || c == '-' || c == ' ' {
            was_lower = false;
            found.push(String::new());
            continue;
        }
        if found.is_empty() || (c.is_uppercase() && was_lower) {
            found.push(String::new());
        }
        was_lower = c.is_lowercase() || c.is_ascii_digit();
        if let Some(last) = found.last_mut() {
            last.extend(c.to_lowercase());
        }
    }
    found.retain(|part| !part.is_empty());
    found
}

#[cfg(test)]
mod tests {
    use super::super::Tree;
    use super::{check, parts};

    const GLOSSARY: &str = "# Words\n| Word | What | From | Not |\n|---|---|---|---|\n\
                            | **Finding** | a result | OCSF | `alert`, `offence` |\n| logsource | x | Sigma | `log_source` |\n";

    fn lines(path: &str, text: &str) -> Vec<(String, usize)> {
        let tree = Tree::of([("docs/glossary.md", GLOSSARY), (path, text)]);
        check(&tree).into_iter().map(|fault| (fault.path, fault.line)).collect()
    }

    #[test]
    fn names_with_banned_words_are_found() {
        for code in [
            "struct Alert;",
            "struct NewAlerts;",
            "fn raise_alert() {}",
            "struct LogSource;",
            "const OFFENCE: u8 = 1;",
        ] {
            assert_eq!(lines("a.rs", &format!("\n{code}")), [("a.rs".to_owned(), 2)], "{code}");
        }
        assert_eq!(lines("crates/x/src/alerts.rs", ""), [("crates/x/src/alerts.rs".to_owned(), 0)]);
        assert_eq!(lines("docs/a.md", "# How alerts work\n"), [("docs/a.md".to_owned(), 1)]);
    }

    #[test]
    fn other_words_pass() {
        for code in [
            "struct Alertness;",
            "const A: &str = \"alert\"; // alert",
            "fn logsource() {}",
            "fn source_log() {}",
        ] {
            assert_eq!(lines("a.rs", code), [], "{code}");
        }
        assert_eq!(lines("a.rs", "use other::{LogSource};\nfn f(l: LogSource) {}"), []);
        assert_eq!(lines("a.rs", "\nuse crate::LogSource;"), [("a.rs".to_owned(), 2)]);
        assert_eq!(lines("docs/a.md", "an alert\n```sh\n# alert\n```\n"), []);
    }

    #[test]
    fn a_glossary_that_bans_nothing_is_no_glossary() {
        assert_eq!(check(&Tree::of([("docs/glossary.md", "# Words\n")])).len(), 1);
        assert_eq!(check(&Tree::default()).len(), 1);
    }

    #[test]
    fn names_fall_into_words() {
        assert_eq!(parts("rawHTTPLog_v2Field"), ["raw", "httplog", "v2", "field"]);
    }
}
