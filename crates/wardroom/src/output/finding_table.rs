//! Findings for people: one block for each rule, worst first.

use std::io::Write as _;

use crate::attack::{tactics_of, techniques_of};
use crate::exit::Failure;
use crate::findings::{Group, Groups, in_one_line};
use crate::terminal::Console;
use crate::time;
use crate::visible::{shorten, visible};

/// Entities in one block.
const ENTITIES_SHOWN: usize = 6;

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
        writeln!(console.out, "… {hidden} more rules with findings; --limit 0 shows all\n")?;
    }
    Ok(())
}

fn write_group(group: &Group, console: &mut Console) -> Result<(), Failure> {
    let rule = &group.rule;
    let level = console.level(rule.level, &format!("{:<13}", rule.level.as_str().to_uppercase()));
    let title = console.bold(&visible(&rule.title));
    let many =
        if group.count == 1 { "1 finding".to_owned() } else { format!("{} findings", group.count) };
    writeln!(console.out, "{level} {title}  {many}")?;
    let period = match (group.first, group.last) {
        (Some(first), Some(last)) if first == last => time::show(first),
        (Some(first), Some(last)) => format!("{} to {}", time::show(first), time::show(last)),
        _ => "no time".to_owned(),
    };
    writeln!(console.out, "              when  {period}")?;
    writeln!(console.out, "              who   {}", entities(group))?;
    if let Some(example) = group.examples.first() {
        writeln!(console.out, "              why   {}", in_one_line(example))?;
    }
    let places: Vec<String> = tactics_of(rule)
        .iter()
        .map(|tactic| tactic.name.to_owned())
        .chain(techniques_of(rule).map(str::to_owned))
        .collect();
    if !places.is_empty() {
        writeln!(console.out, "              where {}", visible(&places.join(", ")))?;
    }
    let origin =
        console.faint(&format!("{}:{} {}", visible(&rule.path), rule.line, visible(&rule.id)));
    writeln!(console.out, "              rule  {origin}\n")?;
    Ok(())
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
        (more, further) => format!(" and {more} more, and {further} findings about still others"),
    };
    shown.join(", ") + &tail
}
