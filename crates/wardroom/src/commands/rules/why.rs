//! `wardroom rules why`: the tree of a rule on events, or the first condition that failed.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;

use detect::sigma::{Evaluator, first_failure};
use model::{EventBatch, EventRef, WhyNode};

use super::records;
use crate::args::{RulesSelection, SourcesSelection};
use crate::exit::{Code, Failure, Outcome};
use crate::loaded::Loaded;
use crate::pipeline;
use crate::terminal::Console;
use crate::time;
use crate::visible::{shorten, visible};

/// Bytes of the file of events.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// Explains.
pub(super) fn run(
    wanted: &str,
    file: &Path,
    rules: &RulesSelection,
    sources: &SourcesSelection,
    limit: usize,
    console: &mut Console,
) -> Outcome {
    let bytes = read(file)?;
    let loaded = Loaded::load(rules, &sources.sources)?;
    let index = loaded.find(wanted)?;
    let forced = pipeline::forced(sources.source.as_deref(), loaded.catalog())?;
    let Some(rule) = loaded.rules.rules.get(index) else {
        return Err(Failure::usage(format!(
            "'{wanted}' is a correlation; ask for the rules that it refers to"
        )));
    };
    let catalog = loaded.catalog();
    let records = records::read(bytes, &file.to_string_lossy(), &loaded.ingest, forced);
    records
        .problems
        .iter()
        .take(20)
        .for_each(|words| console.note(&format!("problem: {}", visible(words))));
    let evaluator = Evaluator::new(catalog, &loaded.rules.regexes);
    let events: Vec<EventRef<'_>> = records.batches.iter().flat_map(EventBatch::iter).collect();
    let mut fired = 0;
    for (number, event) in events.iter().enumerate() {
        let kind = catalog.kind(event.kind());
        let is_served = kind.source.is_some() && kind.logsources.serves(&rule.meta.logsource);
        let node = evaluator.why(&rule.condition, *event);
        fired += usize::from(is_served && node.holds);
        if number >= limit {
            continue;
        }
        let verdict = if is_served && node.holds { "fires" } else { "does not fire" };
        let when = event.time().map_or_else(|| "no time".to_owned(), time::show);
        let label = catalog.kind_label(event.kind());
        let head = console.bold(&format!("event {}: {verdict}", number + 1));
        writeln!(console.out, "{head} ({label}, {when}, offset {})", event.offset())?;
        if is_served {
            if let Some(words) = first_failure(&node) {
                writeln!(console.out, "  first failure: {}", visible(&words))?;
            }
        } else {
            writeln!(
                console.out,
                "  this kind does not serve the log source {}",
                rule.meta.logsource
            )?;
        }
        tree(&node, 1, console)?;
    }
    if events.len() > limit {
        console.note(&format!(
            "{} more events; --limit {} shows them",
            events.len() - limit,
            events.len()
        ));
    }
    console.note(&format!("{fired} of {} events make it fire", events.len()));
    Ok(Code::Ok)
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
            let value = leaf
                .value
                .as_ref()
                .map_or_else(|| "absent".to_owned(), |value| format!("is {value}"));
            let field = if leaf.field.is_empty() { "the record" } else { &leaf.field };
            let words = format!("{field}{resolved} {} {}: {value}", leaf.operator, leaf.pattern);
            writeln!(console.out, "{indent}{mark} {}", visible(&shorten(&words, 400)))?;
        }
        None => writeln!(console.out, "{indent}{mark} {}", visible(&node.label))?,
    }
    node.children.iter().try_for_each(|child| tree(child, depth + 1, console))
}
