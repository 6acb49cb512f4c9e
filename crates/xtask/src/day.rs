//! `cargo xtask day`: writes the recorded day to `content/demo/day` (or to the folder given). `cargo xtask
//! day --benign FOLDER` writes the day without the attack, `--attack FOLDER` the attack alone.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use testkit::day::{SEED, files, files_attack, files_benign};

/// Writes the files of the day. In the product's own folder, files that the day no longer has are removed; in a
/// folder that somebody named nothing is.
pub(crate) fn write(arguments: &[String]) -> anyhow::Result<()> {
    let is_own = arguments.is_empty();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (made, folder) = match words.as_slice() {
        [] => (files(SEED), Path::new(env!("CARGO_MANIFEST_DIR")).join("../../content/demo/day")),
        ["--benign", folder] => (files_benign(SEED), PathBuf::from(folder)),
        ["--attack", folder] => (files_attack(SEED), PathBuf::from(folder)),
        [folder] if !folder.starts_with('-') => (files(SEED), PathBuf::from(folder)),
        _ => anyhow::bail!("usage: cargo xtask day [--benign|--attack] [FOLDER]"),
    };
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make {}", folder.display()))?;
    let entries =
        std::fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if is_own && !made.iter().any(|(kept, _)| *kept == name) && entry.file_type()?.is_file() {
            std::fs::remove_file(entry.path()).with_context(|| format!("cannot remove {name}"))?;
        }
    }
    for (name, bytes) in made {
        let path = folder.join(&name);
        std::fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}
