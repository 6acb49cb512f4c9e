//! The door between the inputs and the journal: records go in, and are durable when the answer is yes.

use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use model::{Flaw, Timestamp};

use crate::TenantId;

/// How a sender has shown who it is, beside where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Credential {
    /// The id of a token that was checked; never the token.
    Token(Arc<str>),
    /// SHA-256 of the certificate that the sender has shown and that was verified, in hexadecimal digits.
    Certificate(Arc<str>),
    /// A file or folder of this machine, by the path that the configuration names.
    File(Arc<str>),
}

/// Who sent something. It is made of the listener, of what was verified and of the connection, never of what was sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceIdentity {
    /// Whose data it is: the tenant that the listener or the token belongs to.
    pub tenant: TenantId,
    /// The id of the listener, from the configuration.
    pub listener: Arc<str>,
    /// What the sender has shown.
    pub credential: Option<Credential>,
    /// The address at the other end.
    pub peer: Option<IpAddr>,
}

/// What the records are, as far as the input can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FormatHint {
    /// Each record says by itself what it is.
    Any,
    /// Syslog messages without their framing.
    Syslog,
    /// JSON objects.
    Json,
}

/// One record of [`Records`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its bytes in [`Records::bytes`], as they were sent, without their framing. Records may hold line ends.
    pub range: Range<u32>,
    /// What the sender says around the record (index, host, sourcetype, time …): a JSON object. It is what the sender
    /// claims, not who the sender is.
    pub claims: Option<Arc<str>>,
    /// Set when the record is to be kept but is not what it should be: why it goes into quarantine.
    pub flaw: Option<Box<Flaw>>,
}

impl Entry {
    /// A sound record without claims.
    pub fn new(range: Range<u32>) -> Self {
        Self { range, claims: None, flaw: None }
    }
}

/// Records that came together and are acknowledged together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Records {
    /// Who sent them.
    pub source: SourceIdentity,
    /// The sender's id for exactly these records: the same id is taken once.
    pub batch: Option<[u8; 16]>,
    /// What they are.
    pub format: FormatHint,
    /// The bytes that the entries point into; there may be bytes that no entry points to.
    pub bytes: Vec<u8>,
    /// The records, in order.
    pub entries: Vec<Entry>,
    /// When they were read.
    pub observed_at: Timestamp,
}

impl Records {
    /// The bytes of a record.
    pub fn record(&self, entry: &Entry) -> &[u8] {
        self.bytes.get(entry.range.start as usize..entry.range.end as usize).unwrap_or_default()
    }

    /// Every record's bytes, in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.entries.iter().map(|entry| self.record(entry))
    }
}

/// The answer to [`Intake::accept`]: the records are durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted {
    /// How many.
    pub records: u32,
    /// Their batch id had been taken before: nothing was stored a second time.
    pub is_duplicate: bool,
}

/// Why records were not taken. None of them is stored; the same records may be offered again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// More is coming in than can be written.
    #[error("too much at once: offer it again in {} ms", retry_after.as_millis())]
    Busy {
        /// When to offer them again.
        retry_after: Duration,
    },
    /// The disk is full up to its reserve.
    #[error("the disk is full: free space or shorten the retention")]
    Full,
    /// The source sends more than it may.
    #[error("the source is over its quota: offer it again in {} ms", retry_after.as_millis())]
    Quota {
        /// When to offer them again.
        retry_after: Duration,
    },
    /// They could not be written. Whether they are there after a restart is not known.
    #[error("the records could not be stored: {0}")]
    Failed(String),
}

impl Refused {
    /// How long the sender should wait before it offers the records again.
    pub fn retry_after(&self) -> Duration {
        match self {
            Self::Busy { retry_after } | Self::Quota { retry_after } => *retry_after,
            Self::Full => Duration::from_secs(10),
            Self::Failed(_) => Duration::from_secs(1),
        }
    }
}

/// What takes records in.
#[async_trait]
pub trait Intake: Send + Sync + std::fmt::Debug {
    /// Takes all of the records or none. With [`Accepted`] they are durable: no crash loses them.
    async fn accept(&self, records: Records) -> Result<Accepted, Refused>;
}

#[async_trait]
impl<T: Intake + ?Sized> Intake for Arc<T> {
    async fn accept(&self, records: Records) -> Result<Accepted, Refused> {
        (**self).accept(records).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_found_by_their_ranges_and_none_is_made_up() {
        let source = SourceIdentity {
            tenant: TenantId::main(),
            listener: "syslog".into(),
            credential: None,
            peer: None,
        };
        let records = Records {
            source,
            batch: None,
            format: FormatHint::Any,
            bytes: b"one, two".to_vec(),
            entries: vec![Entry::new(0..3), Entry::new(5..8), Entry::new(7..70)],
            observed_at: Timestamp(0),
        };
        assert_eq!(records.iter().collect::<Vec<_>>(), [&b"one"[..], b"two", b""]);
    }
}
