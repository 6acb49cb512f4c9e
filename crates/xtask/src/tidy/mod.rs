//! The rules of the project that a machine can hold, each in a file of its own.
//!
//! A check looks at a [`Tree`] and says what breaks its rule; it never looks at the disk, so that its tests use
//! trees made up on the spot.

mod arrows;
mod content;
mod documents;
mod habits;
mod length;
mod licences;
mod lints;
mod modules;
mod purity;
mod rust;
mod tree;
mod words;

use std::fmt;
use std::path::Path;

pub use tree::Tree;
use tree::has_ending;

/// Something that breaks a rule of the project.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The file, from the root of the repository.
    pub path: String,
    /// One-based line; 0 when it is about the whole file.
    pub line: usize,
    /// What is wrong and the way out.
    pub words: String,
}

impl Fault {
    fn at(path: &str, line: usize, words: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, words: words.into() }
    }

    fn of(path: &str, words: impl Into<String>) -> Self {
        Self::at(path, 0, words)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(to, "{}: {}", self.path, self.words),
            line => write!(to, "{}:{line}: {}", self.path, self.words),
        }
    }
}

/// Every check of the tree.
const ALL: &[fn(&Tree) -> Vec<Fault>] = &[
    arrows::check,
    purity::check,
    length::check,
    lints::check,
    modules::check,
    habits::check,
    words::check,
    content::check,
    documents::check,
];

/// Runs every check over the repository at `root`; what breaks a rule comes back in the order of the files.
///
/// # Errors
/// When the repository cannot be read or `cargo metadata` cannot be run.
pub fn check(root: &Path) -> anyhow::Result<Vec<Fault>> {
    let tree = Tree::read(root)?;
    let mut faults = licences::check(&tree, &licences::metadata(root)?);
    faults.extend(ALL.iter().flat_map(|check| check(&tree)));
    faults.sort();
    faults.dedup();
    Ok(faults)
}
