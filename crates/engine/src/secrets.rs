//! Secrets: texts that never show themselves, random bytes, and the envelope in which secrets lie at rest.
//!
//! What must be read again (seeds of one-time codes, credentials of connectors) is sealed with XChaCha20-Poly1305
//! under a [`MasterKey`] that is kept outside the database. What need only be compared (passwords, session and API
//! tokens) is hashed and never sealed. The context of an envelope says whose secret it is and is authenticated with
//! it: an envelope copied to another record does not open there.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use secrecy::zeroize::Zeroize;
use secrecy::{ExposeSecret, SecretBox, SecretSlice, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

const NONCE_BYTES: usize = 24;
const VERSION: &str = "x1";

/// A text that is never shown: `Debug` hides it, dropping it wipes it.
#[derive(Clone, Deserialize)]
#[serde(from = "String")]
pub struct SecretText(SecretString);

impl SecretText {
    /// The text itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("[secret]")
    }
}

/// What went wrong with a secret. Never says what the secret is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The operating system gave no random bytes.
    #[error("the system gives no random bytes: see that the kernel's random device works")]
    NoRandomness,
    /// The envelope is not one of ours, was changed, belongs elsewhere or was sealed under another key.
    #[error("a sealed secret does not open: restore the master key that it was sealed with")]
    DoesNotOpen,
    /// Not a key.
    #[error("a key has {0} bytes, 32 are needed: make a new one or restore the old one")]
    WrongLength(usize),
}

/// `N` random bytes of the operating system.
pub fn random<const N: usize>() -> Result<[u8; N], SecretError> {
    let mut bytes = [0_u8; N];
    getrandom::fill(&mut bytes).map_err(|_| SecretError::NoRandomness)?;
    Ok(bytes)
}

/// `N` random bytes as lower-case hexadecimal text.
pub fn random_hex<const N: usize>() -> Result<SecretText, SecretError> {
    let mut bytes = random::<N>()?;
    let text = hex(&bytes);
    bytes.zeroize();
    Ok(SecretText::from(text))
}

/// Lower-case hexadecimal text.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The hash under which a random token is stored: SHA-256, hexadecimal. Only for tokens of at least 128 random bits;
/// passwords are hashed with Argon2id.
pub fn token_hash(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}

/// Whether two texts are equal, in a time that does not depend on where they differ.
pub fn is_equal(left: &str, right: &str) -> bool {
    left.as_bytes().ct_eq(right.as_bytes()).into()
}

/// A sealed secret as it is stored: `x1.<key>.<nonce and ciphertext>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(String);

/// The key that seals secrets at rest. It comes from a file of the operator and is never in the database.
pub struct MasterKey {
    cipher: XChaCha20Poly1305,
    bytes: SecretBox<[u8; 32]>,
    id: String,
}

impl MasterKey {
    /// A key of 32 bytes.
    pub fn new(bytes: &[u8]) -> Result<Self, SecretError> {
        let array: [u8; 32] =
            bytes.try_into().map_err(|_| SecretError::WrongLength(bytes.len()))?;
        let id: String = token_hash(&hex(&array)).chars().take(8).collect();
        let cipher = XChaCha20Poly1305::new(&Key::from(array));
        Ok(Self { cipher, bytes: SecretBox::new(Box::new(array)), id })
    }

    /// A new random key, to be stored by the caller.
    pub fn generate() -> Result<Self, SecretError> {
        Self::new(&random::<32>()?)
    }

    /// Its bytes, for the one place that stores them.
    pub fn expose(&self) -> &[u8; 32] {
        self.bytes.expose_secret()
    }

    /// Whether both are the same key.
    pub fn is_same(&self, other: &Self) -> bool {
        self.expose().ct_eq(other.expose()).into()
    }

    /// Seals a secret for a context (`main/user/0199…/totp`).
    pub fn seal(&self, context: &str, secret: &[u8]) -> Result<Sealed, SecretError> {
        let nonce = random::<NONCE_BYTES>()?;
        let payload = Payload { msg: secret, aad: context.as_bytes() };
        let closed = self
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| SecretError::DoesNotOpen)?;
        let mut bytes = nonce.to_vec();
        bytes.extend(closed);
        Ok(Sealed(format!("{VERSION}.{}.{}", self.id, URL_SAFE_NO_PAD.encode(bytes))))
    }

    /// Opens what was sealed for the same context.
    pub fn open(&self, context: &str, sealed: &Sealed) -> Result<SecretSlice<u8>, SecretError> {
        let rest = sealed
            .0
            .strip_prefix(VERSION)
            .and_then(|rest| {
                rest.strip_prefix('.')?.strip_prefix(self.id.as_str())?.strip_prefix('.')
            })
            .ok_or(SecretError::DoesNotOpen)?;
        let bytes = URL_SAFE_NO_PAD.decode(rest).map_err(|_| SecretError::DoesNotOpen)?;
        let (nonce, closed) =
            bytes.split_first_chunk::<NONCE_BYTES>().ok_or(SecretError::DoesNotOpen)?;
        let payload = Payload { msg: closed, aad: context.as_bytes() };
        let open = self
            .cipher
            .decrypt(&XNonce::from(*nonce), payload)
            .map_err(|_| SecretError::DoesNotOpen)?;
        Ok(SecretSlice::from(open))
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "MasterKey({})", self.id)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_opens_only_with_its_key_and_in_its_context() {
        let key = MasterKey::new(&[7; 32]).unwrap();
        let other = MasterKey::new(&[8; 32]).unwrap();
        let sealed = key.seal("main/user/1/totp", b"canary").unwrap();
        assert_eq!(key.open("main/user/1/totp", &sealed).unwrap().expose_secret(), b"canary");
        assert_ne!(key.seal("main/user/1/totp", b"canary").unwrap(), sealed);
        for (key, context) in [(&key, "main/user/2/totp"), (&other, "main/user/1/totp")] {
            assert_eq!(key.open(context, &sealed).unwrap_err(), SecretError::DoesNotOpen);
        }
        for broken in ["", "x1", "x1..", "x2.a.b", "x1.!.!"] {
            let sealed = Sealed(broken.to_owned());
            assert!(key.open("", &sealed).is_err(), "{broken}");
        }
    }

    #[test]
    fn a_changed_envelope_does_not_open() {
        let key = MasterKey::generate().unwrap();
        let Sealed(text) = key.seal("c", b"secret").unwrap();
        let start = text.rfind('.').unwrap() + 1;
        for index in start..text.len() - 1 {
            let mut bytes = text.clone().into_bytes();
            bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
            let changed = Sealed(String::from_utf8(bytes).unwrap());
            assert!(key.open("c", &changed).is_err(), "byte {index}");
        }
    }

    #[test]
    fn secrets_do_not_show_themselves() {
        let key = MasterKey::new(&[7; 32]).unwrap();
        let text = SecretText::from("canary".to_owned());
        let shown = format!("{text:?} {key:?} {:?}", key.seal("c", b"canary").unwrap());
        assert!(!shown.contains("canary") && !shown.contains("[7, 7"), "{shown}");
        assert_eq!(text.expose(), "canary");
    }

    #[test]
    fn keys_have_32_bytes() {
        assert_eq!(MasterKey::new(&[1; 31]).unwrap_err(), SecretError::WrongLength(31));
        let key = MasterKey::generate().unwrap();
        assert!(key.is_same(&MasterKey::new(key.expose()).unwrap()));
        assert!(!key.is_same(&MasterKey::generate().unwrap()));
    }
}
