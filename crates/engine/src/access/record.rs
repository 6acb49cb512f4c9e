//! What the state knows of access: users, sessions, tokens, the setup, counted attempts.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;
use model::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Permission, Role, rights};
use crate::secrets::Sealed;

/// Milliseconds of a session without use.
pub const SESSION_IDLE_MS: i64 = 30 * 60 * 1000;
/// Milliseconds of a session at most.
pub const SESSION_MS: i64 = 12 * 60 * 60 * 1000;
/// Milliseconds for which a proof (password, code) opens routes that demand one.
pub const PROOF_MS: i64 = 5 * 60 * 1000;
/// Milliseconds of a token at most.
pub const TOKEN_MS: i64 = 90 * 24 * 60 * 60 * 1000;
/// Milliseconds for which the setup token holds.
pub const SETUP_MS: i64 = 30 * 60 * 1000;
/// Milliseconds in which attempts are counted together.
pub const WINDOW_MS: i64 = 15 * 60 * 1000;
/// How far clocks of two processes may differ before a session of the future is refused.
const SKEW_MS: i64 = 5 * 60 * 1000;

/// A user: a person, or a program with the role `service`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// Its id.
    pub id: Uuid,
    /// The name it logs in with; unique in its tenant.
    pub name: String,
    /// Its roles.
    pub roles: BTreeSet<Role>,
    /// What it may not do whatever its roles give.
    pub denied: BTreeSet<Permission>,
    /// Whether it may do anything at all.
    pub is_active: bool,
    /// Hash of the password (Argon2id, PHC text); none for a service.
    pub password: Option<String>,
    /// One-time codes.
    pub totp: Option<Totp>,
    /// Sessions and tokens of another generation are void: it rises when password or codes are set anew.
    pub generation: u32,
    /// When it was made.
    pub created_at: Timestamp,
}

/// One-time codes of a user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Totp {
    /// The seed, sealed.
    pub seed: Sealed,
    /// Whether the user has shown that they have it.
    pub is_confirmed: bool,
    /// The time step of the last code that was used: it and all before it are void.
    pub last_step: u64,
}

impl User {
    /// What its roles allow, without regard to a second factor.
    pub fn rights(&self) -> BTreeSet<Permission> {
        if self.is_active { rights(&self.roles, &self.denied) } else { BTreeSet::new() }
    }

    /// Whether one-time codes are set up.
    pub fn has_totp(&self) -> bool {
        self.totp.as_ref().is_some_and(|totp| totp.is_confirmed)
    }

    /// Whether one of its roles needs a second factor.
    pub fn needs_mfa(&self) -> bool {
        self.roles.iter().any(|role| role.needs_mfa())
    }

    /// Whether it is a program.
    pub fn is_service(&self) -> bool {
        self.roles.contains(&Role::Service)
    }

    /// Whether it can manage users.
    pub fn is_admin(&self) -> bool {
        self.is_active && self.rights().contains(&Permission::UserWrite)
    }
}

/// A session of a person. The secret itself is nowhere; its hash is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its id; no secret.
    pub id: Uuid,
    /// Whose.
    pub user: Uuid,
    /// Hash of the secret.
    pub hash: String,
    /// Generation of the user when it was opened.
    pub generation: u32,
    /// Whether a one-time code was given.
    pub is_mfa: bool,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub seen_at: Timestamp,
    /// When password and code were last given.
    pub proved_at: Timestamp,
    /// Whether it was ended.
    pub is_ended: bool,
}

impl Session {
    /// Whether it holds. A session from the future (the machine was started with its clock set back) does not.
    pub fn holds(&self, user: &User, now: Timestamp) -> bool {
        !self.is_ended
            && self.generation == user.generation
            && now.0 + SKEW_MS >= self.seen_at.0
            && now.0 < self.ends_at().0
    }

    /// When it ends if it is not used again.
    pub fn ends_at(&self) -> Timestamp {
        Timestamp((self.created_at.0 + SESSION_MS).min(self.seen_at.0 + SESSION_IDLE_MS))
    }
}

/// A token of the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Its id.
    pub id: Uuid,
    /// Whose.
    pub user: Uuid,
    /// What it is for, in its owner's words.
    pub name: String,
    /// Its first characters, so that it is recognised.
    pub prefix: String,
    /// Hash of the whole token.
    pub hash: String,
    /// Generation of the user when it was made.
    pub generation: u32,
    /// What it may do of what its owner may.
    pub scopes: BTreeSet<Permission>,
    /// Where it may come from; anywhere when empty.
    pub networks: Vec<IpNet>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// When it was last used, to the minute.
    pub used_at: Option<Timestamp>,
    /// Whether it was revoked.
    pub is_revoked: bool,
}

impl Token {
    /// Whether it holds.
    pub fn holds(&self, user: &User, now: Timestamp) -> bool {
        !self.is_revoked
            && self.generation == user.generation
            && now.0 + SKEW_MS >= self.created_at.0
            && now.0 < self.ends_at.0
    }
}

/// How the installation was set up, or how it can be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    /// Hash of the one-time token.
    pub hash: String,
    /// Until when it holds.
    pub until: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
    /// Whether one person does everything: self-approval is allowed and marked.
    pub is_one_person: bool,
}

/// Attempts counted together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Throttle {
    /// When counting began.
    pub since: Timestamp,
    /// How many there were.
    pub attempts: u32,
}

/// The records that a command is about. A use case loads them, decides, applies, and writes back what changed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// The setup.
    pub setup: Option<Setup>,
    /// Users by id.
    pub users: BTreeMap<Uuid, User>,
    /// Sessions by id.
    pub sessions: BTreeMap<Uuid, Session>,
    /// Tokens by id.
    pub tokens: BTreeMap<Uuid, Token>,
    /// Counted attempts by key.
    pub throttles: BTreeMap<String, Throttle>,
    /// How often the set of admins shrank: two admins cannot remove each other at once, as both changes would be made
    /// from the same number.
    pub admins_left: u64,
}
