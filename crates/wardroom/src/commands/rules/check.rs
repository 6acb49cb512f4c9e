//! `wardroom rules check`: whether rules load, whether they can fire, and what they cost.

use std::path::{Path, PathBuf};

use detect::CostClass;
use detect::sigma::ast::Rule;
use model::{Attack, Kind, RuleMeta};
use serde_json::{Value as Json, json};

use super::field_names;
use crate::args::{ListOutput, SourcesSelection};
use crate::content;
use crate::exit::{Code, Outcome};
use crate::loaded::Loaded;
use crate::output::counted;
use crate::output::write_list;
use crate::terminal::Console;

const HEADER: [&str; 4] = ["RULE", "RESULT", "COST", "NOTES"];

/// What the user wants of the check.
pub(super) struct Options<'o> {
    /// Values for placeholders.
    pub(super) placeholders: Option<&'o Path>,
    /// How it is written.
    pub(super) output: ListOutput,
    /// Whether advice fails as errors do.
    pub(super) is_strict: bool,
}

/// Checks the rules below `paths` (the built-in ones when there are none).
pub(super) fn run(
    paths: &[PathBuf],
    sources: &SourcesSelection,
    options: &Options<'_>,
    console: &mut Console,
) -> Outcome {
    let placeholders = content::placeholders(options.placeholders)?;
    let loaded =
        Loaded::of_files(content::rules_of_paths(paths)?, &placeholders, &sources.sources)?;
    let refused = loaded.refusals.iter().map(|refusal| {
        let place = format!("{}:{}:{}", refusal.path, refusal.line, refusal.column);
        vec![
            json!(place),
            json!("refused"),
            json!(""),
            json!([format!("{}; {}", refusal.reason, refusal.way_out)]),
        ]
    });
    let mut rows: Vec<Vec<Json>> = refused.collect();
    let mut advised = 0;
    for (index, rule) in loaded.rules.rules.iter().enumerate() {
        let mut notes = notes_on(&rule.meta, &loaded);
        notes.extend(reach(rule, &loaded));
        advised += usize::from(!notes.is_empty());
        let cost = match loaded.engine.cost(index) {
            CostClass::Triggered => "triggered",
            CostClass::Keywords => "keywords",
            CostClass::EveryEvent => "every event",
        };
        rows.push(row(&rule.meta, &notes, cost));
    }
    for correlation in &loaded.rules.correlations {
        let notes = notes_on(&correlation.rule.meta, &loaded);
        advised += usize::from(!notes.is_empty());
        rows.push(row(&correlation.rule.meta, &notes, "correlation"));
    }
    if options.output == ListOutput::Table {
        // For people: what is well is only counted.
        rows.retain(|row| {
            row.get(1) != Some(&json!("ok")) || row.get(2) == Some(&json!("every event"))
        });
    }
    if !(rows.is_empty() && options.output == ListOutput::Table) {
        write_list(console, options.output, &HEADER, rows)?;
    }
    let (loads, refused) = (loaded.rule_count(), loaded.refusals.len());
    let loaded = counted(loads, "rule");
    console.note(&format!("{loaded} loaded, {refused} refused, advice on {advised}"));
    let is_failed = refused > 0 || (options.is_strict && advised > 0);
    Ok(if is_failed { Code::Gate } else { Code::Ok })
}

fn row(meta: &RuleMeta, notes: &[String], cost: &str) -> Vec<Json> {
    let result = if notes.is_empty() { "ok" } else { "advice" };
    vec![json!(format!("{}:{}", meta.path, meta.line)), json!(result), json!(cost), json!(notes)]
}

/// What its author should add.
fn notes_on(meta: &RuleMeta, loaded: &Loaded) -> Vec<String> {
    let mut notes = Vec::new();
    let has = |wanted: fn(&Attack) -> bool| meta.attacks.iter().any(wanted);
    if !has(|attack| matches!(attack, Attack::Tactic(_))) {
        notes.push("names no ATT&CK tactic".to_owned());
    }
    if !has(|attack| matches!(attack, Attack::Technique(_))) {
        notes.push("names no ATT&CK technique".to_owned());
    }
    let is_tested = loaded.files.iter().any(|file| *file.path == *meta.path && file.test.is_some());
    if !is_tested {
        notes.push("has no test".to_owned());
    }
    notes
}

/// Whether any source can make it fire.
fn reach(rule: &Rule, loaded: &Loaded) -> Vec<String> {
    let catalog = loaded.catalog();
    let serving: Vec<&Kind> = catalog
        .kinds
        .iter()
        .filter(|kind| kind.source.is_some() && kind.logsources.serves(&rule.meta.logsource))
        .collect();
    if serving.is_empty() {
        return vec![format!(
            "no source serves the log source {}; it can never fire",
            rule.meta.logsource
        )];
    }
    let is_known = |name: &str| {
        let Some(id) = catalog.fields.get(name) else { return false };
        serving.iter().any(|kind| {
            kind.fields.iter().any(|field| field.native == id || field.attribute == id)
                || kind.aliases.iter().any(|(alias, _)| *alias == id)
                || kind.constants.iter().any(|(path, _)| *path == id)
        })
    };
    let unknown: Vec<&str> =
        field_names(&rule.condition).into_iter().filter(|name| !is_known(name)).collect();
    if unknown.is_empty() {
        return Vec::new();
    }
    let names = unknown.join(", ");
    vec![format!(
        "no mapping knows {names}; matched only where records have a field of that very name"
    )]
}
