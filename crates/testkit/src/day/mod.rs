//! A recorded working day of a company that does not exist, in the real formats of its log sources.
//!
//! Everything is made from a seed: no clock, no disk, no environment. The benign part and the
//! attack draw from different streams, so that the benign part is the same with and without it.

mod auditd;
mod clock;
mod cloudtrail;
mod company;
mod entra;
mod fortigate;
mod kubernetes;
mod linux;
mod m365;
mod nginx;
mod office_hours;
mod powershell;
mod security;
mod security_benign;
mod squid;
mod story;
mod suricata;
mod sysmon;
mod sysmon_benign;
mod windows;
mod zeek;

use std::collections::BTreeMap;
use std::io::Write as _;

use crate::random::Random;
use clock::Moment;
use company::Company;

/// The seed of the day that the repository holds in `content/demo/day`.
pub const SEED: u64 = 20_260_302;

/// What separates the attack's random stream from the benign one.
const ATTACK_STREAM: u64 = 0xA77A_C4ED;

/// The day with the attack: file names and their bytes, by name. Names that end in `.gz` are gzip.
pub fn files(seed: u64) -> Vec<(String, Vec<u8>)> {
    let mut day = Day::new(seed);
    day.benign();
    day.random = Random::new(seed ^ ATTACK_STREAM);
    story::tell(&mut day);
    day.finish()
}

/// The same day without the attack.
pub fn files_benign(seed: u64) -> Vec<(String, Vec<u8>)> {
    let mut day = Day::new(seed);
    day.benign();
    day.finish()
}

/// The attack alone.
pub fn files_attack(seed: u64) -> Vec<(String, Vec<u8>)> {
    let mut day = Day::new(seed);
    day.random = Random::new(seed ^ ATTACK_STREAM);
    story::tell(&mut day);
    day.finish()
}

/// The day while it is being written: lines of every file with their times.
struct Day {
    random: Random,
    company: Company,
    lines: BTreeMap<&'static str, Vec<(Moment, String)>>,
}

impl Day {
    fn new(seed: u64) -> Self {
        Self { random: Random::new(seed), company: Company::new(), lines: BTreeMap::new() }
    }

    /// Adds one record (without its line end) to a file; the recording ends at midnight.
    fn write(&mut self, file: &'static str, at: Moment, line: String) {
        if at < clock::DAY {
            self.lines.entry(file).or_default().push((at, line));
        }
    }

    fn benign(&mut self) {
        entra::benign(self);
        m365::benign(self);
        security_benign::write(self);
        sysmon_benign::write(self);
        powershell::benign(self);
        windows::benign(self);
        linux::benign(self);
        auditd::benign(self);
        nginx::benign(self);
        squid::benign(self);
        zeek::benign(self);
        suricata::benign(self);
        fortigate::benign(self);
        cloudtrail::benign(self);
        kubernetes::benign(self);
    }

    /// Sorts every file by time (records of one moment keep their order) and packs it.
    fn finish(self) -> Vec<(String, Vec<u8>)> {
        self.lines
            .into_iter()
            .map(|(name, mut lines)| {
                lines.sort_by_key(|(at, _)| *at);
                let texts: Vec<String> = lines.into_iter().map(|(_, text)| text).collect();
                let plain = match name {
                    zeek::CONN | zeek::DNS | zeek::SSL => zeek::with_header(name, &texts),
                    cloudtrail::FILE => cloudtrail::with_envelope(&texts),
                    _ => joined(&texts),
                };
                let bytes = if packed(name) { gzipped(&plain) } else { plain.into_bytes() };
                (name.to_owned(), bytes)
            })
            .collect()
    }
}

/// Names that end in `.gz` are packed.
fn packed(name: &str) -> bool {
    name.strip_suffix(".gz").is_some()
}

fn joined(texts: &[String]) -> String {
    let mut all = texts.join("\n");
    all.push('\n');
    all
}

/// Packs with gzip: no name, no time of writing, so that the same text gives the same bytes.
fn gzipped(plain: &str) -> Vec<u8> {
    let mut encoder =
        flate2::GzBuilder::new().mtime(0).write(Vec::new(), flate2::Compression::default());
    // Writing to a vector cannot fail; should it ever, the length test of the day shows it.
    if encoder.write_all(plain.as_bytes()).is_err() {
        return Vec::new();
    }
    encoder.finish().unwrap_or_default()
}
