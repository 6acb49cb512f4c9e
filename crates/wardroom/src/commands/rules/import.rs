//! `wardroom rules import`: rules of others, kept beside what the user has changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use detect::sigma::{Placeholders, Refusal, RuleSet};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::archive::{self, Files, is_licence, is_rule};
use crate::args::ImportArgs;
use crate::content;
use crate::exit::{Code, Failure, Outcome};
use crate::output::file::write_file;
use crate::terminal::Console;
use crate::visible::visible;

/// Lines of the report for each fate.
const TOLD_MAX: usize = 20;

/// What was imported last time.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Manifest {
    /// SHA-256 of the upstream text of each rule, by path.
    rules: BTreeMap<String, String>,
}

/// What becomes of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    New,
    Changed,
    Unchanged,
    Kept,
    Removed,
}

impl Fate {
    const ALL: [Self; 5] = [Self::New, Self::Changed, Self::Unchanged, Self::Kept, Self::Removed];

    const fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
            Self::Kept => "kept (your edit or override)",
            Self::Removed => "removed",
        }
    }
}

/// Imports.
pub(super) fn run(arguments: &ImportArgs, console: &mut Console) -> Outcome {
    let files = archive::read(&arguments.path)?;
    let folder = arguments.to.join(set_name(arguments)?);
    let manifest = read_manifest(&folder)?;
    let (upstream, refusals) = usable(&files);
    if upstream.is_empty() && refusals.is_empty() {
        return Err(Failure::not_found(format!(
            "{}: no Sigma rule in it",
            arguments.path.display()
        )));
    }
    let overridden = overridden(&folder, &upstream)?;
    let fates = fates(&folder, &manifest, &upstream, &overridden)?;
    if !arguments.dry_run {
        apply(&folder, &fates, &upstream, &files)?;
    }
    for fate in Fate::ALL {
        let paths: Vec<&String> =
            fates.iter().filter(|(_, have)| **have == fate).map(|(path, _)| path).collect();
        writeln!(console.out, "{:>6} {}", paths.len(), fate.word())?;
        // A first import lists nothing: everything is new.
        let is_told = fate != Fate::Unchanged && !(fate == Fate::New && manifest.rules.is_empty());
        for path in paths.iter().take(TOLD_MAX).filter(|_| is_told) {
            writeln!(console.out, "         {}", visible(path))?;
        }
        if is_told && paths.len() > TOLD_MAX {
            writeln!(console.out, "         … {} more", paths.len() - TOLD_MAX)?;
        }
    }
    writeln!(console.out, "{:>6} refused", refusals.len())?;
    for refusal in &refusals {
        writeln!(console.out, "         {}", visible(&refusal.to_string()))?;
    }
    let said = if arguments.dry_run {
        "nothing was written; without --dry-run they go to"
    } else {
        "use them with: wardroom detect PATH --rules"
    };
    console.note(&format!("{said} {}", folder.display()));
    Ok(Code::Ok)
}

/// The name of the set: one plain folder name.
fn set_name(arguments: &ImportArgs) -> Result<String, Failure> {
    let given = arguments.set.clone().or_else(|| {
        let name = arguments.path.canonicalize().ok()?.file_name()?.to_string_lossy().into_owned();
        let stem =
            [".tar.gz", ".tgz", ".tar", ".zip"].iter().find_map(|end| name.strip_suffix(end));
        Some(stem.unwrap_or(&name).to_owned())
    });
    match given {
        Some(name) if !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\']) => {
            Ok(name)
        }
        _ => Err(Failure::usage("the set needs a plain name; give one with --set NAME")),
    }
}

fn read_manifest(folder: &Path) -> Result<Manifest, Failure> {
    let path = folder.join("manifest.json");
    if !path.exists() {
        return Ok(Manifest::default());
    }
    let file = content::read(&path)?;
    serde_json::from_slice(&file.bytes).map_err(|error| {
        Failure::usage(format!(
            "{}: {error}; restore it, or import into another folder",
            path.display()
        ))
    })
}

/// The rule files that load, all together so that references between them resolve; and why others do not.
fn usable(files: &Files) -> (BTreeMap<String, String>, Vec<Refusal>) {
    let mut texts: BTreeMap<String, String> = files
        .iter()
        .filter(|(name, _)| is_rule(name))
        .map(|(name, bytes)| (name.clone(), String::from_utf8_lossy(bytes).into_owned()))
        .filter(|(_, text)| is_sigma(text))
        .collect();
    let mut refusals = Vec::new();
    // Without a refused rule, others that refer to it are refused in turn.
    loop {
        let pairs = texts.iter().map(|(path, text)| (path, text.as_str()));
        let (_, refused) = RuleSet::load(pairs, &Placeholders::default());
        if refused.is_empty() {
            return (texts, refusals);
        }
        for refusal in &refused {
            texts.remove(&*refusal.path);
        }
        refusals.extend(refused);
    }
}

