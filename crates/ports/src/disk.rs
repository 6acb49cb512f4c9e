//! A folder of append-only files, so that power loss can be simulated.

use std::fmt::Debug;

/// The name of a file: made by the program, never by what comes from outside.
pub type FileName = String;

/// Where bytes were appended: the file's length afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Bytes of the file, those just appended included.
    pub length: u64,
}

/// What went wrong with the disk.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// No space, or the reserve would be touched.
    #[error(
        "the disk is full: {free} bytes free of which {reserve} are kept in reserve; free space or move the data"
    )]
    Full {
        /// Bytes free.
        free: u64,
        /// Bytes that are never used for events.
        reserve: u64,
    },
    /// Data may not be on disk although it was written: the process must end and recover (`fsync` is never tried again).
    #[error("the disk did not confirm that {file} was written: {reason}")]
    NotDurable {
        /// The file.
        file: FileName,
        /// The system's reason.
        reason: String,
    },
    /// Anything else.
    #[error("{file}: {reason}")]
    Failed {
        /// The file.
        file: FileName,
        /// The system's reason.
        reason: String,
    },
}

/// A flat folder. Nothing is durable before it was synchronised: a file's bytes by [`Disk::sync`], that a file exists,
/// is renamed or is gone by [`Disk::sync_folder`].
pub trait Disk: Debug + Send + Sync + 'static {
    /// Names of all files, sorted.
    fn list(&self) -> Result<Vec<FileName>, DiskError>;

    /// Bytes of a file from `from` on, at most `most`; fewer at its end.
    fn read(&self, file: &str, from: u64, most: usize) -> Result<Vec<u8>, DiskError>;

    /// A file's length.
    fn length(&self, file: &str) -> Result<u64, DiskError>;

    /// Appends; the file is made when it is not there.
    fn append(&self, file: &str, bytes: &[u8]) -> Result<Appended, DiskError>;

    /// Cuts a file.
    fn truncate(&self, file: &str, length: u64) -> Result<(), DiskError>;

    /// Makes a file's bytes durable.
    fn sync(&self, file: &str) -> Result<(), DiskError>;

    /// Makes durable which files there are.
    fn sync_folder(&self) -> Result<(), DiskError>;

    /// Renames within the folder, over a file of that name.
    fn rename(&self, from: &str, to: &str) -> Result<(), DiskError>;

    /// Removes a file; one that is not there is no error.
    fn remove(&self, file: &str) -> Result<(), DiskError>;

    /// Free bytes that events may use: those of the disk without the reserve.
    fn free(&self) -> Result<u64, DiskError>;
}
