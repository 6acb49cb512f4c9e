//! What: each rule with its findings, why each was made, and the evidence.

use std::io::{self, Write};

use model::{Evidence, Finding, Level, Why, WhyLeaf, WhyNode};
use serde_json::Value as Json;

use super::timeline::anchor;
use crate::attack::{tactics_of, technique_url, techniques_of};
use crate::findings::{Group, Groups, telling_parts};
use crate::output::counted;
use crate::time;
use crate::visible::{html, html_prose, shorten};

/// Rules that stand open from the beginning: the worst.
const OPEN_MAX: usize = 3;
/// Rules shown in full.
const GROUPS_MAX: usize = 500;
/// Entities listed for each rule.
const ENTITIES_MAX: usize = 50;
/// Nodes of one tree.
const NODES_MAX: usize = 200;
/// Attributes of one event.
const ATTRIBUTES_MAX: usize = 120;
/// Characters of one value.
const VALUE_MAX: usize = 2000;
/// Events of one finding.
const EVIDENCE_MAX: usize = 5;

/// Writes the section.
pub(super) fn render(out: &mut impl Write, groups: &Groups) -> io::Result<()> {
    out.write_all(
        b"<section id=\"findings\" aria-labelledby=\"findings-title\">\n<h2 id=\"findings-title\">Findings by rule</h2>\n\
          <p id=\"search\" hidden><label>Show rules with <input type=\"search\" id=\"filter\" autocomplete=\"off\"></label> \
          <span id=\"shown\" role=\"status\"></span></p>\n",
    )?;
    let ordered = groups.ordered();
    for (index, group) in ordered.iter().take(GROUPS_MAX).enumerate() {
        render_group(out, group, index < OPEN_MAX && group.rule.level >= Level::High)?;
    }
    if ordered.is_empty() {
        out.write_all(b"<p>Nothing was found.</p>\n")?;
    } else if ordered.len() > GROUPS_MAX {
        writeln!(out, "<p>{} left out.</p>", counted(ordered.len() - GROUPS_MAX, "more rule"))?;
    }
    out.write_all(b"</section>\n")
}

fn render_group(out: &mut impl Write, group: &Group, is_open: bool) -> io::Result<()> {
    let rule = &group.rule;
    let word = rule.level.as_str();
    let open = if is_open { " open" } else { "" };
    let many = if group.count == 1 { "finding" } else { "findings" };
    let period = match (group.first, group.last) {
        (Some(first), Some(last)) if first != last => {
            format!("{} to {}", time::show(first), time::show(last))
        }
        (Some(first), _) => time::show(first),
        _ => "no time".to_owned(),
    };
    write!(
        out,
        "<details class=\"rule\" id=\"{}\"{open}>\n<summary><span class=\"level {word}\">{word}</span> {} \
         <span class=\"faint\">{} {many}, {period}</span></summary>\n<p>{}</p>\n<dl>\n",
        anchor(&rule.id),
        html(&rule.title),
        group.count,
        html_prose(&rule.description),
    )?;
    let tactics: Vec<&str> = tactics_of(rule).iter().map(|tactic| tactic.name).collect();
    let techniques: Vec<String> = techniques_of(rule).map(technique_link).collect();
    if !tactics.is_empty() || !techniques.is_empty() {
        let parts = [tactics.join(", "), techniques.join(", ")].join(" ");
        writeln!(out, "<dt>ATT&amp;CK</dt><dd>{parts}</dd>")?;
    }
    writeln!(out, "<dt>Entities</dt><dd>{}</dd>", entities(group))?;
    if !rule.false_positives.is_empty() {
        let known: Vec<String> = rule.false_positives.iter().map(|it| html_prose(it)).collect();
        writeln!(out, "<dt>Known false positives</dt><dd>{}</dd>", known.join("; "))?;
    }
    writeln!(
        out,
        "<dt>Rule</dt><dd><code>{}</code> {}:{}</dd>\n</dl>",
        html(&rule.id),
        html(&rule.path),
        rule.line
    )?;
    for (index, finding) in group.examples.iter().enumerate() {
        render_finding(out, finding, index == 0)?;
    }
    let more = group.count.saturating_sub(group.examples.len() as u64);
    if more > 0 {
        writeln!(
            out,
            "<p class=\"faint\">{}; --output ndjson writes all of them.</p>",
            counted(more, "more finding")
        )?;
    }
    out.write_all(b"</details>\n")
}

