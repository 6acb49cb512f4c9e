//! `wardroom rules why`: the tree of a rule on events, or the first condition that failed.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;

use detect::sigma::ast::Rule;
use detect::sigma::{Evaluator, first_failure};
use model::{Catalog, EventBatch, EventRef, WhyNode};

use super::records;
use crate::args::WhyArgs;
use crate::exit::{Code, Failure, Outcome};
use crate::findings::{around, telling_parts};
use crate::loaded::Loaded;
use crate::output::counted;
use crate::pipeline;
use crate::terminal::Console;
use crate::time;
use crate::visible::{shorten, visible};

/// Bytes of the file of events.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// Characters of one value.
const VALUE_MAX: usize = 120;

/// Explains.
pub(super) fn run(arguments: &WhyArgs, console: &mut Console) -> Outcome {
    let WhyArgs { rule: wanted, file, limit, .. } = arguments;
    let bytes = read(file)?;
    let (loaded, index) = Loaded::with_rule(wanted, &arguments.rules, &arguments.sources.sources)?;
    let forced = pipeline::forced(arguments.sources.source.as_deref(), loaded.catalog())?;
    let Some(rule) = loaded.rules.rules.get(index) else {
        return Err(loaded.is_correlation(index));
    };
    let records = records::read(bytes, &file.to_string_lossy(), &loaded.ingest, forced);
    records
        .problems
        .iter()
        .take(20)
        .for_each(|words| console.note(&format!("problem: {}", visible(words))));
    let evaluator = Evaluator::new(loaded.catalog(), &loaded.rules.regexes);
    let explainer = Explainer { rule, catalog: loaded.catalog(), evaluator };
    let mut ranked: Vec<(Rank, usize, EventRef<'_>)> = records
        .batches
        .iter()
        .flat_map(EventBatch::iter)
        .enumerate()
        .filter(|(_, event)| arguments.offset.is_none_or(|offset| event.offset() == offset))
        .map(|(number, event)| (explainer.rank(event), number, event))
        .collect();
    if let (true, Some(offset)) = (ranked.is_empty(), arguments.offset) {
        return Err(Failure::not_found(format!(
            "no record begins at byte {offset} of {}; findings name the byte of each of their events",
            file.display()
        )));
    }
    ranked.sort_by_key(|(rank, number, _)| (*rank, *number));
    let fired = ranked.iter().filter(|(rank, ..)| *rank == Rank::Fires).count();
    for (rank, number, event) in ranked.iter().take(*limit) {
        explainer.explain(*rank, *number, *event, console)?;
    }
    if ranked.len() > *limit {
        let more = ranked.len() - limit;
        console.note(&format!(
            "{}; --limit {} shows them",
            counted(more, "more event"),
            ranked.len()
        ));
    }
    console.note(&format!("{fired} of {} make it fire", counted(ranked.len(), "event")));
    Ok(Code::Ok)
}

/// In which order events are explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// Those that make the rule fire.
    Fires,
    /// Then the nearest misses: the share of the condition that does not hold, in thousandths.
    Misses(u32),
    /// Then kinds that the rule is not about.
    NotServed,
}

/// The share of a condition that holds, in thousandths. Where no part holds, the part that comes nearest counts.
fn share(node: &WhyNode) -> u32 {
    let parts = node.children.iter().map(share);
    match node.children.len() {
        _ if node.holds => 1000,
        0 => 0,
        _ if node.label == "not" => 0,
        count if node.children.iter().any(|child| child.holds) => parts.sum::<u32>() / count as u32,
        _ => parts.max().unwrap_or_default(),
    }
}

/// One rule, ready to be explained.
struct Explainer<'r> {
    rule: &'r Rule,
    catalog: &'r Catalog,
    evaluator: Evaluator<'r>,
}

impl Explainer<'_> {
    fn rank(&self, event: EventRef<'_>) -> Rank {
        let kind = self.catalog.kind(event.kind());
        if kind.source.is_none() || !kind.logsources.serves(&self.rule.meta.logsource) {
            return Rank::NotServed;
        }
        let node = self.evaluator.why(&self.rule.condition, event);
        if node.holds { Rank::Fires } else { Rank::Misses(1000 - share(&node)) }
    }

    fn explain(
        &self,
        rank: Rank,
        number: usize,
        event: EventRef<'_>,
        console: &mut Console,
    ) -> Result<(), Failure> {
        let node = self.evaluator.why(&self.rule.condition, event);
        let verdict = if rank == Rank::Fires { "fires" } else { "does not fire" };
        let when = event.time().map_or_else(|| "no time".to_owned(), time::show);
        let label = self.catalog.kind_label(event.kind());
        let head = console.bold(&format!("event {}: {verdict}", number + 1));
        writeln!(console.out, "{head} ({label}, {when}, offset {})", event.offset())?;
        if rank == Rank::NotServed {
            let logsource = &self.rule.meta.logsource;
            writeln!(console.out, "  this kind does not serve the log source {logsource}")?;
        } else if let Some(words) = first_failure(&node) {
            writeln!(console.out, "  first failure: {}", visible(&words))?;
        }
        tree(&node, 1, console)
    }
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let failed = |error| Failure::file("read", file, &error);
    if file.as_os_str() == "-" {
        std::io::stdin().take(FILE_BYTES_MAX).read_to_end(&mut bytes).map_err(failed)?;
    } else {
        fs::File::open(file)
            .map_err(failed)?
            .take(FILE_BYTES_MAX)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
    }
    Ok(bytes)
}

fn tree(node: &WhyNode, depth: usize, console: &mut Console) -> Result<(), Failure> {
    let mark = if node.holds { "✓" } else { "✗" };
    let indent = "  ".repeat(depth);
    match &node.leaf {
        Some(leaf) => {
            let resolved =
                leaf.resolved.as_ref().map_or_else(String::new, |name| format!(" ({name})"));
            let value = leaf.value.as_ref().map_or_else(
                || "absent".to_owned(),
                |value| format!("is {}", around(value, leaf.span, VALUE_MAX)),
            );
            let field = if leaf.field.is_empty() { "the record" } else { &leaf.field };
            let words = format!("{field}{resolved} {} {}: {value}", leaf.operator, leaf.pattern);
            writeln!(console.out, "{indent}{mark} {}", visible(&shorten(&words, 400)))?;
        }
        None => writeln!(console.out, "{indent}{mark} {}", visible(&node.label))?,
    }
    let (telling, others) = telling_parts(node);
    telling.into_iter().try_for_each(|child| tree(child, depth + 1, console))?;
    if others > 0 {
        writeln!(console.out, "{}… {others} more", "  ".repeat(depth + 1))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(label: &str, holds: bool, children: Vec<WhyNode>) -> WhyNode {
        WhyNode { label: label.to_owned(), holds, children, leaf: None }
    }

    #[test]
    fn the_nearest_miss_has_the_largest_share() {
        let leaf = |holds| node("leaf", holds, vec![]);
        assert_eq!(share(&node("and", true, vec![leaf(true)])), 1000);
        assert_eq!(share(&node("and", false, vec![leaf(true), leaf(false)])), 500);
        let half = node("and", false, vec![leaf(true), leaf(false)]);
        assert_eq!(share(&node("or", false, vec![half, leaf(false)])), 500);
        assert_eq!(share(&node("not", false, vec![leaf(true)])), 0);
        assert!(Rank::Fires < Rank::Misses(1) && Rank::Misses(1) < Rank::Misses(2));
        assert!(Rank::Misses(1000) < Rank::NotServed);
    }
}
