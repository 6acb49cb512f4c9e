//! Users: listed, made, changed; one's own password and one-time codes.

use std::collections::BTreeSet;
use std::net::IpAddr;

use uuid::Uuid;

use super::login::person;
use super::password::check_new;
use super::record::User;
use super::target::{AnyUser, OwnUser};
use super::totp::{Enrolment, enrol, step_of};
use super::work::{self, Load};
use super::{Access, Authorized, Command, Opened, Permission, Refusal, Role, permits};
use crate::audit::Draft;
use crate::secrets::SecretText;

/// A user to be made.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// The name to log in with.
    pub name: String,
    /// Its roles.
    pub roles: BTreeSet<Role>,
    /// What it may not do whatever its roles give.
    pub denied: BTreeSet<Permission>,
    /// The first password of a person; none for a service.
    pub password: Option<SecretText>,
}

/// What is changed of a user; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct UserChange {
    /// All roles.
    pub roles: Option<BTreeSet<Role>>,
    /// All denied permissions.
    pub denied: Option<BTreeSet<Permission>>,
    /// Whether it is active.
    pub is_active: Option<bool>,
    /// A new password; sessions and tokens of before are void.
    pub password: Option<SecretText>,
    /// Whether one-time codes are taken away; sessions and tokens of before are void.
    pub removes_totp: bool,
}

impl UserChange {
    /// Names of what is changed, for the audit log.
    fn names(&self) -> String {
        let names = [
            ("roles", self.roles.is_some()),
            ("denied", self.denied.is_some()),
            ("is_active", self.is_active.is_some()),
            ("password", self.password.is_some()),
            ("totp", self.removes_totp),
        ];
        let changed = names.iter().filter(|(_, is_changed)| *is_changed);
        changed.map(|(name, _)| *name).collect::<Vec<_>>().join(" ")
    }
}

fn role_names(roles: &BTreeSet<Role>) -> String {
    roles.iter().map(|role| role.name()).collect::<Vec<_>>().join(" ")
}

impl Access {
    /// Users of the tenant by id, at most `most`, after `after`.
    pub async fn users(
        &self,
        auth: &Authorized<permits::UserRead>,
        after: Option<Uuid>,
        most: u32,
    ) -> Result<Vec<User>, Refusal> {
        let after = after.map(|id| id.to_string());
        let found = self.state.list(auth.tenant(), "user", after.as_deref(), most).await?;
        found.into_iter().map(work::read).collect()
    }

    /// Makes a user.
    pub async fn create_user(
        &self,
        auth: &Authorized<permits::UserWrite>,
        new: NewUser,
    ) -> Result<User, Refusal> {
        let id = Uuid::now_v7();
        let draft = Draft::new(auth.actor(), "user.create", &format!("user/{id}"))
            .with("roles", &role_names(&new.roles));
        let work = async {
            let password = match &new.password {
                Some(password) => {
                    check_new(password, &new.name)?;
                    Some(self.passwords.hash(password).await?)
                }
                None => None,
            };
            let user = User {
                id,
                name: new.name,
                roles: new.roles,
                denied: new.denied,
                is_active: true,
                password,
                totp: None,
                generation: 1,
                created_at: self.now(),
            };
            let command = Command::CreateUser(user.clone());
            self.change(auth.tenant(), auth.actor(), &[Load::User(id)], &command).await?;
            Ok(user)
        };
        self.audited(auth.tenant(), draft, work).await
    }

    /// Changes a user.
    pub async fn change_user(
        &self,
        auth: &Authorized<permits::UserWrite>,
        user: &AnyUser,
        change: UserChange,
    ) -> Result<(), Refusal> {
        let user = user.user();
        let mut draft = Draft::new(auth.actor(), "user.change", &format!("user/{}", user.id))
            .with("changes", &change.names());
        if let Some(roles) = &change.roles {
            draft = draft.with("roles", &role_names(roles));
        }
        let work = async {
            let password = match &change.password {
                Some(password) => {
                    check_new(password, &user.name)?;
                    Some(self.passwords.hash(password).await?)
                }
                None => None,
            };
            let UserChange { roles, denied, is_active, removes_totp, .. } = change;
            let user = user.id;
            let command =
                Command::ChangeUser { user, roles, denied, is_active, password, removes_totp };
            let loads = [Load::Admins, Load::User(user)];
            self.change(auth.tenant(), auth.actor(), &loads, &command).await
        };
        self.audited(auth.tenant(), draft, work).await
    }

    /// Sets one's own password; all sessions and tokens of before are void.
    pub async fn set_password(
        &self,
        auth: &Authorized<permits::AccountWrite>,
        user: &OwnUser,
        current: &SecretText,
        new: &SecretText,
        from: IpAddr,
    ) -> Result<(), Refusal> {
        let user = user.user();
        let draft = Draft::new(auth.actor(), "account.password", &format!("user/{}", user.id));
        let work = async {
            check_new(new, &user.name)?;
            self.prove_password(auth.caller(), current, from).await?;
            let password = self.passwords.hash(new).await?;
            let command = Command::SetPassword { user: user.id, password };
            self.change(auth.tenant(), auth.actor(), &[Load::User(user.id)], &command).await
        };
        self.audited(auth.tenant(), draft, work).await
    }

    /// Begins one-time codes: the seed is shown once.
    pub async fn enrol_totp(
        &self,
        auth: &Authorized<permits::AccountWrite>,
        user: &OwnUser,
    ) -> Result<Enrolment, Refusal> {
        let user = user.user();
        let draft = Draft::new(auth.actor(), "account.totp_enrol", &format!("user/{}", user.id));
        let work = async {
            let (enrolment, seed) = enrol(&self.master, auth.tenant(), user.id, &user.name)?;
            let command = Command::EnrolTotp { user: user.id, seed };
            self.change(auth.tenant(), auth.actor(), &[Load::User(user.id)], &command).await?;
            Ok(enrolment)
        };
        self.audited(auth.tenant(), draft, work).await
    }

    /// Shows that the seed is in use. All sessions of before are void; a new one with a second factor is opened.
    pub async fn confirm_totp(
        &self,
        auth: &Authorized<permits::AccountWrite>,
        user: &OwnUser,
        code: &SecretText,
    ) -> Result<Opened, Refusal> {
        let user = user.user();
        let draft = Draft::new(auth.actor(), "account.totp_confirm", &format!("user/{}", user.id));
        let work = async {
            person(auth.caller())?;
            let nothing = "there is nothing to confirm: begin with POST …/totp";
            let totp = user.totp.as_ref().filter(|totp| !totp.is_confirmed);
            let seed = &totp.ok_or_else(|| Refusal::invalid("totp", nothing))?.seed;
            let (tenant, code) = (auth.tenant(), code.expose());
            let step = step_of(&self.master, tenant, user.id, seed, code, self.unix_s())?;
            let wrong =
                "the code is wrong: see that the phone's clock is right, and take the newest";
            let step = step.ok_or_else(|| Refusal::invalid("code", wrong))?;
            let (secret, session) = self.new_session(tenant, user)?;
            let command =
                Command::ConfirmTotp { user: user.id, step, session: Some(session.clone()) };
            self.change(tenant, auth.actor(), &[Load::User(user.id)], &command).await?;
            let mut user = user.clone();
            user.generation += 1;
            Ok(Opened { secret, session, user })
        };
        self.audited(auth.tenant(), draft, work).await
    }
}