/// Only ids in ATT&CK's form become links.
fn technique_link(id: &str) -> String {
    let is_id =
        id.starts_with('T') && id.chars().skip(1).all(|it| it.is_ascii_digit() || it == '.');
    if is_id {
        format!("<a href=\"{}\" rel=\"noreferrer\">{id}</a>", technique_url(id))
    } else {
        html(id)
    }
}

fn entities(group: &Group) -> String {
    let all = group.entities();
    let name = |(name, entity): &(&str, &crate::findings::Entity)| {
        format!("<span class=\"entity\">{}</span> ({})", html(&shorten(name, 120)), entity.count)
    };
    let shown: Vec<String> = all.iter().take(ENTITIES_MAX).map(name).collect();
    let more = all.len().saturating_sub(ENTITIES_MAX);
    shown.join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() }
}

fn render_finding(out: &mut impl Write, finding: &Finding, is_open: bool) -> io::Result<()> {
    let when = finding.first.map_or_else(|| "no time".to_owned(), time::show);
    write!(
        out,
        "<details class=\"finding\"{}>\n<summary>{when} <span class=\"entity\">{}</span></summary>\n\
         <p class=\"faint\">finding <code>{}</code></p>\n<h3>Why</h3>\n",
        if is_open { " open" } else { "" },
        html(&shorten(&finding.entity, 120)),
        finding.id,
    )?;
    match &finding.why {
        Why::Event(node) => {
            out.write_all(b"<ul class=\"why\">\n")?;
            render_node(out, node, &mut 0)?;
            out.write_all(b"</ul>\n")?;
        }
        Why::Correlation { statement, group, .. } => {
            write!(out, "<p><mark>{}</mark></p>\n<ul>\n", html(statement))?;
            for (field, value) in group {
                writeln!(
                    out,
                    "<li><code>{}</code> = {}</li>",
                    html(field),
                    html(&shorten(value, VALUE_MAX))
                )?;
            }
            out.write_all(b"</ul>\n")?;
        }
    }
    if !finding.evidence.is_empty() {
        out.write_all(b"<h3>Evidence</h3>\n")?;
    }
    for evidence in finding.evidence.iter().take(EVIDENCE_MAX) {
        render_evidence(out, evidence)?;
    }
    let more = finding.count.saturating_sub(finding.evidence.len().min(EVIDENCE_MAX) as u64);
    if more > 0 {
        writeln!(out, "<p class=\"faint\">{}.</p>", counted(more, "more event"))?;
    }
    out.write_all(b"</details>\n")
}

fn render_node(out: &mut impl Write, node: &WhyNode, count: &mut usize) -> io::Result<()> {
    *count += 1;
    if *count > NODES_MAX {
        return Ok(());
    }
    let (class, mark, words) =
        if node.holds { ("yes", "✓", "holds") } else { ("no", "✗", "does not hold") };
    write!(out, "<li class=\"{class}\"><span aria-label=\"{words}\" role=\"img\">{mark}</span> ")?;
    match &node.leaf {
        Some(leaf) => render_leaf(out, leaf)?,
        None => write!(out, "{}", html(&node.label))?,
    }
    if !node.children.is_empty() {
        out.write_all(b"<ul>\n")?;
        let (telling, others) = telling_parts(node);
        for child in telling {
            render_node(out, child, count)?;
        }
        if others > 0 {
            writeln!(out, "<li class=\"faint\">… {others} more</li>")?;
        }
        out.write_all(b"</ul>")?;
    }
    out.write_all(b"</li>\n")
}

