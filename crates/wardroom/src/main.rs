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
use crate::terminal::{Colour, Console};

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(told) => return tell(&told),
    };
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

/// Prints help, version or what is wrong with the command line.
fn tell(told: &clap::Error) -> ExitCode {
    let code = if told.use_stderr() { Code::Usage } else { Code::Ok };
    let printed = told.print().and_then(|()| std::io::stdout().flush()).map_err(Failure::from);
    match printed {
        Err(failure) if code == Code::Ok && failure.code != Code::Ok => {
            Console::new(Colour::Never, false).complain(&format!("wardroom: {failure}"));
            failure.code.into()
        }
        _ => code.into(),
    }
}
