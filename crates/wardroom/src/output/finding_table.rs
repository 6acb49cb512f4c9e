//! Findings for people: one block for each rule, worst first.

use std::io::Write as _;

use crate::attack::{tactics_of, techniques_of};
use crate::exit::Failure;
use crate::findings::{Group, Groups, in_one_line};
use crate::output::counted;
use crate::output::wrap;
use crate::terminal::Console;
use crate::time;
use crate::visible::{shorten, visible};

/// Entities in one block.
const ENTITIES_SHOWN: usize = 6;
/// Columns before everything but the level.
const INDENT: usize = 14;
/// Columns of a label.
const LABEL: usize = 6;
/// Columns of text, however narrow the terminal.
const NARROWEST: usize = 20;

/// Writes the groups, at most `limit` of them (0: all).
pub(crate) fn write_groups(
    groups: &Groups,
    limit: u64,
    console: &mut Console,
) -> Result<(), Failure> {
    let ordered = groups.ordered();
    let shown = if limit == 0 { ordered.len() } else { ordered.len().min(limit as usize) };
    for group in ordered.iter().take(shown) {
        write_group(group, console)?;
    }
    if shown < ordered.len() {
        let hidden = ordered.len() - shown;
        let hidden = counted(hidden, "more rule");
        writeln!(console.out, "… {hidden} with findings; --limit 0 shows all\n")?;
    }
    Ok(())
}

fn write_group(group: &Group, console: &mut Console) -> Result<(), Failure> {
    let rule = &group.rule;
    let level = console.level(rule.level, &format!("{:<13}", rule.level.as_str().to_uppercase()));
    let many = counted(group.count, "finding");
    let mut title = lines(&visible(&rule.title), INDENT, console);
    let last = title.pop().unwrap_or_default();
    let is_room = console
        .width()
        .is_none_or(|width| INDENT + last.chars().count() + 2 + many.chars().count() <= width);
    title.push(last);
    let title: Vec<String> = title.iter().map(|line| console.bold(line)).collect();
    let between = if is_room { "  ".to_owned() } else { format!("\n{:INDENT$}", "") };
    let title = title.join(&format!("\n{:INDENT$}", ""));
    writeln!(console.out, "{level} {title}{between}{many}")?;
    let period = match (group.first, group.last) {
        (Some(first), Some(last)) if first == last => time::show(first),
        (Some(first), Some(last)) => format!("{} to {}", time::show(first), time::show(last)),
        _ => "no time".to_owned(),
    };
    write_part("when", &period, console)?;
    write_part("who", &entities(group), console)?;
    if let Some(example) = group.examples.first() {
        write_part("why", &in_one_line(example), console)?;
    }
    let places: Vec<String> = tactics_of(rule)
        .iter()
        .map(|tactic| tactic.name.to_owned())
        .chain(techniques_of(rule).map(str::to_owned))
        .collect();
    if !places.is_empty() {
        write_part("where", &visible(&places.join(", ")), console)?;
    }
    let origin = format!("{}:{} {}", visible(&rule.path), rule.line, visible(&rule.id));
    for (index, line) in lines(&origin, INDENT + LABEL, console).iter().enumerate() {
        let (label, line) = (if index == 0 { "rule" } else { "" }, console.faint(line));
        writeln!(console.out, "{:INDENT$}{label:<LABEL$}{line}", "")?;
    }
    writeln!(console.out)?;
    Ok(())
}

/// A label and text beside it; on a terminal the text stays in its column.
fn write_part(label: &str, text: &str, console: &mut Console) -> Result<(), Failure> {
    for (index, line) in lines(text, INDENT + LABEL, console).iter().enumerate() {
        let label = if index == 0 { label } else { "" };
        writeln!(console.out, "{:INDENT$}{label:<LABEL$}{line}", "")?;
    }
    Ok(())
}

/// The text in lines that fit beside `taken` columns; one line where there is no terminal.
fn lines(text: &str, taken: usize, console: &Console) -> Vec<String> {
    match console.width() {
        Some(width) => wrap(text, width.saturating_sub(taken).max(NARROWEST)),
        None => vec![text.to_owned()],
    }
}

fn entities(group: &Group) -> String {
    let all = group.entities();
    let shown: Vec<String> = all
        .iter()
        .take(ENTITIES_SHOWN)
        .map(|(name, entity)| {
            let name = visible(&shorten(name, 80)).into_owned();
            if entity.count == 1 { name } else { format!("{name} ({})", entity.count) }
        })
        .collect();
    let more = all.len().saturating_sub(ENTITIES_SHOWN);
    let tail = match (more, group.further) {
        (0, 0) => String::new(),
        (more, 0) => format!(" and {more} more"),
        (more, further) => {
            format!(" and {more} more, and {} about still others", counted(further, "finding"))
        }
    };
    shown.join(", ") + &tail
}