fn render_leaf(out: &mut impl Write, leaf: &WhyLeaf) -> io::Result<()> {
    let field = if leaf.field.is_empty() { "the record" } else { &leaf.field };
    write!(out, "<code>{}</code>", html(field))?;
    if let Some(resolved) = leaf.resolved.as_ref().filter(|name| **name != leaf.field) {
        write!(out, " <span class=\"faint\">({})</span>", html(resolved))?;
    }
    let pattern = html(&shorten(&leaf.pattern, 300));
    write!(out, " {} <code>{pattern}</code>", html(&leaf.operator))?;
    match &leaf.value {
        Some(value) => write!(out, " <span class=\"value\">{}</span>", marked(value, leaf.span)),
        None => out.write_all(b" <span class=\"faint\">(absent)</span>"),
    }
}

/// The value with what matched marked; a long value is cut around the mark.
fn marked(value: &str, span: Option<(usize, usize)>) -> String {
    let characters: Vec<char> = value.chars().collect();
    let (start, end) = span.unwrap_or((0, 0));
    let (start, end) =
        (start.min(characters.len()), end.clamp(start.min(characters.len()), characters.len()));
    let end = end.min(start + VALUE_MAX);
    let from = start.saturating_sub(VALUE_MAX / 4);
    let to = (end + VALUE_MAX / 4).min(characters.len());
    let part = |from: usize, to: usize| {
        html(&characters.get(from..to).unwrap_or_default().iter().collect::<String>())
    };
    let before = if from > 0 { "…" } else { "" };
    let after = if to < characters.len() { "…" } else { "" };
    if start == end {
        return format!("{before}{}{after}", part(from, to));
    }
    format!(
        "{before}{}<mark>{}</mark>{}{after}",
        part(from, start),
        part(start, end),
        part(end, to)
    )
}

fn render_evidence(out: &mut impl Write, evidence: &Evidence) -> io::Result<()> {
    let when = evidence.time.map_or_else(|| "no time".to_owned(), time::show);
    write!(
        out,
        "<details class=\"evidence\"><summary>{when} {} <span class=\"faint\">{} at byte {}</span></summary>\n\
         <div class=\"scroll\"><table class=\"attributes\"><caption>{}</caption>\n<thead><tr><th scope=\"col\">Attribute</th><th scope=\"col\">Value</th></tr></thead><tbody>\n",
        html(&evidence.kind),
        html(&evidence.file),
        evidence.offset,
        html(&evidence.rule),
    )?;
    let mut rows = Vec::new();
    flatten("", &evidence.event, &mut rows);
    for (path, value) in rows.iter().take(ATTRIBUTES_MAX) {
        let value = html(&shorten(value, VALUE_MAX));
        writeln!(out, "<tr><th scope=\"row\">{}</th><td>{value}</td></tr>", html(path))?;
    }
    out.write_all(b"</tbody></table></div>\n")?;
    if let Some(raw) = evidence.event.get("raw_data").and_then(Json::as_str) {
        writeln!(
            out,
            "<p>Record as it was written:</p>\n<pre tabindex=\"0\">{}</pre>",
            html(&shorten(raw, 2 * VALUE_MAX))
        )?;
    }
    out.write_all(b"</details>\n")
}

/// Every value of a document with its path; what the page shows elsewhere is left out.
fn flatten(at: &str, value: &Json, rows: &mut Vec<(String, String)>) {
    match value {
        Json::Object(map) => {
            for (name, value) in map {
                let path = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                if !matches!(path.as_str(), "raw_data" | "observables") {
                    flatten(&path, value, rows);
                }
            }
        }
        Json::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, item)| flatten(&format!("{at}[{index}]"), item, rows));
        }
        Json::String(text) => rows.push((at.to_owned(), text.clone())),
        other => rows.push((at.to_owned(), other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matched_is_marked_in_characters() {
        assert_eq!(marked("é<b>é", Some((1, 4))), "é<mark>&lt;b&gt;</mark>é");
        assert_eq!(marked("abc", None), "abc");
        assert_eq!(marked("abc", Some((7, 2))), "abc");
        let long = "x".repeat(9000);
        let cut = marked(&long, Some((5000, 5003)));
        assert!(cut.starts_with('…') && cut.ends_with('…') && cut.contains("<mark>xxx</mark>"));
    }

    #[test]
    fn only_technique_ids_become_links() {
        assert!(technique_link("T1059.001").contains("/techniques/T1059/001/"));
        assert_eq!(technique_link("T1\"><x"), "T1&quot;&gt;&lt;x");
    }
}
