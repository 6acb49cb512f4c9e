//! Nothing unfinished, no test that is skipped or that passes when it breaks, no trace of the machine it was
//! written on.

use super::{Fault, Tree, has_ending};

/// Words of unfinished work and machine paths: the parts are joined so that this file does not hold them.
const UNFINISHED: [&str; 4] =
    [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("HA", "CK:"), concat!("for ", "now")];
const MACHINE: [&str; 5] = [
    concat!("/wo", "rk/"),
    concat!("/tmp/", "wt"),
    concat!("/tmp/", "target"),
    concat!("/root/", ".cargo"),
    concat!("/home/", "runner"),
];
const MAKING: [&str; 7] = [
    concat!("work", "tree"),
    concat!("col", "league"),
    concat!("language ", "model"),
    concat!("chat", "gpt"),
    concat!("cla", "ude"),
    concat!("as ", "requested"),
    concat!("the ", "brief"),
];

/// Macros of work left undone.
const MACROS: [&str; 2] = ["todo", "unimplemented"];

pub(super) fn check(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (path, text) in tree.files().filter(|(path, _)| is_ours(path)) {
        for (index, line) in text.lines().enumerate() {
            faults.extend(spoken(line).map(|words| Fault::at(path, index + 1, words)));
        }
    }
    for (path, rust) in tree.rust() {
        for (index, token) in rust.tokens.iter().enumerate() {
            let is_attribute = rust.text(index) == "#" && rust.text(index + 1) == "[";
            let words = match rust.text(index + 2) {
                "ignore" if is_attribute => {
                    "a test that is skipped proves nothing: make it run, or remove it"
                }
                "should_panic" if is_attribute => {
                    "any panic would do: test for the value that comes back"
                }
                "!" if MACROS.contains(&rust.text(index + 1)) => {
                    "work left undone: do it, or return an error that says so"
                }
                _ => continue,
            };
            faults.push(Fault::at(path, token.line, words));
        }
    }
    faults
}

/// Files of our own writing; samples and rules say what attackers and machines say.
fn is_ours(path: &str) -> bool {
    let is_text = ["rs", "toml", "md", "sh"].iter().any(|ending| has_ending(path, ending))
        || matches!(path, "Makefile" | ".ci/run" | "NOTICE");
    is_text && !path.starts_with("content/")
}

fn spoken(line: &str) -> Option<String> {
    let has =
        |words: &[&'static str], text: &str| words.iter().copied().find(|word| text.contains(word));
    if let Some(word) = has(&UNFINISHED, line) {
        return Some(format!("says '{word}': finish it, or say what is so and why"));
    }
    if let Some(word) = has(&MACHINE, line) {
        return Some(format!(
            "names a path of one machine ('{word}'): use a path from the repository or a variable"
        ));
    }
    has(&MAKING, &line.to_lowercase())
        .map(|word| format!("speaks of how it was written ('{word}'): say what is so"))
}

#[cfg(test)]
mod tests {
    use super::super::{Fault, Tree};
    use super::{MACHINE, MAKING, UNFINISHED, check};

    fn faults(path: &str, text: &str) -> Vec<Fault> {
        check(&Tree::of([(path, text)]))
    }

    #[test]
    fn words_of_unfinished_work_and_of_one_machine_are_found() {
        for word in UNFINISHED.iter().chain(&MACHINE).chain(&MAKING) {
            let text = format!("first\nsecond {word} third");
            for path in ["a.rs", "docs/a.md", "Makefile", ".ci/run"] {
                let text = if path == "a.rs" { format!("//! x\n// {word}") } else { text.clone() };
                let found = faults(path, &text);
                assert_eq!(found.first().map(|fault| fault.line), Some(2), "{path} {word}");
            }
            assert_eq!(faults("content/sources/a/samples/a.raw", &text), []);
        }
        assert_eq!(faults("docs/a.md", "the home folder and the model of language"), []);
    }

    #[test]
    fn skipped_and_careless_tests_are_found() {
        for (code, line) in [
            (concat!("#[test]\n#[", "ignore]\nfn t() {}"), 2),
            (concat!("#[test]\n#[", "ignore = \"slow\"]\nfn t() {}"), 2),
            (concat!("#[", "should_panic]\nfn t() {}"), 1),
            (concat!("fn t() {\n    to", "do!()\n}"), 1),
            ("fn t() { unimplemented!(\"later\") }", 1),
        ] {
            let found: Vec<usize> = faults("a.rs", code).iter().map(|fault| fault.line).collect();
            assert_eq!(found, [line], "{code}");
        }
        assert_eq!(faults("a.rs", "fn t() { let ignore = 1; // should_panic\n }"), []);
    }
}
