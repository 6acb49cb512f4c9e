//! What can be set, with defaults for one small machine.

use crate::frame::{BODY_MAX, HEAD, Marker};

/// Settings of a journal.
#[derive(Debug, Clone)]
pub struct Config {
    /// Most bytes of a file.
    pub file_bytes_max: u64,
    /// Most bytes written by one `fsync`.
    pub group_bytes_max: usize,
    /// Most bytes of entries that wait to be written.
    pub queue_bytes_max: usize,
    /// Most bytes of an entry's payload.
    pub payload_bytes_max: usize,
    /// Most bytes of all files; `u64::MAX` for as much as the disk has.
    pub bytes_max: u64,
    /// Most bytes kept of what could not be read.
    pub damaged_bytes_max: u64,
    /// How many batch ids are known at least: beside those of the files there are, those of files that are gone.
    pub batches_kept: usize,
    /// The last sequence number that the consumer has committed; 0 at first.
    pub committed: u64,
    /// Begins each frame of a new journal: random. A journal that exists keeps its own.
    pub marker: [u8; 8],
    /// What is broken on purpose, so that tests can be seen to fail.
    #[cfg(test)]
    pub(crate) mutation: Option<Mutation>,
}

/// A way to break the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mutation {
    /// Bytes of a file are not synchronised.
    DropDataSync,
    /// New files are not synchronised.
    DropFolderSync,
    /// Acknowledges before anything is synchronised.
    AcknowledgeEarly,
    /// Writes a batch again.
    SkipDedup,
    /// Gives up everything after the first bad frame.
    TruncateAtDamage,
    /// Never begins a new file.
    UnboundedFile,
    /// Calls `fsync` again after it failed.
    RetrySync,
    /// Does not synchronise what recovery found, and acknowledges repeats of it.
    SkipRecoverySync,
    /// Leaves the bytes of a refused group behind.
    SkipUndo,
}

/// Settings that contradict each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{setting} is {value}: it must be {must}")]
pub struct InvalidConfig {
    setting: &'static str,
    value: u64,
    must: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            file_bytes_max: 64 << 20,
            group_bytes_max: 8 << 20,
            queue_bytes_max: 32 << 20,
            payload_bytes_max: 16 << 20,
            bytes_max: u64::MAX,
            damaged_bytes_max: 256 << 20,
            batches_kept: 100_000,
            committed: 0,
            marker: random_marker(),
            #[cfg(test)]
            mutation: None,
        }
    }
}

fn random_marker() -> Marker {
    let mut marker = [0; 8];
    // The last eight bytes of a random UUID hold 62 random bits.
    for (to, from) in marker.iter_mut().zip(uuid::Uuid::new_v4().into_bytes().into_iter().skip(8)) {
        *to = from;
    }
    marker
}

impl Config {
    /// Whether the settings go together.
    pub fn check(&self) -> Result<(), InvalidConfig> {
        let overhead = (crate::frame::FILE_HEAD + crate::frame::FRAME_OVERHEAD_MAX) as u64;
        let most = (BODY_MAX + HEAD) as u64;
        if self.file_bytes_max > most {
            let must = format!("at most {most}");
            return Err(InvalidConfig {
                setting: "file_bytes_max",
                value: self.file_bytes_max,
                must,
            });
        }
        for (setting, value) in [
            ("payload_bytes_max", self.payload_bytes_max),
            ("group_bytes_max", self.group_bytes_max),
        ] {
            if value as u64 + overhead > self.file_bytes_max {
                let must =
                    format!("at most file_bytes_max ({}) less {overhead}", self.file_bytes_max);
                return Err(InvalidConfig { setting, value: value as u64, must });
            }
        }
        Ok(())
    }

    #[cfg(test)]
    pub(crate) fn is(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "the product has no mutations")]
    pub(crate) fn is(&self, _: Mutation) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_contradict_each_other_are_refused() {
        assert_eq!(Config::default().check(), Ok(()));
        let config = Config { payload_bytes_max: 64 << 20, ..Config::default() };
        let refusal = config.check().map_err(|refusal| refusal.to_string());
        assert!(refusal.is_err_and(|words| words.contains("payload_bytes_max is 67108864")));
        let config = Config { file_bytes_max: 1 << 40, ..Config::default() };
        assert!(config.check().is_err());
    }

    #[test]
    fn markers_differ() {
        assert_ne!(random_marker(), random_marker());
    }
}
