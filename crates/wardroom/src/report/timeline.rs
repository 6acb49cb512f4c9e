//! When: bars over time by level, and the story in order.

use std::io::{self, Write};

use model::{Level, Timestamp};

use crate::attack::tactics_of;
use crate::findings::{Group, Groups};
use crate::output::counted;
use crate::time;
use crate::visible::{html, shorten};

/// Height of the tallest bar.
const HEIGHT: u64 = 120;
/// Width of a bar and the gap beside it.
const STEP: u64 = 4;
/// Bars at most; a range that needs more leaves quiet times out.
const COLUMNS_MAX: i64 = 240;
/// Columns at least, so that few bars are not fat ones.
const COLUMNS_MIN: u64 = 60;
/// Lines of the story.
const STORY_MAX: usize = 300;

/// Writes the section.
pub(super) fn render(out: &mut impl Write, groups: &Groups) -> io::Result<()> {
    out.write_all(b"<section id=\"time\" aria-labelledby=\"time-title\">\n<h2 id=\"time-title\">Timeline</h2>\n")?;
    render_bars(out, groups)?;
    render_story(out, groups)?;
    out.write_all(b"</section>\n")
}

fn render_bars(out: &mut impl Write, groups: &Groups) -> io::Result<()> {
    let histogram = groups.histogram.to_scale(COLUMNS_MAX);
    let bars: Vec<(Timestamp, &[u64; Level::ALL.len()])> = histogram.bars().collect();
    let (Some((first, _)), Some((last, _))) = (bars.first(), bars.last()) else {
        return out.write_all(b"<p>No finding has a time.</p>\n");
    };
    let width_ms = histogram.width_ms();
    let is_true_to_scale = histogram.columns() <= COLUMNS_MAX;
    let columns = if is_true_to_scale { histogram.columns() as u64 } else { bars.len() as u64 };
    let columns = columns.max(COLUMNS_MIN);
    let highest =
        bars.iter().map(|(_, counts)| counts.iter().sum::<u64>()).max().unwrap_or(1).max(1);
    let (from, to) = (time::show(*first), time::show(Timestamp(last.0.saturating_add(width_ms))));
    let gaps = if is_true_to_scale { "" } else { ", quiet times left out" };
    write!(
        out,
        "<p>{} from {from} to {to}; one bar is {}{gaps}.</p>\n\
         <svg role=\"img\" aria-label=\"Findings over time, by level; the list below tells the same in words\" \
         viewBox=\"0 0 {} {HEIGHT}\" preserveAspectRatio=\"none\">\n",
        counted(groups.total(), "finding"),
        length(width_ms),
        columns * STEP,
    )?;
    for (index, (at, counts)) in bars.iter().enumerate() {
        let column = if is_true_to_scale { (at.0 - first.0) / width_ms } else { index as i64 };
        let total: u64 = counts.iter().sum();
        let found = counted(total, "finding");
        write!(out, "<g><title>{}: {found}</title>", time::show(*at))?;
        let mut top = HEIGHT;
        for level in Level::ALL.into_iter().rev() {
            let count = counts.get(level as usize).copied().unwrap_or_default();
            if count > 0 {
                let height = (count * HEIGHT / highest).max(2).min(top);
                top -= height;
                let x = column as u64 * STEP;
                let (word, bar) = (level.as_str(), STEP - 1);
                write!(
                    out,
                    "<rect class=\"{word}\" x=\"{x}\" y=\"{top}\" width=\"{bar}\" height=\"{height}\"/>"
                )?;
            }
        }
        out.write_all(b"</g>\n")?;
    }
    out.write_all(b"</svg>\n")?;
    if is_true_to_scale {
        out.write_all(b"<div class=\"axis\" aria-hidden=\"true\">")?;
        for quarter in 0..=4 {
            let at = first.0.saturating_add(width_ms.saturating_mul(columns as i64 * quarter / 4));
            // Hours and minutes within a day or two, else days.
            let shown = time::show(Timestamp(at));
            let is_short = width_ms < 900_000;
            let shown = if is_short { shown.get(11..16) } else { shown.get(..10) };
            write!(out, "<span>{}</span>", shown.unwrap_or_default())?;
        }
        out.write_all(b"</div>\n")?;
    }
    Ok(())
}

/// What each rule found about each entity first, in order of time.
fn render_story(out: &mut impl Write, groups: &Groups) -> io::Result<()> {
    let mut lines: Vec<(Timestamp, &Group, &str, u64)> = Vec::new();
    for group in groups.ordered().into_iter().filter(|group| group.rule.level >= Level::Medium) {
        for (name, entity) in group.entities().into_iter().take(20) {
            if let Some(first) = entity.first {
                lines.push((first, group, name, entity.count));
            }
        }
    }
    let cut = lines.len().saturating_sub(STORY_MAX);
    // The worst come first in `ordered`, so what is cut is the least bad.
    lines.truncate(STORY_MAX);
    lines.sort_by_key(|(first, ..)| *first);
    if lines.is_empty() {
        return out.write_all(b"<p>Nothing at level medium or above has a time.</p>\n");
    }
    out.write_all(b"<h3>Story</h3>\n<p>The first time that each rule of level medium or above fired for each entity.</p>\n<ol class=\"story\">\n")?;
    for (first, group, name, count) in &lines {
        let word = group.rule.level.as_str();
        let many = if *count > 1 { format!(" ({count} times)") } else { String::new() };
        let tactics: Vec<&str> = tactics_of(&group.rule).iter().map(|tactic| tactic.name).collect();
        writeln!(
            out,
            "<li><time>{}</time> <span class=\"level {word}\">{word}</span> <span class=\"what\"><a href=\"#{}\">{}</a> \
             <span class=\"entity\">{}</span>{many} <span class=\"faint\">{}</span></span></li>",
            time::show(*first),
            anchor(&group.rule.id),
            html(&group.rule.title),
            html(&shorten(name, 120)),
            tactics.join(", "),
        )?;
    }
    out.write_all(b"</ol>\n")?;
    if cut > 0 {
        writeln!(out, "<p>{cut} more lines were left out.</p>")?;
    }
    Ok(())
}

/// The id of a rule's block: only letters, digits and dashes of the rule's id.
pub(super) fn anchor(rule_id: &str) -> String {
    let kept = rule_id.chars().map(|it| if it.is_ascii_alphanumeric() { it } else { '-' });
    format!("rule-{}", kept.collect::<String>())
}

fn length(width_ms: i64) -> String {
    let (count, unit) = match width_ms / 1000 {
        seconds if seconds < 60 => (seconds, "second"),
        seconds if seconds < 3_600 => (seconds / 60, "minute"),
        seconds if seconds < 86_400 => (seconds / 3_600, "hour"),
        seconds => (seconds / 86_400, "day"),
    };
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}
