//! `cargo xtask`: the project's own commands.

mod day;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};

/// A command: its name, what follows it, what it is for, and the function that runs it.
struct Command {
    name: &'static str,
    arguments: &'static str,
    purpose: &'static str,
    run: fn(&Path, &[String]) -> anyhow::Result<()>,
}

/// One line for each command.
const ALL: &[Command] = &[
    Command { name: "tidy", arguments: "", purpose: "check the rules of the project", run: tidy },
    Command {
        name: "new",
        arguments: "source <vendor>_<product> | rule <logsource> <name>",
        purpose: "write the skeleton of a source or a rule",
        run: new,
    },
    Command {
        name: "day",
        arguments: "[--benign|--attack] [FOLDER]",
        purpose: "write the recorded day (content/demo/day unless a folder is given)",
        run: |_, arguments| day::write(arguments),
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ignored = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .context("crates/xtask does not lie two folders below the root of the repository")?;
    let Some((name, rest)) = arguments.split_first() else {
        bail!("no command given\n{}", usage())
    };
    match ALL.iter().find(|command| command.name == name) {
        Some(command) => (command.run)(root, rest),
        None => bail!("there is no command '{name}'\n{}", usage()),
    }
}

fn usage() -> String {
    let lines = ALL.iter().map(|command| {
        format!(
            "  cargo xtask {} {}
      {}",
            command.name, command.arguments, command.purpose
        )
    });
    ["usage:".to_owned()].into_iter().chain(lines).collect::<Vec<_>>().join(
        "
",
    )
}

fn tidy(root: &Path, _: &[String]) -> anyhow::Result<()> {
    let faults = xtask::tidy::check(root)?;
    let mut out = std::io::stdout().lock();
    for fault in &faults {
        writeln!(out, "{fault}")?;
    }
    match faults.len() {
        0 => Ok(writeln!(out, "tidy: nothing to say")?),
        count => bail!("tidy: {count} to mend"),
    }
}

fn new(root: &Path, arguments: &[String]) -> anyhow::Result<()> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let files = match words.as_slice() {
        ["source", id] => xtask::skeleton::source(id)?,
        ["rule", logsource, name] => xtask::skeleton::rule(logsource, name)?,
        _ => bail!("nothing to make of 'new {}'\n{}", words.join(" "), usage()),
    };
    let mut out = std::io::stdout().lock();
    for path in xtask::skeleton::write(root, &files)? {
        writeln!(out, "wrote {path}")?;
    }
    Ok(writeln!(out, "{}", files.next)?)
}
