//! What a use case works on, loaded for one caller. A child is loaded through its parent, everything with the
//! caller's tenant in the key; what is not there and what is not the caller's have one answer.

use uuid::Uuid;

use super::record::{Session, Token, User};
use super::work;
use super::{Access, Caller, Permission, Refusal};

macro_rules! users {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        $($(#[$doc])* #[derive(Debug, Clone)] pub struct $name(User);

        impl $name {
            /// The user.
            pub fn user(&self) -> &User {
                &self.0
            }
        })*
    };
}

users! {
    /// Any user of the caller's tenant; for use cases whose permission is about all users.
    AnyUser,
    /// The caller, or whoever a caller with `user.read` looks at.
    VisibleUser,
    /// The caller, or whoever a caller with `user.write` manages.
    ManagedUser,
    /// The caller and nobody else.
    OwnUser,
    /// The caller, or a service for a caller with `user.write`: whoever a token can be made for.
    TokenOwner,
}

/// A session of a [`ManagedUser`].
#[derive(Debug, Clone)]
pub struct UserSession(Session);

impl UserSession {
    /// The session.
    pub fn session(&self) -> &Session {
        &self.0
    }
}

/// A token of a [`ManagedUser`].
#[derive(Debug, Clone)]
pub struct UserToken(Token);

impl UserToken {
    /// The token.
    pub fn token(&self) -> &Token {
        &self.0
    }
}

fn may(caller: &Caller, permission: Permission) -> bool {
    caller.rights().contains(&permission)
}

impl Access {
    async fn user(
        &self,
        caller: &Caller,
        id: Uuid,
        is_allowed: impl Fn(&User) -> bool + Send,
    ) -> Result<User, Refusal> {
        let missing = || Refusal::NotFound("user");
        let record = self.state.record(caller.tenant(), "user", &id.to_string()).await?;
        let user: User = work::read(record.ok_or_else(missing)?)?;
        if is_allowed(&user) { Ok(user) } else { Err(missing()) }
    }

    /// Loads a user of the caller's tenant.
    pub async fn any_user(&self, caller: &Caller, id: Uuid) -> Result<AnyUser, Refusal> {
        self.user(caller, id, |_| true).await.map(AnyUser)
    }

    /// Loads a user whom the caller may see.
    pub async fn visible_user(&self, caller: &Caller, id: Uuid) -> Result<VisibleUser, Refusal> {
        let is_visible = |user: &User| caller.is(user.id) || may(caller, Permission::UserRead);
        self.user(caller, id, is_visible).await.map(VisibleUser)
    }

    /// Loads a user whom the caller may manage.
    pub async fn managed_user(&self, caller: &Caller, id: Uuid) -> Result<ManagedUser, Refusal> {
        let is_managed = |user: &User| caller.is(user.id) || may(caller, Permission::UserWrite);
        self.user(caller, id, is_managed).await.map(ManagedUser)
    }

    /// Loads the caller themselves.
    pub async fn own_user(&self, caller: &Caller, id: Uuid) -> Result<OwnUser, Refusal> {
        self.user(caller, id, |user| caller.is(user.id)).await.map(OwnUser)
    }

    /// Loads a user for whom the caller may make a token.
    pub async fn token_owner(&self, caller: &Caller, id: Uuid) -> Result<TokenOwner, Refusal> {
        let is_own = |user: &User| {
            caller.is(user.id) || (user.is_service() && may(caller, Permission::UserWrite))
        };
        self.user(caller, id, is_own).await.map(TokenOwner)
    }

    /// Loads a session through its user.
    pub async fn user_session(
        &self,
        caller: &Caller,
        user: Uuid,
        id: Uuid,
    ) -> Result<UserSession, Refusal> {
        let missing = || Refusal::NotFound("session");
        let user = self.managed_user(caller, user).await?;
        let record = self.state.record(caller.tenant(), "session", &id.to_string()).await?;
        let session: Session = work::read(record.ok_or_else(missing)?)?;
        if session.user == user.0.id { Ok(UserSession(session)) } else { Err(missing()) }
    }

    /// Loads a token through its user.
    pub async fn user_token(
        &self,
        caller: &Caller,
        user: Uuid,
        id: Uuid,
    ) -> Result<UserToken, Refusal> {
        let missing = || Refusal::NotFound("token");
        let user = self.managed_user(caller, user).await?;
        let record = self.state.record(caller.tenant(), "token", &id.to_string()).await?;
        let token: Token = work::read(record.ok_or_else(missing)?)?;
        if token.user == user.0.id { Ok(UserToken(token)) } else { Err(missing()) }
    }
}
