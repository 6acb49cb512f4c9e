//! One change of the state: load what a command is about, decide, apply, write back; again when somebody was first.

use std::collections::BTreeMap;

use ports::{
    Commit, Fact as StoredFact, Record, RecordChange, State as Store, StateError, TenantId,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use model::Timestamp;

use super::fact::{Fact, apply};
use super::record::{Session, Setup, State, Throttle, Token, User};
use super::{Command, Refusal, decide};

/// Rounds in which somebody else may be first. Each lost round is one of theirs won, and counted attempts run out
/// long before this.
const ROUNDS: u32 = 512;

/// A record to load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Load {
    Setup,
    User(Uuid),
    Session(Uuid),
    Token(Uuid),
    Throttle(String),
    /// Two active admins, and how often their number shrank.
    Admins,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Admins {
    left: u64,
}

type Versions = BTreeMap<(&'static str, String), u64>;

/// Reads a record's content.
pub(super) fn read<T: DeserializeOwned>(record: Record) -> Result<T, Refusal> {
    let Record { kind, id, body, .. } = record;
    serde_json::from_value(body).map_err(|error| Refusal::Internal(format!("{kind}/{id}: {error}")))
}

/// Makes one change as `actor`.
pub(super) async fn change(
    store: &dyn Store,
    tenant: &TenantId,
    actor: &str,
    loads: &[Load],
    command: &Command,
    now: impl Fn() -> Timestamp,
) -> Result<(), Refusal> {
    for _ in 0..ROUNDS {
        let (state, versions) = load(store, tenant, loads).await?;
        let at = now();
        let facts = decide(&state, command.clone(), at)?;
        if facts.is_empty() {
            return Ok(());
        }
        match store.commit(tenant, commit(state, &versions, &facts, actor, at)?).await {
            Err(StateError::Conflict { .. }) => {}
            result => return Ok(result?),
        }
    }
    Err(Refusal::Conflict)
}

async fn load(
    store: &dyn Store,
    tenant: &TenantId,
    loads: &[Load],
) -> Result<(State, Versions), Refusal> {
    let (mut state, mut versions) = (State::default(), Versions::new());
    for load in loads {
        let (kind, id) = match load {
            Load::Setup => ("setup", "setup".to_owned()),
            Load::User(id) => ("user", id.to_string()),
            Load::Session(id) => ("session", id.to_string()),
            Load::Token(id) => ("token", id.to_string()),
            Load::Throttle(key) => ("throttle", key.clone()),
            Load::Admins => {
                for record in store.find(tenant, "user", ("admin", "yes"), None, 2).await? {
                    let user: User = read(record)?;
                    state.users.entry(user.id).or_insert(user);
                }
                ("admins", "admins".to_owned())
            }
        };
        let Some(record) = store.record(tenant, kind, &id).await? else { continue };
        versions.insert((kind, id), record.version);
        match load {
            Load::Setup => state.setup = Some(read::<Setup>(record)?),
            Load::User(id) => drop(state.users.insert(*id, read(record)?)),
            Load::Session(id) => drop(state.sessions.insert(*id, read(record)?)),
            Load::Token(id) => drop(state.tokens.insert(*id, read(record)?)),
            Load::Throttle(key) => {
                state.throttles.insert(key.clone(), read(record)?);
            }
            Load::Admins => state.admins_left = read::<Admins>(record)?.left,
        }
    }
    Ok((state, versions))
}

fn commit(
    mut state: State,
    versions: &Versions,
    facts: &[Fact],
    actor: &str,
    at: Timestamp,
) -> Result<Commit, Refusal> {
    let mut changed = Versions::new();
    let mut commit = Commit::default();
    for fact in facts {
        let (kind, id) = fact.stream();
        let stream = format!("{kind}/{id}");
        let version = changed
            .entry((kind, id))
            .or_insert_with_key(|key| versions.get(key).copied().unwrap_or_default());
        *version += 1;
        let mut parts = serde_json::to_value(fact).map_err(|error| inside(&error))?;
        let mut part = |name: &str| parts.get_mut(name).map(Value::take).unwrap_or_default();
        commit.facts.push(StoredFact {
            id: Uuid::now_v7(),
            stream,
            number: *version,
            kind: part("kind").as_str().unwrap_or_default().to_owned(),
            at,
            actor: actor.to_owned(),
            reason: None,
            body: part("body"),
        });
        apply(&mut state, fact);
    }
    for ((kind, id), version) in changed {
        let from = versions.get(&(kind, id.clone())).copied().unwrap_or_default();
        let (keys, body) = content(&state, kind, &id)?;
        let record = Record { kind: kind.to_owned(), id, version, keys, body };
        commit.records.push(RecordChange { record, from });
    }
    Ok(commit)
}

fn inside(error: &serde_json::Error) -> Refusal {
    Refusal::Internal(error.to_string())
}

/// What a record is found by, and its content.
fn content(
    state: &State,
    kind: &str,
    id: &str,
) -> Result<(BTreeMap<String, String>, Value), Refusal> {
    let gone = || Refusal::Internal(format!("{kind}/{id} was changed but not loaded"));
    let uuid = Uuid::parse_str(id).unwrap_or_default();
    let (keys, body) = match kind {
        "setup" => (vec![], serde_json::to_value(state.setup.as_ref().ok_or_else(gone)?)),
        "admins" => (vec![], serde_json::to_value(Admins { left: state.admins_left })),
        "user" => {
            let user: &User = state.users.get(&uuid).ok_or_else(gone)?;
            let admin = if user.is_admin() { "yes" } else { "no" };
            let keys = vec![("!name", user.name.to_lowercase()), ("admin", admin.to_owned())];
            (keys, serde_json::to_value(user))
        }
        "session" => {
            let session: &Session = state.sessions.get(&uuid).ok_or_else(gone)?;
            let mut keys = vec![("user", session.user.to_string())];
            // One that has ended is found by its user only, never by its secret.
            keys.extend((!session.is_ended).then(|| ("!hash", session.hash.clone())));
            (keys, serde_json::to_value(session))
        }
        "token" => {
            let token: &Token = state.tokens.get(&uuid).ok_or_else(gone)?;
            let mut keys = vec![("user", token.user.to_string())];
            keys.extend((!token.is_revoked).then(|| ("!hash", token.hash.clone())));
            (keys, serde_json::to_value(token))
        }
        _ => {
            let throttle: &Throttle = state.throttles.get(id).ok_or_else(gone)?;
            (vec![], serde_json::to_value(throttle))
        }
    };
    let keys = keys.into_iter().map(|(name, text)| (name.to_owned(), text)).collect();
    Ok((keys, body.map_err(|error| inside(&error))?))
}
