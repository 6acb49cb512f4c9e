//! `wardroom completions` and `wardroom man`: made from the definition of the command line itself.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::args::Arguments;
use crate::exit::{Code, Failure, Outcome};
use crate::terminal::Console;

/// Prints a completion script.
pub(super) fn completions(shell: Shell, console: &mut Console) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "wardroom", &mut script);
    console.out.write_all(&script)?;
    Ok(Code::Ok)
}

/// Writes `wardroom.1`, `wardroom-detect.1` … into `dir`.
pub(super) fn man(dir: &Path, console: &Console) -> Outcome {
    let failed = |error| Failure::file("write the manual pages into", dir, &error);
    fs::create_dir_all(dir).map_err(failed)?;
    clap_mangen::generate_to(Arguments::command().disable_help_subcommand(true), dir)
        .map_err(failed)?;
    console
        .note(&format!("manual pages written; try: man -l {}", dir.join("wardroom.1").display()));
    Ok(Code::Ok)
}
