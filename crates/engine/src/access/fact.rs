//! What happened to users, sessions, tokens, setup and attempts; the body of the facts that the state keeps.

use std::collections::BTreeSet;

use model::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::record::{Session, Setup, State, Throttle, Token, Totp, User};
use super::{Permission, Role};
use crate::secrets::Sealed;

/// Something that happened. Its name and content are those of the stored fact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "body")]
pub enum Fact {
    /// A setup token was made; one made before is void.
    #[serde(rename = "setup.begun")]
    SetupBegun {
        /// Its hash.
        hash: String,
        /// Until when it holds.
        until: Timestamp,
    },
    /// The setup token was used.
    #[serde(rename = "setup.finished")]
    SetupFinished {
        /// When.
        at: Timestamp,
        /// Whether one person does everything.
        is_one_person: bool,
    },
    /// A user was made.
    #[serde(rename = "user.created")]
    UserCreated(User),
    /// Roles, denied permissions or being active changed.
    #[serde(rename = "user.changed")]
    UserChanged {
        /// Who.
        user: Uuid,
        /// All roles.
        roles: BTreeSet<Role>,
        /// All denied permissions.
        denied: BTreeSet<Permission>,
        /// Whether it is active.
        is_active: bool,
    },
    /// The number of admins shrank.
    #[serde(rename = "admins.left")]
    AdminLeft {
        /// Who left.
        user: Uuid,
    },
    /// A password was set; sessions and tokens of before are void.
    #[serde(rename = "user.password_set")]
    PasswordSet {
        /// Whose.
        user: Uuid,
        /// Its hash.
        password: String,
    },
    /// A seed of one-time codes was made.
    #[serde(rename = "user.totp_enrolled")]
    TotpEnrolled {
        /// Whose.
        user: Uuid,
        /// The seed.
        seed: Sealed,
    },
    /// The first code was given.
    #[serde(rename = "user.totp_confirmed")]
    TotpConfirmed {
        /// Whose.
        user: Uuid,
        /// The code's time step.
        step: u64,
    },
    /// A code was used.
    #[serde(rename = "user.totp_used")]
    TotpUsed {
        /// Whose.
        user: Uuid,
        /// The code's time step.
        step: u64,
    },
    /// One-time codes were taken away; sessions and tokens of before are void.
    #[serde(rename = "user.totp_removed")]
    TotpRemoved {
        /// Whose.
        user: Uuid,
    },
    /// A session was opened.
    #[serde(rename = "session.opened")]
    SessionOpened(Session),
    /// A session was used.
    #[serde(rename = "session.seen")]
    SessionSeen {
        /// Which.
        session: Uuid,
        /// When.
        at: Timestamp,
    },
    /// Password and code were given again; the session has a new secret.
    #[serde(rename = "session.proved")]
    SessionProved {
        /// Which.
        session: Uuid,
        /// When.
        at: Timestamp,
        /// Hash of the new secret.
        hash: String,
        /// Whether a code was given.
        is_mfa: bool,
    },
    /// A session was ended.
    #[serde(rename = "session.ended")]
    SessionEnded {
        /// Which.
        session: Uuid,
    },
    /// A token was made.
    #[serde(rename = "token.created")]
    TokenCreated(Token),
    /// A token was used.
    #[serde(rename = "token.used")]
    TokenUsed {
        /// Which.
        token: Uuid,
        /// When.
        at: Timestamp,
    },
    /// A token was revoked.
    #[serde(rename = "token.revoked")]
    TokenRevoked {
        /// Which.
        token: Uuid,
    },
    /// An attempt was counted, or taken back after it succeeded.
    #[serde(rename = "throttle.counted")]
    AttemptCounted {
        /// Under what.
        key: String,
        /// The count as it is now.
        count: Throttle,
    },
}

