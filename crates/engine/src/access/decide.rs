//! What may happen: commands against the state, without clock, database or chance.

use std::collections::BTreeSet;

use model::Timestamp;
use uuid::Uuid;

use super::fact::Fact;
use super::record::{SETUP_MS, Session, State, TOKEN_MS, Throttle, Token, User, WINDOW_MS};
use super::{Permission, Refusal, Role};
use crate::secrets::{Sealed, is_equal};

/// Attempts counted under a key, and how many there may be in 15 minutes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// The key.
    pub key: String,
    /// Attempts at most.
    pub most: u32,
}

/// What somebody wants to happen. Secrets come in hashed or sealed; ids and hashes come in made.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Makes a setup token that holds for 30 minutes.
    BeginSetup {
        /// Its hash.
        hash: String,
    },
    /// Uses the setup token: the first user is made.
    FinishSetup {
        /// Hash of the token that was given.
        hash: String,
        /// The first user.
        user: User,
        /// Whether one person does everything.
        is_one_person: bool,
    },
    /// Makes a user.
    CreateUser(User),
    /// Changes a user; what is `None` stays.
    ChangeUser {
        /// Who.
        user: Uuid,
        /// All roles.
        roles: Option<BTreeSet<Role>>,
        /// All denied permissions.
        denied: Option<BTreeSet<Permission>>,
        /// Whether it is active.
        is_active: Option<bool>,
        /// Hash of a new password.
        password: Option<String>,
        /// Whether one-time codes are taken away.
        removes_totp: bool,
    },
    /// Sets a password.
    SetPassword {
        /// Whose.
        user: Uuid,
        /// Its hash.
        password: String,
    },
    /// Begins one-time codes.
    EnrolTotp {
        /// Whose.
        user: Uuid,
        /// The seed.
        seed: Sealed,
    },
    /// Shows that the seed is in use. Sessions of before are void; the one given goes on as a new one.
    ConfirmTotp {
        /// Whose.
        user: Uuid,
        /// Time step of the code that was given.
        step: u64,
        /// The session that goes on.
        session: Option<Session>,
    },
    /// Opens a session after password and code were found right.
    OpenSession {
        /// It.
        session: Session,
        /// Time step of the code.
        step: Option<u64>,
        /// Attempts to take back.
        keys: Vec<String>,
    },
    /// A session is used.
    SeeSession(Uuid),
    /// Password and code were given again.
    ProveSession {
        /// Which.
        session: Uuid,
        /// Time step of the code.
        step: Option<u64>,
        /// Hash of the session's new secret.
        hash: String,
        /// Attempts to take back.
        keys: Vec<String>,
    },
    /// Ends a session.
    EndSession(Uuid),
    /// Makes a token.
    CreateToken {
        /// It.
        token: Token,
        /// What whoever makes it may do with the owner's account.
        rights: BTreeSet<Permission>,
    },
    /// A token is used.
    UseToken(Uuid),
    /// Revokes a token.
    RevokeToken(Uuid),
    /// Counts an attempt under all keys, or under none when one of them is full.
    Attempt(Vec<Limit>),
}

/// Decides a command.
pub fn decide(state: &State, command: Command, now: Timestamp) -> Result<Vec<Fact>, Refusal> {
    match command {
        Command::BeginSetup { hash } => begin_setup(state, hash, now),
        Command::FinishSetup { hash, user, is_one_person } => {
            finish_setup(state, &hash, user, is_one_person, now)
        }
        Command::CreateUser(user) => {
            check_user(&user)?;
            Ok(vec![Fact::UserCreated(user)])
        }
        Command::ChangeUser { user, roles, denied, is_active, password, removes_totp } => {
            let user = known(state, user)?;
            let mut changed = user.clone();
            changed.roles = roles.unwrap_or(changed.roles);
            changed.denied = denied.unwrap_or(changed.denied);
            changed.is_active = is_active.unwrap_or(changed.is_active);
            change_user(state, user, &changed, password, removes_totp)
        }
        Command::SetPassword { user, password } => {
            let user = known(state, user)?;
            if user.is_service() {
                return Err(Refusal::invalid("password", "a service has none: make a token"));
            }
            Ok(vec![Fact::PasswordSet { user: user.id, password }])
        }
        Command::EnrolTotp { user, seed } => {
            let user = known(state, user)?;
            if user.has_totp() {
                let words = "one-time codes are set up: ask an admin to take them away first";
                return Err(Refusal::invalid("totp", words));
            }
            Ok(vec![Fact::TotpEnrolled { user: user.id, seed }])
        }
        Command::ConfirmTotp { user, step, session } => confirm_totp(state, user, step, session),
        Command::OpenSession { session, step, keys } => open_session(state, session, step, keys),
        Command::SeeSession(id) => {
            let session = state.sessions.get(&id).ok_or(Refusal::NotAuthenticated)?;
            let is_newer = now > session.seen_at && !session.is_ended;
            Ok(is_newer.then_some(Fact::SessionSeen { session: id, at: now }).into_iter().collect())
        }
        Command::ProveSession { session, step, hash, keys } => {
            let session = state.sessions.get(&session).ok_or(Refusal::NotAuthenticated)?;
            let user = state.users.get(&session.user).ok_or(Refusal::NotAuthenticated)?;
            if !session.holds(user, now) {
                return Err(Refusal::NotAuthenticated);
            }
            let mut facts = use_code(user, step)?;
            let (session, is_mfa) = (session.id, step.is_some());
            facts.push(Fact::SessionProved { session, at: now, hash, is_mfa });
            facts.extend(take_back(state, keys));
            Ok(facts)
        }
        Command::EndSession(id) => {
            let session = state.sessions.get(&id).ok_or(Refusal::NotFound("session"))?;
            let fact = (!session.is_ended).then_some(Fact::SessionEnded { session: id });
            Ok(fact.into_iter().collect())
        }
        Command::CreateToken { token, rights } => create_token(state, token, &rights, now),
        Command::UseToken(id) => {
            let token = state.tokens.get(&id).ok_or(Refusal::NotAuthenticated)?;
            let is_newer = token.used_at.is_none_or(|used_at| now > used_at);
            Ok(is_newer.then_some(Fact::TokenUsed { token: id, at: now }).into_iter().collect())
        }
        Command::RevokeToken(id) => {
            let token = state.tokens.get(&id).ok_or(Refusal::NotFound("token"))?;
            let fact = (!token.is_revoked).then_some(Fact::TokenRevoked { token: id });
            Ok(fact.into_iter().collect())
        }
        Command::Attempt(limits) => attempt(state, limits, now),
    }
}

