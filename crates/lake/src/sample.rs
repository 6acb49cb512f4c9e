//! Generated events for tests and benches: six classes over some days, few hosts and users with most of the events,
//! raw records of 200 to 450 bytes, some rare needles. The same seed gives the same events.

use std::fmt::Write as _;
use std::sync::Arc;

use model::{
    BatchBuilder, Catalog, Constant, EventBatch, FieldId, Kind, KindField, KindId, LogsourceSet,
    Source, SourceClass, Timestamp, Value,
};

/// A word that stands in the raw record of one event in [`NEEDLE_EVERY`] and nowhere else.
pub const NEEDLE: &str = "zq7-needle.example";
/// See [`NEEDLE`].
pub const NEEDLE_EVERY: u64 = 160_000;
/// A part of the command line of one process event in some ten thousand.
pub const RARE_COMMAND: &str = "comsvcs.dll, MiniDump";

/// Makes events.
#[derive(Debug)]
pub struct Sample {
    catalog: Arc<Catalog>,
    fields: Fields,
    state: u64,
    made: u64,
    raw: String,
}

#[derive(Debug, Clone)]
struct Fields {
    host: FieldId,
    user: FieldId,
    actor: FieldId,
    source_ip: FieldId,
    source_port: FieldId,
    target_ip: FieldId,
    target_port: FieldId,
    process: FieldId,
    command: FieldId,
    path: FieldId,
    parent: FieldId,
    pid: FieldId,
    file: FieldId,
    hash_algorithm: FieldId,
    hash: FieldId,
    query: FieldId,
    answer: FieldId,
    url: FieldId,
    status: FieldId,
    message: FieldId,
    record: FieldId,
    guid: FieldId,
    channel: FieldId,
}

const CLASSES: [(&str, u32); 6] = [
    ("process_activity", 1007),
    ("file_activity", 1001),
    ("network_activity", 4001),
    ("authentication", 3002),
    ("dns_activity", 4003),
    ("http_activity", 4002),
];

const IMAGES: [&str; 12] = [
    "svchost.exe",
    "chrome.exe",
    "powershell.exe",
    "cmd.exe",
    "explorer.exe",
    "MsMpEng.exe",
    "outlook.exe",
    "Teams.exe",
    "python.exe",
    "rundll32.exe",
    "wmic.exe",
    "schtasks.exe",
];

impl Sample {
    /// Events of this seed.
    pub fn new(seed: u64) -> Self {
        let mut catalog = Catalog::default();
        let mut field = |name: &str| catalog.fields.intern(name);
        let fields = Fields {
            host: field("device.hostname"),
            user: field("user.name"),
            actor: field("actor.user.name"),
            source_ip: field("src_endpoint.ip"),
            source_port: field("src_endpoint.port"),
            target_ip: field("dst_endpoint.ip"),
            target_port: field("dst_endpoint.port"),
            process: field("process.name"),
            command: field("process.cmd_line"),
            path: field("process.file.path"),
            parent: field("process.parent_process.file.path"),
            pid: field("process.pid"),
            file: field("file.path"),
            hash_algorithm: field("file.hashes[0].algorithm_id"),
            hash: field("file.hashes[0].value"),
            query: field("query.hostname"),
            answer: field("answers[].rdata"),
            url: field("http_request.url.url_string"),
            status: field("status_id"),
            message: field("message"),
            record: field("EventRecordID"),
            guid: field("ProcessGuid"),
            channel: field("Channel"),
        };
        let activity = catalog.fields.intern("activity_id");
        let native = catalog.fields.intern("Image");
        catalog.sources.push(Source {
            id: "example_sample".into(),
            title: "Sample".into(),
            vendor: "Example".into(),
            product: "Sample".into(),
            class: SourceClass::Endpoint,
            summary: "Generated events.".into(),
            docs: "".into(),
        });
        let kind = |name: &str, class: &str, uid: u32, source: Option<usize>| Kind {
            name: name.into(),
            source,
            class_uid: uid,
            class_name: class.into(),
            logsources: LogsourceSet::default(),
            constants: vec![(activity, Constant::Int(1))],
            fields: vec![KindField { native, attribute: fields.process, identity: true }],
            aliases: Vec::new(),
            passthrough: false,
        };
        catalog.kinds.push(kind("base", "base_event", 0, None));
        for (class, uid) in CLASSES {
            catalog.kinds.push(kind(class, class, uid, Some(0)));
        }
        let state = seed.wrapping_mul(2).wrapping_add(1);
        Self { catalog: Arc::new(catalog), fields, state, made: 0, raw: String::new() }
    }

