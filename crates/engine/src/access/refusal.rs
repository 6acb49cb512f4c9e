//! Why something is not done, in words that name the way out and nothing of the inside.

use ports::StateError;

use super::Permission;
use crate::audit::AuditError;
use crate::secrets::SecretError;

/// Why something is not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nobody has set up this installation yet.
    #[error("this installation is not set up: send the one-time token to POST /api/v1/setup")]
    NotSetUp,
    /// Somebody has.
    #[error("this installation is set up already: log in")]
    SetUpAlready,
    /// The setup token is wrong, used or too old: one answer for all.
    #[error(
        "the setup token is wrong, used or older than 30 minutes: restart the program for a new one"
    )]
    SetupToken,
    /// No session and no token, or not a valid one.
    #[error("you are not logged in, or the session or token has ended: log in again")]
    NotAuthenticated,
    /// One answer for all that can be wrong with a login.
    #[error(
        "the name, the password or the one-time code is wrong: whoever has set up one-time codes gives all three, each code once"
    )]
    BadLogin,
    /// Too many attempts.
    #[error("too many attempts: wait {retry_s} seconds")]
    Throttled {
        /// Seconds until the next attempt counts.
        retry_s: u64,
    },
    /// Not allowed.
    #[error("this needs the permission {}: ask an admin for a role that has it", .0.name())]
    Forbidden(Permission),
    /// A role that needs a second factor was used without.
    #[error(
        "your role needs a second factor: set up one-time codes for your account, then log in with a code"
    )]
    MfaNeeded,
    /// The session must be proved again.
    #[error("prove that it is you with POST /api/v1/sessions/current/proof, then try again")]
    StepUpNeeded,
    /// Not there, or not yours to see: one answer for both.
    #[error("there is no such {0}, or it is not yours to see")]
    NotFound(&'static str),
    /// A value cannot be used.
    #[error("{field}: {words}")]
    Invalid {
        /// Which.
        field: &'static str,
        /// Why, and what can be used.
        words: String,
    },
    /// A unique text is taken.
    #[error("this {0} is taken: choose another")]
    Taken(&'static str),
    /// Nobody would be left to manage users.
    #[error("this is the last active admin: make another user an admin first")]
    LastAdmin,
    /// The same person on both sides of an approval.
    #[error("whoever asks cannot be the one who approves: ask somebody else")]
    SamePerson,
    /// It changed meanwhile.
    #[error("it was changed by somebody else meanwhile: look again, then try again")]
    Conflict,
    /// Nothing is changed that the audit log cannot record.
    #[error(
        "the audit log is not available, so nothing is changed: see that the state database can be written"
    )]
    AuditUnavailable(String),
    /// The state cannot be read or written.
    #[error(
        "the state database is not available: try again in a moment, then see the program's log"
    )]
    StateUnavailable(String),
    /// A fault of the program or of its keys.
    #[error("something went wrong inside: see the program's log")]
    Internal(String),
}

impl Refusal {
    /// For a value that cannot be used.
    pub fn invalid(field: &'static str, words: impl Into<String>) -> Self {
        Self::Invalid { field, words: words.into() }
    }

    /// Its short name, for programs and for the audit log.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotSetUp => "not-set-up",
            Self::SetUpAlready => "set-up-already",
            Self::SetupToken => "setup-token",
            Self::NotAuthenticated => "not-authenticated",
            Self::BadLogin => "bad-login",
            Self::Throttled { .. } => "throttled",
            Self::Forbidden(_) => "forbidden",
            Self::MfaNeeded => "mfa-needed",
            Self::StepUpNeeded => "step-up-needed",
            Self::NotFound(_) => "not-found",
            Self::Invalid { .. } => "invalid",
            Self::Taken(_) => "taken",
            Self::LastAdmin => "last-admin",
            Self::SamePerson => "same-person",
            Self::Conflict => "conflict",
            Self::AuditUnavailable(_) => "audit-unavailable",
            Self::StateUnavailable(_) => "state-unavailable",
            Self::Internal(_) => "internal",
        }
    }

    /// What the program's log may say beyond the words; never for whoever asked.
    pub fn inside(&self) -> Option<&str> {
        match self {
            Self::AuditUnavailable(text) | Self::StateUnavailable(text) | Self::Internal(text) => {
                Some(text)
            }
            _ => None,
        }
    }

    /// Whether nothing was wrong with what was asked.
    pub fn is_fault(&self) -> bool {
        self.inside().is_some()
    }
}

impl From<AuditError> for Refusal {
    fn from(error: AuditError) -> Self {
        Self::AuditUnavailable(error.to_string())
    }
}

impl From<SecretError> for Refusal {
    fn from(error: SecretError) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<StateError> for Refusal {
    fn from(error: StateError) -> Self {
        match error {
            StateError::Conflict { .. } => Self::Conflict,
            // The only unique text that a person chooses is a user's name.
            StateError::Taken { .. } => Self::Taken("name"),
            StateError::Damaged(reason) => Self::Internal(reason),
            error => Self::StateUnavailable(error.to_string()),
        }
    }
}
