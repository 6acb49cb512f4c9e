//! A table of events as the query engine sees it: the files that the catalog names, and the fresh events.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{ScalarValue, Statistics};
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::physical_plan::parquet::{
    CachedParquetFileReaderFactory, ParquetRowSelection,
};
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::parquet::arrow::arrow_reader::{RowSelection, RowSelector};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::union::UnionExec;
use futures::{StreamExt, TryStreamExt, stream};
use ports::{Segment, TenantId};

use crate::bounds::Bounds;
use crate::columns::TIME;
use crate::cost::Meter;
use crate::error::LakeError;
use crate::files::{Files, parquet_file};
use crate::layout::pad;
use crate::reader::CountingReaders;
use crate::skip::{BLOCK_ROWS, Need, SkipIndex, need_of};
use crate::skips::Skips;

/// One table as one query sees it: its segments and fresh events do not change while the query runs.
#[derive(Debug)]
pub(crate) struct EventsTable {
    pub(crate) tenant: TenantId,
    pub(crate) schema: SchemaRef,
    pub(crate) segments: Vec<Segment>,
    pub(crate) fresh: Vec<RecordBatch>,
    pub(crate) files: Files,
    pub(crate) skips: Arc<Skips>,
    pub(crate) meter: Arc<Meter>,
    /// Whether the skip index is asked (tests compare).
    pub(crate) uses_skip_index: bool,
}

/// Skip indexes that are loaded at once.
const LOADS: usize = 8;
/// Bytes at the end of a file that are read first: enough for the footer of most segments.
const FOOTER_HINT: usize = 128 << 10;

#[async_trait]
impl TableProvider for EventsTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        // The scan passes over what cannot hold a row; the engine pushes the exact conditions into the reader later.
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let files = self.files_of(filters).await.map_err(outer)?;
        let mut parts: Vec<Arc<dyn ExecutionPlan>> = Vec::new();
        if !files.is_empty() {
            parts.push(self.parquet(state, files, projection, limit)?);
        }
        if !self.fresh.is_empty() {
            parts.push(self.memory(projection)?);
        }
        match parts.len() {
            0 => {
                let schema = match projection {
                    Some(columns) => Arc::new(self.schema.project(columns)?),
                    None => Arc::clone(&self.schema),
                };
                Ok(Arc::new(EmptyExec::new(schema)))
            }
            1 => Ok(parts.swap_remove(0)),
            _ => UnionExec::try_new(parts),
        }
    }
}

