//! `wardroom rules coverage`: which tactics and techniques the rules name.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::json;

use crate::args::{ListOutput, RulesSelection};
use crate::attack::{TACTICS, tactics_of, techniques_of};
use crate::exit::{Code, Outcome};
use crate::loaded::Loaded;
use crate::output::counted;
use crate::output::navigator::{self, Techniques};
use crate::output::write_list;
use crate::terminal::Console;

const HEADER: [&str; 5] = ["ID", "TACTIC", "RULES", "TECHNIQUES", "WHICH"];

/// Shows the coverage, and writes a layer when one is wanted.
pub(super) fn run(
    rules: &RulesSelection,
    layer: Option<&Path>,
    output: ListOutput,
    console: &mut Console,
) -> Outcome {
    let loaded = Loaded::load(rules, &[])?;
    let rows = TACTICS.iter().map(|tactic| {
        let metas: Vec<_> =
            loaded.metas().filter(|meta| tactics_of(meta).contains(tactic)).collect();
        let techniques: BTreeSet<&str> =
            metas.iter().flat_map(|meta| techniques_of(meta)).collect();
        vec![
            json!(tactic.id),
            json!(tactic.name),
            json!(metas.len()),
            json!(techniques.len()),
            json!(techniques),
        ]
    });
    write_list(console, output, &HEADER, rows)?;
    if let Some(path) = layer {
        let mut techniques = Techniques::new();
        for meta in loaded.metas() {
            for id in techniques_of(meta) {
                let technique = techniques.entry(id.to_owned()).or_default();
                technique.score += 1;
                technique.level = technique.level.max(meta.level);
                technique.comments.push(meta.title.to_string());
            }
        }
        let words = counted(loaded.rule_count(), "rule");
        navigator::write_layer(
            path,
            &navigator::layer("Wardroom coverage", &words, "rules", &techniques),
        )?;
    }
    loaded.tell_refusals(&rules.rules, console);
    Ok(Code::Ok)
}