fn known(state: &State, user: Uuid) -> Result<&User, Refusal> {
    state.users.get(&user).ok_or(Refusal::NotFound("user"))
}

fn begin_setup(state: &State, hash: String, now: Timestamp) -> Result<Vec<Fact>, Refusal> {
    if state.setup.as_ref().is_some_and(|setup| setup.used_at.is_some()) {
        return Err(Refusal::SetUpAlready);
    }
    Ok(vec![Fact::SetupBegun { hash, until: Timestamp(now.0 + SETUP_MS) }])
}

fn finish_setup(
    state: &State,
    hash: &str,
    user: User,
    is_one_person: bool,
    now: Timestamp,
) -> Result<Vec<Fact>, Refusal> {
    let setup = state.setup.as_ref().ok_or(Refusal::SetupToken)?;
    if setup.used_at.is_some() {
        return Err(Refusal::SetUpAlready);
    }
    // A token from the future was made before the clock was set back: how old it is cannot be said.
    let is_young = now < setup.until && setup.until.0 - now.0 <= SETUP_MS;
    if !is_equal(&setup.hash, hash) || !is_young {
        return Err(Refusal::SetupToken);
    }
    check_user(&user)?;
    Ok(vec![Fact::SetupFinished { at: now, is_one_person }, Fact::UserCreated(user)])
}

fn check_user(user: &User) -> Result<(), Refusal> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '@');
    if user.name.is_empty() || user.name.len() > 64 || !user.name.chars().all(is_plain) {
        let words = "use 1 to 64 of a-z, A-Z, 0-9, '.', '_', '-' and '@'";
        return Err(Refusal::invalid("name", words));
    }
    check_roles(user)?;
    match (&user.password, user.is_service()) {
        (Some(_), true) => Err(Refusal::invalid("password", "a service has none: make a token")),
        (None, false) => Err(Refusal::invalid("password", "a person needs one")),
        _ => Ok(()),
    }
}

fn check_roles(user: &User) -> Result<(), Refusal> {
    if user.roles.is_empty() {
        return Err(Refusal::invalid("roles", "give at least one: GET /api/v1/roles lists them"));
    }
    if user.is_service() && user.roles.len() > 1 {
        return Err(Refusal::invalid("roles", "a service has no other role: make two users"));
    }
    Ok(())
}

fn change_user(
    state: &State,
    user: &User,
    changed: &User,
    password: Option<String>,
    removes_totp: bool,
) -> Result<Vec<Fact>, Refusal> {
    check_roles(changed)?;
    if user.is_service() != changed.is_service() {
        return Err(Refusal::invalid("roles", "a person stays a person and a service a service"));
    }
    let mut facts = Vec::new();
    let User { roles, denied, is_active, .. } = changed.clone();
    if (&roles, &denied, is_active) != (&user.roles, &user.denied, user.is_active) {
        facts.push(Fact::UserChanged { user: user.id, roles, denied, is_active });
    }
    if user.is_admin() && !changed.is_admin() {
        if !state.users.values().any(|other| other.id != user.id && other.is_admin()) {
            return Err(Refusal::LastAdmin);
        }
        facts.push(Fact::AdminLeft { user: user.id });
    }
    if let Some(password) = password {
        if user.is_service() {
            return Err(Refusal::invalid("password", "a service has none: make a token"));
        }
        facts.push(Fact::PasswordSet { user: user.id, password });
    }
    if removes_totp && user.totp.is_some() {
        facts.push(Fact::TotpRemoved { user: user.id });
    }
    Ok(facts)
}

