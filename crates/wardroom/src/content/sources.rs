//! Mappings: which source folders there are and what they compile to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ingest::mapping::{Mapper, SourceFiles};
use ingest::{Ingest, Limits};
use model::FieldTable;

use super::{ContentFile, embedded, files_below, own_folder, read, taxonomy};
use crate::exit::Failure;

/// The files that make a folder a source.
const PARTS: [&str; 2] = ["source.yaml", "map.yaml"];

/// What to do about a source that cannot be compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strictness {
    /// Refuse to start: without it, its records would silently go unmapped.
    Refuse,
    /// Go on without it and say so.
    PassOver,
}

/// A sample of a source.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    /// File name without `.raw`.
    pub(crate) name: String,
    /// The records.
    pub(crate) raw: ContentFile,
    /// The events they must become.
    pub(crate) expected: Option<ContentFile>,
}

/// One folder of sources.
#[derive(Debug, Clone)]
struct SourceFolder {
    origin: String,
    files: BTreeMap<String, ContentFile>,
}

/// All source folders.
#[derive(Debug)]
pub(crate) struct Mappings {
    folders: BTreeMap<String, SourceFolder>,
    taxonomy: ContentFile,
}

/// A source that does not compile.
#[derive(Debug, Clone)]
pub(crate) struct Broken {
    /// Its id; empty when all are concerned (the taxonomy).
    pub(crate) id: String,
    /// Where it stands and what is wrong.
    pub(crate) message: String,
}

impl Mappings {
    /// The built-in sources, the user's own, and those of `folders`; a later source replaces one of the same id.
    pub(crate) fn layered(folders: &[PathBuf]) -> Result<Self, Failure> {
        let mut all = group("content/sources", embedded("sources"));
        if let Some(folder) = own_folder("sources") {
            all.extend(on_disk(&folder)?);
        }
        for folder in folders {
            all.extend(named(folder)?);
        }
        Ok(Self { folders: all, taxonomy: taxonomy(folders.last().map(PathBuf::as_path))? })
    }

    /// Only the sources of `folder`.
    pub(crate) fn only(folder: &Path) -> Result<Self, Failure> {
        Ok(Self { folders: named(folder)?, taxonomy: taxonomy(Some(folder))? })
    }

    /// Compiles them. `fields` holds the field names that rules use already.
    ///
    /// # Errors
    /// With [`Strictness::Refuse`], every source that cannot be compiled.
    fn compile(
        &self,
        fields: FieldTable,
        strictness: Strictness,
    ) -> Result<(Mapper, Vec<Broken>), Failure> {
        let taxonomy = self.taxonomy.text();
        let files: Vec<SourceFiles> =
            self.folders.iter().map(|(id, folder)| folder.source_files(id)).collect();
        if let Ok(mapper) = Mapper::compile(fields.clone(), &files, &taxonomy) {
            return Ok((mapper, Vec::new()));
        }
        let broken = self.broken(&files, &taxonomy)?;
        if strictness == Strictness::Refuse {
            let lines: Vec<&str> = broken.iter().map(|it| it.message.as_str()).collect();
            return Err(Failure::usage(format!(
                "{}\nrepair the mapping, or leave out the folder it stands in; `wardroom sources test` checks it",
                lines.join("\n")
            )));
        }
        let sound: Vec<SourceFiles> =
            files.into_iter().filter(|file| !broken.iter().any(|it| it.id == file.id)).collect();
        let mapper = Mapper::compile(fields, &sound, &taxonomy).map_err(|_| unstable())?;
        Ok((mapper, broken))
    }

    /// Compiles them into what turns bytes into events.
    pub(crate) fn ingest(
        &self,
        fields: FieldTable,
        strictness: Strictness,
    ) -> Result<(Ingest, Vec<Broken>), Failure> {
        let (mapper, broken) = self.compile(fields, strictness)?;
        Ok((Ingest::new(mapper, Limits::default()), broken))
    }

