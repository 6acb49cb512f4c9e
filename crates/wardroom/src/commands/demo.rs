//! `wardroom demo`: the tour. Unpacks the recorded day, runs `detect` on it, and says what to look at next.

use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Parser as _;

use super::detect;
use crate::args::{Arguments, Command, DemoArgs, DetectArgs};
use crate::content;
use crate::exit::{Code, Failure, Outcome};
use crate::output::file::write_file;
use crate::terminal::Console;

/// Rules in the table; the report has all.
const RULES_SHOWN: &str = "5";
/// A rule that fires on the day, and comes near to firing on harmless events of it.
const RULE_EXPLAINED: &str = "auto_elevated_binary_starts_shell";
const FILE_EXPLAINED: &str = "windows_sysmon.jsonl.gz";
const FILE_PARSED: &str = "fortigate.log.gz";

const INTRODUCTION: &str = "\
This is a recorded working day, 2 March 2026, of a company that does not exist: its
Windows, Linux, network, identity and cloud logs in the formats in which their products
write them. Nearly all of it is people at work. Somewhere in it an attacker guesses a
password, and by the evening the finance share and the backups have been stolen.";

/// Runs the tour.
pub(super) fn run(arguments: &DemoArgs, console: &mut Console) -> Outcome {
    let dir = match &arguments.dir {
        Some(dir) => dir.clone(),
        None => fresh_folder()?,
    };
    let tour = Tour { program: program(), dir };
    let count = unpack(&tour.dir.join("day"))?;
    tour.introduce(count, console)?;
    let words = tour.detect_arguments()?;
    let detected = detect::run(&words, console)?;
    tour.point_onward(console)?;
    Ok(detected)
}

/// Where the tour goes and how the reader starts the program.
struct Tour {
    program: String,
    dir: PathBuf,
}

impl Tour {
    /// The words of the main job, as the reader would type them.
    fn detect_words(&self) -> Vec<OsString> {
        vec![
            "detect".into(),
            self.dir.join("day").into(),
            "--report".into(),
            self.dir.join("report.html").into(),
            "--navigator".into(),
            self.dir.join("layer.json").into(),
            "--limit".into(),
            RULES_SHOWN.into(),
        ]
    }

    /// What is run is what is shown: the words go through the command line's own reading.
    fn detect_arguments(&self) -> Result<Box<DetectArgs>, Failure> {
        let words = std::iter::once(OsString::from("wardroom")).chain(self.detect_words());
        match Arguments::try_parse_from(words).map(|arguments| arguments.command) {
            Ok(Command::Detect(arguments)) => Ok(arguments),
            Ok(_) => Err(Failure::usage("the tour asked for another command than detect")),
            Err(error) => Err(Failure::usage(error.to_string())),
        }
    }

    fn command(&self, words: impl IntoIterator<Item = OsString>) -> String {
        let words = words.into_iter().map(|word| quoted(&word.to_string_lossy()));
        std::iter::once(self.program.clone()).chain(words).collect::<Vec<_>>().join(" ")
    }

    fn introduce(&self, count: usize, console: &mut Console) -> Result<(), Failure> {
        let head = console.bold("Wardroom demo");
        let command = console.bold(&format!("$ {}", self.command(self.detect_words())));
        writeln!(console.out, "{head}\n\n{INTRODUCTION}\n")?;
        writeln!(console.out, "Its {count} files are in {}", self.dir.join("day").display())?;
        writeln!(
            console.out,
            "\nThe main job reads them, recognises each source, and runs all rules:\n\n{command}\n"
        )?;
        console.out.flush()?;
        Ok(())
    }

    fn point_onward(&self, console: &mut Console) -> Result<(), Failure> {
        let in_dir = |name: &str| self.dir.join(name).into_os_string();
        let in_day = |name: &str| self.dir.join("day").join(name).into_os_string();
        let steps: [(&str, Vec<OsString>); 6] = [
            ("All findings, worst first, without a limit:", vec!["detect".into(), in_dir("day")]),
            (
                "Why a rule fired, and why it did not on the events that came nearest:",
                vec![
                    "rules".into(),
                    "why".into(),
                    RULE_EXPLAINED.into(),
                    in_day(FILE_EXPLAINED),
                    "--limit".into(),
                    "3".into(),
                ],
            ),
            ("What that rule says:", vec!["rules".into(), "show".into(), RULE_EXPLAINED.into()]),
            (
                "A firewall's lines as OCSF events:",
                vec![
                    "parse".into(),
                    in_day(FILE_PARSED),
                    "--output".into(),
                    "ndjson".into(),
                    "--limit".into(),
                    "2".into(),
                ],
            ),
            ("What was read, and as what:", vec!["parse".into(), in_dir("day"), "--stats".into()]),
            ("Which of ATT&CK the rules cover:", vec!["rules".into(), "coverage".into()]),
        ];
        let head = console.bold("Look next at");
        writeln!(console.out, "\n{head}\n")?;
        let report = in_dir("report.html").to_string_lossy().into_owned();
        let layer = in_dir("layer.json").to_string_lossy().into_owned();
        writeln!(
            console.out,
            "The report, in a browser (timeline, ATT&CK, each finding's reasons):"
        )?;
        writeln!(console.out, "  {report}")?;
        writeln!(console.out, "The layer for the ATT&CK Navigator:\n  {layer}")?;
        for (words, command) in steps {
            writeln!(console.out, "{words}\n  {}", self.command(command))?;
        }
        writeln!(
            console.out,
            "Your own logs, any folder or file:\n  {} detect /var/log --report report.html",
            self.program
        )?;
        Ok(())
    }
}

/// The program as it was started, so that the commands shown can be copied.
fn program() -> String {
    std::env::args().next().map_or_else(|| "wardroom".to_owned(), |word| quoted(&word))
}

/// A word for a POSIX shell.
fn quoted(word: &str) -> String {
    let is_plain = !word.is_empty()
        && word.chars().all(|it| it.is_ascii_alphanumeric() || "/._-+:,@%".contains(it));
    if is_plain { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

/// A folder that did not exist before.
fn fresh_folder() -> Result<PathBuf, Failure> {
    let parent = std::env::temp_dir();
    let number = std::process::id();
    for attempt in 0..1000_u32 {
        let dir = parent.join(format!("wardroom-demo-{}", number.wrapping_add(attempt)));
        match fs::create_dir(&dir) {
            Ok(()) => return Ok(dir),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Failure::file("make the folder", &dir, &error)),
        }
    }
    let shown = parent.display();
    Err(Failure::new(
        Code::Incomplete,
        format!("{shown} is full of folders of earlier demos; remove them or name one with --dir"),
    ))
}

/// Writes the files of the day. Returns how many there are.
fn unpack(folder: &Path) -> Result<usize, Failure> {
    fs::create_dir_all(folder).map_err(|error| Failure::file("make the folder", folder, &error))?;
    let files = content::recorded_day();
    for (name, bytes) in &files {
        let path = folder.join(name);
        write_file(&path, bytes)?;
    }
    Ok(files.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_a_shell() {
        assert_eq!(quoted("/tmp/wardroom-demo-7/day"), "/tmp/wardroom-demo-7/day");
        assert_eq!(quoted("my logs"), "'my logs'");
        assert_eq!(quoted("it's"), "'it'\\''s'");
        assert_eq!(quoted(""), "''");
    }
}
