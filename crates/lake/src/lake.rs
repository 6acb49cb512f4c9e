//! The lake: tables of events of every tenant, written as segments and searched.

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Instant;

use datafusion::arrow::array::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::datasource::ViewTable;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::SessionConfig;
use model::Timestamp;
use ports::{Segment, TenantId};
use rustc_hash::FxHashMap;
use uuid::Uuid;

use crate::catalog::Catalog;
use crate::columns::Columns;
use crate::compile::within;
use crate::cost::{Budget, Meter};
use crate::error::LakeError;
use crate::files::{Files, parquet_file, skip_file};
use crate::fresh::Fresh;
use crate::layout;
use crate::results::{Damage, Results};
use crate::skip::SkipIndex;
use crate::skips::Skips;
use crate::table::EventsTable;

/// How much the lake may use.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Bytes that all running queries may hold together.
    pub query_bytes: usize,
    /// Bytes of footers that are kept.
    pub metadata_bytes: usize,
    /// Bytes of skip indexes that are kept.
    pub skip_bytes: usize,
    /// Threads of one query.
    pub threads: usize,
    /// Whether the skip index is asked.
    pub uses_skip_index: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            query_bytes: 1 << 30,
            metadata_bytes: 512 << 20,
            skip_bytes: 256 << 20,
            threads: std::thread::available_parallelism().map_or(2, usize::from),
            uses_skip_index: true,
        }
    }
}

/// What a query is about.
#[derive(Debug, Clone)]
pub struct Scope {
    /// Whose events.
    pub tenant: TenantId,
    /// Which table: `events`.
    pub table: String,
    /// From when on.
    pub from: Timestamp,
    /// Before when.
    pub to: Timestamp,
    /// What it may cost.
    pub budget: Budget,
}

impl Scope {
    /// The events of a tenant within a stretch of time, with the usual budget.
    pub fn events(tenant: TenantId, from: Timestamp, to: Timestamp) -> Self {
        Self { tenant, table: "events".to_owned(), from, to, budget: Budget::default() }
    }
}

/// Tables of events. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Lake {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    files: Files,
    catalog: Arc<dyn Catalog>,
    settings: Settings,
    skips: Arc<Skips>,
    state: SessionState,
    tables: Mutex<FxHashMap<(TenantId, String), Arc<Table>>>,
}

#[derive(Debug)]
struct Table {
    fresh: Fresh,
    columns: RwLock<Arc<Columns>>,
}

/// One table as a query finds it.
pub(crate) struct View {
    pub(crate) table: Arc<EventsTable>,
    pub(crate) columns: Arc<Columns>,
    pub(crate) meter: Arc<Meter>,
    pub(crate) damage: Damage,
}

