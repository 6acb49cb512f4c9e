//! Logging in, proving it again, logging out.
//!
//! Each attempt is counted before anything is checked, in one commit that fails when another attempt was first; so
//! however many come at once, exactly as many get through as may. Only failures stay counted. Three counts run side
//! by side: the account from one network, the account from anywhere, the network for any account; so nobody can lock
//! somebody out from one place, and guessing from many places ends as well.

use std::net::IpAddr;

use ports::TenantId;
use uuid::Uuid;

use super::record::{Session, User};
use super::target::UserSession;
use super::work::{self, Load};
use super::{Access, Authorized, Caller, Command, Limit, Refusal, permits, totp};
use crate::audit::Draft;
use crate::secrets::{SecretText, random_hex, token_hash};

/// Failed attempts for one account from one network in 15 minutes.
pub const PAIR_LIMIT: u32 = 10;
/// Failed attempts for one account from anywhere in 15 minutes.
pub const ACCOUNT_LIMIT: u32 = 50;
/// Failed attempts from one network for any account in 15 minutes.
pub const ADDRESS_LIMIT: u32 = 50;

/// What a person gives to log in.
#[derive(Debug, Clone)]
pub struct Login {
    /// The tenant.
    pub tenant: TenantId,
    /// The user's name.
    pub name: String,
    /// The password.
    pub password: SecretText,
    /// The one-time code, for those who have set them up.
    pub code: Option<SecretText>,
    /// Where it comes from.
    pub from: IpAddr,
}

/// A session just opened or renewed: the only time its secret is seen.
#[derive(Debug)]
pub struct Opened {
    /// The secret, for the cookie.
    pub secret: SecretText,
    /// The session.
    pub session: Session,
    /// Who it is of.
    pub user: User,
}

/// A key of counted attempts: a hash, so that it is short whatever was typed, and says nothing.
pub(super) fn limit_key(parts: &[&str]) -> String {
    token_hash(&parts.join("\n")).chars().take(32).collect()
}

/// The network that attempts are counted under: a single IPv4 address, 64 bits of an IPv6 one.
pub(super) fn net_of(from: IpAddr) -> String {
    match from.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => (u128::from(address) >> 64).to_string(),
    }
}

fn limits(name: &str, from: IpAddr) -> Vec<Limit> {
    let (name, net) = (name.to_lowercase(), net_of(from));
    vec![
        Limit { key: limit_key(&["pair", &name, &net]), most: PAIR_LIMIT },
        Limit { key: limit_key(&["account", &name]), most: ACCOUNT_LIMIT },
        Limit { key: limit_key(&["net", &net]), most: ADDRESS_LIMIT },
    ]
}

fn counted(limits: &[Limit]) -> Vec<Load> {
    limits.iter().map(|limit| Load::Throttle(limit.key.clone())).collect()
}

impl Access {
    /// Logs in. All that can be wrong has one answer and costs the same work.
    pub async fn login(&self, login: Login) -> Result<Opened, Refusal> {
        let Login { tenant, name, .. } = &login;
        let limits = self.count(tenant, name, login.from).await?;
        let found =
            self.state.find(tenant, "user", ("!name", &name.to_lowercase()), None, 1).await?;
        let user: Option<User> = found.into_iter().next().map(work::read).transpose()?;
        let object =
            user.as_ref().map_or_else(|| "user/unknown".to_owned(), |u| format!("user/{}", u.id));
        let draft =
            Draft::new("visitor", "session.create", &object).with("from", &login.from.to_string());
        self.audited(tenant, draft, self.open(&login, user, limits)).await
    }

    /// Counts an attempt, or refuses it.
    async fn count(
        &self,
        tenant: &TenantId,
        name: &str,
        from: IpAddr,
    ) -> Result<Vec<Limit>, Refusal> {
        let limits = limits(name, from);
        let command = Command::Attempt(limits.clone());
        self.change(tenant, "system", &counted(&limits), &command).await?;
        Ok(limits)
    }

    async fn open(
        &self,
        login: &Login,
        user: Option<User>,
        limits: Vec<Limit>,
    ) -> Result<Opened, Refusal> {
        let Login { tenant, password, code, .. } = login;
        let step = self.check(tenant, user.as_ref(), password, code.as_ref()).await?;
        let user = user.ok_or(Refusal::BadLogin)?;
        let (secret, session) = self.new_session(tenant, &user)?;
        let mut loads = counted(&limits);
        loads.extend([Load::User(user.id), Load::Session(session.id)]);
        let keys = limits.into_iter().map(|limit| limit.key).collect();
        let command = Command::OpenSession { session: session.clone(), step, keys };
        self.change(tenant, &format!("user/{}", user.id), &loads, &command).await?;
        Ok(Opened { secret, session: Session { is_mfa: step.is_some(), ..session }, user })
    }

