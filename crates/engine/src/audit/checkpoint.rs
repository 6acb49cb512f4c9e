//! Signed statements about the head of the chain, as a signed note (<https://c2sp.org/signed-note>) so that tools of
//! others can check the signature: three lines (origin, number, hash), the time, a blank line, a signature line.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use model::Timestamp;
use ports::TenantId;
use sha2::{Digest, Sha256};

use super::chain::bytes_of;
use crate::secrets::{SecretError, hex, random};

const ORIGIN: &str = "wardroom-audit/";
/// Kind of signature in a signed note: Ed25519.
const ED25519: u8 = 1;

/// That the chain of a tenant had so many entries, the last with this hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Whose chain.
    pub tenant: TenantId,
    /// Number of the last entry.
    pub number: u64,
    /// Its hash.
    pub hash: String,
    /// When it was signed.
    pub at: Timestamp,
}

/// A checkpoint that proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadCheckpoint {
    /// Not in the form of a checkpoint.
    #[error("this is no checkpoint of an audit log: give the whole note, with its last line")]
    Form,
    /// Not signed by this key.
    #[error("the checkpoint is not signed by this key: it is forged, or the key is another one")]
    Signature,
}

/// The key that signs checkpoints.
pub struct Signer(SigningKey);

impl Signer {
    /// From the 32 bytes of a seed.
    pub fn new(seed: &[u8]) -> Result<Self, SecretError> {
        let seed: [u8; 32] = seed.try_into().map_err(|_| SecretError::WrongLength(seed.len()))?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// A new random key, to be stored by the caller.
    pub fn generate() -> Result<Self, SecretError> {
        Self::new(&random::<32>()?)
    }

    /// Its seed, for the one place that stores it.
    pub fn expose(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// The key that proves its signatures.
    pub fn verify_key(&self) -> VerifyKey {
        VerifyKey(self.0.verifying_key())
    }

    /// The checkpoint as a signed note.
    pub fn sign(&self, checkpoint: &Checkpoint) -> Option<String> {
        let body = body(checkpoint)?;
        let name = format!("{ORIGIN}{}", checkpoint.tenant);
        let mut signed = self.verify_key().id(&name).to_vec();
        signed.extend(self.0.sign(body.as_bytes()).to_bytes());
        Some(format!("{body}\n\u{2014} {name} {}\n", STANDARD.encode(signed)))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Signer({:?})", self.verify_key())
    }
}

/// The key that proves signatures of checkpoints; no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifyKey(VerifyingKey);

impl VerifyKey {
    /// From its text (64 hexadecimal digits).
    pub fn from_hex(text: &str) -> Option<Self> {
        VerifyingKey::from_bytes(&bytes_of(text)?).ok().map(Self)
    }

    /// As text.
    pub fn to_hex(&self) -> String {
        hex(self.0.as_bytes())
    }

    fn id(&self, name: &str) -> [u8; 4] {
        let mut hasher = Sha256::new();
        hasher.update(name.as_bytes());
        hasher.update([b'\n', ED25519]);
        hasher.update(self.0.as_bytes());
        let hash: [u8; 32] = hasher.finalize().into();
        hash.first_chunk::<4>().copied().unwrap_or_default()
    }

    /// Reads a signed note and proves it.
    pub fn open(&self, note: &str) -> Result<Checkpoint, BadCheckpoint> {
        let (body, signatures) = note.split_once("\n\n").ok_or(BadCheckpoint::Form)?;
        let body = format!("{body}\n");
        let checkpoint = parse(&body).ok_or(BadCheckpoint::Form)?;
        let name = format!("{ORIGIN}{}", checkpoint.tenant);
        let is_signed = signatures.lines().any(|line| {
            line.strip_prefix("\u{2014} ")
                .and_then(|rest| rest.strip_prefix(name.as_str())?.strip_prefix(' '))
                .and_then(|text| STANDARD.decode(text).ok())
                .and_then(|bytes| {
                    let (id, signature) = bytes.split_first_chunk::<4>()?;
                    let signature = Signature::from_slice(signature).ok()?;
                    (*id == self.id(&name)).then_some(signature)
                })
                .is_some_and(|signature| self.0.verify_strict(body.as_bytes(), &signature).is_ok())
        });
        if is_signed { Ok(checkpoint) } else { Err(BadCheckpoint::Signature) }
    }
}

fn body(checkpoint: &Checkpoint) -> Option<String> {
    let Checkpoint { tenant, number, hash, at } = checkpoint;
    let hash = STANDARD.encode(bytes_of(hash)?);
    Some(format!("{ORIGIN}{tenant}\n{number}\n{hash}\n{}\n", at.0))
}

fn parse(text: &str) -> Option<Checkpoint> {
    let mut lines = text.lines();
    let tenant = lines.next()?.strip_prefix(ORIGIN)?.to_owned();
    let checkpoint = Checkpoint {
        tenant: TenantId::try_from(tenant).ok()?,
        number: lines.next()?.parse().ok()?,
        hash: hex(&STANDARD.decode(lines.next()?).ok()?),
        at: Timestamp(lines.next()?.parse().ok()?),
    };
    // Only the one way to write it counts: what is signed is what is read.
    (body(&checkpoint)? == text).then_some(checkpoint)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_believed_only_whole_and_from_its_key() {
        let signer = Signer::new(&[3; 32]).unwrap();
        let checkpoint = Checkpoint {
            tenant: TenantId::main(),
            number: 12,
            hash: "ab".repeat(32),
            at: Timestamp(99),
        };
        let note = signer.sign(&checkpoint).unwrap();
        let key = VerifyKey::from_hex(&signer.verify_key().to_hex()).unwrap();
        assert_eq!(key.open(&note), Ok(checkpoint));
        let other = Signer::generate().unwrap().verify_key();
        assert_eq!(other.open(&note), Err(BadCheckpoint::Signature));
        for (from, to) in [("\n12\n", "\n13\n"), ("/main\n", "/maim\n"), ("\n99\n", "\n98\n")] {
            let changed = note.replacen(from, to, 1);
            assert_ne!(changed, note);
            assert_eq!(key.open(&changed), Err(BadCheckpoint::Signature));
        }
        for broken in ["", "x", "\n\n", &note.replace("\n12\n", "\n012\n"), &note.replace('\n', "")]
        {
            assert_eq!(key.open(broken), Err(BadCheckpoint::Form), "{broken:?}");
        }
        assert!(!format!("{signer:?}").contains("[3, 3"));
    }
}
