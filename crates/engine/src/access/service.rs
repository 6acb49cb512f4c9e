//! The door to everything that access is about.

use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use model::Timestamp;
use ports::{AuditEntry, Clock, State as Store, TenantId};

use super::caller::{Authorized, Caller};
use super::password::Passwords;
use super::permission::permits::AuditRead;
use super::record::{Session, Setup, Token, User};
use super::work::{self, Load};
use super::{Command, Refusal};
use crate::audit::{AuditLog, Draft, Outcome, Report, Signer, VerifyKey, Witness};
use crate::secrets::{MasterKey, is_equal, token_hash};

/// A session or token in use is written down once in this time.
const SEEN_MS: i64 = 60 * 1000;

/// What [`Access`] is made of.
#[derive(Debug)]
pub struct Parts {
    /// Where everything is kept.
    pub state: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The key for secrets at rest, from a file that only the program's user can read.
    pub master: MasterKey,
    /// The key for checkpoints of the audit log, from such a file too.
    pub signer: Signer,
    /// Who keeps copies of checkpoints; from the configuration file only.
    pub witnesses: Vec<Arc<dyn Witness>>,
}

/// What a request shows.
#[derive(Debug, Clone, Copy)]
pub enum Credential<'a> {
    /// The secret of a session: `main.9f…`.
    Session(&'a str),
    /// A token: `wr_main_1a2b3c4d_9f…`.
    Token(&'a str),
}

/// Users, roles, sessions, tokens, audit log.
#[derive(Debug)]
pub struct Access {
    pub(super) state: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    began_at: Timestamp,
    began: Duration,
    pub(super) master: MasterKey,
    pub(super) audit: AuditLog,
    pub(super) passwords: Passwords,
    pub(super) is_set_up: AtomicBool,
    pub(super) is_one_person: AtomicBool,
}

impl Access {
    /// Over its parts.
    pub fn new(parts: Parts) -> Result<Self, Refusal> {
        let Parts { state, clock, master, signer, witnesses } = parts;
        let audit = AuditLog::new(state.clone(), clock.clone(), signer, witnesses);
        Ok(Self {
            began_at: clock.now(),
            began: clock.elapsed(),
            state,
            clock,
            master,
            audit,
            passwords: Passwords::new()?,
            is_set_up: AtomicBool::new(false),
            is_one_person: AtomicBool::new(false),
        })
    }

    /// Steady time: see the module.
    pub fn now(&self) -> Timestamp {
        let passed = self.clock.elapsed().saturating_sub(self.began);
        Timestamp(self.began_at.0 + passed.as_millis() as i64)
    }

    /// The time of day in seconds, for one-time codes: phones go by it.
    pub(super) fn unix_s(&self) -> u64 {
        (self.clock.now().0 / 1000).max(0) as u64
    }

    /// Whoever holds the master key of this installation is its operator: the command line on the machine itself.
    pub fn operator(&self, tenant: TenantId, key: &MasterKey) -> Result<Caller, Refusal> {
        if key.is_same(&self.master) {
            Ok(Caller::operator(tenant))
        } else {
            Err(Refusal::NotAuthenticated)
        }
    }

    /// Passwords checked since the start.
    pub fn password_checks(&self) -> u64 {
        self.passwords.checks()
    }

    /// The key that proves checkpoints of the audit log.
    pub fn verify_key(&self) -> VerifyKey {
        self.audit.verify_key()
    }

    /// Signs what is due in the audit log; to be called every second or so.
    pub async fn tick(&self) -> Result<(), Refusal> {
        Ok(self.audit.tick().await?)
    }

    /// Whether the state can be read.
    pub async fn is_ready(&self) -> bool {
        self.state.audit_head(&TenantId::main()).await.is_ok()
    }

    pub(super) async fn setup(&self) -> Result<Option<Setup>, Refusal> {
        let record = self.state.record(&TenantId::main(), "setup", "setup").await?;
        record.map(work::read).transpose()
    }

    /// Whether the first user was made. Once so, it stays so.
    pub async fn is_set_up(&self) -> Result<bool, Refusal> {
        if !self.is_set_up.load(Ordering::Acquire) {
            let setup = self.setup().await?.filter(|setup| setup.used_at.is_some());
            if let Some(setup) = setup {
                self.is_one_person.store(setup.is_one_person, Ordering::Release);
                self.is_set_up.store(true, Ordering::Release);
            }
        }
        Ok(self.is_set_up.load(Ordering::Acquire))
    }

    /// Whether one person does everything: shown as a banner, and self-approvals are marked in the audit log.
    pub fn is_one_person(&self) -> bool {
        self.is_one_person.load(Ordering::Acquire)
    }

    /// Who a request comes from.
    pub async fn authenticate(
        &self,
        credential: Credential<'_>,
        from: IpAddr,
    ) -> Result<Caller, Refusal> {
        match credential {
            Credential::Session(text) => {
                let (tenant, secret) = text.split_once('.').ok_or(Refusal::NotAuthenticated)?;
                self.by_session(tenant_of(tenant, secret)?, text).await
            }
            Credential::Token(text) => {
                let parts: Vec<&str> = text.split('_').collect();
                let &["wr", tenant, _, secret] = parts.as_slice() else {
                    return Err(Refusal::NotAuthenticated);
                };
                self.by_token(tenant_of(tenant, secret)?, text, from).await
            }
        }
    }

    async fn by_session(&self, tenant: TenantId, text: &str) -> Result<Caller, Refusal> {
        let session: Session = self.by_hash(&tenant, "session", text).await?;
        let user = self.user_of(&tenant, session.user).await?;
        let now = self.now();
        if !is_equal(&session.hash, &token_hash(text))
            || !session.holds(&user, now)
            || !user.is_active
        {
            return Err(Refusal::NotAuthenticated);
        }
        if now.0 - session.seen_at.0 >= SEEN_MS {
            let (loads, command) = ([Load::Session(session.id)], Command::SeeSession(session.id));
            self.change_quietly(&tenant, &loads, &command).await;
        }
        Ok(Caller::by_session(tenant, user, session))
    }

    async fn by_token(
        &self,
        tenant: TenantId,
        text: &str,
        from: IpAddr,
    ) -> Result<Caller, Refusal> {
        let token: Token = self.by_hash(&tenant, "token", text).await?;
        let user = self.user_of(&tenant, token.user).await?;
        let now = self.now();
        let from = from.to_canonical();
        let is_near =
            token.networks.is_empty() || token.networks.iter().any(|net| net.contains(&from));
        let is_right = is_equal(&token.hash, &token_hash(text));
        if !is_right || !is_near || !token.holds(&user, now) || !user.is_active {
            return Err(Refusal::NotAuthenticated);
        }
        if token.used_at.is_none_or(|used_at| now.0 - used_at.0 >= SEEN_MS) {
            let (loads, command) = ([Load::Token(token.id)], Command::UseToken(token.id));
            self.change_quietly(&tenant, &loads, &command).await;
        }
        Ok(Caller::by_token(tenant, user, token))
    }

    async fn by_hash<T: serde::de::DeserializeOwned>(
        &self,
        tenant: &TenantId,
        kind: &str,
        text: &str,
    ) -> Result<T, Refusal> {
        let hash = token_hash(text);
        let found = self.state.find(tenant, kind, ("!hash", &hash), None, 1).await?;
        work::read(found.into_iter().next().ok_or(Refusal::NotAuthenticated)?)
    }

    async fn user_of(&self, tenant: &TenantId, id: uuid::Uuid) -> Result<User, Refusal> {
        let record = self.state.record(tenant, "user", &id.to_string()).await?;
        work::read(record.ok_or(Refusal::NotAuthenticated)?)
    }

    /// When something was last used is worth a note, not a refusal.
    async fn change_quietly(&self, tenant: &TenantId, loads: &[Load], command: &Command) {
        drop(self.change(tenant, "system", loads, command).await);
    }

    pub(super) async fn change(
        &self,
        tenant: &TenantId,
        actor: &str,
        loads: &[Load],
        command: &Command,
    ) -> Result<(), Refusal> {
        work::change(self.state.as_ref(), tenant, actor, loads, command, || self.now()).await
    }

    /// Announces a change to the audit log, makes it, and records how it went. Use cases outside this module use it
    /// too: nothing is changed but inside it.
    pub async fn audited<T>(
        &self,
        tenant: &TenantId,
        draft: Draft,
        work: impl Future<Output = Result<T, Refusal>> + Send,
    ) -> Result<T, Refusal> {
        let intent = self.audit.intent(tenant, draft).await?;
        let result = work.await;
        let (intent, outcome) = match &result {
            Ok(_) => (intent, Outcome::Done),
            Err(refusal) => {
                let outcome = if refusal.is_fault() { Outcome::Failed } else { Outcome::Refused };
                (intent.with("refusal", refusal.code()), outcome)
            }
        };
        intent.close(outcome).await?;
        result
    }

    /// Notes that a caller was refused before anything was tried.
    pub async fn note_refused(&self, caller: &Caller, action: &str, object: &str, why: &Refusal) {
        let draft = Draft::new(caller.actor(), action, object).with("refusal", why.code());
        drop(self.audit.append(caller.tenant(), &draft, Outcome::Refused).await);
    }

    /// Whether password and code were given in the last five minutes.
    pub fn prove_fresh(&self, caller: &Caller) -> Result<(), Refusal> {
        caller.prove_fresh(self.now())
    }

    /// Entries of the audit log after a number, at most `most`.
    pub async fn audit(
        &self,
        auth: &Authorized<AuditRead>,
        after: u64,
        most: u32,
    ) -> Result<Vec<AuditEntry>, Refusal> {
        Ok(self.audit.entries(auth.tenant(), after, most).await?)
    }

    /// The signed checkpoints of the audit log.
    pub async fn audit_checkpoints(
        &self,
        auth: &Authorized<AuditRead>,
    ) -> Result<Vec<String>, Refusal> {
        Ok(self.audit.notes(auth.tenant()).await?)
    }

    /// Proves the audit log against the checkpoints of the state and those given.
    pub async fn audit_verify(
        &self,
        auth: &Authorized<AuditRead>,
        outside: &[String],
    ) -> Result<Report, Refusal> {
        Ok(self.audit.verify(auth.tenant(), outside).await?)
    }
}

/// The tenant of a credential whose secret looks like one: what does not is refused before any look-up.
fn tenant_of(tenant: &str, secret: &str) -> Result<TenantId, Refusal> {
    let is_secret = secret.len() == 64 && secret.bytes().all(|byte| byte.is_ascii_hexdigit());
    let tenant = TenantId::try_from(tenant.to_owned()).map_err(|_| Refusal::NotAuthenticated)?;
    if is_secret { Ok(tenant) } else { Err(Refusal::NotAuthenticated) }
}
