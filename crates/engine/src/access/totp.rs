//! One-time codes by time (RFC 6238): six digits, 30 seconds, one step of difference either way.

use secrecy::ExposeSecret;
use totp_rs::{Algorithm, Builder, Secret, Totp};
use uuid::Uuid;

use ports::TenantId;

use super::Refusal;
use crate::secrets::{MasterKey, Sealed, SecretText, random};

/// Length of a seed, as RFC 4226 recommends for SHA-1.
const SEED_BYTES: usize = 20;

/// A new seed, as it is shown once and as it is stored.
#[derive(Debug)]
pub struct Enrolment {
    /// The seed for typing (base32).
    pub seed: SecretText,
    /// The same as an address for a code to scan.
    pub uri: SecretText,
}

fn context(tenant: &TenantId, user: Uuid) -> String {
    format!("{tenant}/user/{user}/totp")
}

fn with_seed(seed: &[u8]) -> Result<Totp, Refusal> {
    // SHA-1, as every authenticator app expects; its weakness (collisions) does not touch HMAC.
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(1)
        .with_step_duration(30)
        .with_secret(seed.to_vec())
        .build()
        .map_err(|error| Refusal::Internal(error.to_string()))
}

pub(super) fn enrol(
    key: &MasterKey,
    tenant: &TenantId,
    user: Uuid,
    name: &str,
) -> Result<(Enrolment, Sealed), Refusal> {
    let bytes = random::<SEED_BYTES>()?;
    let sealed = key.seal(&context(tenant, user), &bytes)?;
    let seed = Secret::from(bytes.as_slice()).to_base32();
    // A name has no characters that an address would have to escape but '@', which may stand there.
    let uri = format!(
        "otpauth://totp/Wardroom:{name}?secret={seed}&issuer=Wardroom&algorithm=SHA1&digits=6&period=30"
    );
    Ok((Enrolment { seed: seed.into(), uri: uri.into() }, sealed))
}

/// The time step of a code that is right at `unix_s`.
pub(super) fn step_of(
    key: &MasterKey,
    tenant: &TenantId,
    user: Uuid,
    sealed: &Sealed,
    code: &str,
    unix_s: u64,
) -> Result<Option<u64>, Refusal> {
    let seed = key.open(&context(tenant, user), sealed)?;
    let is_code = code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit());
    Ok(if is_code { with_seed(seed.expose_secret())?.check(code, unix_s) } else { None })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_rfc_6238_and_hold_one_step_either_way() {
        let key = MasterKey::new(&[1; 32]).unwrap();
        let (tenant, user) = (TenantId::main(), Uuid::nil());
        let sealed = key.seal(&context(&tenant, user), b"12345678901234567890").unwrap();
        let step = |code: &str, at: u64| step_of(&key, &tenant, user, &sealed, code, at).unwrap();
        // Appendix B, the last six of eight digits.
        assert_eq!(step("287082", 59), Some(1));
        assert_eq!(step("081804", 1_111_111_109), Some(37_037_036));
        assert_eq!(step("081804", 1_111_111_109 + 30), Some(37_037_036));
        assert_eq!(step("081804", 1_111_111_109 + 61), None);
        for bad in ["", "28708", "2870822", " 87082", "+87082", "２87082"] {
            assert_eq!(step(bad, 59), None, "{bad}");
        }
        assert!(step_of(&key, &tenant, Uuid::max(), &sealed, "287082", 59).is_err());
    }

    #[test]
    fn an_enrolment_shows_its_seed_only_on_purpose() {
        let key = MasterKey::new(&[1; 32]).unwrap();
        let (enrolment, sealed) = enrol(&key, &TenantId::main(), Uuid::nil(), "ada").unwrap();
        assert!(enrolment.uri.expose().contains(enrolment.seed.expose()));
        assert_eq!(enrolment.seed.expose().len(), 32);
        assert!(!format!("{enrolment:?}{sealed:?}").contains(enrolment.seed.expose()));
    }
}
