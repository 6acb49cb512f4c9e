//! From the paths of the command line to the files to read: folders to the bottom, sorted, loops passed over.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ingest::Limits;
use ingest::input::{self, Input};
use model::{ProblemReason, Timestamp};

use crate::exit::Failure;
use crate::terminal::Console;

/// Folders within folders.
const DEPTH_MAX: usize = 64;
/// Paths that are told as leading to a file that is read already.
const REPEATED_TOLD_MAX: usize = 5;

/// One thing to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// Standard input.
    Stdin,
    /// A file and its size.
    File(PathBuf, u64),
    /// A file or folder below a path that cannot be read: why, and in words.
    Lost(PathBuf, ProblemReason, String),
}

/// What the paths lead to.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    /// In the order of the paths, files of a folder by name.
    pub(crate) sources: Vec<Source>,
    /// Other ways to files that are in `sources` already, the first of them, and how many there are.
    repeated: (Vec<PathBuf>, usize),
}

impl Inputs {
    /// Bytes of all files; `None` when standard input is among them.
    pub(crate) fn bytes(&self) -> Option<u64> {
        self.sources
            .iter()
            .map(|source| match source {
                Source::File(_, size) => Some(*size),
                Source::Lost(..) => Some(0),
                Source::Stdin => None,
            })
            .sum()
    }

    /// Leaves each file in once, however many paths and links lead to it: what is read twice is found twice.
    fn read_once(&mut self) {
        let mut seen = HashSet::new();
        let repeated = &mut self.repeated;
        self.sources.retain(|source| {
            let (Source::File(path, _) | Source::Lost(path, ..)) = source else { return true };
            let is_new = seen.insert(fs::canonicalize(path).unwrap_or_else(|_| path.clone()));
            if !is_new {
                repeated.1 += 1;
                if repeated.0.len() < REPEATED_TOLD_MAX {
                    repeated.0.push(path.clone());
                }
            }
            is_new
        });
    }

    /// Tells the person which paths lead to files that others lead to as well.
    pub(crate) fn tell(&self, console: &Console) {
        let (told, count) = &self.repeated;
        if *count > 0 {
            let shown: Vec<String> = told.iter().map(|path| path.display().to_string()).collect();
            let more = count - told.len();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            console.note(&format!(
                "read once, though several paths or links lead there: {}{more}",
                shown.join(", ")
            ));
        }
    }

    /// Notes what the operating system does not give.
    fn lose(&mut self, path: &Path, error: &io::Error) {
        let words = unreadable(path, error);
        self.sources.push(Source::Lost(path.to_owned(), ProblemReason::Unreadable, words));
    }
}

/// Why a file or folder below a path cannot be read, and the way out.
pub(crate) fn unreadable(path: &Path, error: &io::Error) -> String {
    let is_link = fs::symlink_metadata(path).is_ok_and(|about| about.is_symlink());
    match error.kind() {
        io::ErrorKind::NotFound if is_link => {
            "the link leads to nothing; remove it or bring back what it names".to_owned()
        }
        _ => Failure::file("read", path, error).message,
    }
}

/// Finds what to read.
///
/// # Errors
/// When a path that was named does not exist or may not be read.
pub(crate) fn collect(paths: &[PathBuf]) -> Result<Inputs, Failure> {
    let mut inputs = Inputs::default();
    for path in paths {
        if path.as_os_str() == "-" {
            if inputs.sources.contains(&Source::Stdin) {
                return Err(Failure::usage("standard input ('-') can be read only once"));
            }
            inputs.sources.push(Source::Stdin);
            continue;
        }
        let about = fs::metadata(path).map_err(|error| Failure::file("read", path, &error))?;
        if about.is_dir() {
            fs::read_dir(path).map_err(|error| Failure::file("read", path, &error))?;
            walk(path, &mut Vec::new(), &mut inputs);
        } else {
            File::open(path).map_err(|error| Failure::file("read", path, &error))?;
            inputs.sources.push(Source::File(path.clone(), about.len()));
        }
    }
    inputs.read_once();
    Ok(inputs)
}

