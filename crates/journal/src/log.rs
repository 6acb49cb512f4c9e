//! The files of the journal, and what is said about them.

use std::collections::VecDeque;
use std::time::Duration;

use ports::{DiskError, FileName};

use crate::{Frame, InvalidConfig};

/// How the names of the journal's files end.
pub(crate) const ENDING: &str = ".wal";

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogFile {
    /// The number of its first frame.
    pub(crate) first: u64,
    /// Bytes that are durable.
    pub(crate) bytes: u64,
}

/// All files and how far they reach.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) files: VecDeque<LogFile>,
    /// The last number that is durable.
    pub(crate) durable: u64,
    /// The last number that was let go of.
    pub(crate) released: u64,
    /// Whether the last file may grow.
    pub(crate) is_open: bool,
}

impl LogFile {
    pub(crate) fn name(&self) -> FileName {
        file_name(self.first)
    }
}

impl Log {
    pub(crate) fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// The number of the oldest file's first frame.
    pub(crate) fn oldest(&self) -> u64 {
        self.files.front().map_or(self.durable + 1, |file| file.first)
    }
}

pub(crate) fn file_name(first: u64) -> FileName {
    format!("{first:020}{ENDING}")
}

/// The number in a file's name; `None` when it is no file of frames.
pub(crate) fn first_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(ENDING)?;
    let is_number = digits.len() == 20 && digits.bytes().all(|digit| digit.is_ascii_digit());
    digits.parse().ok().filter(|_| is_number)
}

/// Entries that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// The first number that is missing.
    pub first: u64,
    /// The last one; below `first` when only bytes between frames were damaged.
    pub last: u64,
    /// The file in which they stood.
    pub file: FileName,
    /// Where the damage begins in it.
    pub from: u64,
    /// Where it ends; equal to `from` when the file itself is missing.
    pub to: u64,
    /// The file to which the damaged bytes were copied.
    pub kept: Option<FileName>,
    /// Whether they were acknowledged for certain. When not, a crash before the acknowledgement may be the reason, and
    /// senders that had none will send again.
    pub was_acknowledged: bool,
}

impl Lost {
    /// How many entries.
    pub fn count(&self) -> u64 {
        (self.last + 1).saturating_sub(self.first)
    }
}

impl std::fmt::Display for Lost {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { first, last, file, from, to, .. } = self;
        match self.count() {
            0 => write!(out, "bytes {from} to {to} of {file} are damaged; no entry is missing")?,
            _ => write!(
                out,
                "entries {first} to {last} are lost: {file} is damaged from byte {from} to {to}"
            )?,
        }
        if let Some(kept) = &self.kept {
            write!(out, "; the bytes are kept in {kept}")?;
        }
        let told = if self.was_acknowledged {
            ""
        } else {
            "; it is not certain that they were acknowledged"
        };
        out.write_str(if self.count() == 0 { "" } else { told })
    }
}

/// The end of the last file that was cut off because it holds no whole frame: what a crash leaves of a group that was
/// being written. Damage to the last entry looks the same, therefore the bytes are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// The file.
    pub file: FileName,
    /// Where it was cut.
    pub from: u64,
    /// How many bytes there were.
    pub bytes: u64,
    /// The file to which they were copied.
    pub kept: Option<FileName>,
}

/// What opening has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// The last number that is durable: the next entry gets the one after it.
    pub durable: u64,
    /// Files.
    pub files: usize,
    /// Bytes of all files.
    pub bytes: u64,
    /// Bytes that were read.
    pub bytes_read: u64,
    /// Batches that are known.
    pub batches: usize,
    /// What could not be read. Files that were closed are read by the consumer only: see [`Batch::lost`].
    pub lost: Vec<Lost>,
    /// What was cut off the end.
    pub cut: Option<Cut>,
    /// Whether part of the side index was unreadable: batches of files that are gone may be taken in again.
    pub is_index_damaged: bool,
    /// How long it took.
    pub took: Duration,
}

/// What a consumer gets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// Entries in order.
    pub frames: Vec<Frame>,
    /// Entries that are missing between them.
    pub lost: Vec<Lost>,
    /// The number to read from next.
    pub next: u64,
}

/// Why a journal cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The settings contradict each other.
    #[error("the journal's settings do not go together: {0}")]
    Config(#[from] InvalidConfig),
    /// The disk does not work.
    #[error("the journal cannot be opened: {0}")]
    Disk(#[from] DiskError),
    /// No thread can be started.
    #[error("the journal cannot start its writer: {0}")]
    Thread(String),
    /// Neither the marker nor the head of any file can be read.
    #[error(
        "no file of the journal has a head that can be read and its file 'marker' is damaged: restore 'marker' from a backup, or move the *.wal files away"
    )]
    NoMarker,
}

/// Why the journal cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The entry was let go of.
    #[error("entry {from} was released; the oldest one kept is {oldest}: read from there")]
    Released {
        /// The number asked for.
        from: u64,
        /// The oldest number that is there.
        oldest: u64,
    },
    /// The disk does not work.
    #[error("the journal cannot be read: {0}")]
    Disk(#[from] DiskError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_numbers() {
        assert_eq!(first_of(&file_name(7)), Some(7));
        for name in [
            "marker",
            "batches",
            "7.wal",
            "+0000000000000000007.wal",
            "00000000000000000007.damaged",
        ] {
            assert_eq!(first_of(name), None, "{name}");
        }
    }

    #[test]
    fn a_loss_says_what_and_where() {
        let lost = Lost {
            first: 4,
            last: 6,
            file: file_name(1),
            from: 100,
            to: 200,
            kept: Some("1-100.damaged".to_owned()),
            was_acknowledged: false,
        };
        assert_eq!(
            lost.to_string(),
            "entries 4 to 6 are lost: 00000000000000000001.wal is damaged from byte 100 to 200; the bytes are kept in \
             1-100.damaged; it is not certain that they were acknowledged"
        );
    }
}
