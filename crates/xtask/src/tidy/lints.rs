//! Every crate takes the lints of the workspace, and no `clippy.toml` makes functions longer.

use super::{Fault, Tree};

/// `too-many-lines-threshold`.
const FUNCTION_LINES_MAX: i64 = 70;

/// Lints that nobody may switch off at a place.
const FIXED: [&str; 2] = ["too_many_lines", "unsafe_code"];

pub(super) fn check(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for folder in tree.crates() {
        let path = format!("{folder}/Cargo.toml");
        let takes = tree
            .toml(&path)
            .and_then(|manifest| manifest.get("lints")?.get("workspace")?.as_bool());
        if takes != Some(true) {
            faults.push(Fault::of(
                &path,
                "does not take the lints of the workspace: add `[lints] workspace = true`",
            ));
        }
    }
    if tree.text("clippy.toml").is_none() {
        faults.push(Fault::of(
            "clippy.toml",
            "is missing: it bans clock, disk, environment and processes in pure crates",
        ));
    }
    for (path, _) in
        tree.files().filter(|(path, _)| *path == "clippy.toml" || path.ends_with("/clippy.toml"))
    {
        let threshold =
            tree.toml(path).and_then(|table| table.get("too-many-lines-threshold")?.as_integer());
        if threshold != Some(FUNCTION_LINES_MAX) {
            faults.push(Fault::of(
                path,
                format!("must say `too-many-lines-threshold = {FUNCTION_LINES_MAX}`"),
            ));
        }
    }
    for (path, rust) in tree.rust() {
        for (index, token) in rust.tokens.iter().enumerate() {
            let is_lint = FIXED.contains(&token.text.as_str()) && token.is_word;
            if is_lint && matches!(rust.text(index.saturating_sub(1)), "::" | "(" | ",") {
                faults.push(Fault::at(
                    path,
                    token.line,
                    format!("`{}` stays on: split the function, or do without", token.text),
                ));
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::super::{Fault, Tree};
    use super::check;

    fn said(manifest: &str, clippy: &str, code: &str) -> String {
        let tree = Tree::of([
            ("clippy.toml", "too-many-lines-threshold = 70"),
            ("crates/a/Cargo.toml", manifest),
            ("crates/a/clippy.toml", clippy),
            ("crates/a/src/lib.rs", code),
        ]);
        check(&tree).iter().map(Fault::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn lints_are_taken_and_kept() {
        let (manifest, clippy) = ("[lints]\nworkspace = true\n", "too-many-lines-threshold = 70");
        assert_eq!(said(manifest, clippy, "fn too_many_lines() {}"), "");
        assert!(said("", clippy, "").contains("does not take the lints"));
        assert!(
            said(manifest, "too-many-lines-threshold = 100", "")
                .contains("crates/a/clippy.toml: must say")
        );
        assert!(said(manifest, "", "").contains("crates/a/clippy.toml: must say"));
        let code = "\n#[expect(clippy::too_many_lines, reason = \"long\")]\nfn f() {}";
        assert!(
            said(manifest, clippy, code)
                .contains("crates/a/src/lib.rs:2: `too_many_lines` stays on")
        );
    }

    #[test]
    fn the_root_has_its_own() {
        let tree = Tree::of([("README.md", "")]);
        assert!(check(&tree).iter().any(|fault| fault.path == "clippy.toml"));
    }
}