/// Refuses outputs that would destroy an input or each other. Called before anything is opened for writing, for
/// opening a file truncates it.
///
/// # Errors
/// Names the output and what it collides with.
pub(crate) fn refuse_overwriting(
    inputs: &Inputs,
    outputs: &[Option<&Path>],
) -> Result<(), Failure> {
    // A file that does not exist yet is known by its folder and name.
    let real = |path: &Path| {
        let parent = || Some(fs::canonicalize(path.parent()?).ok()?.join(path.file_name()?));
        fs::canonicalize(path).ok().or_else(parent).unwrap_or_else(|| path.to_owned())
    };
    let mut taken: Vec<PathBuf> = Vec::new();
    for output in outputs.iter().flatten() {
        let place = real(output);
        let is_input = inputs.sources.iter().any(|source| match source {
            Source::File(path, _) => real(path) == place,
            Source::Stdin | Source::Lost(..) => false,
        });
        let shown = output.display();
        if is_input {
            return Err(Failure::usage(format!(
                "{shown} is an input and would be overwritten; give the output another name"
            )));
        }
        if taken.contains(&place) {
            return Err(Failure::usage(format!(
                "{shown} is named for two outputs; give each a file of its own"
            )));
        }
        taken.push(place);
    }
    Ok(())
}

fn walk(folder: &Path, ancestors: &mut Vec<PathBuf>, inputs: &mut Inputs) {
    let listed = fs::canonicalize(folder).and_then(|real| Ok((real, fs::read_dir(folder)?)));
    let (real, listing) = match listed {
        Ok(listed) => listed,
        Err(error) => return inputs.lose(folder, &error),
    };
    // A link to a folder around it leads to nothing new.
    if ancestors.contains(&real) {
        return;
    }
    if ancestors.len() >= DEPTH_MAX {
        let words =
            format!("more than {DEPTH_MAX} folders within each other; name a folder further down");
        inputs.sources.push(Source::Lost(folder.to_owned(), ProblemReason::OverLimit, words));
        return;
    }
    let mut entries = Vec::new();
    for entry in listing {
        match entry {
            Ok(entry) => entries.push(entry.path()),
            Err(error) => inputs.lose(folder, &error),
        }
    }
    entries.sort();
    ancestors.push(real);
    for path in entries {
        match fs::metadata(&path) {
            Ok(about) if about.is_dir() => walk(&path, ancestors, inputs),
            Ok(about) if about.is_file() => inputs.sources.push(Source::File(path, about.len())),
            // Sockets, pipes and devices would wait for ever.
            Ok(_) => {}
            Err(error) => inputs.lose(&path, &error),
        }
    }
    ancestors.pop();
}

/// A file that counts the bytes it gives.
struct Counted {
    file: File,
    read_bytes: Arc<AtomicU64>,
}

impl io::Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.read_bytes.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

impl io::Seek for Counted {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// Opens a file, or standard input, for reading. Bytes read from files are added to `read_bytes`.
pub(crate) fn open(
    path: Option<&Path>,
    limits: Limits,
    read_bytes: &Arc<AtomicU64>,
) -> io::Result<Input> {
    match path {
        None => Ok(input::open_stream(
            Box::new(io::stdin()),
            Arc::from("(standard input)"),
            None,
            limits,
        )),
        Some(path) => {
            let file = File::open(path)?;
            let name: Arc<str> = Arc::from(path.to_string_lossy());
            let about = file.metadata()?;
            let reference = about.modified().ok().and_then(|at| jiff::Timestamp::try_from(at).ok());
            let reference = reference.map(|at| Timestamp(at.as_millisecond()));
            let file = Counted { file, read_bytes: Arc::clone(read_bytes) };
            if about.is_file() {
                Ok(input::open(Box::new(file), name, reference, limits))
            } else {
                Ok(input::open_stream(Box::new(file), name, reference, limits))
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use crate::exit::Code;

    #[test]
    fn folders_are_read_sorted_and_loops_end() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("b")).unwrap();
        fs::write(at("b/2.log"), "x").unwrap();
        fs::write(at("a.log"), "x").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(folder.path(), at("b/loop")).unwrap();
        let found = collect(&[folder.path().to_owned()]).unwrap();
        assert_eq!(found.sources, [Source::File(at("a.log"), 1), Source::File(at("b/2.log"), 1)]);
        assert_eq!(found.bytes(), Some(2));
    }

    #[test]
    fn a_missing_path_is_named() {
        let failure = collect(&[PathBuf::from("no/such/file")]).unwrap_err();
        assert_eq!(failure.code, Code::NotFound);
        assert!(failure.message.contains("no/such/file"));
    }
}