/// A code counts once: its step must be later than that of the last one.
fn use_code(user: &User, step: Option<u64>) -> Result<Vec<Fact>, Refusal> {
    match (user.totp.as_ref().filter(|totp| totp.is_confirmed), step) {
        (None, None) => Ok(Vec::new()),
        (Some(totp), Some(step)) if step > totp.last_step => {
            Ok(vec![Fact::TotpUsed { user: user.id, step }])
        }
        _ => Err(Refusal::BadLogin),
    }
}

fn confirm_totp(
    state: &State,
    user: Uuid,
    step: u64,
    session: Option<Session>,
) -> Result<Vec<Fact>, Refusal> {
    let user = known(state, user)?;
    match &user.totp {
        Some(totp) if !totp.is_confirmed => {
            let mut facts = vec![Fact::TotpConfirmed { user: user.id, step }];
            let generation = user.generation + 1;
            facts.extend(session.map(|session| {
                Fact::SessionOpened(Session { generation, is_mfa: true, ..session })
            }));
            Ok(facts)
        }
        _ => Err(Refusal::invalid("totp", "there is nothing to confirm: begin with POST …/totp")),
    }
}

fn open_session(
    state: &State,
    session: Session,
    step: Option<u64>,
    keys: Vec<String>,
) -> Result<Vec<Fact>, Refusal> {
    let user = state.users.get(&session.user).ok_or(Refusal::BadLogin)?;
    // The password was found right for the user as it was read before: a new one since then has another generation.
    if !user.is_active || user.is_service() || session.generation != user.generation {
        return Err(Refusal::BadLogin);
    }
    let mut facts = use_code(user, step)?;
    facts.push(Fact::SessionOpened(Session { is_mfa: step.is_some(), ..session }));
    facts.extend(take_back(state, keys));
    Ok(facts)
}

fn create_token(
    state: &State,
    token: Token,
    rights: &BTreeSet<Permission>,
    now: Timestamp,
) -> Result<Vec<Fact>, Refusal> {
    let owner = known(state, token.user)?;
    if token.name.trim().is_empty() || token.name.chars().count() > 64 {
        return Err(Refusal::invalid("name", "say in 1 to 64 characters what the token is for"));
    }
    if token.scopes.is_empty() {
        return Err(Refusal::invalid("scopes", "give at least one permission"));
    }
    if let Some(more) = token.scopes.iter().find(|scope| !rights.contains(scope)) {
        return Err(Refusal::Forbidden(*more));
    }
    if token.ends_at <= now || token.ends_at.0 - now.0 > TOKEN_MS {
        return Err(Refusal::invalid("days", "a token holds 1 to 90 days"));
    }
    if token.networks.len() > 32 {
        return Err(Refusal::invalid("networks", "give at most 32"));
    }
    if !owner.is_active {
        return Err(Refusal::invalid("user", "the user is not active: activate it first"));
    }
    Ok(vec![Fact::TokenCreated(token)])
}

fn attempt(state: &State, limits: Vec<Limit>, now: Timestamp) -> Result<Vec<Fact>, Refusal> {
    let mut facts = Vec::new();
    for Limit { key, most } in limits {
        let current = state.throttles.get(&key).filter(|count| {
            let age = now.0 - count.since.0;
            (0..WINDOW_MS).contains(&age)
        });
        let (since, attempts) = current.map_or((now, 0), |count| (count.since, count.attempts));
        if attempts >= most {
            let left = since.0 + WINDOW_MS - now.0;
            return Err(Refusal::Throttled { retry_s: (left.max(0) as u64).div_ceil(1000).max(1) });
        }
        let count = Throttle { since, attempts: attempts + 1 };
        facts.push(Fact::AttemptCounted { key, count });
    }
    Ok(facts)
}

/// Only failures count: an attempt that succeeded is taken back.
fn take_back(state: &State, keys: Vec<String>) -> impl Iterator<Item = Fact> {
    keys.into_iter().filter_map(|key| {
        let Throttle { since, attempts } = *state.throttles.get(&key)?;
        let count = Throttle { since, attempts: attempts.checked_sub(1)? };
        Some(Fact::AttemptCounted { key, count })
    })
}

/// Whether whoever approves is whoever asked: refused, except where one person does everything. `true` is to be
/// marked in the audit log.
pub fn is_self_approval(
    requester: &str,
    approver: &str,
    is_one_person: bool,
) -> Result<bool, Refusal> {
    match (requester == approver, is_one_person) {
        (false, _) => Ok(false),
        (true, true) => Ok(true),
        (true, false) => Err(Refusal::SamePerson),
    }
}
