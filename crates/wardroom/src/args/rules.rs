//! Arguments of `wardroom rules`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use model::Level;

use super::detect::parse_level;
use super::{ListOutput, SourcesSelection};

/// Which rules to use.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct RulesSelection {
    /// A folder or file of Sigma rules; a file with the path of a built-in one replaces it (may be given several times)
    #[arg(long = "rules", value_name = "PATH")]
    pub(crate) rules: Vec<PathBuf>,
    /// Use only the rules given with --rules
    #[arg(long)]
    pub(crate) no_builtin_rules: bool,
    /// A YAML file that gives values for the %placeholders% of rules
    #[arg(long, value_name = "FILE")]
    pub(crate) placeholders: Option<PathBuf>,
}

/// Detection rules.
#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// List the rules that are loaded
    List {
        #[command(flatten)]
        rules: RulesSelection,
        /// Only rules at or above this level
        #[arg(long, value_name = "LEVEL", value_parser = parse_level, default_value = "informational")]
        min_level: Level,
        /// How the list is written
        #[arg(long, short, value_enum, default_value = "table")]
        output: ListOutput,
    },
    /// Show one rule: what it says of itself and its text
    Show {
        /// Id, name, title or file of the rule, or a folder with one rule
        rule: String,
        #[command(flatten)]
        rules: RulesSelection,
    },
    /// Check rules: do they load, can they fire, are they tagged and tested, what do they cost
    Check {
        /// Files or folders of rules (default: the built-in ones)
        paths: Vec<PathBuf>,
        #[command(flatten)]
        sources: SourcesSelection,
        /// A YAML file that gives values for the %placeholders% of rules
        #[arg(long, value_name = "FILE")]
        placeholders: Option<PathBuf>,
        /// How the result is written
        #[arg(long, short, value_enum, default_value = "table")]
        output: ListOutput,
        /// Fail on advice (missing tags or tests, fields that no source gives) as on errors
        #[arg(long)]
        strict: bool,
    },
    /// Run the tests of rules: each `tests/<rule>.yml` beside its rule
    Test {
        /// Files or folders of rules (default: the built-in ones)
        paths: Vec<PathBuf>,
        #[command(flatten)]
        sources: SourcesSelection,
    },
    /// Explain a rule on events: the tree of its condition, or the first condition that failed
    Why(WhyArgs),
    /// Show how each field of a rule resolves in each kind of event that serves its log source
    Fields {
        /// Id, name, title or file of the rule, or a folder with one rule
        rule: String,
        #[command(flatten)]
        rules: RulesSelection,
        #[command(flatten)]
        sources: SourcesSelection,
        /// How the table is written
        #[arg(long, short, value_enum, default_value = "table")]
        output: ListOutput,
    },
    /// Show which ATT&CK tactics and techniques the rules cover
    Coverage {
        #[command(flatten)]
        rules: RulesSelection,
        /// Write a layer for the ATT&CK Navigator (layer format 4.5)
        #[arg(long, value_name = "FILE")]
        navigator: Option<PathBuf>,
        /// How the table is written
        #[arg(long, short, value_enum, default_value = "table")]
        output: ListOutput,
    },
    /// Import rules from a folder, .zip, .tar or .tar.gz in the form of SigmaHQ
    Import(ImportArgs),
}

/// Explain a rule on events.
#[derive(Debug, Args)]
#[command(after_help = "\
Events that make the rule fire come first, then those that come nearest to it. A finding names the file and the byte
of each of its events; --offset asks about exactly one.")]
pub(crate) struct WhyArgs {
    /// Id, name, title or file of the rule, or a folder with one rule
    pub(crate) rule: String,
    /// A file of events; `-` is standard input
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) rules: RulesSelection,
    #[command(flatten)]
    pub(crate) sources: SourcesSelection,
    /// Explain at most this many events
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) limit: usize,
    /// Explain only the event whose record begins at this byte
    #[arg(long, value_name = "BYTE")]
    pub(crate) offset: Option<u64>,
}

/// Import rules.
#[derive(Debug, Args)]
#[command(after_help = "\
Ids, authors and licences stay as they are. `DIR/<set>/manifest.json` remembers the upstream text of each rule:
a rule that you have edited in place, and everything in `DIR/<set>/overrides/`, survives the next import.")]
pub(crate) struct ImportArgs {
    /// The folder or archive
    pub(crate) path: PathBuf,
    /// Where the rules go
    #[arg(long, value_name = "DIR")]
    pub(crate) to: PathBuf,
    /// Name of the set (default: the archive's or folder's name)
    #[arg(long, value_name = "NAME")]
    pub(crate) set: Option<String>,
    /// Say what would change, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}
