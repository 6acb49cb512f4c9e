//! Times the loading of rules: `cargo run --release -p detect --example load_rules -- <folder> …`.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use detect::sigma::{Placeholders, RuleSet};

fn collect(folder: &Path, into: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if folder.is_file() {
        into.push(folder.to_owned());
        return Ok(());
    }
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, into)?;
        } else if path.extension().is_some_and(|it| it == "yml" || it == "yaml") {
            into.push(path);
        }
    }
    Ok(())
}

fn main() -> std::io::Result<()> {
    let mut paths = Vec::new();
    for folder in std::env::args().skip(1) {
        collect(Path::new(&folder), &mut paths)?;
    }
    paths.sort();
    let files = paths
        .iter()
        .map(|path| Ok((path.display().to_string(), std::fs::read_to_string(path)?)))
        .collect::<std::io::Result<Vec<_>>>()?;
    let begun = Instant::now();
    let (set, refusals) = RuleSet::load(
        files.iter().map(|(path, text)| (path.as_str(), text.as_str())),
        &Placeholders::default(),
    );
    let took = begun.elapsed();
    let mut out = std::io::stdout().lock();
    for refusal in &refusals {
        writeln!(out, "{refusal}")?;
    }
    writeln!(
        out,
        "{} files, {} rules, {} correlations, {} refused, {} regular expressions, {took:?}",
        files.len(),
        set.rules.len(),
        set.correlations.len(),
        refusals.len(),
        set.regexes.len(),
    )
}
