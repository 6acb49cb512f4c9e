//! Questions to a table: events, counts over time, values of a field, SQL.

use std::time::Instant;

use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::compute::min as arrow_min;
use datafusion::arrow::datatypes::{DataType, TimestampMillisecondType};
use datafusion::functions_aggregate::count::count_all;
use datafusion::functions_aggregate::expr_fn::{max, min};
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, SortExpr, ident, lit};
use model::Timestamp;

use crate::columns::{EVENT_ID, TIME};
use crate::compile::{compile, time_literal, unknown, within};
use crate::cost::Budget;
use crate::error::LakeError;
use crate::lake::{Lake, Scope, View};
use crate::query::{Condition, SearchError};
use crate::results::Results;

/// A question for events.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// Which.
    pub condition: Condition,
    /// Columns that are wanted; none for all.
    pub columns: Vec<String>,
    /// How many at most, the newest first; `None` for all that the budget allows, in no order.
    pub newest: Option<usize>,
}

/// Which values of a field are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rank {
    /// The most frequent first.
    Top,
    /// The rarest first.
    Rare,
    /// Those that were first seen last first.
    New,
}

/// Buckets of a histogram.
const BUCKETS_MAX: i64 = 10_000;

impl Lake {
    /// Events, streamed.
    pub async fn search(
        &self,
        scope: &Scope,
        query: &Query,
        now: Timestamp,
    ) -> Result<Results, LakeError> {
        let started = Instant::now();
        let view = self.view(scope).await?;
        let mut plan = filtered(&view, scope, &query.condition, now)?;
        let mut before_ms = 0;
        if let Some(most) = query.newest {
            let (since, cpu_ms) = self.newest_since(scope, &view, plan.clone(), most).await?;
            before_ms = cpu_ms;
            plan = plan.filter(ident(TIME).gt_eq(time_literal(since)))?;
            plan = plan.sort_with_limit(newest_first(), Some(most))?;
        }
        if !query.columns.is_empty() {
            let known = |name: &String| match view.columns.get(name) {
                Some(_) => Ok(ident(name)),
                None => Err(LakeError::from(unknown(&view.columns, name))),
            };
            plan = plan.project(query.columns.iter().map(known).collect::<Result<Vec<_>, _>>()?)?;
        }
        let plan = plan.build()?;
        let mut results = self.run(&self.state(), &plan, view, scope.budget, started).await?;
        results.before_ms = before_ms;
        Ok(results)
    }

    /// The time of the oldest of the newest `most` events. Looking for it reads two narrow columns; the wide ones are
    /// then read for the events that are wanted, not for all that were the newest so far.
    async fn newest_since(
        &self,
        scope: &Scope,
        view: &View,
        plan: LogicalPlanBuilder,
        most: usize,
    ) -> Result<(Timestamp, u64), LakeError> {
        let plan = plan.sort_with_limit(newest_first(), Some(most))?;
        let plan = plan.project(vec![ident(TIME)])?.build()?;
        let budget = Budget { rows: u64::MAX, ..scope.budget };
        let started = Instant::now();
        let results = self.run(&self.state(), &plan, view.again(), budget, started).await?;
        let (rows, cost) = results.all().await?;
        view.meter.count_again();
        let count: usize = rows.iter().map(RecordBatch::num_rows).sum();
        let times = rows.iter().filter_map(|batch| {
            let times = batch.column_by_name(TIME)?;
            arrow_min(times.as_primitive::<TimestampMillisecondType>())
        });
        let since = if count < most { None } else { times.min() };
        Ok((since.map_or(scope.from, Timestamp), cost.cpu_ms))
    }

