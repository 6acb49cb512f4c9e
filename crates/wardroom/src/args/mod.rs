//! The command line: nouns, verbs, flags and their help.

mod demo;
mod detect;
mod rules;
mod sources;

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

pub(crate) use self::demo::DemoArgs;
pub(crate) use self::detect::{DetectArgs, FindingOutput};
pub(crate) use self::rules::{ImportArgs, RulesCommand, RulesSelection, WhyArgs};
pub(crate) use self::sources::{EventOutput, ParseArgs, SourcesCommand};
use crate::terminal::Colour;

const EXIT_CODES: &str = "\
Exit codes:
  0  done (findings alone are no failure)
  1  a gate failed: findings at or above --fail-level, a check or a test that did not pass
  2  the command line, a rule or a mapping cannot be used
  3  no permission
  4  a file, source or rule that was named does not exist
  5  not all of it: records or files that could not be read, refused rules, a full disk; the rest was done
     (1 wins over 5)

Environment:
  NO_COLOR          no colour, whatever the terminal
  XDG_CONFIG_HOME   content of your own in $XDG_CONFIG_HOME/wardroom/content (default ~/.config)";

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Yellow.on_default().bold())
    .usage(AnsiColor::Yellow.on_default().bold())
    .literal(AnsiColor::Cyan.on_default())
    .placeholder(AnsiColor::Green.on_default());

/// Logs of any format in, OCSF events and Sigma findings out.
#[derive(Debug, Parser)]
#[command(name = "wardroom", version, styles = STYLES, after_help = EXIT_CODES, max_term_width = 110)]
pub(crate) struct Arguments {
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value = "auto", value_name = "WHEN")]
    pub(crate) color: Colour,
    /// Say nothing on standard error but failures
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Find attacks in logs: parse, map to OCSF, run all rules, explain each finding
    Detect(Box<DetectArgs>),
    /// Take the tour: find the attack in a recorded day that the program brings along
    Demo(DemoArgs),
    /// Show logs as normalised OCSF events, or count what is recognised
    Parse(ParseArgs),
    /// What log sources are understood, and how
    #[command(subcommand)]
    Sources(SourcesCommand),
    /// Detection rules: list, show, check, test, explain, import
    #[command(subcommand)]
    Rules(RulesCommand),
    /// Print a completion script for a shell
    #[command(
        after_help = "Example: wardroom completions bash > ~/.local/share/bash-completion/completions/wardroom"
    )]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Write the manual pages into a folder
    Man {
        /// The folder; made when it does not exist
        dir: PathBuf,
    },
}

/// Which mappings to use.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct SourcesSelection {
    /// A folder of sources of your own; a source of the same id replaces the built-in one (may be given several times)
    #[arg(long = "sources", value_name = "DIR")]
    pub(crate) sources: Vec<PathBuf>,
    /// Take every record as one of this source instead of recognising it
    #[arg(long, value_name = "ID")]
    pub(crate) source: Option<String>,
}

/// How lists and tables are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListOutput {
    /// For people
    Table,
    /// One JSON array
    Json,
    /// One JSON object a line
    Ndjson,
    /// Comma-separated values
    Csv,
}
