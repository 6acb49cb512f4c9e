//! Files stay short, and begin by saying what they are.

use super::{Fault, Tree, has_ending};

/// Most lines of a Rust file.
const LINES_MAX: usize = 500;

/// Files that are longer, with the lines they have. Only shorter: an entry is lowered or removed, never raised,
/// and none is added.
const LONG: &[(&str, usize)] = &[];

pub(super) fn check(tree: &Tree) -> Vec<Fault> {
    with(tree, LONG)
}

fn with(tree: &Tree, long: &[(&str, usize)]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (path, text) in tree.files().filter(|(path, _)| has_ending(path, "rs")) {
        if !text.starts_with("//!") {
            faults.push(Fault::at(
                path,
                1,
                "does not begin with `//!`: say in a sentence what the file is for",
            ));
        }
        let lines = text.lines().count();
        let allowed =
            long.iter().find(|(known, _)| *known == path).map_or(LINES_MAX, |(_, lines)| *lines);
        if lines > allowed {
            faults.push(Fault::of(path, format!("has {lines} lines, at most {allowed} are allowed: split it by what its parts do")));
        }
    }
    for (path, recorded) in long {
        let words = match tree.text(path).map(|text| text.lines().count()) {
            None => "is listed as long but is gone: remove it from the list".to_owned(),
            Some(lines) if lines <= LINES_MAX => {
                format!("has only {lines} lines now: remove it from the list of long files")
            }
            Some(lines) if lines < *recorded => {
                format!("has {lines} lines now: lower its entry in the list of long files")
            }
            Some(_) => continue,
        };
        faults.push(Fault::of(path, words));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::super::{Fault, Tree};
    use super::{LINES_MAX, check, with};

    fn said(faults: &[Fault]) -> String {
        faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_file_says_what_it_is() {
        let tree = Tree::of([("a.rs", "//! An a."), ("b.rs", "fn b() {}"), ("c.rs", "")]);
        let faults = check(&tree);
        assert_eq!(
            faults.iter().map(|fault| fault.path.as_str()).collect::<Vec<_>>(),
            ["b.rs", "c.rs"]
        );
    }

    #[test]
    fn a_file_may_have_so_many_lines() {
        let most = "//!\n".repeat(LINES_MAX);
        let more = "//!\n".repeat(LINES_MAX + 1);
        assert_eq!(said(&check(&Tree::of([("a.rs", most.as_str())]))), "");
        assert!(
            said(&check(&Tree::of([("a.rs", more.as_str())])))
                .contains("has 501 lines, at most 500")
        );
    }

    #[test]
    fn the_list_of_exceptions_only_shrinks() {
        let long = "//!\n".repeat(600);
        let tree = Tree::of([("a.rs", long.as_str()), ("b.rs", "//! Short.")]);
        assert_eq!(said(&with(&tree, &[("a.rs", 600)])), "");
        assert!(said(&with(&tree, &[("a.rs", 599)])).contains("at most 599"));
        assert!(said(&with(&tree, &[("a.rs", 601)])).contains("lower its entry"));
        assert!(
            said(&with(&tree, &[("a.rs", 600), ("b.rs", 510)]))
                .contains("b.rs: has only 1 lines now")
        );
        assert!(
            said(&with(&tree, &[("a.rs", 600), ("c.rs", 510)]))
                .contains("c.rs: is listed as long but is gone")
        );
    }
}
