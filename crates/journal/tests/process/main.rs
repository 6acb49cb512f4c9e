//! The journal in a process of its own that is killed, runs out of space and has a disk that fails, while senders send
//! again what they had no acknowledgement for.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
#![expect(clippy::print_stderr, reason = "figures of the run")]

mod senders;
mod server;

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use senders::{Oracle, RECORDS, Senders};

/// A folder with a server and what it needs.
struct Stage {
    folder: tempfile::TempDir,
}

impl Stage {
    fn new() -> Self {
        Self { folder: tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts the server: this program once more, with only the test that serves. Words before it run it.
    fn start(&self, before: &[&str], settings: &[(&str, &str)]) -> Child {
        let program = std::env::current_exe().unwrap();
        let mut words: Vec<&std::ffi::OsStr> = before.iter().map(std::ffi::OsStr::new).collect();
        words.push(program.as_os_str());
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).args(["server::serve", "--exact", "--nocapture"]);
        command.env(server::FOLDER, self.folder.path()).envs(settings.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit());
        command.spawn().unwrap()
    }

    /// Waits until everything acknowledged is in the lake, and compares.
    fn check(&self, oracle: &Oracle, most: Duration) -> Duration {
        let begin = Instant::now();
        loop {
            let lake = server::read_lake(&self.path("lake"));
            let missing = oracle.missing(&lake);
            if missing == 0 {
                assert_eq!(oracle.wrong(&lake), Vec::<String>::new());
                return begin.elapsed();
            }
            assert!(begin.elapsed() < most, "{missing} acknowledged batches are not in the lake");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

fn segments(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, |entries| {
        entries
            .flatten()
            .filter(|entry| entry.path().extension().is_some_and(|ending| ending == "lake"))
            .count()
    })
}

/// 60 to 460 ms, the same in each run.
fn waits(count: u64) -> impl Iterator<Item = Duration> {
    let mixed = (1..=count).map(|place| place.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40);
    mixed.map(|number| Duration::from_millis(60 + number % 401))
}

#[test]
fn a_hundred_kills_lose_and_double_nothing() {
    const RECORDS_WANTED: u64 = 1_000_000;
    let stage = Stage::new();
    let begin = Instant::now();
    let senders = Senders::start(&stage.path("socket"), 8);
    for wait in waits(100) {
        let child = stage.start(&[], &[]);
        std::thread::sleep(wait);
        kill(child);
    }
    let killed = begin.elapsed();
    let child = stage.start(&[], &[]);
    while senders.acknowledged() * RECORDS < RECORDS_WANTED {
        assert!(
            begin.elapsed() < Duration::from_mins(2),
            "only {} batches",
            senders.acknowledged()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    let oracle = senders.stop();
    let drained = stage.check(&oracle, Duration::from_secs(10));
    kill(child);
    eprintln!(
        "100 kills in {:.1} s, {} records acknowledged in {:.1} s ({} batches sent again), drained in {} ms, {} segments: 0 lost, 0 twice, 0 alien",
        killed.as_secs_f64(),
        oracle.acknowledged.len() as u64 * RECORDS,
        begin.elapsed().as_secs_f64(),
        oracle.repeats,
        drained.as_millis(),
        segments(&stage.path("lake")),
    );
}

#[test]
fn it_gets_on_under_kills() {
    let kills = 30;
    let stage = Stage::new();
    let senders = Senders::start(&stage.path("socket"), 2);
    for _ in 0..kills {
        let child = stage.start(&[], &[]);
        std::thread::sleep(Duration::from_millis(150));
        kill(child);
    }
    let made = segments(&stage.path("lake"));
    let child = stage.start(&[], &[]);
    let oracle = senders.stop();
    stage.check(&oracle, Duration::from_secs(10));
    kill(child);
    eprintln!("{kills} kills, one every 150 ms: {made} segments");
    assert!(made * 3 >= kills, "{made} segments in {kills} starts");
}

#[test]
fn a_full_disk_refuses_and_goes_on_when_there_is_space() {
    let stage = Stage::new();
    let mount = stage.path("journal");
    std::fs::create_dir(&mount).unwrap();
    let script =
        format!("mount -t tmpfs -o size=32m none '{}' && exec \"$0\" \"$@\"", mount.display());
    let probe = format!("mount -t tmpfs -o size=1m none '{}'", mount.display());
    let works =
        Command::new("unshare").args(["-m", "sh", "-c", &probe]).stderr(Stdio::null()).status();
    if !works.is_ok_and(|status| status.success()) {
        eprintln!(
            "skipped: no right to mount a small disk; the simulated one was full in another test"
        );
        return;
    }
    let hold = stage.path("go");
    let child = stage.start(
        &["unshare", "-m", "sh", "-c", &script],
        &[(server::HOLD, hold.to_str().unwrap()), (server::RESERVE, "4194304")],
    );
    let senders = Senders::start(&stage.path("socket"), 8);
    let begin = Instant::now();
    while senders.refused() < 20 {
        assert!(begin.elapsed() < Duration::from_mins(1), "the disk is never full");
        std::thread::sleep(Duration::from_millis(10));
    }
    let before = senders.acknowledged();
    std::fs::write(&hold, "").unwrap();
    let begin = Instant::now();
    while senders.acknowledged() < before + 100 {
        assert!(begin.elapsed() < Duration::from_secs(10), "it does not go on");
        std::thread::sleep(Duration::from_millis(10));
    }
    let resumed = begin.elapsed();
    let oracle = senders.stop();
    stage.check(&oracle, Duration::from_secs(10));
    kill(child);
    eprintln!(
        "full after {before} batches, went on {} ms after there was space: 0 lost",
        resumed.as_millis()
    );
}

#[test]
fn a_failing_disk_ends_the_process_and_nothing_acknowledged_is_lost() {
    if Command::new("strace").args(["-o", "/dev/null", "true"]).status().is_err() {
        eprintln!("skipped: strace is not here; the simulated disk failed in another test");
        return;
    }
    for when in [3, 9] {
        let stage = Stage::new();
        let inject = format!("inject=fdatasync:error=EIO:when={when}");
        let before =
            ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync", "-e", &inject];
        let mut child = stage.start(&before, &[]);
        let senders = Senders::start(&stage.path("socket"), 4);
        let status = child.wait().unwrap();
        assert_eq!(
            status.code(),
            Some(journal::EXIT_CODE_FAILED),
            "{status:?} {:?}",
            status.signal()
        );
        let acknowledged = senders.acknowledged();
        let child = stage.start(&[], &[]);
        let begin = Instant::now();
        while senders.acknowledged() < acknowledged + 50 {
            assert!(begin.elapsed() < Duration::from_secs(20), "it does not come back");
            std::thread::sleep(Duration::from_millis(10));
        }
        let oracle = senders.stop();
        stage.check(&oracle, Duration::from_secs(10));
        kill(child);
        eprintln!(
            "fdatasync number {when} failed after {acknowledged} batches: exit 70, recovered, 0 lost"
        );
    }
}

/// What is in the lake: sequence number, records and checksum of each batch, by its id.
type Lake = BTreeMap<[u8; 16], Vec<(u64, u32, u32)>>;