impl Lake {
    /// A lake over these files, whose segments the catalog knows.
    pub fn new(
        files: Files,
        catalog: Arc<dyn Catalog>,
        settings: Settings,
    ) -> Result<Self, LakeError> {
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(FairSpillPool::new(settings.query_bytes)))
            .with_metadata_cache_limit(settings.metadata_bytes)
            .with_disk_manager_builder(
                DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled),
            )
            .build_arc()?;
        runtime.register_object_store(Files::url()?.as_ref(), files.store());
        let skips = Arc::new(Skips::new(files.clone(), settings.skip_bytes));
        let state = session(runtime, settings.threads);
        let tables = Mutex::default();
        Ok(Self { inner: Arc::new(Inner { files, catalog, settings, skips, state, tables }) })
    }

    fn table(&self, tenant: &TenantId, table: &str) -> Arc<Table> {
        let mut tables = self.inner.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (tenant.clone(), table.to_owned());
        let new = || {
            let columns = RwLock::new(Arc::new(Columns::core()));
            Arc::new(Table { fresh: Fresh::default(), columns })
        };
        Arc::clone(tables.entry(key).or_insert_with(new))
    }

    /// The fresh events of a table.
    pub fn fresh(&self, tenant: &TenantId, table: &str) -> Fresh {
        self.table(tenant, table).fresh.clone()
    }

    /// The columns of a table, as far as they were told.
    pub fn columns(&self, tenant: &TenantId, table: &str) -> Arc<Columns> {
        let table = self.table(tenant, table);
        let columns = table.columns.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&columns)
    }

    /// Tells the columns of a table: at the start those that were kept with its segments, and the encoder's whenever
    /// it found new ones. Columns that are not told are not found by queries.
    pub fn tell_columns(&self, tenant: &TenantId, table: &str, columns: &Columns) {
        let table = self.table(tenant, table);
        let mut known = table.columns.write().unwrap_or_else(PoisonError::into_inner);
        if columns.list().iter().any(|column| known.get(&column.name).is_none()) {
            Arc::make_mut(&mut known).merge(columns);
        }
    }

    /// Writes these events as one segment, durably. Nobody sees it before the caller commits what this returns.
    pub async fn write(
        &self,
        tenant: &TenantId,
        table: &str,
        id: Uuid,
        batches: Vec<RecordBatch>,
    ) -> Result<Segment, LakeError> {
        let columns = self.columns(tenant, table);
        let name = table.to_owned();
        let encoded =
            tokio::task::spawn_blocking(move || layout::encode(&name, id, &columns, &batches));
        let encoded = encoded.await.map_err(|error| LakeError::Engine(error.to_string()))??;
        let segment = encoded.segment.clone();
        self.inner.files.write(tenant, encoded).await?;
        Ok(segment)
    }

    /// The files of the lake.
    pub fn files(&self) -> &Files {
        &self.inner.files
    }

    /// Reads a segment's files whole and compares them with what was written.
    pub async fn verify(&self, tenant: &TenantId, segment: &Segment) -> Result<(), LakeError> {
        let damaged = |file: &str, reason: &str| LakeError::Damaged {
            file: file.to_owned(),
            reason: reason.to_owned(),
        };
        let file = skip_file(tenant, &segment.table, segment.id);
        let bytes = self.inner.files.read(&file).await?;
        let bytes = bytes.ok_or_else(|| damaged(&file, "it is missing"))?;
        let index = SkipIndex::read(bytes).map_err(|reason| damaged(&file, reason))?;
        if index.sealed.segment != segment.id || index.sealed.rows != segment.rows {
            return Err(damaged(&file, "it belongs to another segment"));
        }
        let file = parquet_file(tenant, &segment.table, segment.id);
        let bytes = self.inner.files.read(&file).await?;
        let bytes = bytes.ok_or_else(|| damaged(&file, "it is missing"))?;
        if bytes.len() as u64 != index.sealed.parquet_bytes {
            return Err(damaged(&file, "it has not the length that was written"));
        }
        if crc32c::crc32c(&bytes) != index.sealed.parquet_crc {
            return Err(damaged(&file, "its checksum does not fit"));
        }
        Ok(())
    }

    /// The table of a query: the fresh events first, then the segments, so that none is missed or seen twice.
    pub(crate) async fn view(&self, scope: &Scope) -> Result<View, LakeError> {
        let table = self.table(&scope.tenant, &scope.table);
        let parts = table.fresh.parts();
        let inner = &self.inner;
        let segments =
            inner.catalog.segments(&scope.tenant, &scope.table, scope.from, scope.to).await?;
        let is_stored = |id: Uuid| segments.iter().any(|segment| segment.id == id);
        let fresh = parts
            .iter()
            .filter(|part| !part.segment().is_some_and(is_stored))
            .map(|part| part.rows().clone())
            .collect();
        let columns = self.columns(&scope.tenant, &scope.table);
        let meter = Arc::new(Meter::new(scope.budget));
        meter.segments.store(segments.len() as u64, std::sync::atomic::Ordering::Relaxed);
        let damage =
            Damage { lake: self.clone(), tenant: scope.tenant.clone(), segments: segments.clone() };
        let table = Arc::new(EventsTable {
            tenant: scope.tenant.clone(),
            schema: columns.schema(),
            segments,
            fresh,
            files: inner.files.clone(),
            skips: Arc::clone(&inner.skips),
            meter: Arc::clone(&meter),
            uses_skip_index: inner.settings.uses_skip_index,
        });
        Ok(View { table, columns, meter, damage })
    }

    pub(crate) fn state(&self) -> SessionState {
        self.inner.state.clone()
    }

    /// Runs a plan over a view.
    pub(crate) async fn run(
        &self,
        state: &SessionState,
        plan: &LogicalPlan,
        view: View,
        budget: Budget,
        started: Instant,
    ) -> Result<Results, LakeError> {
        let left = budget.time.saturating_sub(started.elapsed());
        let planned = tokio::time::timeout(left, state.create_physical_plan(plan));
        let plan = match planned.await {
            Ok(Ok(plan)) => plan,
            Ok(Err(error)) => return Err(view.damage.explain(error.into()).await),
            Err(_) => return Err(LakeError::Budget("planning it took all its time".to_owned())),
        };
        let stream = execute_stream(Arc::clone(&plan), state.task_ctx())?;
        Ok(Results {
            schema: stream.schema(),
            stream,
            plan,
            meter: view.meter,
            budget,
            started,
            rows: 0,
            before_ms: 0,
            is_cut: false,
            is_done: false,
            damage: view.damage,
        })
    }
}

