//! One module for each command.

mod demo;
mod detect;
mod documents;
mod parse;
mod rules;
mod sources;

use crate::args::{Arguments, Command};
use crate::exit::Outcome;
use crate::terminal::Console;

/// Runs the command.
pub(crate) fn run(arguments: Arguments, console: &mut Console) -> Outcome {
    match arguments.command {
        Command::Parse(arguments) => parse::run(&arguments, console),
        Command::Sources(command) => sources::run(&command, console),
        Command::Completions { shell } => documents::completions(shell, console),
        Command::Detect(arguments) => detect::run(&arguments, console),
        Command::Demo(arguments) => demo::run(&arguments, console),
        Command::Rules(command) => rules::run(&command, console),
        Command::Man { dir } => documents::man(&dir, console),
    }
}
