//! `wardroom rules`: what rules there are, whether they hold, and why they fire.

mod archive;
mod check;
mod coverage;
mod fields;
mod import;
mod list;
mod records;
mod test;
mod why;

use detect::sigma::ast::{Expr, Test};

use crate::args::RulesCommand;
use crate::exit::Outcome;
use crate::terminal::Console;

/// Runs the command.
pub(super) fn run(command: &RulesCommand, console: &mut Console) -> Outcome {
    match command {
        RulesCommand::List { rules, min_level, output } => {
            list::run(rules, *min_level, *output, console)
        }
        RulesCommand::Show { rule, rules } => list::show(rule, rules, console),
        RulesCommand::Check { paths, sources, placeholders, output, strict } => {
            let options = check::Options {
                placeholders: placeholders.as_deref(),
                output: *output,
                is_strict: *strict,
            };
            check::run(paths, sources, &options, console)
        }
        RulesCommand::Test { paths, sources } => test::run(paths, sources, console),
        RulesCommand::Why(arguments) => why::run(arguments, console),
        RulesCommand::Fields { rule, rules, sources, output } => {
            fields::run(rule, rules, sources, *output, console)
        }
        RulesCommand::Coverage { rules, navigator, output } => {
            coverage::run(rules, navigator.as_deref(), *output, console)
        }
        RulesCommand::Import(arguments) => import::run(arguments, console),
    }
}

/// The fields that a condition names, once each, in the order of the rule.
fn field_names(expr: &Expr) -> Vec<&str> {
    fn visit<'e>(expr: &'e Expr, found: &mut Vec<&'e str>) {
        match expr {
            Expr::And(_, parts) | Expr::Or(_, parts) | Expr::AtLeast(_, _, parts) => {
                for part in parts {
                    visit(part, found);
                }
            }
            Expr::Not(inner) => visit(inner, found),
            Expr::Atom(atom) => {
                found.extend(atom.field.as_deref());
                if let Test::FieldRef(name, ..) = &atom.test {
                    found.push(name);
                }
            }
        }
    }
    let mut all = Vec::new();
    visit(expr, &mut all);
    let mut once: Vec<&str> = Vec::with_capacity(all.len());
    for name in all {
        if !once.contains(&name) {
            once.push(name);
        }
    }
    once
}
