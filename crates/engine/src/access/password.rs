//! Passwords: Argon2id with 19 MiB and two passes, a few at a time, off the threads that serve.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use super::Refusal;
use crate::secrets::{SecretText, random};

/// Memory in KiB, passes, lanes: what OWASP names as the least for Argon2id.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);
/// How many are computed at once: each takes 19 MiB and a core.
const PARALLEL: usize = 2;
const CHARACTERS_MIN: usize = 12;
const BYTES_MAX: usize = 1024;
/// Passwords that everybody tries first; the rest is up to the least length and the counted attempts.
const COMMON: &[&str] = &[
    "password1234",
    "passwordpassword",
    "123456789012",
    "1234567890123",
    "qwertyuiop12",
    "qwertyuiopas",
    "administrator",
    "letmeinletmein",
    "changemechangeme",
    "iloveyou1234",
    "adminadminadmin",
    "welcome12345",
    "wardroomwardroom",
    "correcthorsebatterystaple",
];

/// Hashes and checks passwords.
#[derive(Debug)]
pub(super) struct Passwords {
    argon: Argon2<'static>,
    /// A hash of no password: what a login of an unknown user is checked against, for the same time.
    dummy: String,
    places: Arc<Semaphore>,
    checks: AtomicU64,
}

/// Whether a password may be chosen.
pub(super) fn check_new(password: &SecretText, name: &str) -> Result<(), Refusal> {
    let text = password.expose();
    let lower = text.to_lowercase();
    let words = if text.chars().count() < CHARACTERS_MIN {
        "use at least 12 characters: a few words are good"
    } else if text.len() > BYTES_MAX {
        "use at most 1024 bytes"
    } else if COMMON.contains(&lower.as_str())
        || lower == name.to_lowercase().repeat(2)
        || lower.chars().all(|c| lower.starts_with(c))
    {
        "everybody tries this one first: choose another"
    } else {
        return Ok(());
    };
    Err(Refusal::invalid("password", words))
}

impl Passwords {
    pub(super) fn new() -> Result<Self, Refusal> {
        let (memory, passes, lanes) = COST;
        let params = Params::new(memory, passes, lanes, None).map_err(inside)?;
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let nobody = random::<32>()?;
        let dummy = hash(&argon, &nobody)?;
        let places = Arc::new(Semaphore::new(PARALLEL));
        Ok(Self { argon, dummy, places, checks: AtomicU64::new(0) })
    }

    /// Passwords checked since the start: the work that logins have cost.
    pub(super) fn checks(&self) -> u64 {
        self.checks.load(Ordering::Relaxed)
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(Argon2<'static>) -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let place = self.places.clone().acquire_owned().await.map_err(inside)?;
        let argon = self.argon.clone();
        tokio::task::spawn_blocking(move || {
            let result = work(argon);
            drop(place);
            result
        })
        .await
        .map_err(inside)
    }

    pub(super) async fn hash(&self, password: &SecretText) -> Result<String, Refusal> {
        let password = password.clone();
        self.work(move |argon| hash(&argon, password.expose().as_bytes())).await?
    }

    /// Whether a password is right; without a hash it never is, after the same work.
    pub(super) async fn check(
        &self,
        password: &SecretText,
        expected: Option<&str>,
    ) -> Result<bool, Refusal> {
        self.checks.fetch_add(1, Ordering::Relaxed);
        // What is too long is no password, and costs no more than one.
        let cut: Vec<u8> = password.expose().bytes().take(BYTES_MAX + 1).collect();
        let stored = expected.unwrap_or(&self.dummy).to_owned();
        let is_right = self
            .work(move |argon| {
                PasswordHash::new(&stored)
                    .is_ok_and(|stored| argon.verify_password(&cut, &stored).is_ok())
            })
            .await?;
        Ok(is_right && expected.is_some())
    }
}

fn hash(argon: &Argon2<'_>, password: &[u8]) -> Result<String, Refusal> {
    let salt = random::<16>()?;
    let hash: PasswordHash = argon.hash_password_with_salt(password, &salt).map_err(inside)?;
    Ok(hash.to_string())
}

fn inside(error: impl std::fmt::Display) -> Refusal {
    Refusal::Internal(error.to_string())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretText {
        SecretText::from(text.to_owned())
    }

    #[tokio::test]
    async fn hashes_are_argon2id_of_the_wanted_cost_and_salted() {
        let passwords = Passwords::new().unwrap();
        let password = secret("four sane words here");
        let first = passwords.hash(&password).await.unwrap();
        assert!(first.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{first}");
        assert_ne!(passwords.hash(&password).await.unwrap(), first);
        assert!(passwords.check(&password, Some(&first)).await.unwrap());
        assert!(!passwords.check(&secret("four sane words"), Some(&first)).await.unwrap());
        assert!(!passwords.check(&password, None).await.unwrap());
        assert!(!passwords.check(&password, Some("broken")).await.unwrap());
        assert_eq!(passwords.checks(), 4);
    }

    #[test]
    fn what_everybody_tries_first_is_no_password() {
        for bad in [
            "short",
            "PasswordPassword",
            "aaaaaaaaaaaaa",
            "adalovelaceadalovelace",
            &"é".repeat(600),
        ] {
            assert!(check_new(&secret(bad), "AdaLovelace").is_err(), "{bad}");
        }
        assert_eq!(check_new(&secret("twelve chars"), "ada"), Ok(()));
    }
}
