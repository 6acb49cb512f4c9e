//! The command line: composes reading, mapping and detection. Thin: what it does stands in the crates below it.

mod args;
mod attack;
mod commands;
mod content;
mod exit;
mod findings;
mod inputs;
mod loaded;
mod output;
mod pipeline;
mod report;
mod terminal;
mod time;
mod visible;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use crate::args::Arguments;
use crate::exit::{Code, Failure};
use crate::terminal::Console;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut console = Console::new(arguments.color, arguments.quiet);
    let outcome = commands::run(arguments, &mut console);
    // What was written before a failure is shown; a pipe that is gone needs nothing more.
    let flushed = console.out.flush().map_err(Failure::from);
    match outcome.and_then(|code| flushed.map(|()| code)) {
        Ok(code) => code.into(),
        Err(failure) => {
            if failure.code != Code::Ok {
                console.complain(&format!("wardroom: {failure}"));
            }
            failure.code.into()
        }
    }
}
