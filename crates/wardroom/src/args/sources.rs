//! Arguments of `wardroom sources` and `wardroom parse`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{ListOutput, SourcesSelection};

/// Log sources.
#[derive(Debug, Subcommand)]
pub(crate) enum SourcesCommand {
    /// List the sources that are understood
    List {
        /// A folder of sources of your own (may be given several times)
        #[arg(long = "sources", value_name = "DIR")]
        sources: Vec<PathBuf>,
        /// How the list is written
        #[arg(long, short, value_enum, default_value = "table")]
        output: ListOutput,
    },
    /// Show what a source declares: kinds, OCSF classes, Sigma log sources, fields
    Show {
        /// The source, for example microsoft_sysmon
        id: String,
        /// A folder of sources of your own (may be given several times)
        #[arg(long = "sources", value_name = "DIR")]
        sources: Vec<PathBuf>,
        /// How the fields are written
        #[arg(long, short, value_enum, default_value = "table")]
        output: ListOutput,
    },
    /// Test sources: map the samples, validate against OCSF, compare with what is expected
    Test {
        /// The sources (default: all)
        ids: Vec<String>,
        /// A folder of sources, instead of the built-in ones
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
        /// Write the expected output anew (review the difference)
        #[arg(long, requires = "dir")]
        update: bool,
    },
}

/// How events are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EventOutput {
    /// Time, kind, host and the raw record, for people
    Table,
    /// One JSON array of OCSF events
    Json,
    /// One OCSF event a line
    Ndjson,
}

/// Show logs as normalised events.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wardroom parse auth.log --output ndjson          OCSF events, one a line
  wardroom parse logs/ --stats                     how much of it is recognised, and as what")]
pub(crate) struct ParseArgs {
    /// Files or folders (read to the bottom); `-` is standard input
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) sources: SourcesSelection,
    /// How events are written to standard output
    #[arg(long, short, value_enum, default_value = "table")]
    pub(crate) output: EventOutput,
    /// Print counts instead of events: per source and kind, problems by reason
    #[arg(long)]
    pub(crate) stats: bool,
    /// Write the records that could not be read or recognised, one JSON object a line
    #[arg(long, value_name = "FILE")]
    pub(crate) dead_letters: Option<PathBuf>,
    /// Write at most this many events. 0 is no limit
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) limit: u64,
    /// Worker threads (default: one for each core)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) threads: Option<u16>,
}
