//! The files of a folder, a .zip, a .tar or a .tar.gz: rules and licences, within bounds.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _};
use std::path::{Component, Path};

use flate2::read::GzDecoder;

use crate::exit::Failure;

/// Bytes of one file.
const FILE_BYTES_MAX: u64 = 8 << 20;
/// Bytes of all files.
const BYTES_MAX: u64 = 512 << 20;
/// Entries of an archive.
const ENTRIES_MAX: usize = 100_000;
/// Folders within folders.
const DEPTH_MAX: usize = 32;

/// Texts by path, parts joined with `/`.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// What has been taken so far.
#[derive(Default)]
struct Taken {
    files: Files,
    bytes: u64,
    entries: usize,
}

/// Reads what `path` holds.
pub(super) fn read(path: &Path) -> Result<Files, Failure> {
    let failed = |error: &io::Error| match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof | io::ErrorKind::Other => {
            Failure::usage(format!(
                "{}: {error}; give a folder, .zip, .tar or .tar.gz that is whole",
                path.display()
            ))
        }
        _ => Failure::file("read", path, error),
    };
    let mut taken = Taken::default();
    let outcome = if path.is_dir() { taken.folder(path, "", 0) } else { taken.archive(path) };
    outcome.map_err(|error| failed(&error))?;
    Ok(without_common_folder(taken.files))
}

impl Taken {
    fn folder(&mut self, folder: &Path, prefix: &str, depth: usize) -> io::Result<()> {
        for entry in folder.read_dir()? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            // Links are not followed: a folder of rules has none, and they may lead anywhere.
            let kind = entry.file_type()?;
            if kind.is_dir() && !name.starts_with('.') && depth < DEPTH_MAX {
                self.folder(&entry.path(), &format!("{prefix}{name}/"), depth + 1)?;
            } else if kind.is_file() {
                self.take(&format!("{prefix}{name}"), || File::open(entry.path()))?;
            }
        }
        Ok(())
    }

    fn archive(&mut self, path: &Path) -> io::Result<()> {
        let mut file = BufReader::new(File::open(path)?);
        let mut magic = Vec::new();
        file.by_ref().take(4).read_to_end(&mut magic)?;
        file.rewind()?;
        match magic.as_slice() {
            [b'P', b'K', ..] => self.zip(file),
            [0x1f, 0x8b, ..] => self.tar(GzDecoder::new(file)),
            _ => self.tar(file),
        }
    }

    fn zip(&mut self, file: BufReader<File>) -> io::Result<()> {
        let mut archive = zip::ZipArchive::new(file).map_err(io::Error::other)?;
        for index in 0..archive.len() {
            let entry = archive.by_index(index).map_err(io::Error::other)?;
            if entry.is_file()
                && let Some(name) = entry.name().ok().and_then(|name| plain(Path::new(&*name)))
            {
                self.take(&name, || Ok(entry))?;
            }
        }
        Ok(())
    }

    fn tar(&mut self, reader: impl Read) -> io::Result<()> {
        // What is read on the way counts too, whether it is kept or not.
        let mut archive = tar::Archive::new(reader.take(BYTES_MAX));
        for entry in archive.entries()? {
            let entry = entry?;
            let name = entry.path().ok().as_deref().and_then(plain);
            if entry.header().entry_type().is_file()
                && let Some(name) = name
            {
                self.take(&name, || Ok(entry))?;
            }
        }
        Ok(())
    }

    /// Keeps a file when it can be a rule or a licence.
    fn take<R: Read>(
        &mut self,
        name: &str,
        open: impl FnOnce() -> io::Result<R>,
    ) -> io::Result<()> {
        self.entries += 1;
        if self.entries > ENTRIES_MAX {
            return Err(io::Error::other(format!("more than {ENTRIES_MAX} files")));
        }
        if !is_rule(name) && !is_licence(name) {
            return Ok(());
        }
        let mut bytes = Vec::new();
        open()?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
        self.bytes += bytes.len() as u64;
        if bytes.len() as u64 > FILE_BYTES_MAX || self.bytes > BYTES_MAX {
            return Err(io::Error::other(format!("{name} is too large, or the whole is")));
        }
        self.files.insert(name.to_owned(), bytes);
        Ok(())
    }
}

/// A path without anything that leads elsewhere.
fn plain(path: &Path) -> Option<String> {
    let mut parts = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => parts.push(name.to_str()?),
            Component::CurDir => {}
            _ => return None,
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

/// Whether a file may hold a rule.
pub(super) fn is_rule(name: &str) -> bool {
    let path = Path::new(name);
    path.extension()
        .is_some_and(|it| it.eq_ignore_ascii_case("yml") || it.eq_ignore_ascii_case("yaml"))
        && !name.split('/').any(|part| part.starts_with('.') || part == "tests")
}

/// Whether a file states terms of use.
pub(super) fn is_licence(name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or(name).to_ascii_uppercase();
    last.starts_with("LICENSE") || last.starts_with("LICENCE") || last.starts_with("NOTICE")
}

/// Archives of a repository hold one folder named after it.
fn without_common_folder(files: Files) -> Files {
    let first = files
        .keys()
        .next()
        .and_then(|name| name.split_once('/'))
        .map(|(folder, _)| format!("{folder}/"));
    match first {
        Some(folder)
            if files.keys().all(|name| name.starts_with(&folder)) && folder.contains('-') =>
        {
            files
                .into_iter()
                .map(|(name, bytes)| {
                    (name.strip_prefix(&folder).unwrap_or(&name).to_owned(), bytes)
                })
                .collect()
        }
        _ => files,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_lead_elsewhere_are_refused() {
        assert_eq!(plain(Path::new("rules/a.yml")), Some("rules/a.yml".to_owned()));
        for bad in ["../a.yml", "/etc/passwd", "a/../../b.yml", ""] {
            assert_eq!(plain(Path::new(bad)), None, "{bad}");
        }
    }
}
