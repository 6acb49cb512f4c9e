//! A lake in a folder of its own, with a catalog in memory.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use model::Timestamp;
use ports::{Segment, StateError, TenantId};
use uuid::Uuid;

use crate::catalog::Catalog;
use crate::cost::Cost;
use crate::encode::{Encoder, Origin};
use crate::files::Files;
use crate::lake::{Lake, Scope, Settings};
use crate::sample::Sample;
use crate::search::Query;
use crate::{LakeError, parse};

/// A catalog in memory.
#[derive(Debug, Default)]
pub(crate) struct Listed(pub(crate) Mutex<Vec<Segment>>);

#[async_trait]
impl Catalog for Listed {
    async fn segments(
        &self,
        _tenant: &TenantId,
        table: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Segment>, StateError> {
        let segments = self.0.lock().unwrap();
        let is_within = |segment: &&Segment| {
            segment.table == table && segment.time_min <= to && segment.time_max >= from
        };
        Ok(segments.iter().filter(is_within).cloned().collect())
    }
}

/// When the sample begins.
pub(crate) const START: Timestamp = Timestamp(1_790_000_000_000);
pub(crate) const NOW: Timestamp = Timestamp(START.0 + 30 * 86_400_000);

pub(crate) struct Stand {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) catalog: Arc<Listed>,
    pub(crate) lake: Lake,
    pub(crate) tenant: TenantId,
}

impl Stand {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let catalog = Arc::new(Listed::default());
        let lake = Self::lake(&folder, &catalog, Settings { threads: 2, ..Settings::default() });
        Self { folder, catalog, lake, tenant: TenantId::main() }
    }

    fn lake(folder: &tempfile::TempDir, catalog: &Arc<Listed>, settings: Settings) -> Lake {
        let files = Files::in_folder(folder.path()).unwrap();
        Lake::new(files, catalog.clone(), settings).unwrap()
    }

    /// The same files behind a lake with other settings and nothing in memory.
    pub(crate) fn again(&self, settings: Settings) -> Lake {
        let lake = Self::lake(&self.folder, &self.catalog, settings);
        lake.tell_columns(&self.tenant, "events", &self.lake.columns(&self.tenant, "events"));
        lake
    }

    /// Writes and commits a segment.
    pub(crate) async fn store(&self, rows: Vec<RecordBatch>) -> Segment {
        let id = Uuid::now_v7();
        let segment = self.lake.write(&self.tenant, "events", id, rows).await.unwrap();
        self.catalog.0.lock().unwrap().push(segment.clone());
        segment
    }

    /// A lake of generated events: segments of these sizes over 30 days, and fresh events after them.
    pub(crate) async fn sampled(sizes: &[usize], fresh: usize) -> Self {
        let stand = Self::new();
        let mut sample = Sample::new(7);
        let mut encoder = Encoder::new(sample.catalog(), crate::Columns::core());
        let all: usize = sizes.iter().sum::<usize>() + fresh;
        let step = 30 * 86_400_000 / all as i64;
        let mut made = 0;
        for (sequence, size) in sizes.iter().chain([&fresh]).enumerate() {
            let start = Timestamp(START.0 + made * step);
            let origin = Origin { sequence: sequence as u64, first: 0, ingested_at: NOW };
            encoder.push(&sample.batch(*size, start, step), origin);
            made += *size as i64;
            let rows = encoder.finish().unwrap();
            stand.lake.tell_columns(&stand.tenant, "events", encoder.columns());
            if sequence < sizes.len() {
                stand.store(vec![rows]).await;
            } else if *size > 0 {
                stand.lake.fresh(&stand.tenant, "events").add(rows);
            }
        }
        stand
    }

    pub(crate) fn scope(&self) -> Scope {
        let to = Timestamp(NOW.0 + 86_400_000);
        Scope::events(self.tenant.clone(), START, to)
    }

    /// The ids of the events that a text of the search bar finds, sorted, and the cost.
    pub(crate) async fn found(&self, lake: &Lake, text: &str) -> (Vec<String>, Cost) {
        let columns = lake.columns(&self.tenant, "events");
        let condition = parse(text, &columns, NOW).unwrap();
        let query = Query { condition, columns: vec!["event_id".to_owned()], newest: None };
        let results = lake.search(&self.scope(), &query, NOW).await.unwrap();
        let (rows, cost) = results.all().await.unwrap();
        let mut ids: Vec<String> = cells(&rows).into_iter().map(|mut row| row.remove(0)).collect();
        ids.sort();
        (ids, cost)
    }

    /// The rows that SQL gives, as texts.
    pub(crate) async fn rows(&self, sql: &str) -> Result<Vec<Vec<String>>, LakeError> {
        let (rows, _) = self.lake.sql(&self.scope(), sql).await?.all().await?;
        Ok(cells(&rows))
    }
}

/// All cells as texts, null as `NULL`.
pub(crate) fn cells(batches: &[RecordBatch]) -> Vec<Vec<String>> {
    let options = FormatOptions::default().with_null("NULL");
    let mut rows = Vec::new();
    for batch in batches {
        let columns: Vec<ArrayFormatter<'_>> = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column, &options).unwrap())
            .collect();
        for row in 0..batch.num_rows() {
            rows.push(columns.iter().map(|column| column.value(row).to_string()).collect());
        }
    }
    rows
}
