//! Who asks, and the proof that they may: [`Authorized`] can be made only here.

use std::collections::BTreeSet;
use std::marker::PhantomData;

use model::Timestamp;
use ports::TenantId;
use uuid::Uuid;

use super::record::{PROOF_MS, Session, Token, User};
use super::{Permission, Permits, Refusal};

/// How a caller has shown who they are.
#[derive(Debug, Clone)]
pub(super) enum Means {
    Session(Session),
    Token(Token),
    /// Whoever holds the master key of the installation: the command line on the machine itself.
    Operator,
}

/// Somebody who has shown who they are. Made only by [`super::Access`].
#[derive(Debug, Clone)]
pub struct Caller {
    tenant: TenantId,
    actor: String,
    user: Option<User>,
    means: Means,
    rights: BTreeSet<Permission>,
    /// Rights that are held back until a second factor is given.
    held_back: BTreeSet<Permission>,
}

/// What remains of the rights of a user whose role needs a second factor that was not given: enough to set it up.
const WITHOUT_MFA: [Permission; 2] = [Permission::AccountRead, Permission::AccountWrite];

impl Caller {
    pub(super) fn by_session(tenant: TenantId, user: User, session: Session) -> Self {
        let is_mfa = session.is_mfa && user.has_totp();
        Self::new(tenant, user, Means::Session(session), is_mfa)
    }

    pub(super) fn by_token(tenant: TenantId, user: User, token: Token) -> Self {
        let is_mfa = user.has_totp();
        let scopes = token.scopes.clone();
        let mut caller = Self::new(tenant, user, Means::Token(token), is_mfa);
        caller.rights.retain(|right| scopes.contains(right));
        caller.held_back.retain(|right| scopes.contains(right));
        caller
    }

    pub(super) fn operator(tenant: TenantId) -> Self {
        Self {
            tenant,
            actor: "operator".to_owned(),
            user: None,
            means: Means::Operator,
            rights: Permission::ALL.iter().copied().collect(),
            held_back: BTreeSet::new(),
        }
    }

    fn new(tenant: TenantId, user: User, means: Means, is_mfa: bool) -> Self {
        let actor = match &means {
            Means::Token(token) => format!("token/{}", token.id),
            _ => format!("user/{}", user.id),
        };
        let is_limited = user.needs_mfa() && !is_mfa;
        let (held_back, rights) =
            user.rights().into_iter().partition(|right| is_limited && !WITHOUT_MFA.contains(right));
        Self { tenant, actor, user: Some(user), means, rights, held_back }
    }

    /// Whose data they work with.
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// As facts and the audit log name them: `user/…`, `token/…`, `operator`.
    pub fn actor(&self) -> &str {
        &self.actor
    }

    /// The user; none for the operator.
    pub fn user(&self) -> Option<&User> {
        self.user.as_ref()
    }

    /// What they may do.
    pub fn rights(&self) -> &BTreeSet<Permission> {
        &self.rights
    }

    /// Whether a second factor must be set up before their role works.
    pub fn is_limited(&self) -> bool {
        !self.held_back.is_empty()
    }

    /// The session, when they came with one.
    pub fn session(&self) -> Option<&Session> {
        match &self.means {
            Means::Session(session) => Some(session),
            _ => None,
        }
    }

    pub(super) fn is(&self, user: Uuid) -> bool {
        self.user.as_ref().is_some_and(|own| own.id == user)
    }

    /// Proves that they may.
    pub fn authorize<P: Permits>(&self) -> Result<Authorized<P>, Refusal> {
        if self.rights.contains(&P::PERMISSION) {
            Ok(Authorized { caller: self.clone(), permission: PhantomData })
        } else if self.held_back.contains(&P::PERMISSION) {
            Err(Refusal::MfaNeeded)
        } else {
            Err(Refusal::Forbidden(P::PERMISSION))
        }
    }

    /// Whether password and code were given in the last five minutes. A token never has given any.
    pub(super) fn prove_fresh(&self, now: Timestamp) -> Result<(), Refusal> {
        match &self.means {
            Means::Operator => Ok(()),
            Means::Session(session) if (0..PROOF_MS).contains(&(now.0 - session.proved_at.0)) => {
                Ok(())
            }
            _ => Err(Refusal::StepUpNeeded),
        }
    }
}

/// The proof that somebody holds the permission `P`. Use cases that touch the state take one; nothing outside this
/// module can make one:
///
/// ```compile_fail
/// let forged: engine::access::Authorized<engine::access::permits::UserWrite> =
///     engine::access::Authorized { caller: unreachable!(), permission: std::marker::PhantomData };
/// ```
#[derive(Debug, Clone)]
pub struct Authorized<P: Permits> {
    caller: Caller,
    permission: PhantomData<P>,
}

impl<P: Permits> Authorized<P> {
    /// Who holds it.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Whose data they work with.
    pub fn tenant(&self) -> &TenantId {
        &self.caller.tenant
    }

    /// As facts and the audit log name them.
    pub fn actor(&self) -> &str {
        &self.caller.actor
    }
}
