//! The intake over the journal: acknowledged is durable.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use journal::{AppendError, BatchId, Journal};
use ports::{Accepted, Intake, Records, Refused};

use super::envelope;

/// How long a sender is asked to wait when too much is queued.
const BUSY: Duration = Duration::from_millis(200);

/// Takes records into a journal.
#[derive(Debug, Clone)]
pub struct JournalIntake(pub Arc<Journal>);

#[async_trait]
impl Intake for JournalIntake {
    async fn accept(&self, records: Records) -> Result<Accepted, Refused> {
        let count = records.entries.len() as u32;
        let payload =
            envelope::pack(&records).map_err(|error| Refused::Failed(error.to_string()))?;
        let entry = journal::Entry {
            tenant: records.source.tenant.clone(),
            source: (*records.source.listener).into(),
            batch: records.batch.map(BatchId),
            records: count,
            payload,
        };
        let receipt = self.0.append(entry).map_err(refused)?;
        let acknowledged = receipt.await.map_err(refused)?;
        Ok(Accepted { records: count, is_duplicate: acknowledged.is_duplicate })
    }
}

fn refused(error: AppendError) -> Refused {
    match error {
        AppendError::Busy { .. } => Refused::Busy { retry_after: BUSY },
        AppendError::Full { .. } => Refused::Full,
        other => Refused::Failed(other.to_string()),
    }
}
