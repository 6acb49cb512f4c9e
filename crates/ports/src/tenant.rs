//! Whose data it is.

use serde::{Deserialize, Serialize};

/// A tenant: 1 to 63 of `a-z 0-9 -`, beginning with a letter. It is part of every key from the first table on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TenantId(Box<str>);

/// A text that names no tenant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no tenant: use 1 to 63 of a-z, 0-9 and -, beginning with a letter")]
pub struct InvalidTenant(String);

impl TenantId {
    /// The tenant of an installation that has only one.
    pub fn main() -> Self {
        Self("main".into())
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for TenantId {
    type Error = InvalidTenant;

    fn try_from(text: String) -> Result<Self, InvalidTenant> {
        let is_letter = |byte: &u8| byte.is_ascii_lowercase();
        let is_known =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let begins = text.as_bytes().first().is_some_and(is_letter);
        if begins && text.len() <= 63 && text.bytes().all(is_known) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidTenant(text))
        }
    }
}

impl From<TenantId> for String {
    fn from(tenant: TenantId) -> Self {
        tenant.0.into()
    }
}

impl std::fmt::Display for TenantId {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_is_a_short_plain_word() {
        for good in ["main", "a", "acme-2"] {
            assert!(TenantId::try_from(good.to_owned()).is_ok(), "{good}");
        }
        for bad in ["", "Main", "-a", "2a", "a/b", "..", "a\u{0}", &"a".repeat(64)] {
            assert!(TenantId::try_from((*bad).to_owned()).is_err(), "{bad:?}");
        }
    }
}
