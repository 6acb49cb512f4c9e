//! The files of the repository, read once.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context;

use super::rust::{self, Rust};

/// Names that are text and that checks read; of other files only the name is known.
const TEXT: [&str; 8] = ["md", "rs", "sh", "toml", "txt", "yaml", "yml", "lock"];

/// Text files without an ending.
const TEXT_NAMES: [&str; 5] = ["Makefile", "LICENSE", "NOTICE", "run", ".gitignore"];

/// Files by their path from the root, with `/` between the parts.
#[derive(Debug, Default)]
pub struct Tree {
    files: BTreeMap<String, String>,
    rust: BTreeMap<String, Result<Rust, String>>,
}

impl Tree {
    /// A tree of `(path, text)`.
    pub fn of<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut tree = Self::default();
        for (path, text) in files {
            tree.insert(path.to_owned(), text.to_owned());
        }
        tree
    }

    /// The tree below `root`, without what builds and tools leave there.
    ///
    /// # Errors
    /// When a folder or file cannot be read.
    pub fn read(root: &Path) -> anyhow::Result<Self> {
        let mut tree = Self::default();
        tree.folder(root, "")?;
        Ok(tree)
    }

    fn folder(&mut self, root: &Path, below: &str) -> anyhow::Result<()> {
        let path = root.join(below);
        for entry in
            fs::read_dir(&path).with_context(|| format!("cannot read {}", path.display()))?
        {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let inner = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
            let kind = entry.file_type()?;
            if kind.is_dir() {
                let is_skipped = name == ".git"
                    || name == "target"
                    || inner == "fuzz/corpus"
                    || inner == "fuzz/artifacts";
                if !is_skipped {
                    self.folder(root, &inner)?;
                }
            } else if kind.is_file() {
                let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
                let is_text = TEXT.contains(&ending) || TEXT_NAMES.contains(&name.as_str());
                let text = if is_text {
                    String::from_utf8_lossy(&fs::read(entry.path())?).into_owned()
                } else {
                    String::new()
                };
                self.insert(inner, text);
            }
        }
        Ok(())
    }

    fn insert(&mut self, path: String, text: String) {
        if has_ending(&path, "rs") {
            self.rust.insert(path.clone(), rust::read(&text));
        }
        self.files.insert(path, text);
    }

    /// The text of a file.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// All files in order.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Files in or below a folder; paths from the root.
    pub fn below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.files().filter(move |(path, _)| {
            path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
        })
    }

    /// Rust files and what they are made of; those that do not lex are left out here and reported by `modules`.
    pub(super) fn rust(&self) -> impl Iterator<Item = (&str, &Rust)> {
        self.rust.iter().filter_map(|(path, rust)| Some((path.as_str(), rust.as_ref().ok()?)))
    }

    /// Rust files that do not lex.
    pub(super) fn broken(&self) -> impl Iterator<Item = (&str, &str)> {
        self.rust
            .iter()
            .filter_map(|(path, rust)| Some((path.as_str(), rust.as_ref().err()?.as_str())))
    }

    /// What a Rust file is made of.
    pub(super) fn rust_of(&self, path: &str) -> Option<&Rust> {
        self.rust.get(path)?.as_ref().ok()
    }

    /// A TOML file as a table; `None` when it is absent or broken.
    pub(super) fn toml(&self, path: &str) -> Option<toml::Table> {
        self.text(path)?.parse().ok()
    }

    /// The crates: folders below `crates` that have a `Cargo.toml`.
    pub(super) fn crates(&self) -> Vec<&str> {
        self.files()
            .filter_map(|(path, _)| path.strip_suffix("/Cargo.toml"))
            .filter(|folder| folder.strip_prefix("crates/").is_some_and(|name| !name.contains('/')))
            .collect()
    }
}

/// Whether a path ends in `.ending`.
pub(super) fn has_ending(path: &str, ending: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, have)| have == ending)
}
