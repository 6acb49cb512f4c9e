//! Memory of `wardroom detect` while 10 GiB of generated input go through it. Prints `FIGURE rss_mib`.
//!
//! `WARDROOM_BENCH_GIB` makes it shorter or longer.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and stops when it cannot go on"
)]
#![allow(clippy::disallowed_methods, reason = "a benchmark starts the program and reads the clock")]

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Instant;

use testkit::generate;

fn main() {
    if std::env::args().any(|argument| argument == "--test" || argument == "--list") {
        return;
    }
    let gib: f64 =
        std::env::var("WARDROOM_BENCH_GIB").ok().and_then(|text| text.parse().ok()).unwrap_or(10.0);
    let part = generate::windows_json(60_000, 7);
    let times = (gib * f64::from(1 << 30) / part.len() as f64).ceil() as usize;
    let mut child = Command::new(env!("CARGO_BIN_EXE_wardroom"))
        .args(["detect", "-", "--stats"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    let mut input = child.stdin.take().unwrap();
    for _ in 0..times {
        input.write_all(&part).unwrap();
    }
    // Everything is written but for a pipe's worth: the peak so far is the peak.
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    drop(input);
    let code = child.wait().unwrap();
    let peak_kib: f64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .unwrap();
    let seconds = start.elapsed().as_secs_f64();
    let bytes = times as f64 * part.len() as f64;
    println!(
        "memory: {:.1} GiB, {} events in {seconds:.0} s of wall time ({:.0} MB/s), {code}",
        bytes / f64::from(1 << 30),
        times * 60_000,
        bytes / seconds / 1e6
    );
    println!("FIGURE rss_mib {:.0} MiB", peak_kib / 1024.0);
}
