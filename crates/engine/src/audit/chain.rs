//! Entries and the hash that ties each to the one before.
//!
//! Hash = SHA-256 over: the domain `wardroom-audit-1`, the 32 bytes of the hash before, number and time as 8 bytes
//! big-endian each, then actor, action, object, result and detail, each with its length as 4 bytes big-endian before
//! it. Detail is written canonically: members in the order of their names (bytes), each name and text with its
//! length. So no two different entries have the same bytes.

use std::collections::BTreeMap;

use model::Timestamp;
use ports::AuditEntry;
use serde_json::Value;
use sha2::{Digest, Sha256};

const DOMAIN: &[u8] = b"wardroom-audit-1";
/// Longest text of an entry, in characters; what is longer is cut and says so.
const TEXT_MAX: usize = 512;
/// The hash before the first entry.
pub(super) const ZEROS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// How what is recorded went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is about to be done.
    Intent,
    /// It was done.
    Done,
    /// It was not allowed.
    Refused,
    /// It was allowed and went wrong.
    Failed,
}

impl Outcome {
    /// Its word in the log.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Intent => "intent",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// What an entry says, before it has its place in the chain. Control characters become spaces, so that an entry is
/// one line wherever it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    actor: String,
    action: String,
    object: String,
    detail: BTreeMap<String, String>,
}

impl Draft {
    /// Who does what to what.
    pub fn new(actor: &str, action: &str, object: &str) -> Self {
        Self {
            actor: plain(actor),
            action: plain(action),
            object: plain(object),
            detail: BTreeMap::new(),
        }
    }

    /// Adds what else is to be known; never a secret.
    pub fn with(mut self, name: &str, text: &str) -> Self {
        self.detail.insert(plain(name), plain(text));
        self
    }
}

fn plain(text: &str) -> String {
    let shown = |c: char| if c.is_control() { ' ' } else { c };
    let mut plain: String = text.chars().take(TEXT_MAX).map(shown).collect();
    if text.chars().nth(TEXT_MAX).is_some() {
        plain.push('…');
    }
    plain
}

/// The entry that follows `previous`.
pub fn next(
    previous: Option<&AuditEntry>,
    draft: &Draft,
    outcome: Outcome,
    at: Timestamp,
) -> AuditEntry {
    let detail = draft.detail.iter().map(|(name, text)| (name.clone(), Value::from(text.as_str())));
    let mut entry = AuditEntry {
        number: previous.map_or(1, |entry| entry.number + 1),
        at,
        actor: draft.actor.clone(),
        action: draft.action.clone(),
        object: draft.object.clone(),
        result: outcome.word().to_owned(),
        detail: Value::Object(detail.collect()),
        previous: previous.map_or_else(|| ZEROS.to_owned(), |entry| entry.hash.clone()),
        hash: String::new(),
    };
    entry.hash = crate::secrets::hex(&entry_hash(&entry).unwrap_or_default());
    entry
}

/// The hash that an entry must have; `None` when `previous` is not 64 hexadecimal digits.
pub fn entry_hash(entry: &AuditEntry) -> Option<[u8; 32]> {
    let mut hasher = Sha256::new();
    hasher.update(DOMAIN);
    hasher.update(bytes_of(&entry.previous)?);
    hasher.update(entry.number.to_be_bytes());
    hasher.update(entry.at.0.to_be_bytes());
    for text in [&entry.actor, &entry.action, &entry.object, &entry.result] {
        put(&mut hasher, text.as_bytes());
    }
    put_value(&mut hasher, &entry.detail);
    Some(hasher.finalize().into())
}

fn put(hasher: &mut Sha256, bytes: &[u8]) {
    hasher.update((bytes.len() as u32).to_be_bytes());
    hasher.update(bytes);
}

/// A tag for the kind, then the content; members by name whatever order the store gave them back in.
fn put_value(hasher: &mut Sha256, value: &Value) {
    match value {
        Value::Null => hasher.update(b"n"),
        Value::Bool(is_true) => hasher.update([b'b', u8::from(*is_true)]),
        Value::Number(number) => {
            hasher.update(b"d");
            put(hasher, number.to_string().as_bytes());
        }
        Value::String(text) => {
            hasher.update(b"s");
            put(hasher, text.as_bytes());
        }
        Value::Array(values) => {
            hasher.update(b"a");
            hasher.update((values.len() as u32).to_be_bytes());
            values.iter().for_each(|value| put_value(hasher, value));
        }
        Value::Object(members) => {
            hasher.update(b"o");
            hasher.update((members.len() as u32).to_be_bytes());
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| name.as_bytes());
            for (name, value) in members {
                put(hasher, name.as_bytes());
                put_value(hasher, value);
            }
        }
    }
}

/// 32 bytes of 64 lower-case hexadecimal digits.
pub(super) fn bytes_of(hex: &str) -> Option<[u8; 32]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; 32];
    if hex.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = (digit(*high)? << 4) | digit(*low)?;
    }
    Some(bytes)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn texts_do_not_flow_into_each_other() {
        let at = Timestamp(5);
        let hash = |actor: &str, action: &str| {
            next(None, &Draft::new(actor, action, ""), Outcome::Done, at).hash
        };
        assert_ne!(hash("ab", "c"), hash("a", "bc"));
        let with = |name: &str, text: &str| {
            let draft = Draft::new("a", "b", "c").with(name, text);
            next(None, &draft, Outcome::Done, at).hash
        };
        assert_ne!(with("ab", "c"), with("a", "bc"));
    }

    #[test]
    fn the_order_of_members_does_not_matter() {
        let draft = Draft::new("a", "b", "c").with("x", "1").with("y", "2");
        let mut entry = next(None, &draft, Outcome::Done, Timestamp(5));
        entry.detail = serde_json::from_str(r#"{"y":"2","x":"1"}"#).unwrap();
        assert_eq!(crate::secrets::hex(&entry_hash(&entry).unwrap()), entry.hash);
    }

    #[test]
    fn an_entry_is_one_short_line() {
        let draft = Draft::new("a\r\nb", "\u{1b}[2J", &"x".repeat(2000)).with("k\0", "v\u{85}w");
        let entry = next(None, &draft, Outcome::Refused, Timestamp(5));
        let text = serde_json::to_string(&entry).unwrap();
        assert!(!text.contains("\\n") && !text.contains("\\u00"), "{text}");
        assert_eq!(entry.object.chars().count(), TEXT_MAX + 1);
        assert_eq!(entry.actor, "a  b");
    }
}