    pub(super) fn new_session(
        &self,
        tenant: &TenantId,
        user: &User,
    ) -> Result<(SecretText, Session), Refusal> {
        let secret: SecretText = format!("{tenant}.{}", random_hex::<32>()?.expose()).into();
        let now = self.now();
        let session = Session {
            id: Uuid::now_v7(),
            user: user.id,
            hash: token_hash(secret.expose()),
            generation: user.generation,
            is_mfa: false,
            created_at: now,
            seen_at: now,
            proved_at: now,
            is_ended: false,
        };
        Ok((secret, session))
    }

    /// Password and code of a user: the time step of the code when there is one, a refusal when anything is wrong.
    async fn check(
        &self,
        tenant: &TenantId,
        user: Option<&User>,
        password: &SecretText,
        code: Option<&SecretText>,
    ) -> Result<Option<u64>, Refusal> {
        let hash = user.filter(|user| user.is_active).and_then(|user| user.password.as_deref());
        let is_right = self.passwords.check(password, hash).await?;
        let user = user.filter(|_| is_right).ok_or(Refusal::BadLogin)?;
        let Some(known) = user.totp.as_ref().filter(|totp| totp.is_confirmed) else {
            // A code where none is set up is ignored: saying so would tell.
            return Ok(None);
        };
        let code = code.map(SecretText::expose).unwrap_or_default();
        let step = totp::step_of(&self.master, tenant, user.id, &known.seed, code, self.unix_s())?;
        step.map(Some).ok_or(Refusal::BadLogin)
    }

    /// Gives password and code again: routes that demand it are open for five minutes. The session gets a new secret.
    pub async fn prove(
        &self,
        auth: &Authorized<permits::AccountWrite>,
        password: &SecretText,
        code: Option<&SecretText>,
        from: IpAddr,
    ) -> Result<Opened, Refusal> {
        let caller = auth.caller();
        let (user, session) = person(caller)?;
        let tenant = auth.tenant();
        let limits = self.count(tenant, &user.name, from).await?;
        let draft = Draft::new(auth.actor(), "session.prove", &format!("session/{}", session.id));
        let work = async {
            let step = self.check(tenant, Some(user), password, code).await?;
            let (secret, fresh) = self.new_session(tenant, user)?;
            let mut loads = counted(&limits);
            loads.extend([Load::User(user.id), Load::Session(session.id)]);
            let keys = limits.iter().map(|limit| limit.key.clone()).collect();
            let hash = fresh.hash.clone();
            let command = Command::ProveSession { session: session.id, step, hash, keys };
            self.change(tenant, auth.actor(), &loads, &command).await?;
            let fresh = Session {
                id: session.id,
                created_at: session.created_at,
                is_mfa: step.is_some(),
                ..fresh
            };
            Ok(Opened { secret, session: fresh, user: user.clone() })
        };
        self.audited(tenant, draft, work).await
    }

    /// Checks the password of whoever asks, counted as a login.
    pub(super) async fn prove_password(
        &self,
        caller: &Caller,
        password: &SecretText,
        from: IpAddr,
    ) -> Result<(), Refusal> {
        let (user, _) = person(caller)?;
        self.count(caller.tenant(), &user.name, from).await?;
        if self.passwords.check(password, user.password.as_deref()).await? {
            Ok(())
        } else {
            Err(Refusal::BadLogin)
        }
    }

    /// Ends the session that asks.
    pub async fn logout(&self, auth: &Authorized<permits::AccountWrite>) -> Result<(), Refusal> {
        let (_, session) = person(auth.caller())?;
        self.end(auth, session).await
    }

    /// Ends a session.
    pub async fn end_session(
        &self,
        auth: &Authorized<permits::AccountWrite>,
        session: &UserSession,
    ) -> Result<(), Refusal> {
        self.end(auth, session.session()).await
    }

    async fn end(
        &self,
        auth: &Authorized<permits::AccountWrite>,
        session: &Session,
    ) -> Result<(), Refusal> {
        let draft = Draft::new(auth.actor(), "session.delete", &format!("session/{}", session.id));
        let (loads, command) = ([Load::Session(session.id)], Command::EndSession(session.id));
        let work = self.change(auth.tenant(), auth.actor(), &loads, &command);
        self.audited(auth.tenant(), draft, work).await
    }
}

/// The user and the session of a caller who is a person.
pub(super) fn person(caller: &Caller) -> Result<(&User, &Session), Refusal> {
    caller.user().zip(caller.session()).ok_or(Refusal::StepUpNeeded)
}
