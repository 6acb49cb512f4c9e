//! Records that came in are stored once and evaluated once, whatever is interrupted.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use detect::Engine;
use engine::hub::{Consumer, ConsumerConfig, Detection, FINDING, JournalIntake, Parts};
use ingest::Ingest;
use journal::{Config, FolderDisk, Journal, MachineClock, Reserve};
use model::{EventBatch, Timestamp};
use ports::memory::MemoryState;
use ports::{
    Entry, EventOrigin, FormatHint, Intake, Lake, LakeFault, Records, Segment, SourceIdentity,
    State, TenantId, Waiting,
};
use testkit::{corpus, random::Random};
use uuid::Uuid;

/// A lake that keeps ids of events: those of committed segments survive a crash, the others do not.
#[derive(Debug, Default)]
struct Ids {
    waiting: Mutex<Vec<(u64, usize)>>,
    written: Mutex<BTreeMap<Uuid, Vec<(u64, usize)>>>,
    fails: Mutex<bool>,
}

#[async_trait]
impl Lake for Ids {
    fn add(&self, _: &TenantId, batch: &EventBatch, origin: EventOrigin) -> Result<(), LakeFault> {
        let ids = (0..batch.len()).map(|index| (origin.sequence, index));
        self.waiting.lock().unwrap().extend(ids);
        Ok(())
    }

    fn show(&self, _: &TenantId) -> Result<(), LakeFault> {
        Ok(())
    }

    fn waiting(&self, _: &TenantId) -> Waiting {
        let rows = self.waiting.lock().unwrap().len() as u64;
        Waiting { rows, bytes: rows * 500 }
    }

    async fn write(&self, _: &TenantId) -> Result<Option<Segment>, LakeFault> {
        if *self.fails.lock().unwrap() {
            return Err(LakeFault("no space".to_owned()));
        }
        let ids = self.waiting.lock().unwrap().clone();
        if ids.is_empty() {
            return Ok(None);
        }
        let segment = Segment {
            id: Uuid::now_v7(),
            table: "events".to_owned(),
            rows: ids.len() as u64,
            bytes: 0,
            time_min: Timestamp(0),
            time_max: Timestamp(i64::MAX),
            columns: 1,
            generation: 0,
            classes: Vec::new(),
        };
        self.written.lock().unwrap().insert(segment.id, ids);
        Ok(Some(segment))
    }

    fn committed(&self, _: &TenantId, segment: &Segment) {
        let written = self.written.lock().unwrap();
        let done: BTreeSet<_> = written[&segment.id].iter().copied().collect();
        self.waiting.lock().unwrap().retain(|id| !done.contains(id));
    }
}

const RULES: [(&str, &str); 2] = [
    (
        "encoder.yml",
        "title: Encoder\nid: 11111111-2222-4333-8444-555555555555\nname: encoder\nlogsource: {product: windows, category: process_creation}\n\
         detection:\n  selection: {CommandLine|contains: ' -enc '}\n  condition: selection\nlevel: high\n",
    ),
    (
        "many.yml",
        "title: Many\nid: 11111111-2222-4333-8444-666666666666\ncorrelation:\n  type: event_count\n  rules: [encoder]\n  group-by: [Computer]\n  timespan: 5m\n  generate: true\n  condition: {gte: 3}\nlevel: critical\n",
    ),
];

struct World {
    state: Arc<MemoryState>,
    ingest: Arc<Ingest>,
    engine: Arc<Engine>,
    runtime: tokio::runtime::Runtime,
}

impl World {
    fn new() -> Self {
        let files: Vec<(String, String)> =
            RULES.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        let (ingest, engine) = corpus::engine(&corpus::rules(&files)).unwrap();
        assert_eq!(engine.rules().correlations.len(), 1);
        Self {
            state: Arc::default(),
            ingest: Arc::new(ingest),
            engine: Arc::new(engine),
            runtime: tokio::runtime::Runtime::new().unwrap(),
        }
    }

    fn journal(folder: &Path) -> Arc<Journal> {
        let disk = FolderDisk::open(folder, Reserve::default()).unwrap();
        let (journal, _) = Journal::open(
            Arc::new(disk),
            Arc::new(MachineClock::default()),
            Config { marker: [3; 8], ..Config::default() },
        )
        .unwrap();
        Arc::new(journal)
    }

    fn consumer(&self, journal: &Arc<Journal>, lake: &Arc<Ids>) -> Consumer {
        let parts = Parts {
            tenant: TenantId::main(),
            journal: Arc::clone(journal),
            state: Arc::clone(&self.state) as Arc<dyn State>,
            lake: Arc::clone(lake) as Arc<dyn Lake>,
            ingest: Arc::clone(&self.ingest),
            clock: Arc::new(MachineClock::default()),
            runtime: self.runtime.handle().clone(),
        };
        let config = ConsumerConfig {
            read_bytes: 4000,
            show_every: Duration::ZERO,
            segment_bytes: 20_000,
            segment_every: Duration::from_mins(1),
        };
        Consumer::open(parts, Detection::new(Arc::clone(&self.engine)), config).unwrap()
    }

