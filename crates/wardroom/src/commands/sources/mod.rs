//! `wardroom sources`: what is understood, and whether it holds.

mod list;
mod show;
mod test;

use crate::args::SourcesCommand;
use crate::exit::Outcome;
use crate::terminal::Console;

/// Runs the command.
pub(super) fn run(command: &SourcesCommand, console: &mut Console) -> Outcome {
    match command {
        SourcesCommand::List { sources, output } => list::run(sources, *output, console),
        SourcesCommand::Show { id, sources, output } => show::run(id, sources, *output, console),
        SourcesCommand::Test { ids, dir, update } => {
            test::run(ids, dir.as_deref(), *update, console)
        }
    }
}