    /// The mappings that the events are of.
    pub fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog)
    }

    fn random(&mut self) -> u64 {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(0x1405_7b7e);
        (self.state >> 33) ^ (self.state >> 11)
    }

    fn below(&mut self, most: u64) -> u64 {
        self.random() % most
    }

    /// A number below `most`, small ones far more often.
    fn skewed(&mut self, most: u64) -> u64 {
        let unit = (self.random() & 0xff_ffff) as f64 / f64::from(1 << 24);
        ((most as f64).powf(unit) - 1.0) as u64
    }

    /// The next `count` events, `step_ms` apart on average, from `start` on.
    pub fn batch(&mut self, count: usize, start: Timestamp, step_ms: i64) -> EventBatch {
        let mut builder = BatchBuilder::default();
        let mut raw = Vec::with_capacity(count * 320);
        for index in 0..count {
            let jitter = self.below(2 * step_ms.max(1) as u64) as i64;
            let time = Timestamp(start.0 + index as i64 * step_ms + jitter);
            let kind = self.event(&mut builder, time);
            let from = raw.len() as u32;
            raw.extend_from_slice(self.raw.as_bytes());
            let span = (from, raw.len() as u32);
            builder.finish_record(KindId(kind), Some(time), u64::from(from), span);
            self.made += 1;
        }
        builder.finish(raw)
    }

    fn event(&mut self, builder: &mut BatchBuilder, time: Timestamp) -> u32 {
        let class = [1, 1, 2, 3, 3, 3, 4, 5, 5, 6][self.below(10) as usize];
        let host = format!("ws-{:04}.corp.example", self.skewed(3000));
        let user = format!("user{:04}", self.skewed(2000));
        let guid = (self.random() as u128) << 64 | u128::from(self.random());
        let fields = self.fields.clone();
        self.raw.clear();
        let unwritten = write!(
            self.raw,
            "{{\"ts\":{},\"host\":\"{host}\",\"user\":\"{user}\",\"guid\":\"{guid:032x}\"",
            time.0
        );
        debug_assert!(unwritten.is_ok());
        builder.push(fields.record, Value::Int(self.made as i64));
        self.native(builder, fields.guid, &format!("{guid:032x}"));
        self.native(builder, fields.channel, "Microsoft-Windows-Sysmon/Operational");
        builder.end_native();
        self.attribute(builder, fields.host, "", &host);
        match class {
            1 => self.process(builder, &fields, &user),
            2 => self.file(builder, &fields, &user),
            3 => self.network(builder, &fields),
            4 => self.logon(builder, &fields, &user),
            5 => self.dns(builder, &fields),
            _ => self.http(builder, &fields, &user),
        }
        if self.made % NEEDLE_EVERY == NEEDLE_EVERY / 3 {
            self.raw.push_str(",\"note\":\"");
            self.raw.push_str(NEEDLE);
            self.raw.push('"');
        }
        self.raw.push('}');
        builder.end_attributes();
        class
    }

    fn native(&mut self, builder: &mut BatchBuilder, field: FieldId, text: &str) {
        let value = builder.text(text.as_bytes());
        builder.push(field, value);
    }

    /// Pushes an attribute; with a name it is written into the raw record too.
    fn attribute(&mut self, builder: &mut BatchBuilder, field: FieldId, name: &str, text: &str) {
        let value = builder.text(text.as_bytes());
        builder.push(field, value);
        if !name.is_empty() {
            self.raw.push_str(",\"");
            self.raw.push_str(name);
            self.raw.push_str("\":\"");
            text.chars().for_each(|letter| match letter {
                '\\' | '"' => self.raw.extend(['\\', letter]),
                other => self.raw.push(other),
            });
            self.raw.push('"');
        }
    }

    fn number(&mut self, builder: &mut BatchBuilder, field: FieldId, name: &str, number: i64) {
        builder.push(field, Value::Int(number));
        let unwritten = write!(self.raw, ",\"{name}\":{number}");
        debug_assert!(unwritten.is_ok());
    }

    fn address(&mut self) -> String {
        let number = self.skewed(60_000);
        format!("10.{}.{}.{}", number % 7, number / 250 % 250, number % 250)
    }

    fn image(&mut self) -> &'static str {
        IMAGES[self.skewed(IMAGES.len() as u64) as usize]
    }

    fn process(&mut self, builder: &mut BatchBuilder, fields: &Fields, user: &str) {
        let image = self.image();
        let parent = self.image();
        let number = self.below(100_000);
        let command = match self.below(12_000) {
            0 => format!(r"rundll32.exe C:\Windows\System32\{RARE_COMMAND} {number} full"),
            1..4000 => format!("\"{image}\" -k netsvcs -p -s Service{}", number % 300),
            4000..6000 => format!("{image} -NoProfile -EncodedCommand SQBFAFgA{number:08x}"),
            _ => format!("{image} --type=renderer --id={number}"),
        };
        self.attribute(builder, fields.actor, "actor", user);
        self.attribute(builder, fields.process, "", image);
        self.attribute(builder, fields.command, "cmd", &command);
        self.attribute(builder, fields.path, "image", &format!(r"C:\Windows\System32\{image}"));
        self.attribute(builder, fields.parent, "parent", &format!(r"C:\Windows\{parent}"));
        self.number(builder, fields.pid, "pid", (number % 30_000) as i64);
    }

    fn file(&mut self, builder: &mut BatchBuilder, fields: &Fields, user: &str) {
        let number = self.skewed(40_000);
        let hash = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.attribute(builder, fields.actor, "actor", user);
        let path = format!(r"C:\Users\{user}\AppData\Local\file{number}.dat");
        self.attribute(builder, fields.file, "path", &path);
        builder.push(fields.hash_algorithm, Value::Int(3));
        let hash = format!("{hash:016x}{:016x}{hash:016x}{number:016x}", !hash);
        self.attribute(builder, fields.hash, "sha256", &hash);
        let image = self.image();
        self.attribute(builder, fields.message, "message", &format!("{image} wrote a file"));
    }

    fn network(&mut self, builder: &mut BatchBuilder, fields: &Fields) {
        let (source, target) = (self.address(), self.address());
        self.attribute(builder, fields.source_ip, "src", &source);
        let port = 1024 + self.below(60_000) as i64;
        self.number(builder, fields.source_port, "sport", port);
        self.attribute(builder, fields.target_ip, "dst", &target);
        let port = [443, 80, 53, 445, 3389][self.skewed(5) as usize];
        self.number(builder, fields.target_port, "dport", port);
        let image = self.image();
        self.attribute(builder, fields.message, "app", image);
    }

    fn logon(&mut self, builder: &mut BatchBuilder, fields: &Fields, user: &str) {
        let source = self.address();
        self.attribute(builder, fields.user, "target", user);
        self.attribute(builder, fields.source_ip, "src", &source);
        let status = if self.below(10) == 0 { 2 } else { 1 };
        self.number(builder, fields.status, "status", status);
        self.attribute(builder, fields.message, "message", "An account was logged on");
    }

    fn dns(&mut self, builder: &mut BatchBuilder, fields: &Fields) {
        let name = format!("host{}.cdn{}.example.net", self.skewed(50_000), self.below(9));
        self.attribute(builder, fields.query, "query", &name);
        for _ in 0..1 + self.below(3) {
            let answer = self.address();
            self.attribute(builder, fields.answer, "answer", &answer);
        }
        let source = self.address();
        self.attribute(builder, fields.source_ip, "src", &source);
    }

    fn http(&mut self, builder: &mut BatchBuilder, fields: &Fields, user: &str) {
        let (source, target) = (self.address(), self.address());
        self.attribute(builder, fields.user, "target", user);
        self.attribute(builder, fields.source_ip, "src", &source);
        self.attribute(builder, fields.target_ip, "dst", &target);
        let url = format!(
            "https://site{}.example.com/page/{}?id={}",
            self.skewed(3000),
            self.below(400),
            self.below(1_000_000)
        );
        self.attribute(builder, fields.url, "url", &url);
    }
}
