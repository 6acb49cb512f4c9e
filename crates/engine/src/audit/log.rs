//! The audit log over the state: intent before, result after, checkpoints every 60 seconds or 1,000 entries.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use ports::{AuditEntry, Clock, Commit, Fact, Record, RecordChange, State, StateError, TenantId};
use serde_json::json;
use tokio::sync::Mutex;
use uuid::Uuid;

use super::{Checkpoint, Draft, Outcome, Report, Signer, Verifier, VerifyKey, next};

/// Kind of the records that hold checkpoints.
const KIND: &str = "audit_checkpoint";
const CHECKPOINT_ENTRIES: u64 = 1000;
const CHECKPOINT_TIME: Duration = Duration::from_mins(1);
/// How often another process may be first before the log counts as not writable.
const TRIES: u32 = 64;
const PAGE: u32 = 1000;

/// Keeps copies of checkpoints where whoever holds this machine cannot change them. It comes from the configuration
/// file only, never from the API.
pub trait Witness: Debug + Send + Sync {
    /// Keeps a signed note. What goes wrong is said in words; it is tried again with the next checkpoint.
    fn keep(&self, note: &str) -> Result<(), String>;
}

/// The audit log cannot be written or read: nothing may be changed.
#[derive(Debug, thiserror::Error)]
#[error("the audit log is not available: {0}")]
pub struct AuditError(String);

impl From<StateError> for AuditError {
    fn from(error: StateError) -> Self {
        Self(error.to_string())
    }
}

/// What is known of a tenant's chain.
#[derive(Debug, Default)]
struct Head {
    is_read: bool,
    last: Option<AuditEntry>,
    checkpointed: u64,
    checkpointed_at: Duration,
}

/// The audit log of all tenants.
#[derive(Debug)]
pub struct AuditLog {
    state: Arc<dyn State>,
    clock: Arc<dyn Clock>,
    signer: Signer,
    witnesses: Vec<Arc<dyn Witness>>,
    heads: StdMutex<HashMap<TenantId, Arc<Mutex<Head>>>>,
}

/// Something that was announced and whose result is owed.
#[derive(Debug)]
#[must_use = "an intent needs its result"]
pub struct Intent<'a> {
    log: &'a AuditLog,
    tenant: TenantId,
    draft: Draft,
}

impl Intent<'_> {
    /// Adds to what the result says.
    pub fn with(mut self, name: &str, text: &str) -> Self {
        self.draft = self.draft.with(name, text);
        self
    }

    /// How it went.
    pub async fn close(self, outcome: Outcome) -> Result<(), AuditError> {
        self.log.append(&self.tenant, &self.draft, outcome).await
    }
}

impl AuditLog {
    /// Over a state; `witnesses` get a copy of each checkpoint.
    pub fn new(
        state: Arc<dyn State>,
        clock: Arc<dyn Clock>,
        signer: Signer,
        witnesses: Vec<Arc<dyn Witness>>,
    ) -> Self {
        Self { state, clock, signer, witnesses, heads: StdMutex::default() }
    }

    /// The key that proves the checkpoints.
    pub fn verify_key(&self) -> VerifyKey {
        self.signer.verify_key()
    }