    fn send(&self, journal: &Arc<Journal>, number: u32) {
        let bytes = record(number).into_bytes();
        let records = Records {
            source: SourceIdentity {
                tenant: TenantId::main(),
                listener: "test".into(),
                credential: None,
                peer: None,
            },
            batch: Some(u128::from(number).to_be_bytes()),
            format: FormatHint::Any,
            entries: vec![Entry::new(0..bytes.len() as u32)],
            bytes,
            observed_at: Timestamp(1_772_442_000_000 + i64::from(number) * 1000),
        };
        let accepted =
            self.runtime.block_on(JournalIntake(Arc::clone(journal)).accept(records)).unwrap();
        assert_eq!(accepted.records, 1);
    }

    fn findings(&self) -> BTreeMap<String, serde_json::Value> {
        let tenant = TenantId::main();
        let list = self.runtime.block_on(self.state.list(&tenant, FINDING, None, 10_000)).unwrap();
        list.into_iter().map(|record| (record.id, record.body)).collect()
    }

    fn stored(&self, lake: &Ids) -> Vec<(u64, usize)> {
        let tenant = TenantId::main();
        let all = self.state.segments(&tenant, "events", Timestamp(0), Timestamp(i64::MAX));
        let segments = self.runtime.block_on(all).unwrap();
        let written = lake.written.lock().unwrap();
        let mut ids: Vec<_> =
            segments.iter().flat_map(|segment| written[&segment.id].clone()).collect();
        ids.sort_unstable();
        ids
    }
}

/// Every seventh one is what the rule looks for; times rise by a second.
fn record(number: u32) -> String {
    let command = if number.is_multiple_of(7) { "powershell -enc AAAA" } else { "notepad" };
    let time = jiff::Timestamp::from_second(1_772_442_000 + i64::from(number)).unwrap();
    format!(
        r#"{{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","Provider_Name":"Microsoft-Windows-Sysmon","Computer":"ws-{}","UtcTime":"{}","Image":"C:\\a.exe","CommandLine":"{command} ","ProcessId":{number}}}"#,
        number % 3,
        time.strftime("%Y-%m-%d %H:%M:%S.000"),
    )
}

fn drain(consumer: &mut Consumer, until: u64) {
    while consumer.committed() < until {
        consumer.turn(Duration::from_millis(5)).unwrap();
        consumer.settle().unwrap();
    }
}

const COUNT: u32 = 420;

#[test]
fn interruptions_change_nothing() {
    let (calm, folder) = (World::new(), tempfile::tempdir().unwrap());
    let (journal, lake) = (World::journal(folder.path()), Arc::new(Ids::default()));
    (0..COUNT).for_each(|number| calm.send(&journal, number));
    drain(&mut calm.consumer(&journal, &lake), u64::from(COUNT));
    let (findings, stored) = (calm.findings(), calm.stored(&lake));
    assert_eq!(stored, (1..=u64::from(COUNT)).map(|number| (number, 0)).collect::<Vec<_>>());
    assert!(findings.len() > COUNT as usize / 7, "{}", findings.len());

    for seed in 0..6 {
        let mut random = Random::new(seed);
        let (world, folder) = (World::new(), tempfile::tempdir().unwrap());
        let mut lake = Arc::new(Ids::default());
        let mut journal = World::journal(folder.path());
        let mut consumer = world.consumer(&journal, &lake);
        let mut sent = 0;
        while sent < COUNT {
            for _ in 0..random.below(60).min(u64::from(COUNT - sent)) {
                // A sender that did not hear the answer sends again.
                world.send(&journal, sent);
                if random.below(10) == 0 {
                    world.send(&journal, sent);
                }
                sent += 1;
            }
            *lake.fails.lock().unwrap() = random.below(4) == 0;
            world.state.set_down(random.below(6) == 0);
            for _ in 0..random.below(6) {
                // A fault is tried again by the next turn; whether there is one is left to chance.
                drop(consumer.turn(Duration::from_millis(1)));
            }
            world.state.set_down(false);
            *lake.fails.lock().unwrap() = false;
            if random.below(3) == 0 {
                // The process is gone: what waited in memory too, what was written stays.
                drop((consumer, journal));
                let written = std::mem::take(&mut *lake.written.lock().unwrap());
                lake = Arc::new(Ids { written: Mutex::new(written), ..Ids::default() });
                journal = World::journal(folder.path());
                consumer = world.consumer(&journal, &lake);
            }
        }
        drain(&mut consumer, journal.durable());
        let again = world.stored(&lake);
        assert_eq!(again.len(), sent as usize, "seed {seed}");
        assert_eq!(again.iter().collect::<BTreeSet<_>>().len(), sent as usize, "seed {seed}");
        let same: BTreeMap<_, _> = world.findings();
        for (id, body) in &findings {
            assert_eq!(same.get(id), Some(body), "seed {seed}");
        }
    }
}