/// Repositories of rules hold other YAML too.
fn is_sigma(text: &str) -> bool {
    let has = |key: &str| text.lines().any(|line| line.starts_with(key));
    has("detection:") || has("correlation:") || has("filter:")
}

/// Upstream files that the user's overrides replace: by path, or by a rule of the same id.
fn overridden(
    folder: &Path,
    upstream: &BTreeMap<String, String>,
) -> Result<BTreeSet<String>, Failure> {
    let overrides = folder.join("overrides");
    if !overrides.is_dir() {
        return Ok(BTreeSet::new());
    }
    let own = archive::read(&overrides)?;
    let texts: BTreeMap<&String, String> = own
        .iter()
        .map(|(name, bytes)| (name, String::from_utf8_lossy(bytes).into_owned()))
        .collect();
    let ids = |texts: &mut dyn Iterator<Item = (&str, &str)>| -> Vec<(String, String)> {
        let (set, _) = RuleSet::load(texts, &Placeholders::default());
        let rules = set.rules.iter().map(|rule| &rule.meta);
        let all = rules.chain(set.correlations.iter().map(|it| &it.rule.meta));
        all.map(|meta| (meta.id.to_string(), meta.path.to_string())).collect()
    };
    let own_ids: BTreeSet<String> =
        ids(&mut texts.iter().map(|(name, text)| (name.as_str(), text.as_str())))
            .into_iter()
            .map(|(id, _)| id)
            .collect();
    let theirs = ids(&mut upstream.iter().map(|(name, text)| (name.as_str(), text.as_str())));
    let by_id = theirs.into_iter().filter(|(id, _)| own_ids.contains(id)).map(|(_, path)| path);
    Ok(by_id.chain(own.into_keys().filter(|name| upstream.contains_key(name))).collect())
}

fn fates(
    folder: &Path,
    manifest: &Manifest,
    upstream: &BTreeMap<String, String>,
    overridden: &BTreeSet<String>,
) -> Result<BTreeMap<String, Fate>, Failure> {
    let local = |path: &str| -> Result<Option<String>, Failure> {
        let path = folder.join(path);
        if path.is_file() {
            content::read(&path).map(|file| Some(hash(&file.bytes)))
        } else {
            Ok(None)
        }
    };
    let mut fates = BTreeMap::new();
    for (path, text) in upstream {
        let (here, there, before) = (local(path)?, hash(text.as_bytes()), manifest.rules.get(path));
        let fate = match here {
            _ if overridden.contains(path) => Fate::Kept,
            None => Fate::New,
            Some(here) if here == there => Fate::Unchanged,
            Some(here) if Some(&here) == before => Fate::Changed,
            Some(_) => Fate::Kept,
        };
        fates.insert(path.clone(), fate);
    }
    for (path, before) in manifest.rules.iter().filter(|(path, _)| !upstream.contains_key(*path)) {
        match local(path)? {
            Some(here) if here == *before => fates.insert(path.clone(), Fate::Removed),
            Some(_) => fates.insert(path.clone(), Fate::Kept),
            None => None,
        };
    }
    Ok(fates)
}

fn apply(
    folder: &Path,
    fates: &BTreeMap<String, Fate>,
    upstream: &BTreeMap<String, String>,
    files: &Files,
) -> Result<(), Failure> {
    for (path, fate) in fates {
        let target = folder.join(path);
        match (fate, upstream.get(path)) {
            (Fate::New | Fate::Changed, Some(text)) => write(&target, text.as_bytes())?,
            (Fate::Removed, _) => fs::remove_file(&target)
                .map_err(|error| Failure::file("remove", &target, &error))?,
            _ => {}
        }
    }
    for (name, bytes) in files.iter().filter(|(name, _)| is_licence(name)) {
        write(&folder.join(name), bytes)?;
    }
    let rules = upstream.iter().map(|(path, text)| (path.clone(), hash(text.as_bytes()))).collect();
    let text = serde_json::to_string_pretty(&Manifest { rules })? + "\n";
    write(&folder.join("manifest.json"), text.as_bytes())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    made.map_err(|error| Failure::file("write", path, &error))?;
    write_file(path, bytes)
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing into a String cannot fail.
        let _written = write!(text, "{byte:02x}");
        text
    })
}
