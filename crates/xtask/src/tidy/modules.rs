//! No dead file: every Rust file is reached from the root of its crate by `mod` lines.

use std::collections::BTreeMap;

use super::{Fault, Tree};

/// What a file is compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// The product.
    Code,
    /// Tests only.
    Tests,
}

/// Folders of a crate whose files are roots of their own, and whether those are tests.
const ROOT_FOLDERS: [(&str, Use); 6] = [
    ("src/bin", Use::Code),
    ("tests", Use::Tests),
    // Each is compiled alone, to be refused.
    ("tests/compile", Use::Tests),
    ("benches", Use::Tests),
    ("examples", Use::Tests),
    ("fuzz_targets", Use::Tests),
];

pub(super) fn check(tree: &Tree) -> Vec<Fault> {
    let reached = reached(tree);
    let mut faults: Vec<Fault> = tree
        .broken()
        .map(|(path, error)| Fault::of(path, format!("{error}; mend the file")))
        .collect();
    for (path, rust) in tree.rust() {
        if !reached.contains_key(path) {
            faults.push(Fault::of(
                path,
                "no `mod` line leads here: declare the module, or remove the file",
            ));
        }
        for index in 0..rust.tokens.len() {
            if rust.text(index) == "#"
                && rust.text(index + 1) == "["
                && rust.text(index + 2) == "path"
            {
                let line = rust.tokens.get(index).map_or(0, |token| token.line);
                faults.push(Fault::at(
                    path,
                    line,
                    "`#[path]` hides where a module is: put the file where its name says",
                ));
            }
        }
    }
    faults.extend(fuzz_targets(tree));
    faults
}

/// Every file that some root reaches, and what for.
pub(super) fn reached(tree: &Tree) -> BTreeMap<String, Use> {
    let mut found = BTreeMap::new();
    let mut open: Vec<(String, String, Use)> = Vec::new();
    for (path, _) in tree.rust() {
        if let Some((folder, what)) = root(path) {
            open.push((path.to_owned(), folder, what));
        }
    }
    while let Some((path, folder, what)) = open.pop() {
        let known = found.get(&path).copied();
        if known == Some(Use::Code) || known == Some(what) {
            continue;
        }
        found.insert(path.clone(), what);
        for module in tree.rust_of(&path).map(|rust| rust.modules.as_slice()).unwrap_or_default() {
            let inner = format!("{folder}/{}", module.path.join("/"));
            let what = if module.is_test { Use::Tests } else { what };
            for file in [format!("{inner}.rs"), format!("{inner}/mod.rs")] {
                if tree.rust_of(&file).is_some() {
                    open.push((file, inner.clone(), what));
                }
            }
        }
    }
    found
}

/// For a root the folder in which its modules lie and what it is for.
fn root(path: &str) -> Option<(String, Use)> {
    let (_, inside) = match path.strip_prefix("crates/") {
        Some(rest) => rest.split_once('/')?,
        None => ("fuzz", path.strip_prefix("fuzz/")?),
    };
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    if matches!(inside, "src/lib.rs" | "src/main.rs" | "build.rs") {
        return Some((folder, Use::Code));
    }
    ROOT_FOLDERS.iter().find_map(|(name, what)| {
        let rest = inside.strip_prefix(name)?.strip_prefix('/')?;
        // `tests/a.rs` and `tests/a/main.rs` are roots; `tests/support/mod.rs` is not.
        let is_root =
            !rest.contains('/') || rest.split_once('/').is_some_and(|(_, file)| file == "main.rs");
        is_root.then(|| (folder.clone(), *what))
    })
}

/// Fuzz targets are roots only when `fuzz/Cargo.toml` names them.
fn fuzz_targets(tree: &Tree) -> Vec<Fault> {
    let manifest = tree.text("fuzz/Cargo.toml").unwrap_or_default();
    tree.below("fuzz/fuzz_targets")
        .filter(|(path, _)| !manifest.contains(path.strip_prefix("fuzz/").unwrap_or(path)))
        .map(|(path, _)| {
            Fault::of(path, "fuzz/Cargo.toml does not name this target: add its [[bin]]")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Fault, Tree};
    use super::{Use, check, reached};

    #[test]
    fn dead_files_are_found() {
        let tree = Tree::of([
            ("crates/model/src/lib.rs", "mod a; mod in_line { mod deep; } #[cfg(test)] mod probe;"),
            ("crates/model/src/a/mod.rs", "mod b;"),
            ("crates/model/src/a/b.rs", "mod c;"),
            ("crates/model/src/a/b/c.rs", ""),
            ("crates/model/src/in_line/deep.rs", ""),
            ("crates/model/src/probe.rs", ""),
            ("crates/model/src/dead.rs", "mod also_dead;"),
            ("crates/model/src/dead/also_dead.rs", ""),
            ("crates/model/tests/whole.rs", "mod support;"),
            ("crates/model/tests/support/mod.rs", ""),
            ("crates/model/tests/unused/mod.rs", ""),
            ("crates/model/benches/speed.rs", ""),
        ]);
        let dead: Vec<String> = check(&tree).into_iter().map(|fault| fault.path).collect();
        assert_eq!(
            dead,
            [
                "crates/model/src/dead.rs",
                "crates/model/src/dead/also_dead.rs",
                "crates/model/tests/unused/mod.rs",
            ]
        );
        assert_eq!(reached(&tree).get("crates/model/src/probe.rs"), Some(&Use::Tests));
        assert_eq!(reached(&tree).get("crates/model/src/a/b/c.rs"), Some(&Use::Code));
    }

    #[test]
    fn hidden_paths_and_broken_files_are_found() {
        let tree = Tree::of([
            ("crates/model/src/lib.rs", "#[path = \"x.rs\"] mod y;"),
            ("crates/model/src/main.rs", "fn main( {"),
        ]);
        let said: Vec<String> = check(&tree).iter().map(Fault::to_string).collect();
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said.iter().any(|said| said.contains("is not Rust")));
    }

    #[test]
    fn a_fuzz_target_must_be_named() {
        let manifest = "[[bin]]\nname = \"json\"\npath = \"fuzz_targets/json.rs\"\n";
        let tree = Tree::of([
            ("fuzz/Cargo.toml", manifest),
            ("fuzz/fuzz_targets/json.rs", ""),
            ("fuzz/fuzz_targets/xml.rs", ""),
        ]);
        let paths: Vec<String> = check(&tree).into_iter().map(|fault| fault.path).collect();
        assert_eq!(paths, ["fuzz/fuzz_targets/xml.rs"]);
    }
}
