//! First start: a token on the terminal, used once, makes the first user.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ports::TenantId;
use uuid::Uuid;

use super::login::{limit_key, net_of};
use super::password::check_new;
use super::record::User;
use super::work::Load;
use super::{Access, Command, Limit, Refusal, Role};
use crate::audit::Draft;
use crate::secrets::{SecretText, random_hex, token_hash};

/// Wrong setup tokens from one network in 15 minutes.
const SETUP_LIMIT: u32 = 10;

/// The first user.
#[derive(Debug, Clone)]
pub struct FirstUser {
    /// The name to log in with.
    pub name: String,
    /// The password.
    pub password: SecretText,
    /// Whether one person does everything here.
    pub is_one_person: bool,
}

impl Access {
    /// Makes the one-time setup token: 128 random bits, good for 30 minutes, for the terminal and a file of mode
    /// 0600, never for a log. One made before is void. `None` when the first user was made already.
    pub async fn begin_setup(&self) -> Result<Option<SecretText>, Refusal> {
        if self.is_set_up().await? {
            return Ok(None);
        }
        let token = random_hex::<16>()?;
        let command = Command::BeginSetup { hash: token_hash(token.expose()) };
        let tenant = TenantId::main();
        let work = self.change(&tenant, "system", &[Load::Setup], &command);
        let draft = Draft::new("system", "setup.begin", "setup");
        match self.audited(&tenant, draft, work).await {
            Ok(()) => Ok(Some(token)),
            // Another process was faster.
            Err(Refusal::SetUpAlready) => Ok(None),
            Err(refusal) => Err(refusal),
        }
    }

    /// Uses the token: the first user, an admin, is made.
    pub async fn finish_setup(
        &self,
        token: &SecretText,
        first: FirstUser,
        from: IpAddr,
    ) -> Result<User, Refusal> {
        if self.is_set_up().await? {
            return Err(Refusal::SetUpAlready);
        }
        let tenant = TenantId::main();
        let limit = Limit { key: limit_key(&["setup", &net_of(from)]), most: SETUP_LIMIT };
        let loads = [Load::Throttle(limit.key.clone())];
        self.change(&tenant, "system", &loads, &Command::Attempt(vec![limit])).await?;
        let draft = Draft::new("visitor", "setup.finish", "setup").with("from", &from.to_string());
        let user = self.audited(&tenant, draft, self.make_first(token, first)).await?;
        self.is_set_up().await?;
        Ok(user)
    }

    async fn make_first(&self, token: &SecretText, first: FirstUser) -> Result<User, Refusal> {
        check_new(&first.password, &first.name)?;
        let roles: &[Role] = if first.is_one_person { Role::ONE_PERSON } else { &[Role::Admin] };
        let user = User {
            id: Uuid::now_v7(),
            name: first.name,
            roles: roles.iter().copied().collect(),
            denied: BTreeSet::new(),
            is_active: true,
            password: Some(self.passwords.hash(&first.password).await?),
            totp: None,
            generation: 1,
            created_at: self.now(),
        };
        let (hash, is_one_person) = (token_hash(token.expose()), first.is_one_person);
        let command = Command::FinishSetup { hash, user: user.clone(), is_one_person };
        self.change(&TenantId::main(), "visitor", &[Load::Setup], &command).await?;
        Ok(user)
    }
}
