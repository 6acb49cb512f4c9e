//! The real disk: a folder that nobody else may read, and the machine's clock.

use std::collections::HashMap;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use model::Timestamp;
use ports::{Appended, Clock, Disk, DiskError, FileName};

use crate::receipt::lock;

/// Held locked as long as the folder is in use, so that two processes never write to one journal.
const LOCK: &str = ".lock";

/// What is kept free for everything else: state, notes, the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reserve {
    /// At least so many bytes.
    pub bytes: u64,
    /// At least this share of the disk, in percent.
    pub percent: u8,
}

impl Default for Reserve {
    fn default() -> Self {
        Self { bytes: 256 << 20, percent: 5 }
    }
}

/// A folder of the machine. Folder 0700, files 0600.
#[derive(Debug)]
pub struct FolderDisk {
    path: PathBuf,
    reserve: Reserve,
    open: Mutex<HashMap<FileName, Handle>>,
    /// Keeps the lock.
    _lock: File,
}

/// A file in use.
#[derive(Debug, Clone)]
struct Handle {
    file: Arc<File>,
    /// Set when the system did not confirm that its bytes are on disk: what it says later does not count.
    is_broken: bool,
}

impl FolderDisk {
    /// Opens a folder; makes it when it is not there.
    pub fn open(path: &Path, reserve: Reserve) -> Result<Self, DiskError> {
        let name = path.display().to_string();
        let failed =
            |error: io::Error| DiskError::Failed { file: name.clone(), reason: error.to_string() };
        if !path.is_dir() {
            DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
            if let Some(parent) = path.parent().filter(|parent| parent.is_dir()) {
                File::open(parent).and_then(|folder| folder.sync_all()).map_err(failed)?;
            }
        }
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o700)).map_err(failed)?;
        let lock = options().open(path.join(LOCK)).map_err(failed)?;
        lock.try_lock().map_err(|_| DiskError::Failed {
            file: name.clone(),
            reason: "another process uses this folder: stop it, or take another folder".to_owned(),
        })?;
        Ok(Self { path: path.to_owned(), reserve, open: Mutex::default(), _lock: lock })
    }

    /// The handle of a file; of one that is not there only when it is to be made.
    fn handle(&self, file: &str, is_made: bool) -> Result<Handle, DiskError> {
        let mut open = lock(&self.open);
        if let Some(handle) = open.get(file) {
            return Ok(handle.clone());
        }
        if file.contains(['/', '\0']) || matches!(file, "" | "." | ".." | LOCK) {
            return Err(DiskError::Failed {
                file: file.to_owned(),
                reason: "is no name of a file".to_owned(),
            });
        }
        let opened = options().create(is_made).open(self.path.join(file));
        let opened = opened.map_err(|error| self.error(file, &error))?;
        let handle = Handle { file: Arc::new(opened), is_broken: false };
        open.insert(file.to_owned(), handle.clone());
        Ok(handle)
    }

    fn error(&self, file: &str, error: &io::Error) -> DiskError {
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                DiskError::Full { free: self.free().unwrap_or(0), reserve: self.reserve.bytes }
            }
            _ => DiskError::Failed { file: file.to_owned(), reason: error.to_string() },
        }
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true).mode(0o600);
    options
}

impl Disk for FolderDisk {
    fn list(&self) -> Result<Vec<FileName>, DiskError> {
        let mut names = Vec::new();
        let entries = std::fs::read_dir(&self.path).map_err(|error| self.error(".", &error))?;
        for entry in entries {
            let entry = entry.map_err(|error| self.error(".", &error))?;
            names.extend(entry.file_name().into_string().ok().filter(|name| name != LOCK));
        }
        names.sort();
        Ok(names)
    }