impl View {
    /// The same table for a first part of the question.
    pub(crate) fn again(&self) -> Self {
        Self {
            table: Arc::clone(&self.table),
            columns: Arc::clone(&self.columns),
            meter: Arc::clone(&self.meter),
            damage: self.damage.clone(),
        }
    }

    /// A plan that reads the table.
    pub(crate) fn scan(&self) -> Result<LogicalPlanBuilder, LakeError> {
        let source = datafusion::datasource::provider_as_source(self.table.clone());
        Ok(LogicalPlanBuilder::scan("events", source, None)?)
    }

    /// The table with the scope's time range, for SQL.
    pub(crate) fn bounded(&self, scope: &Scope) -> Result<Arc<dyn TableProvider>, LakeError> {
        let plan = self.scan()?.filter(within(scope.from, scope.to))?.build()?;
        Ok(Arc::new(ViewTable::new(plan, None)))
    }
}

/// Functions that make something huge of something small.
const HUGE: [&str; 9] = [
    "repeat",
    "lpad",
    "rpad",
    "space",
    "range",
    "generate_series",
    "array_repeat",
    "array_resize",
    "list_repeat",
];

/// The engine's settings and functions for all queries.
fn session(runtime: Arc<RuntimeEnv>, threads: usize) -> SessionState {
    let mut config = SessionConfig::new()
        .with_target_partitions(threads.max(1))
        .with_information_schema(false)
        .with_create_default_catalog_and_schema(true);
    let options = config.options_mut();
    options.execution.parquet.pushdown_filters = true;
    options.execution.parquet.reorder_filters = true;
    options.execution.parquet.pruning = true;
    options.execution.parquet.enable_page_index = true;
    options.execution.parquet.bloom_filter_on_read = true;
    options.sql_parser.default_null_ordering = "nulls_last".to_owned();
    let mut builder = SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(runtime)
        .with_default_features();
    builder.table_functions().take();
    if let Some(functions) = builder.scalar_functions() {
        let is_huge = |name: &str| HUGE.contains(&name);
        functions.retain(|function| {
            !is_huge(function.name()) && !function.aliases().iter().any(|name| is_huge(name))
        });
        let cidr = datafusion::logical_expr::ScalarUDF::from(crate::matching::CidrMatch::new());
        functions.push(Arc::new(cidr));
    }
    builder.build()
}
