//! Answers as they come, within the budget.

use std::sync::Arc;
use std::time::Instant;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::ExecutionPlan;
use futures::StreamExt;
use ports::TenantId;

use crate::cost::{Budget, Cost, Meter};
use crate::error::LakeError;

/// A running query: give [`Results::next`] until there is no more, then ask [`Results::cost`]. Dropping it ends the
/// query.
pub struct Results {
    pub(crate) schema: SchemaRef,
    pub(crate) stream: SendableRecordBatchStream,
    pub(crate) plan: Arc<dyn ExecutionPlan>,
    pub(crate) meter: Arc<Meter>,
    pub(crate) budget: Budget,
    pub(crate) started: Instant,
    pub(crate) rows: u64,
    /// Computing for earlier parts of the question, in milliseconds.
    pub(crate) before_ms: u64,
    pub(crate) is_cut: bool,
    pub(crate) is_done: bool,
    pub(crate) damage: Damage,
}

/// What is needed to name the segment that an answer broke off at.
#[derive(Debug, Clone)]
pub(crate) struct Damage {
    pub(crate) lake: crate::lake::Lake,
    pub(crate) tenant: TenantId,
    pub(crate) segments: Vec<ports::Segment>,
}

impl std::fmt::Debug for Results {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Results").field("schema", &self.schema).field("rows", &self.rows).finish()
    }
}

impl Results {
    /// The columns of the answer.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// The next rows; `None` when there are no more.
    pub async fn next(&mut self) -> Option<Result<RecordBatch, LakeError>> {
        while !self.is_done {
            let left = self.budget.time.saturating_sub(self.started.elapsed());
            let next = tokio::time::timeout(left, self.stream.next()).await;
            let batch = match next {
                Err(_) => {
                    self.is_done = true;
                    let most = self.budget.time.as_secs_f64();
                    let words =
                        format!("it takes longer than {most} s; narrow its time or conditions");
                    return Some(Err(LakeError::Budget(words)));
                }
                Ok(None) => {
                    self.is_done = true;
                    return None;
                }
                Ok(Some(Err(error))) => {
                    self.is_done = true;
                    return Some(Err(self.damage.explain(error.into()).await));
                }
                Ok(Some(Ok(batch))) => batch,
            };
            let room = self.budget.rows.saturating_sub(self.rows);
            let batch = if batch.num_rows() as u64 > room {
                self.is_cut = true;
                self.is_done = true;
                batch.slice(0, room as usize)
            } else {
                batch
            };
            self.rows += batch.num_rows() as u64;
            if batch.num_rows() > 0 {
                return Some(Ok(batch));
            }
        }
        None
    }

    /// All rows that are left, and what the query cost.
    pub async fn all(mut self) -> Result<(Vec<RecordBatch>, Cost), LakeError> {
        let mut batches = Vec::new();
        while let Some(batch) = self.next().await {
            batches.push(batch?);
        }
        Ok((batches, self.cost()))
    }

    /// What the query has cost so far.
    pub fn cost(&self) -> Cost {
        let mut totals = Totals::default();
        totals.add(self.plan.as_ref());
        let mut cost = self.meter.cost();
        cost.cpu_ms = totals.nanos / 1_000_000 + self.before_ms;
        cost.rows_scanned = totals.leaf_rows;
        cost.rows = self.rows;
        cost.elapsed_ms = self.started.elapsed().as_millis() as u64;
        cost.is_cut = self.is_cut;
        if self.is_cut {
            let most = self.budget.rows;
            cost.notes.push(format!("cut after {most} rows: there are more"));
        }
        cost
    }
}

impl Damage {
    /// An answer that broke off for what the engine found in a file: looks which file it was.
    pub(crate) async fn explain(&self, error: LakeError) -> LakeError {
        if !matches!(error, LakeError::Engine(_)) {
            return error;
        }
        for segment in &self.segments {
            if let Err(damage) = self.lake.verify(&self.tenant, segment).await {
                return damage;
            }
        }
        error
    }
}

#[derive(Debug, Default)]
struct Totals {
    nanos: u64,
    leaf_rows: u64,
}

impl Totals {
    fn add(&mut self, plan: &dyn ExecutionPlan) {
        let metrics = plan.metrics().map(|metrics| metrics.aggregate_by_name());
        if let Some(metrics) = metrics {
            self.nanos += metrics.elapsed_compute().unwrap_or(0) as u64;
            for name in ["time_elapsed_processing"] {
                self.nanos += metrics.sum_by_name(name).map_or(0, |it| it.as_usize()) as u64;
            }
            if plan.children().is_empty() {
                self.leaf_rows += metrics.output_rows().unwrap_or(0) as u64;
            }
        }
        plan.children().into_iter().for_each(|child| self.add(child.as_ref()));
    }
}