    fn read(&self, file: &str, from: u64, most: usize) -> Result<Vec<u8>, DiskError> {
        let handle = self.handle(file, false)?;
        let mut bytes = vec![0; most];
        let mut filled = 0;
        while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match handle.file.read_at(rest, from + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.error(file, &error)),
            }
        }
        bytes.truncate(filled);
        Ok(bytes)
    }

    fn length(&self, file: &str) -> Result<u64, DiskError> {
        let handle = self.handle(file, false)?;
        handle.file.metadata().map(|data| data.len()).map_err(|error| self.error(file, &error))
    }

    fn append(&self, file: &str, bytes: &[u8]) -> Result<Appended, DiskError> {
        let handle = self.handle(file, true)?;
        (&*handle.file).write_all(bytes).map_err(|error| self.error(file, &error))?;
        self.length(file).map(|length| Appended { length })
    }

    fn truncate(&self, file: &str, length: u64) -> Result<(), DiskError> {
        let handle = self.handle(file, false)?;
        handle.file.set_len(length).map_err(|error| self.error(file, &error))
    }

    fn sync(&self, file: &str) -> Result<(), DiskError> {
        let not_durable = |reason: String| DiskError::NotDurable { file: file.to_owned(), reason };
        let handle = self.handle(file, false)?;
        if handle.is_broken {
            return Err(not_durable(
                "an earlier attempt failed, and what the system says now does not count".to_owned(),
            ));
        }
        handle.file.sync_data().map_err(|error| {
            if let Some(handle) = lock(&self.open).get_mut(file) {
                handle.is_broken = true;
            }
            not_durable(error.to_string())
        })
    }

    fn sync_folder(&self) -> Result<(), DiskError> {
        let synced = File::open(&self.path).and_then(|folder| folder.sync_all());
        synced.map_err(|error| DiskError::NotDurable {
            file: ".".to_owned(),
            reason: error.to_string(),
        })
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), DiskError> {
        let mut open = lock(&self.open);
        std::fs::rename(self.path.join(from), self.path.join(to))
            .map_err(|error| self.error(from, &error))?;
        open.remove(to);
        if let Some(handle) = open.remove(from) {
            open.insert(to.to_owned(), handle);
        }
        Ok(())
    }

    fn remove(&self, file: &str) -> Result<(), DiskError> {
        lock(&self.open).remove(file);
        match std::fs::remove_file(self.path.join(file)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(self.error(file, &error)),
            _ => Ok(()),
        }
    }

    fn free(&self) -> Result<u64, DiskError> {
        let stat = rustix::fs::statvfs(&self.path).map_err(|error| DiskError::Failed {
            file: ".".to_owned(),
            reason: error.to_string(),
        })?;
        let share =
            stat.f_blocks.saturating_mul(stat.f_frsize) / 100 * u64::from(self.reserve.percent);
        let free = stat.f_bavail.saturating_mul(stat.f_frsize);
        Ok(free.saturating_sub(self.reserve.bytes.max(share)))
    }
}

/// The machine's clock.
#[derive(Debug)]
pub struct MachineClock {
    since: Instant,
}

impl Default for MachineClock {
    fn default() -> Self {
        Self { since: Instant::now() }
    }
}

impl Clock for MachineClock {
    fn now(&self) -> Timestamp {
        let now = SystemTime::now();
        let millis = match now.duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            Err(before) => {
                i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |millis| -millis)
            }
        };
        Timestamp(millis)
    }

    fn elapsed(&self) -> Duration {
        self.since.elapsed()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    fn open(path: &Path) -> FolderDisk {
        FolderDisk::open(path, Reserve { bytes: 0, percent: 0 }).unwrap()
    }

    #[test]
    fn files_are_for_their_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/journal");
        let disk = open(&path);
        assert_eq!(disk.append("a", b"one").unwrap().length, 3);
        assert_eq!(disk.append("a", b"two").unwrap().length, 6);
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&path.join("a"))), (0o700, 0o600));
        assert_eq!(disk.read("a", 2, 3).unwrap(), b"etw");
        assert_eq!(disk.read("a", 5, 9).unwrap(), b"o");
        disk.truncate("a", 3).unwrap();
        assert_eq!(disk.append("a", b"!").unwrap().length, 4);
        disk.sync("a").unwrap();
        disk.append("b", b"old").unwrap();
        disk.rename("a", "b").unwrap();
        disk.sync_folder().unwrap();
        assert_eq!(
            (disk.list().unwrap(), disk.read("b", 0, 9).unwrap()),
            (vec!["b".to_owned()], b"one!".to_vec())
        );
        disk.remove("b").unwrap();
        disk.remove("b").unwrap();
        assert!(disk.read("b", 0, 1).is_err());
        assert!(disk.list().unwrap().is_empty());
    }

    #[test]
    fn names_stay_within_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let disk = open(folder.path());
        for name in ["../x", "/x", "", "..", ".lock"] {
            assert!(disk.append(name, b"x").is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_folder_has_one_user() {
        let folder = tempfile::tempdir().unwrap();
        let first = open(folder.path());
        let second = FolderDisk::open(folder.path(), Reserve::default());
        assert!(second.unwrap_err().to_string().contains("another process uses this folder"));
        drop(first);
        open(folder.path());
    }

    #[test]
    fn the_reserve_is_not_for_events() {
        let folder = tempfile::tempdir().unwrap();
        let all = open(folder.path()).free().unwrap();
        let less = FolderDisk::open(folder.path(), Reserve { bytes: 0, percent: 5 })
            .unwrap()
            .free()
            .unwrap();
        assert!(less < all);
        let none =
            FolderDisk::open(folder.path(), Reserve { bytes: u64::MAX, percent: 0 }).unwrap();
        assert_eq!(none.free().unwrap(), 0);
    }
}
