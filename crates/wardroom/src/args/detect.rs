//! Arguments of `wardroom detect`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use model::{Level, Timestamp};

use super::SourcesSelection;
use super::rules::RulesSelection;
use crate::time;

const EXAMPLES: &str = "\
Examples:
  wardroom detect /var/log                                 everything below a folder
  wardroom detect logs.zip --report report.html            with a report to open in a browser
  zcat auth.log.*.gz | wardroom detect -                   from a pipe
  wardroom detect day/ --min-level high --output ndjson    for another program
  wardroom detect day/ --fail-level high                   as a gate: exit code 1 when there are any";

/// How findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FindingOutput {
    /// Grouped by rule, worst first, for people
    Table,
    /// One JSON array of findings
    Json,
    /// One finding a line, as they are found
    Ndjson,
    /// One row a finding, as they are found
    Csv,
    /// OCSF 1.8.0 detection findings (class 2004), one a line
    Ocsf,
}

/// Find attacks in logs.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DetectArgs {
    /// Files or folders (read to the bottom); `-` is standard input
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) rules: RulesSelection,
    #[command(flatten)]
    pub(crate) sources: SourcesSelection,
    /// Leave out findings below this level
    #[arg(long, value_name = "LEVEL", value_parser = parse_level, default_value = "informational")]
    pub(crate) min_level: Level,
    /// End with exit code 1 when there is a finding at or above this level
    #[arg(long, value_name = "LEVEL", value_parser = parse_level)]
    pub(crate) fail_level: Option<Level>,
    /// Leave out events before this time (UTC unless it names a zone); events without a time stay
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    pub(crate) since: Option<Timestamp>,
    /// Leave out events at or after this time
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    pub(crate) until: Option<Timestamp>,
    /// How findings are written to standard output
    #[arg(long, short, value_enum, default_value = "table")]
    pub(crate) output: FindingOutput,
    /// Write a report to open in a browser: one file, no network
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Write a layer for the ATT&CK Navigator (layer format 4.5)
    #[arg(long, value_name = "FILE")]
    pub(crate) navigator: Option<PathBuf>,
    /// Write the records that could not be read or recognised, one JSON object a line
    #[arg(long, value_name = "FILE")]
    pub(crate) dead_letters: Option<PathBuf>,
    /// Print what was read: events per source and kind, problems by reason
    #[arg(long)]
    pub(crate) stats: bool,
    /// Worker threads (default: one for each core)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) threads: Option<u16>,
    /// Write at most this many findings (in a table: rules); the counts stay whole. 0 is no limit
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) limit: u64,
    /// How late an event may come, by its own time, and still count in a correlation (default: any time for files,
    /// so that their order does not matter; 10m for standard input, so that findings come while it runs)
    #[arg(long, value_name = "LENGTH", value_parser = time::parse_length)]
    pub(crate) lateness: Option<i64>,
}

/// A level's word, for clap.
pub(super) fn parse_level(word: &str) -> Result<Level, String> {
    Level::parse(&word.to_ascii_lowercase()).ok_or_else(|| {
        let known = Level::ALL.map(Level::as_str).join(", ");
        format!("no level '{word}'; there are {known}")
    })
}
