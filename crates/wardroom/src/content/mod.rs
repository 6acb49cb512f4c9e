//! Sources, rules and the taxonomy: built in, and on disk where the user has put more.
//!
//! Layers, later ones win: the binary's own, `$XDG_CONFIG_HOME/wardroom/content`, the folders of the command line.

mod rules;
mod sources;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::exit::Failure;

pub(crate) use self::rules::{RuleFile, placeholders, read_rules, rules_of_paths};
pub(crate) use self::sources::{Mappings, Sample, Strictness};

/// Folders within folders of content.
const DEPTH_MAX: usize = 16;
/// Bytes of one content file.
const FILE_BYTES_MAX: u64 = 8 << 20;

#[derive(rust_embed::RustEmbed)]
#[folder = "../../content"]
struct Embedded;

/// A text of the content and where it came from.
#[derive(Debug, Clone)]
pub(crate) struct ContentFile {
    /// For messages: `content/rules/…` for built-in files, the path on disk for others.
    pub(crate) origin: String,
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
}

impl ContentFile {
    /// The text; bytes that are no UTF-8 become marks, which the YAML reader will refuse where they matter.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

/// Built-in files below a folder of `content/`, by path relative to it.
fn embedded(folder: &str) -> BTreeMap<String, ContentFile> {
    Embedded::iter()
        .filter_map(|path| {
            let relative = path.strip_prefix(folder)?.strip_prefix('/')?.to_owned();
            let file = Embedded::get(&path)?;
            Some((
                relative,
                ContentFile { origin: format!("content/{path}"), bytes: file.data.into_owned() },
            ))
        })
        .collect()
}

/// The files of the recorded day, by name.
pub(crate) fn recorded_day() -> Vec<(String, Vec<u8>)> {
    embedded("demo/day").into_iter().map(|(name, file)| (name, file.bytes)).collect()
}

/// The user's own content folder, when there is one.
fn own_folder(kind: &str) -> Option<PathBuf> {
    let config = match std::env::var_os("XDG_CONFIG_HOME") {
        Some(folder) if !folder.is_empty() => PathBuf::from(folder),
        _ => PathBuf::from(std::env::var_os("HOME")?).join(".config"),
    };
    let folder = config.join("wardroom/content").join(kind);
    folder.is_dir().then_some(folder)
}

/// The user's taxonomy, else the built-in one.
fn taxonomy(beside: Option<&Path>) -> Result<ContentFile, Failure> {
    let own = own_folder("").map(|folder| folder.join("taxonomy.yaml"));
    let near = beside.and_then(Path::parent).map(|folder| folder.join("taxonomy.yaml"));
    if let Some(path) = near.into_iter().chain(own).find(|path| path.is_file()) {
        return read(&path);
    }
    let bytes =
        Embedded::get("taxonomy.yaml").map(|file| file.data.into_owned()).unwrap_or_default();
    Ok(ContentFile { origin: "content/taxonomy.yaml".to_owned(), bytes })
}

/// Reads one content file.
pub(crate) fn read(path: &Path) -> Result<ContentFile, Failure> {
    let failed = |error: &std::io::Error| Failure::file("read", path, error);
    let size = fs::metadata(path).map_err(|error| failed(&error))?.len();
    if size > FILE_BYTES_MAX {
        return Err(Failure::usage(format!(
            "{}: {size} bytes are too many for a rule or mapping (at most {FILE_BYTES_MAX}); split the file",
            path.display()
        )));
    }
    let bytes = fs::read(path).map_err(|error| failed(&error))?;
    Ok(ContentFile { origin: path.display().to_string(), bytes })
}

/// All files below a folder, sorted, by path relative to it with `/` between the parts.
fn files_below(folder: &Path) -> Result<Vec<(String, PathBuf)>, Failure> {
    let mut found = Vec::new();
    list(folder, "", 0, &mut found)?;
    found.sort();
    Ok(found)
}

fn list(
    folder: &Path,
    prefix: &str,
    depth: usize,
    found: &mut Vec<(String, PathBuf)>,
) -> Result<(), Failure> {
    let entries = fs::read_dir(folder).map_err(|error| Failure::file("read", folder, &error))?;
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        if name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            if depth < DEPTH_MAX {
                list(&path, &format!("{prefix}{name}/"), depth + 1, found)?;
            }
        } else {
            found.push((format!("{prefix}{name}"), path));
        }
    }
    Ok(())
}