impl Fact {
    /// Kind and id of the record that it is about.
    pub fn stream(&self) -> (&'static str, String) {
        match self {
            Self::SetupBegun { .. } | Self::SetupFinished { .. } => ("setup", "setup".to_owned()),
            Self::UserCreated(user) => ("user", user.id.to_string()),
            Self::UserChanged { user, .. }
            | Self::PasswordSet { user, .. }
            | Self::TotpEnrolled { user, .. }
            | Self::TotpConfirmed { user, .. }
            | Self::TotpUsed { user, .. }
            | Self::TotpRemoved { user } => ("user", user.to_string()),
            Self::AdminLeft { .. } => ("admins", "admins".to_owned()),
            Self::SessionOpened(session) => ("session", session.id.to_string()),
            Self::SessionSeen { session, .. }
            | Self::SessionProved { session, .. }
            | Self::SessionEnded { session } => ("session", session.to_string()),
            Self::TokenCreated(token) => ("token", token.id.to_string()),
            Self::TokenUsed { token, .. } | Self::TokenRevoked { token } => {
                ("token", token.to_string())
            }
            Self::AttemptCounted { key, .. } => ("throttle", key.clone()),
        }
    }
}

/// Lets a fact take effect. Facts about records that are not loaded have none.
pub fn apply(state: &mut State, fact: &Fact) {
    match fact {
        Fact::SetupBegun { hash, until } => {
            let (hash, until) = (hash.clone(), *until);
            state.setup = Some(Setup { hash, until, used_at: None, is_one_person: false });
        }
        Fact::SetupFinished { at, is_one_person } => {
            if let Some(setup) = &mut state.setup {
                setup.used_at = Some(*at);
                setup.is_one_person = *is_one_person;
            }
        }
        Fact::AdminLeft { .. } => state.admins_left += 1,
        Fact::UserCreated(user) => drop(state.users.insert(user.id, user.clone())),
        Fact::UserChanged { user, .. }
        | Fact::PasswordSet { user, .. }
        | Fact::TotpEnrolled { user, .. }
        | Fact::TotpConfirmed { user, .. }
        | Fact::TotpUsed { user, .. }
        | Fact::TotpRemoved { user } => {
            if let Some(user) = state.users.get_mut(user) {
                apply_user(user, fact);
            }
        }
        Fact::SessionOpened(session) => drop(state.sessions.insert(session.id, session.clone())),
        Fact::SessionSeen { session, .. }
        | Fact::SessionProved { session, .. }
        | Fact::SessionEnded { session } => {
            if let Some(session) = state.sessions.get_mut(session) {
                apply_session(session, fact);
            }
        }
        Fact::TokenCreated(token) => drop(state.tokens.insert(token.id, token.clone())),
        Fact::TokenUsed { token, at } => {
            if let Some(token) = state.tokens.get_mut(token) {
                token.used_at = Some(*at);
            }
        }
        Fact::TokenRevoked { token } => {
            if let Some(token) = state.tokens.get_mut(token) {
                token.is_revoked = true;
            }
        }
        Fact::AttemptCounted { key, count } => {
            state.throttles.insert(key.clone(), count.clone());
        }
    }
}

fn apply_user(user: &mut User, fact: &Fact) {
    match fact {
        Fact::UserChanged { roles, denied, is_active, .. } => {
            user.roles.clone_from(roles);
            user.denied.clone_from(denied);
            user.is_active = *is_active;
        }
        Fact::PasswordSet { password, .. } => {
            user.password = Some(password.clone());
            user.generation += 1;
        }
        Fact::TotpEnrolled { seed, .. } => {
            user.totp = Some(Totp { seed: seed.clone(), is_confirmed: false, last_step: 0 });
        }
        Fact::TotpConfirmed { step, .. } => {
            if let Some(totp) = &mut user.totp {
                totp.is_confirmed = true;
                totp.last_step = *step;
            }
            user.generation += 1;
        }
        Fact::TotpUsed { step, .. } => {
            if let Some(totp) = &mut user.totp {
                totp.last_step = *step;
            }
        }
        Fact::TotpRemoved { .. } => {
            user.totp = None;
            user.generation += 1;
        }
        _ => {}
    }
}

fn apply_session(session: &mut Session, fact: &Fact) {
    match fact {
        Fact::SessionSeen { at, .. } => session.seen_at = *at,
        Fact::SessionProved { at, hash, is_mfa, .. } => {
            session.seen_at = *at;
            session.proved_at = *at;
            session.hash.clone_from(hash);
            session.is_mfa = *is_mfa;
        }
        Fact::SessionEnded { .. } => session.is_ended = true,
        _ => {}
    }
}