    /// Compiles each source alone, to know whose errors they are.
    fn broken(&self, files: &[SourceFiles], taxonomy: &str) -> Result<Vec<Broken>, Failure> {
        if let Err(errors) = Mapper::compile(FieldTable::default(), &[], taxonomy) {
            let words: Vec<String> = errors.iter().map(ToString::to_string).collect();
            return Err(Failure::usage(format!("{}: {}", self.taxonomy.origin, words.join("; "))));
        }
        let alone = files.iter().filter_map(|file| {
            let errors =
                Mapper::compile(FieldTable::default(), std::slice::from_ref(file), taxonomy)
                    .err()?;
            let origin = self.folders.get(&file.id).map_or("", |folder| &folder.origin);
            let prefix = format!("content/sources/{}: ", file.id);
            let words: Vec<String> =
                errors.iter().map(|error| error.to_string().replacen(&prefix, "", 1)).collect();
            Some(Broken { id: file.id.clone(), message: format!("{origin}: {}", words.join("; ")) })
        });
        Ok(alone.collect())
    }

    /// All ids.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        self.folders.keys().map(String::as_str)
    }

    /// Where a source stands.
    pub(crate) fn origin(&self, id: &str) -> Option<&str> {
        self.folders.get(id).map(|folder| folder.origin.as_str())
    }

    /// The samples of a source.
    pub(crate) fn samples(&self, id: &str) -> Vec<Sample> {
        let Some(folder) = self.folders.get(id) else { return Vec::new() };
        folder
            .files
            .iter()
            .filter_map(|(path, raw)| {
                let name = path.strip_prefix("samples/")?.strip_suffix(".raw")?.to_owned();
                let expected = folder.files.get(&format!("samples/{name}.ocsf.json")).cloned();
                Some(Sample { name, raw: raw.clone(), expected })
            })
            .collect()
    }
}

impl SourceFolder {
    fn source_files(&self, id: &str) -> SourceFiles {
        let text = |name: &str| self.files.get(name).map(ContentFile::text).unwrap_or_default();
        SourceFiles { id: id.to_owned(), source: text("source.yaml"), map: text("map.yaml") }
    }
}

fn unstable() -> Failure {
    Failure::usage(
        "the mappings compile alone but not together; this is a defect, please report it",
    )
}

/// How sources stand on disk.
const LAYOUT: &str = "a folder of sources holds one folder for each source, for example acme_door/source.yaml (what it is) \
                      and acme_door/map.yaml (how its records are read); docs/mapping.md tells more";

/// The sources of a folder that the user named: there must be some.
fn named(folder: &Path) -> Result<BTreeMap<String, SourceFolder>, Failure> {
    let shown = folder.display();
    if folder.is_file() {
        return Err(Failure::usage(format!(
            "{shown} is a file, not a folder of sources; {LAYOUT}"
        )));
    }
    if PARTS.iter().any(|name| folder.join(name).is_file()) {
        let parent = match folder.parent() {
            Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
            Some(parent) => parent,
            None => folder,
        };
        return Err(Failure::usage(format!(
            "{shown} is one source, not a folder of sources; name the folder around it: {}",
            parent.display()
        )));
    }
    let found = on_disk(folder)?;
    if found.is_empty() {
        return Err(Failure::not_found(format!("there is no source in {shown}; {LAYOUT}")));
    }
    Ok(found)
}

fn on_disk(folder: &Path) -> Result<BTreeMap<String, SourceFolder>, Failure> {
    let mut files = BTreeMap::new();
    for (relative, path) in files_below(folder)? {
        if Path::new(&relative).extension().is_some_and(|it| it == "yaml")
            || relative.contains("/samples/")
        {
            files.insert(relative, read(&path)?);
        }
    }
    let found = group(&folder.display().to_string(), files);
    for source in found.values() {
        if let Some(missing) = PARTS.iter().find(|name| !source.files.contains_key(**name)) {
            let origin = &source.origin;
            return Err(Failure::usage(format!("{origin}: {missing} is missing; {LAYOUT}")));
        }
    }
    Ok(found)
}

/// `<id>/<file>` → sources; what is no source folder is left out.
fn group(origin: &str, files: BTreeMap<String, ContentFile>) -> BTreeMap<String, SourceFolder> {
    let mut folders: BTreeMap<String, SourceFolder> = BTreeMap::new();
    for (relative, file) in files {
        if let Some((id, name)) = relative.split_once('/') {
            let folder = folders.entry(id.to_owned()).or_insert_with(|| SourceFolder {
                origin: format!("{origin}/{id}"),
                files: BTreeMap::new(),
            });
            folder.files.insert(name.to_owned(), file);
        }
    }
    folders.retain(|_, folder| PARTS.iter().any(|name| folder.files.contains_key(*name)));
    folders
}
