//! `wardroom rules fields`: one rule, every source.

use model::Kind;
use serde_json::{Value as Json, json};

use super::field_names;
use crate::args::{ListOutput, RulesSelection, SourcesSelection};
use crate::exit::{Code, Outcome};
use crate::loaded::Loaded;
use crate::output::write_list;
use crate::terminal::Console;

const HEADER: [&str; 4] = ["KIND", "FIELD", "RESOLVES", "TO"];

/// Shows how each field of a rule resolves in each kind of event that serves its log source.
pub(super) fn run(
    wanted: &str,
    rules: &RulesSelection,
    sources: &SourcesSelection,
    output: ListOutput,
    console: &mut Console,
) -> Outcome {
    let (loaded, index) = Loaded::with_rule(wanted, rules, &sources.sources)?;
    let Some(rule) = loaded.rules.rules.get(index) else {
        return Err(loaded.is_correlation(index));
    };
    let catalog = loaded.catalog();
    let names = field_names(&rule.condition);
    let mut rows = Vec::new();
    for (number, kind) in catalog.kinds.iter().enumerate() {
        if kind.source.is_some() && kind.logsources.serves(&rule.meta.logsource) {
            let label = catalog.kind_label(model::KindId(number as u32));
            rows.extend(names.iter().map(|name| row(&label, name, kind, &loaded)));
        }
    }
    if rows.is_empty() {
        console.note(&format!("no source serves the log source {}", rule.meta.logsource));
    }
    write_list(console, output, &HEADER, rows)?;
    Ok(Code::Ok)
}

fn row(label: &str, name: &str, kind: &Kind, loaded: &Loaded) -> Vec<Json> {
    let fields = &loaded.catalog().fields;
    let id = fields.get(name);
    let alias = kind.aliases.iter().find(|(alias, _)| Some(*alias) == id);
    let native = kind.fields.iter().find(|field| Some(field.native) == id);
    let is_attribute = kind.fields.iter().any(|field| Some(field.attribute) == id)
        || kind.constants.iter().any(|(path, _)| Some(*path) == id);
    let (how, to) = match (native, alias) {
        (Some(field), _) => ("native", fields.name(field.attribute).to_owned()),
        (None, Some((_, meaning))) => ("alias", meaning.to_string()),
        (None, None) if is_attribute => ("attribute", name.to_owned()),
        (None, None) => ("own name only", "where a record has it".to_owned()),
    };
    vec![json!(label), json!(name), json!(how), json!(to)]
}
