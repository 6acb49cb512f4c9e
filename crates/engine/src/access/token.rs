//! Tokens and sessions of a user: listed, made, revoked.

use std::collections::BTreeSet;

use ipnet::IpNet;
use model::Timestamp;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::record::{Session, Token};
use super::target::{ManagedUser, TokenOwner, UserToken};
use super::work::{self, Load};
use super::{Access, Authorized, Command, Permission, Refusal, permits};
use crate::audit::Draft;
use crate::secrets::{SecretText, random_hex, token_hash};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Most sessions or tokens of a user that are listed.
const LISTED: u32 = 1000;

/// A token to be made.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub scopes: BTreeSet<Permission>,
    /// Days until it ends, 1 to 90.
    pub days: u32,
    /// Where it may come from; anywhere when empty.
    pub networks: Vec<IpNet>,
}

/// A token just made: the only time it is seen.
#[derive(Debug)]
pub struct ShownToken {
    /// The token itself.
    pub secret: SecretText,
    /// What is kept of it.
    pub token: Token,
}

impl Access {
    /// Sessions of a user, oldest first.
    pub async fn sessions(
        &self,
        auth: &Authorized<permits::AccountRead>,
        user: &ManagedUser,
    ) -> Result<Vec<Session>, Refusal> {
        let mut sessions: Vec<Session> = self.of_user(auth, user, "session").await?;
        let now = self.now();
        sessions.retain(|session| session.holds(user.user(), now));
        Ok(sessions)
    }

    /// Tokens of a user, oldest first, those that have ended included.
    pub async fn tokens(
        &self,
        auth: &Authorized<permits::AccountRead>,
        user: &ManagedUser,
    ) -> Result<Vec<Token>, Refusal> {
        self.of_user(auth, user, "token").await
    }

    async fn of_user<T: DeserializeOwned>(
        &self,
        auth: &Authorized<permits::AccountRead>,
        user: &ManagedUser,
        kind: &str,
    ) -> Result<Vec<T>, Refusal> {
        let key = user.user().id.to_string();
        let found = self.state.find(auth.tenant(), kind, ("user", &key), None, LISTED).await?;
        found.into_iter().map(work::read).collect()
    }

    /// Makes a token. Its scopes must be among the rights of its owner, and of its maker where the owner is a person;
    /// what it may do later are those of its scopes that its owner still has.
    pub async fn create_token(
        &self,
        auth: &Authorized<permits::AccountWrite>,
        owner: &TokenOwner,
        new: NewToken,
    ) -> Result<ShownToken, Refusal> {
        let owner = owner.user();
        let prefix = random_hex::<4>()?;
        let prefix = format!("wr_{}_{}", auth.tenant(), prefix.expose());
        let secret: SecretText = format!("{prefix}_{}", random_hex::<32>()?.expose()).into();
        let now = self.now();
        let token = Token {
            id: Uuid::now_v7(),
            user: owner.id,
            name: new.name,
            prefix,
            hash: token_hash(secret.expose()),
            generation: owner.generation,
            scopes: new.scopes,
            networks: new.networks,
            created_at: now,
            ends_at: Timestamp(now.0 + i64::from(new.days) * DAY_MS),
            used_at: None,
            is_revoked: false,
        };
        let scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.name()).collect();
        let draft = Draft::new(auth.actor(), "token.create", &format!("token/{}", token.id))
            .with("user", &owner.id.to_string())
            .with("scopes", &scopes.join(" "));
        let work = async {
            if auth.caller().is_limited() {
                return Err(Refusal::MfaNeeded);
            }
            let own = auth.caller().is(owner.id);
            let rights = if own { auth.caller().rights().clone() } else { owner.rights() };
            let command = Command::CreateToken { token: token.clone(), rights };
            self.change(auth.tenant(), auth.actor(), &[Load::User(owner.id)], &command).await
        };
        self.audited(auth.tenant(), draft, work).await?;
        Ok(ShownToken { secret, token })
    }

    /// Revokes a token.
    pub async fn revoke_token(
        &self,
        auth: &Authorized<permits::AccountWrite>,
        token: &UserToken,
    ) -> Result<(), Refusal> {
        let id = token.token().id;
        let draft = Draft::new(auth.actor(), "token.delete", &format!("token/{id}"));
        let (loads, command) = ([Load::Token(id)], Command::RevokeToken(id));
        let work = self.change(auth.tenant(), auth.actor(), &loads, &command);
        self.audited(auth.tenant(), draft, work).await
    }
}