    /// How many events in each stretch of `bucket_ms`: `bucket` (its start), the field it is split by, `events`.
    /// Buckets without events do not appear.
    pub async fn histogram(
        &self,
        scope: &Scope,
        condition: &Condition,
        bucket_ms: i64,
        split: Option<&str>,
        now: Timestamp,
    ) -> Result<Results, LakeError> {
        let started = Instant::now();
        let span = scope.to.0.saturating_sub(scope.from.0);
        if bucket_ms <= 0 || span / bucket_ms > BUCKETS_MAX {
            let message = format!("a histogram has at most {BUCKETS_MAX} buckets of 1 ms or more");
            return Err(SearchError::new(message).into());
        }
        let view = self.view(scope).await?;
        let plan = filtered(&view, scope, condition, now)?;
        let millis =
            Expr::Cast(datafusion::logical_expr::Cast::new(Box::new(ident(TIME)), DataType::Int64));
        // Counted from the start of the range, which is never after an event: division rounds down.
        let since = millis - lit(scope.from.0);
        let start = lit(scope.from.0) + since / lit(bucket_ms) * lit(bucket_ms);
        let mut by = vec![start.alias("bucket")];
        if let Some(field) = split {
            by.push(known_column(&view, field)?);
        }
        let plan = plan.aggregate(by, vec![count_all().alias("events")])?;
        let plan = plan.sort(vec![ident("bucket").sort(true, false)])?.build()?;
        self.run(&self.state(), &plan, view, scope.budget, started).await
    }

    /// Values of a field with their numbers of events and first and last times: `value`, `events`, `first`, `last`.
    /// Events without the field are the null value.
    pub async fn values(
        &self,
        scope: &Scope,
        condition: &Condition,
        field: &str,
        rank: Rank,
        most: usize,
        now: Timestamp,
    ) -> Result<Results, LakeError> {
        let started = Instant::now();
        let view = self.view(scope).await?;
        let value = known_column(&view, field)?.alias("value");
        let plan = filtered(&view, scope, condition, now)?.aggregate(
            vec![value],
            vec![
                count_all().alias("events"),
                min(ident(TIME)).alias("first"),
                max(ident(TIME)).alias("last"),
            ],
        )?;
        let first = match rank {
            Rank::Top => ident("events").sort(false, false),
            Rank::Rare => ident("events").sort(true, false),
            Rank::New => ident("first").sort(false, false),
        };
        let order = vec![first, ident("value").sort(true, false)];
        let plan = plan.sort_with_limit(order, Some(most))?.build()?;
        self.run(&self.state(), &plan, view, scope.budget, started).await
    }

    /// How many events and how many different values of a field: `events`, `with_value`, `distinct`.
    pub async fn distinct(
        &self,
        scope: &Scope,
        condition: &Condition,
        field: &str,
        now: Timestamp,
    ) -> Result<Results, LakeError> {
        use datafusion::functions_aggregate::expr_fn::{count, count_distinct};
        let started = Instant::now();
        let view = self.view(scope).await?;
        let value = known_column(&view, field)?;
        let plan = filtered(&view, scope, condition, now)?.aggregate(
            Vec::<Expr>::new(),
            vec![
                count_all().alias("events"),
                count(value.clone()).alias("with_value"),
                count_distinct(value).alias("distinct"),
            ],
        )?;
        let plan = plan.build()?;
        self.run(&self.state(), &plan, view, scope.budget, started).await
    }
}

/// The id decides among events of one millisecond, so that the answer is the same every time.
fn newest_first() -> Vec<SortExpr> {
    vec![ident(TIME).sort(false, false), ident(EVENT_ID).sort(false, false)]
}

fn known_column(view: &View, name: &str) -> Result<Expr, LakeError> {
    match view.columns.get(name) {
        Some(_) => Ok(ident(name)),
        None => Err(unknown(&view.columns, name).into()),
    }
}

fn filtered(
    view: &View,
    scope: &Scope,
    condition: &Condition,
    now: Timestamp,
) -> Result<LogicalPlanBuilder, LakeError> {
    let plan = view.scan()?.filter(within(scope.from, scope.to))?;
    if *condition == Condition::Everything {
        return Ok(plan);
    }
    Ok(plan.filter(compile(condition, &view.columns, now)?)?)
}