impl EventsTable {
    /// The files that may hold rows, newest first, each with the blocks that may.
    async fn files_of(
        &self,
        filters: &[Expr],
    ) -> std::result::Result<Vec<PartitionedFile>, LakeError> {
        let bounds = Bounds::of(filters);
        let need = if self.uses_skip_index { need_of(filters) } else { Need::Unknown };
        let mut segments: Vec<&Segment> =
            self.segments.iter().filter(|segment| bounds.may_hold(segment)).collect();
        let pruned = self.segments.len() - segments.len();
        self.meter.segments_pruned.fetch_add(pruned as u64, Relaxed);
        segments.sort_by_key(|segment| std::cmp::Reverse((segment.time_max, segment.id)));
        let segments: Vec<Segment> = segments.into_iter().cloned().collect();
        let need = &need;
        let found: Vec<Option<PartitionedFile>> = stream::iter(segments)
            .map(|segment| async move { self.file_of(&segment, need).await })
            .buffered(LOADS)
            .try_collect()
            .await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn file_of(
        &self,
        segment: &Segment,
        need: &Need,
    ) -> std::result::Result<Option<PartitionedFile>, LakeError> {
        let index = if *need == Need::Unknown {
            None
        } else {
            self.skips.get(&self.tenant, segment, &self.meter).await?
        };
        let selection = match &index {
            Some(index) => match self.select(index, need) {
                Selected::Nothing => {
                    self.meter.segments_skipped.fetch_add(1, Relaxed);
                    return Ok(None);
                }
                Selected::All => None,
                Selected::Some(selection) => Some(selection),
            },
            None => None,
        };
        let length = self.skips.length(&self.tenant, segment).await?;
        self.meter.segments_scanned.fetch_add(1, Relaxed);
        let path = parquet_file(&self.tenant, &segment.table, segment.id);
        let file = PartitionedFile::new(path, length)
            .with_metadata_size_hint(FOOTER_HINT)
            .with_statistics(Arc::new(self.statistics(segment)));
        Ok(Some(match selection {
            Some(selection) => file.with_extension(ParquetRowSelection::new(selection)),
            None => file,
        }))
    }

    fn select(&self, index: &SkipIndex, need: &Need) -> Selected {
        let blocks = index.blocks();
        let mut selectors: Vec<RowSelector> = Vec::new();
        let mut skipped = 0;
        let mut left = index.sealed.rows as usize;
        for block in 0..blocks {
            let rows = left.min(BLOCK_ROWS);
            left -= rows;
            let skip = !need.may_hold(index, block);
            skipped += usize::from(skip);
            match selectors.last_mut() {
                Some(last) if last.skip == skip => last.row_count += rows,
                _ if skip => selectors.push(RowSelector::skip(rows)),
                _ => selectors.push(RowSelector::select(rows)),
            }
        }
        self.meter.blocks.fetch_add(blocks as u64, Relaxed);
        self.meter.blocks_skipped.fetch_add(skipped as u64, Relaxed);
        match skipped {
            0 => Selected::All,
            all if all == blocks => Selected::Nothing,
            _ => Selected::Some(RowSelection::from(selectors)),
        }
    }

    /// What the catalog knows of a file: enough to read the newest first and leave out what is too old.
    fn statistics(&self, segment: &Segment) -> Statistics {
        let mut statistics = Statistics::new_unknown(&self.schema);
        let column = self.schema.index_of(TIME).ok();
        if let Some(time) = column.and_then(|at| statistics.column_statistics.get_mut(at)) {
            let value = |millis: i64| {
                Precision::Exact(ScalarValue::TimestampMillisecond(
                    Some(millis),
                    Some("UTC".into()),
                ))
            };
            time.min_value = value(segment.time_min.0);
            time.max_value = value(segment.time_max.0);
            time.null_count = Precision::Exact(0);
        }
        statistics
    }

    fn parquet(
        &self,
        state: &dyn Session,
        files: Vec<PartitionedFile>,
        projection: Option<&Vec<usize>>,
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let cache = state.runtime_env().cache_manager.get_file_metadata_cache();
        let readers = CountingReaders {
            inner: CachedParquetFileReaderFactory::new(self.files.store(), cache),
            meter: Arc::clone(&self.meter),
        };
        let source = ParquetSource::new(Arc::clone(&self.schema))
            .with_parquet_file_reader_factory(Arc::new(readers))
            .with_pushdown_filters(true)
            .with_reorder_filters(true);
        let mut groups: Vec<Vec<PartitionedFile>> = Vec::new();
        groups.resize_with(state.config().target_partitions().clamp(1, files.len()), Vec::new);
        let count = groups.len();
        for (index, file) in files.into_iter().enumerate() {
            if let Some(group) = groups.get_mut(index % count) {
                group.push(file);
            }
        }
        let config = FileScanConfigBuilder::new(Files::url().map_err(outer)?, Arc::new(source))
            .with_file_groups(groups.into_iter().map(FileGroup::new).collect())
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }

    fn memory(&self, projection: Option<&Vec<usize>>) -> Result<Arc<dyn ExecutionPlan>> {
        let rows: usize = self.fresh.iter().map(RecordBatch::num_rows).sum();
        self.meter.fresh_rows.fetch_add(rows as u64, Relaxed);
        let padded: Vec<RecordBatch> = self
            .fresh
            .iter()
            .map(|batch| pad(batch, &self.schema))
            .collect::<std::result::Result<_, _>>()
            .map_err(outer)?;
        let source = MemorySourceConfig::try_new_exec(
            &[padded],
            Arc::clone(&self.schema),
            projection.cloned(),
        )?;
        Ok(source)
    }
}

enum Selected {
    Nothing,
    All,
    Some(RowSelection),
}

fn outer(error: LakeError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
