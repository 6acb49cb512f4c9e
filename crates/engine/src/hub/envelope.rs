//! Records as the payload of a journal's entry, and back.
//!
//! A payload is: one byte of format version, the length of the head (4 bytes, little-endian), the head as JSON, the
//! records' bytes.

use std::ops::Range;
use std::sync::Arc;

use model::{Flaw, ProblemReason, Timestamp};
use ports::{Credential, Entry, FormatHint, Records, SourceIdentity, TenantId};
use serde::{Deserialize, Serialize};

const VERSION: u8 = 1;

/// A payload that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an entry of the journal cannot be read: {0}")]
pub struct InvalidPayload(String);

#[derive(Serialize, Deserialize)]
struct Head {
    listener: Arc<str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credential: Option<(Shown, Arc<str>)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<std::net::IpAddr>,
    observed_ms: i64,
    /// Start, end, claims, flaw.
    entries: Vec<Line>,
}

#[derive(Serialize, Deserialize)]
struct Line(u32, u32, Option<Arc<str>>, Option<String>);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Shown {
    Token,
    Certificate,
    File,
}

/// The payload of records.
///
/// # Errors
/// Never for records that came through an input: their head can always be written.
pub fn pack(records: &Records) -> Result<Vec<u8>, InvalidPayload> {
    let credential = records.source.credential.as_ref().map(|credential| match credential {
        Credential::Token(id) => (Shown::Token, Arc::clone(id)),
        Credential::Certificate(id) => (Shown::Certificate, Arc::clone(id)),
        Credential::File(id) => (Shown::File, Arc::clone(id)),
    });
    let line = |entry: &Entry| {
        let flaw = entry.flaw.as_ref().map(|flaw| flaw.detail.clone());
        Line(entry.range.start, entry.range.end, entry.claims.clone(), flaw)
    };
    let head = Head {
        listener: Arc::clone(&records.source.listener),
        credential,
        peer: records.source.peer,
        observed_ms: records.observed_at.0,
        entries: records.entries.iter().map(line).collect(),
    };
    let head = serde_json::to_vec(&head).map_err(|error| InvalidPayload(error.to_string()))?;
    let mut payload = Vec::with_capacity(5 + head.len() + records.bytes.len());
    payload.push(VERSION);
    payload.extend_from_slice(&(head.len() as u32).to_le_bytes());
    payload.extend_from_slice(&head);
    payload.extend_from_slice(&records.bytes);
    Ok(payload)
}

/// The records of a payload. What they are is not kept: each record says it by itself.
///
/// # Errors
/// When the bytes are no payload of this version.
pub fn unpack(tenant: &TenantId, payload: &[u8]) -> Result<Records, InvalidPayload> {
    let invalid = |words: &str| InvalidPayload(words.to_owned());
    let (version, rest) = payload.split_first().ok_or_else(|| invalid("it is empty"))?;
    if *version != VERSION {
        return Err(InvalidPayload(format!(
            "its version is {version}, this program knows {VERSION}: use the newer program"
        )));
    }
    let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(|| invalid("it is cut"))?;
    let length = u32::from_le_bytes(*length) as usize;
    let (head, bytes) = rest.split_at_checked(length).ok_or_else(|| invalid("its head is cut"))?;
    let head: Head =
        serde_json::from_slice(head).map_err(|error| InvalidPayload(error.to_string()))?;
    let credential = head.credential.map(|(shown, id)| match shown {
        Shown::Token => Credential::Token(id),
        Shown::Certificate => Credential::Certificate(id),
        Shown::File => Credential::File(id),
    });
    let entry = |Line(start, end, claims, flaw): Line| {
        let flaw = flaw.map(|detail| Box::new(Flaw { reason: ProblemReason::Malformed, detail }));
        Entry { range: Range { start, end }, claims, flaw }
    };
    Ok(Records {
        source: SourceIdentity {
            tenant: tenant.clone(),
            listener: head.listener,
            credential,
            peer: head.peer,
        },
        batch: None,
        format: FormatHint::Any,
        bytes: bytes.to_vec(),
        entries: head.entries.into_iter().map(entry).collect(),
        observed_at: Timestamp(head.observed_ms),
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    fn records() -> Records {
        Records {
            source: SourceIdentity {
                tenant: TenantId::main(),
                listener: "syslog-514".into(),
                credential: Some(Credential::Certificate("ab12".into())),
                peer: "192.0.2.7".parse().ok(),
            },
            batch: Some([7; 16]),
            format: FormatHint::Any,
            bytes: b"one\ntwo\xffthree".to_vec(),
            entries: vec![
                Entry::new(0..3),
                Entry {
                    range: 4..8,
                    claims: Some("{\"host\":\"a\"}".into()),
                    flaw: Some(Box::new(Flaw {
                        reason: ProblemReason::Malformed,
                        detail: "not JSON".to_owned(),
                    })),
                },
            ],
            observed_at: Timestamp(1_700_000_000_123),
        }
    }

    #[test]
    fn what_was_packed_is_unpacked() {
        let there = records();
        let back = unpack(&TenantId::main(), &pack(&there).unwrap()).unwrap();
        assert_eq!(back, Records { batch: None, ..there });
    }

    #[test]
    fn what_is_no_payload_is_refused_in_words() {
        let good = pack(&records()).unwrap();
        for length in [0, 1, 4, 5, 40] {
            assert!(unpack(&TenantId::main(), &good[..length]).is_err(), "{length}");
        }
        let mut newer = good;
        newer[0] = 9;
        let words = unpack(&TenantId::main(), &newer).unwrap_err().to_string();
        assert!(words.contains("version is 9"), "{words}");
    }
}