    /// Announces a change. When this fails, the change must not be made.
    pub async fn intent(&self, tenant: &TenantId, draft: Draft) -> Result<Intent<'_>, AuditError> {
        self.append(tenant, &draft, Outcome::Intent).await?;
        Ok(Intent { log: self, tenant: tenant.clone(), draft })
    }

    fn head(&self, tenant: &TenantId) -> Arc<Mutex<Head>> {
        let mut heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
        heads.entry(tenant.clone()).or_default().clone()
    }

    /// Appends an entry.
    pub async fn append(
        &self,
        tenant: &TenantId,
        draft: &Draft,
        outcome: Outcome,
    ) -> Result<(), AuditError> {
        let head = self.head(tenant);
        let mut head = head.lock().await;
        for _ in 0..TRIES {
            if !head.is_read {
                head.last = self.state.audit_head(tenant).await?;
                head.is_read = true;
            }
            let entry = next(head.last.as_ref(), draft, outcome, self.clock.now());
            match self.state.audit_append(tenant, &entry).await {
                Ok(()) => {
                    let number = entry.number;
                    head.last = Some(entry);
                    if number - head.checkpointed >= CHECKPOINT_ENTRIES {
                        self.checkpoint(tenant, &mut head).await?;
                    }
                    return Ok(());
                }
                Err(StateError::Conflict { .. }) => head.is_read = false,
                Err(error) => {
                    head.is_read = false;
                    return Err(error.into());
                }
            }
        }
        Err(AuditError("other processes are always first".to_owned()))
    }

    /// Signs the chains that have entries which no checkpoint of the last 60 seconds proves. To be called every
    /// second or so.
    pub async fn tick(&self) -> Result<(), AuditError> {
        let heads: Vec<_> = {
            let heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
            heads.iter().map(|(tenant, head)| (tenant.clone(), head.clone())).collect()
        };
        let now = self.clock.elapsed();
        for (tenant, head) in heads {
            let mut head = head.lock().await;
            let is_new = head.last.as_ref().is_some_and(|last| last.number > head.checkpointed);
            if is_new && now.saturating_sub(head.checkpointed_at) >= CHECKPOINT_TIME {
                self.checkpoint(&tenant, &mut head).await?;
            }
        }
        Ok(())
    }

    async fn checkpoint(&self, tenant: &TenantId, head: &mut Head) -> Result<(), AuditError> {
        let Some(last) = head.last.as_ref() else { return Ok(()) };
        let at = self.clock.now();
        let (number, hash) = (last.number, last.hash.clone());
        let checkpoint = Checkpoint { tenant: tenant.clone(), number, hash, at };
        let note = self
            .signer
            .sign(&checkpoint)
            .ok_or_else(|| AuditError(format!("entry {number} has a hash that is none")))?;
        let id = format!("{number:020}");
        let fact = Fact {
            id: Uuid::now_v7(),
            stream: format!("{KIND}/{id}"),
            number: 1,
            kind: "audit_checkpoint.signed".to_owned(),
            at,
            actor: "system".to_owned(),
            reason: None,
            body: json!({ "note": note }),
        };
        let body = fact.body.clone();
        let record = Record { kind: KIND.to_owned(), id, version: 1, keys: BTreeMap::new(), body };
        let records = vec![RecordChange { record, from: 0 }];
        match self
            .state
            .commit(tenant, Commit { facts: vec![fact], records, ..Commit::default() })
            .await
        {
            // Another process has signed this very entry.
            Ok(()) | Err(StateError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        for witness in &self.witnesses {
            witness.keep(&note).map_err(|reason| {
                AuditError(format!("a copy of the checkpoint cannot be kept outside: {reason}"))
            })?;
        }
        head.checkpointed = number;
        head.checkpointed_at = self.clock.elapsed();
        Ok(())
    }

    /// Entries after a number, at most `most`.
    pub(crate) async fn entries(
        &self,
        tenant: &TenantId,
        after: u64,
        most: u32,
    ) -> Result<Vec<AuditEntry>, AuditError> {
        Ok(self.state.audit(tenant, after, most).await?)
    }

    /// The signed notes of a tenant, oldest first.
    pub(crate) async fn notes(&self, tenant: &TenantId) -> Result<Vec<String>, AuditError> {
        let mut notes = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let page = self.state.list(tenant, KIND, after.as_deref(), PAGE).await?;
            let Some(last) = page.last() else { return Ok(notes) };
            after = Some(last.id.clone());
            notes.extend(page.iter().filter_map(|record| {
                record.body.get("note").and_then(|note| note.as_str()).map(str::to_owned)
            }));
        }
    }

    /// Proves a tenant's log against the checkpoints in the database and those given (copies from outside).
    pub(crate) async fn verify(
        &self,
        tenant: &TenantId,
        outside: &[String],
    ) -> Result<Report, AuditError> {
        let notes = self.notes(tenant).await?;
        let given = notes.iter().chain(outside).map(String::as_str);
        let mut verifier = Verifier::new(given, &self.verify_key());
        let mut after = 0;
        loop {
            let page = self.entries(tenant, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(verifier.finish()) };
            // A store that gives the same entry again must not hold the process.
            if last.number <= after {
                return Ok(verifier.finish());
            }
            after = last.number;
            page.iter().for_each(|entry| verifier.take(entry));
        }
    }
}
