//! Arguments of `wardroom demo`.

use std::path::PathBuf;

use clap::Args;

/// Take the tour.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Where the recorded day and the results go (default: a new folder among the temporary files)
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}
