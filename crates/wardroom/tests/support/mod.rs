//! Running the binary in a world of its own.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// What a run said.
pub(crate) struct Ran {
    /// Exit code.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

/// A folder for one test.
pub(crate) struct World(TempDir);

impl World {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// The path of a name in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// Reads a file.
    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// The binary, working in this folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wardroom"));
        command
            .args(arguments)
            .current_dir(self.0.path())
            .env("HOME", self.0.path())
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("COLUMNS", "110")
            .env_remove("NO_COLOR");
        command
    }

    /// Runs the binary.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, b"")
    }

    /// Runs the binary with standard input.
    pub(crate) fn run_with(&self, arguments: &[&str], input: &[u8]) -> Ran {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        // A program that does not read its input closes the pipe.
        let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        Ran {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// A rule over Sysmon process creations.
pub(crate) const RULE: &str = "title: Hidden Encoder\nid: 11111111-2222-4333-8444-555555555555\nstatus: test\n\
level: high\ntags:\n  - attack.execution\n  - attack.t1059.001\nlogsource:\n  product: windows\n  category: process_creation\n\
detection:\n  selection:\n    Image|endswith: '\\powershell.exe'\n    CommandLine|contains: ' -enc'\n  condition: selection\n";

/// A correlation over [`RULE`].
pub(crate) const CORRELATION: &str = "title: Many Encoders\nid: 22222222-2222-4333-8444-555555555555\nlevel: critical\n\
correlation:\n  type: event_count\n  rules:\n    - 11111111-2222-4333-8444-555555555555\n  group-by:\n    - Computer\n  timespan: 1h\n  condition:\n    gte: 3\n  generate: true\n";

/// A Sysmon event on one line.
pub(crate) fn sysmon(minute: u32, host: &str, command_line: &str) -> String {
    let event = serde_json::json!({
        "EventID": 1,
        "Channel": "Microsoft-Windows-Sysmon/Operational",
        "Provider_Name": "Microsoft-Windows-Sysmon",
        "Computer": host,
        "UtcTime": format!("2026-03-02 09:{minute:02}:00.000"),
        "Image": "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe",
        "CommandLine": command_line,
        "User": "CORP\\alice",
        "ProcessId": 4711,
    });
    format!("{event}\n")
}

/// A world with [`RULE`], [`CORRELATION`] and four events of one host in two files.
pub(crate) fn world_with_findings() -> World {
    let world = World::new();
    world.write("rules/encoder.yml", RULE);
    world.write("rules/many.yml", CORRELATION);
    let (first, second) =
        (sysmon(1, "ws-1", "powershell -enc AAAA"), sysmon(2, "ws-1", "powershell -enc =BB"));
    world.write("logs/a.json", first + &second + &sysmon(3, "ws-1", "powershell -File x.ps1"));
    world.write(
        "logs/b.json",
        sysmon(4, "ws-1", "powershell -enc CC\u{1b}[31m\u{202e}<script>")
            + &sysmon(5, "ws-2", "powershell -enc DD"),
    );
    world
}

/// Arguments that use only the rules of the world.
pub(crate) const OWN: [&str; 3] = ["--no-builtin-rules", "--rules", "rules"];
