//! Who may do what: users, roles, sessions, tokens, one-time codes, first start.
//!
//! What may happen is decided without clock, database or chance by [`decide`]; [`Access`] loads what a command is
//! about, asks, and writes back facts and records in one commit. Every change writes its intent to the audit log
//! before and its result after; where the log cannot be written, nothing is changed.
//!
//! A request becomes a [`Caller`] by a session or a token, a `Caller` becomes an [`Authorized`] for one permission,
//! and every use case that touches the state demands that proof, and the thing it works on as it was loaded for that
//! caller ([`target`]): what was authorised is what is changed.
//!
//! **Time.** Sessions, tokens, counted attempts and the setup token go by steady time: the time of day at the start of
//! the process plus [`ports::Clock::elapsed`]. Setting the clock neither prolongs nor ends them. The clock that the
//! owner passes in should count time in which the machine sleeps (`CLOCK_BOOTTIME`). After a start with the clock set
//! back, sessions and tokens that seem to come from the future do not hold.
//!
//! **What comes later and where.** Passkeys (WebAuthn) are a second kind of proof beside one-time codes: a module
//! `access::passkey` with its facts on the stream of the user, asked in `login` where the code is asked. Sign-in by
//! OpenID Connect becomes `access::oidc`: it maps (issuer, subject), never the address of mail, to a user and opens
//! the session as `login` does. Neither needs another kind of session, caller or permission.

mod account;
mod caller;
mod decide;
mod fact;
mod login;
mod password;
mod permission;
mod record;
mod refusal;
mod role;
mod service;
mod setup;
pub mod target;
mod token;
mod totp;
mod work;

pub use account::{NewUser, UserChange};
pub use caller::{Authorized, Caller};
pub use decide::{Command, Limit, decide, is_self_approval};
pub use fact::{Fact, apply};
pub use login::{ACCOUNT_LIMIT, ADDRESS_LIMIT, Login, Opened, PAIR_LIMIT};
pub use permission::{Permission, Permits, permits};
pub use record::{
    PROOF_MS, SESSION_IDLE_MS, SESSION_MS, SETUP_MS, Session, Setup, State, TOKEN_MS, Throttle,
    Token, Totp, User, WINDOW_MS,
};
pub use refusal::Refusal;
pub use role::{Role, rights};
pub use service::{Access, Credential, Parts};
pub use setup::FirstUser;
pub use token::{NewToken, ShownToken};
pub use totp::Enrolment;
