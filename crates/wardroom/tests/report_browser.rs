//! The report in a real browser: it renders, its script runs, its policy blocks nothing. Skipped without Chromium.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

mod support;

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use support::{World, world_with_findings};

/// How long the browser may take; it is killed then.
const PATIENCE: Duration = Duration::from_mins(2);

fn browser() -> Option<&'static str> {
    ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|name| {
        Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success())
    })
}

/// Opens a file and gives the document as it is after its script ran, and what the browser logged.
fn open(browser: &str, world: &World, file: &Path) -> Output {
    let dom = std::fs::File::create(world.path("dom")).unwrap();
    let log = std::fs::File::create(world.path("log")).unwrap();
    let mut child = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--enable-logging=stderr", "--virtual-time-budget=2000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", world.path("profile").display()))
        .arg(format!("file://{}", file.display()))
        .env("HOME", world.path("home"))
        .stdout(dom)
        .stderr(log)
        .spawn()
        .unwrap();
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if begun.elapsed() > PATIENCE {
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    let (stdout, stderr) = (world.read("dom").into_bytes(), world.read("log").into_bytes());
    Output { status, stdout, stderr }
}

#[test]
fn the_report_renders_and_logs_no_error() {
    let Some(browser) = browser() else {
        eprintln!("skipped: the report in a browser, no chromium");
        return;
    };
    let world = world_with_findings();
    let arguments = ["detect", "logs", "--report", "report.html", "-q"];
    let ran = world.run(&[&arguments[..], &support::OWN[..]].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    let output = open(browser, &world, &world.path("report.html"));
    let (dom, log) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{log}");
    assert!(dom.contains("Many Encoders") && dom.contains("id=\"time\""), "{dom}");
    // The script shows what works only with it.
    assert!(dom.contains("<button id=\"scheme\" type=\"button\">"), "the script did not run");
    // The hostile value stayed text, and neither the policy nor the script complained.
    assert!(dom.contains("&lt;script&gt;") && dom.matches("<script").count() == 1);
    assert!(!log.contains("CONSOLE"), "{log}");
}
