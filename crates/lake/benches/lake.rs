//! What writing and searching cost: `cargo bench -p lake`; `LAKE_EVENTS=10000000` for ten million events.
//!
//! Prints `FIGURE <name> <value> <unit>`. CPU is that of the whole process, user and system.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench prints its figures and stops at what fails"
)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use lake::arrow::array::RecordBatch;
use lake::sample::{NEEDLE, RARE_COMMAND, Sample};
use lake::{Catalog, Columns, Cost, Encoder, Files, Lake, Origin, Query, Scope, Settings, parse};
use model::Timestamp;
use ports::{Segment, StateError, TenantId};
use rustix::time::{ClockId, clock_gettime};
use uuid::Uuid;

const START: Timestamp = Timestamp(1_790_000_000_000);
const DAYS_MS: i64 = 30 * 86_400_000;
/// Events of one segment: compacted segments are of this size.
const SEGMENT: usize = 1_000_000;
/// Events of one batch of the journal.
const BATCH: usize = 4000;

#[derive(Debug, Default)]
struct Listed(Mutex<Vec<Segment>>);

#[async_trait]
impl Catalog for Listed {
    async fn segments(
        &self,
        _tenant: &TenantId,
        _table: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Segment>, StateError> {
        let segments = self.0.lock().unwrap();
        Ok(segments.iter().filter(|it| it.time_min <= to && it.time_max >= from).cloned().collect())
    }
}

fn cpu() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

fn figure(name: &str, value: f64, unit: &str) {
    println!("FIGURE {name} {value:.3} {unit}");
}

struct Bench {
    lake: Lake,
    plain: Lake,
    catalog: Arc<Listed>,
    tenant: TenantId,
    events: usize,
    _folder: tempfile::TempDir,
}

fn open(folder: &tempfile::TempDir, catalog: &Arc<Listed>, uses_skip_index: bool) -> Lake {
    let files = Files::in_folder(folder.path()).unwrap();
    let settings = Settings { threads: 2, uses_skip_index, ..Settings::default() };
    Lake::new(files, catalog.clone(), settings).unwrap()
}

impl Bench {
    fn new(events: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let catalog = Arc::new(Listed::default());
        let lake = open(&folder, &catalog, true);
        let plain = open(&folder, &catalog, false);
        Self { lake, plain, catalog, tenant: TenantId::main(), events, _folder: folder }
    }

    async fn write(&self) {
        let mut sample = Sample::new(42);
        let mut encoder = Encoder::new(sample.catalog(), Columns::core());
        let step = DAYS_MS / self.events as i64;
        let (mut encoded, mut stored, mut bytes, mut skip) = (Duration::ZERO, Duration::ZERO, 0, 0);
        let mut made = 0;
        while made < self.events {
            let mut rows: Vec<RecordBatch> = Vec::new();
            let until = (made + SEGMENT).min(self.events);
            while made < until {
                let count = BATCH.min(until - made);
                let start = Timestamp(START.0 + made as i64 * step);
                let batch = sample.batch(count, start, step);
                let before = cpu();
                encoder
                    .push(&batch, Origin { sequence: made as u64, first: 0, ingested_at: start });
                rows.push(encoder.finish().unwrap());
                encoded += cpu() - before;
                made += count;
            }
            self.lake.tell_columns(&self.tenant, "events", encoder.columns());
            self.plain.tell_columns(&self.tenant, "events", encoder.columns());
            let before = cpu();
            let id = Uuid::now_v7();
            let segment = self.lake.write(&self.tenant, "events", id, rows).await.unwrap();
            stored += cpu() - before;
            bytes += segment.bytes;
            let file = lake::skip_file(&self.tenant, "events", id);
            skip += std::fs::metadata(self._folder.path().join(file)).unwrap().len();
            self.catalog.0.lock().unwrap().push(segment);
        }
        let each = |total: Duration| total.as_secs_f64() * 1e6 / self.events as f64;
        figure("encode_us_event", each(encoded), "us");
        figure("write_us_event", each(stored), "us");
        figure("bytes_event", bytes as f64 / self.events as f64, "bytes");
        figure("skip_bytes_event", skip as f64 / self.events as f64, "bytes");
    }

    async fn ask(&self, lake: &Lake, text: &str, newest: Option<usize>, days: i64) -> Cost {
        let columns = lake.columns(&self.tenant, "events");
        let now = Timestamp(START.0 + DAYS_MS);
        let condition = parse(text, &columns, now).unwrap();
        let from = Timestamp(now.0 - days * 86_400_000);
        let mut scope = Scope::events(self.tenant.clone(), from, Timestamp(now.0 + 86_400_000));
        scope.budget.rows = u64::MAX;
        scope.budget.time = Duration::from_secs(600);
        let query = Query { condition, columns: Vec::new(), newest };
        lake.search(&scope, &query, now).await.unwrap().all().await.unwrap().1
    }

    /// CPU of a question: the median of five warm runs.
    async fn timed(
        &self,
        lake: &Lake,
        name: &str,
        text: &str,
        newest: Option<usize>,
        days: i64,
    ) -> f64 {
        self.ask(lake, text, newest, days).await;
        let mut runs = Vec::new();
        let mut cost = Cost::default();
        for _ in 0..5 {
            let before = cpu();
            cost = self.ask(lake, text, newest, days).await;
            runs.push((cpu() - before).as_secs_f64() * 1e3);
        }
        runs.sort_by(f64::total_cmp);
        let taken = runs[runs.len() / 2];
        figure(name, taken, "ms");
        println!(
            "  {text}: {} rows, {} of {} blocks, {} of {} segments, {} bytes, {} ms by the clock",
            cost.rows,
            cost.blocks - cost.blocks_skipped,
            cost.blocks,
            cost.segments_scanned,
            cost.segments,
            cost.bytes,
            cost.elapsed_ms
        );
        taken
    }

    async fn both(&self, name: &str, text: &str) {
        let with = self.timed(&self.lake, &format!("{name}_ms"), text, None, 30).await;
        let without = self.timed(&self.plain, &format!("{name}_plain_ms"), text, None, 30).await;
        figure(&format!("{name}_gain"), without / with, "x");
    }
}

fn main() {
    let events = std::env::var("LAKE_EVENTS").ok().and_then(|text| text.parse().ok());
    let bench = Bench::new(events.unwrap_or(1_000_000));
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        bench.write().await;
        bench.both("needle_raw", NEEDLE).await;
        let substring = format!("process.cmd_line:*{}*", RARE_COMMAND.replace(", ", "?*"));
        bench.both("substring", &substring).await;
        bench.both("address", "ip:10.1.163.201").await;
        bench
            .both(
                "file_hash",
                "hash:d16ad4ed60e031d72e952b129f1fce28d16ad4ed60e031d7000000000000753b",
            )
            .await;
        let latest = "device.hostname:ws-0011.corp.example";
        bench.timed(&bench.lake, "latest_ms", latest, Some(500), 1).await;
        let latest = "device.hostname=ws-0011.corp.example";
        bench.timed(&bench.lake, "latest_exact_ms", latest, Some(500), 1).await;
    });
}
