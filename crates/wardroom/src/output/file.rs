//! Files that are whole or not there: written beside their place and moved there when complete.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::exit::Failure;

/// Tells temporary files of one run apart.
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A file being written. What stood in its place stays there until [`OutputFile::finish`]; a file that is not finished
/// leaves nothing behind.
pub(crate) struct OutputFile {
    path: PathBuf,
    out: BufWriter<File>,
    /// Where the bytes are and where they go; `None` when they go straight to a pipe or device.
    moving: Option<Moving>,
}

/// A temporary file on its way to its place.
struct Moving {
    temporary: PathBuf,
    target: PathBuf,
    is_done: bool,
}

impl Drop for Moving {
    fn drop(&mut self) {
        if !self.is_done {
            // There is nobody left to tell, and the name says what it is.
            let _removed = fs::remove_file(&self.temporary);
        }
    }
}

impl OutputFile {
    /// Opens it. Pipes and devices are written as they are; so is a file that may be written in a folder that may not.
    ///
    /// # Errors
    /// When it could not be written, in words that name it.
    pub(crate) fn create(path: &Path) -> Result<Self, Failure> {
        Self::open(path).map_err(|error| Failure::file("write", path, &error))
    }

    fn open(path: &Path) -> io::Result<Self> {
        let made = |file, moving| Self { path: path.to_owned(), out: BufWriter::new(file), moving };
        let permissions = match fs::metadata(path) {
            // Of a folder the system says what it is.
            Ok(about) if !about.is_file() || is_standard(path) => {
                return Ok(made(OpenOptions::new().append(true).open(path)?, None));
            }
            Ok(about) => {
                // A file that may not be written must not be replaced either.
                OpenOptions::new().append(true).open(path)?;
                Some(about.permissions())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        // A link stays: what it names is replaced.
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        match temporary_beside(&target) {
            Ok((file, temporary)) => {
                let moving = Moving { temporary, target, is_done: false };
                if let Some(permissions) = permissions {
                    file.set_permissions(permissions)?;
                }
                Ok(made(file, Some(moving)))
            }
            Err(error)
                if error.kind() == io::ErrorKind::PermissionDenied && permissions.is_some() =>
            {
                Ok(made(File::create(path)?, None))
            }
            Err(error) => Err(error),
        }
    }

    /// Puts the file into its place.
    ///
    /// # Errors
    /// When the rest of it cannot be written; then the old file stays.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        let Self { path, mut out, moving } = self;
        let finish = || {
            out.flush()?;
            let Some(mut moving) = moving else { return Ok(()) };
            // Some file systems say only now that there is no room.
            out.get_ref().sync_data()?;
            fs::rename(&moving.temporary, &moving.target)?;
            moving.is_done = true;
            Ok(())
        };
        finish().map_err(|error| Failure::file("write", &path, &error))
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes a whole file.
///
/// # Errors
/// When it cannot be written whole; then the old file stays.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut file = OutputFile::create(path)?;
    file.write_all(bytes).map_err(|error| Failure::file("write", path, &error))?;
    file.finish()
}

/// Whether a file could be written, without touching it. Pipes and devices are not opened: their readers would see
/// the end.
///
/// # Errors
/// When it could not be written.
pub(crate) fn probe(path: &Path) -> Result<(), Failure> {
    let opened = match fs::metadata(path) {
        Ok(about) if !about.is_file() && !about.is_dir() => Ok(()),
        Ok(_) => OpenOptions::new().append(true).open(path).map(drop),
        Err(_) => OutputFile::open(path).map(drop),
    };
    opened.map_err(|error| Failure::file("write", path, &error))
}

/// Whether the path is a stream of this process, such as /dev/stdout, whatever that leads to.
fn is_standard(path: &Path) -> bool {
    path.starts_with("/dev") || path.starts_with("/proc")
}

fn temporary_beside(target: &Path) -> io::Result<(File, PathBuf)> {
    let folder = target.parent().unwrap_or(Path::new(""));
    loop {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!(".wardroom-{}-{number}.part", std::process::id()));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((file, path)),
            // Left by another run that was killed.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn the_old_file_stays_until_the_new_one_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.html");
        fs::write(&path, "old").unwrap();
        let mut file = OutputFile::create(&path).unwrap();
        file.write_all(b"half").unwrap();
        file.flush().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        drop(file);
        assert_eq!(names(folder.path()), ["report.html"], "what is not finished leaves nothing");
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        write_file(&path, b"new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(names(folder.path()), ["report.html"]);
    }

    #[test]
    fn probing_leaves_no_trace() {
        let folder = tempfile::tempdir().unwrap();
        probe(&folder.path().join("report.html")).unwrap();
        assert!(names(folder.path()).is_empty());
        let missing = probe(&folder.path().join("no/report.html")).unwrap_err();
        assert_eq!(missing.code, crate::exit::Code::NotFound);
        assert_eq!(probe(folder.path()).unwrap_err().code, crate::exit::Code::Usage);
    }

    #[cfg(unix)]
    #[test]
    fn links_and_permissions_stay() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("a"), folder.path().join("b"));
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink("a", &link).unwrap();
        write_file(&link, b"new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }
}
