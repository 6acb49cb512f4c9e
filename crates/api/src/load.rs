//! What a route works on, loaded for the caller before the handler runs.

use std::future::Future;

use engine::access::target::{
    AnyUser, ManagedUser, OwnUser, TokenOwner, UserSession, UserToken, VisibleUser,
};
use engine::access::{Access, Caller, Refusal};
use uuid::Uuid;

/// The values of the placeholders in a route's path.
#[derive(Debug, Clone, Default)]
pub struct PathValues(pub(crate) Vec<(String, String)>);

impl PathValues {
    /// The id of a placeholder. What is no id is not there.
    pub fn id(&self, name: &'static str) -> Result<Uuid, Refusal> {
        let value = self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        // Only the one way to write an id: two texts never mean one record.
        let id = value.and_then(|text| Some((text, Uuid::try_parse(text).ok()?)));
        id.filter(|(text, id)| id.to_string() == *text)
            .map(|(_, id)| id)
            .ok_or(Refusal::NotFound(name))
    }
}

/// Something that a route works on.
pub trait Loaded: Sized + Send + 'static {
    /// What is loaded and through what, for the documents; empty for nothing.
    const WORDS: &'static str;

    /// Loads it with the caller's tenant in the key, a child through its parent.
    fn load(
        access: &Access,
        caller: &Caller,
        path: &PathValues,
    ) -> impl Future<Output = Result<Self, Refusal>> + Send;
}

impl Loaded for () {
    const WORDS: &'static str = "";

    async fn load(_: &Access, _: &Caller, _: &PathValues) -> Result<Self, Refusal> {
        Ok(())
    }
}

macro_rules! loaded {
    ($($name:ident $words:literal $method:ident($($part:literal),*);)*) => {
        $(impl Loaded for $name {
            const WORDS: &'static str = $words;

            async fn load(access: &Access, caller: &Caller, path: &PathValues) -> Result<Self, Refusal> {
                access.$method(caller, $(path.id($part)?),*).await
            }
        })*
    };
}

loaded! {
    AnyUser "any user of the tenant" any_user("user");
    VisibleUser "oneself, or with user.read any user of the tenant" visible_user("user");
    ManagedUser "oneself, or with user.write any user of the tenant" managed_user("user");
    OwnUser "oneself" own_user("user");
    TokenOwner "oneself, or with user.write a service of the tenant" token_owner("user");
    UserSession "a session of a user: oneself, or with user.write any of the tenant" user_session("user", "session");
    UserToken "a token of a user: oneself, or with user.write any of the tenant" user_token("user", "token");
}
