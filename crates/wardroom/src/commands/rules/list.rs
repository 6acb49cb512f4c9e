//! `wardroom rules list` and `wardroom rules show`.

use std::io::Write as _;

use model::{Attack, Level, RuleMeta};
use serde_json::json;

use crate::args::{ListOutput, RulesSelection};
use crate::exit::{Code, Failure, Outcome};
use crate::loaded::Loaded;
use crate::output::write_list;
use crate::terminal::Console;
use crate::visible::visible;

const HEADER: [&str; 6] = ["LEVEL", "TITLE", "LOG SOURCE", "ATT&CK", "ID", "FROM"];

/// Lists rules, worst first.
pub(super) fn run(
    rules: &RulesSelection,
    min_level: Level,
    output: ListOutput,
    console: &mut Console,
) -> Outcome {
    let loaded = Loaded::load(rules, &[])?;
    let mut metas: Vec<&RuleMeta> =
        loaded.metas().map(|meta| &**meta).filter(|meta| meta.level >= min_level).collect();
    metas.sort_by(|a, b| b.level.cmp(&a.level).then_with(|| a.title.cmp(&b.title)));
    let rows = metas.iter().map(|meta| {
        vec![
            json!(meta.level),
            json!(meta.title),
            json!(logsource_words(meta)),
            json!(techniques(meta)),
            json!(meta.id),
            json!(format!("{}:{}", meta.path, meta.line)),
        ]
    });
    write_list(console, output, &HEADER, rows)?;
    loaded.tell_refusals(&rules.rules, console);
    Ok(Code::Ok)
}

/// The log source in words.
pub(super) fn logsource_words(meta: &RuleMeta) -> String {
    if meta.is_correlation { "correlation".to_owned() } else { meta.logsource.to_string() }
}

fn techniques(meta: &RuleMeta) -> Vec<&str> {
    let techniques = meta.attacks.iter().filter_map(|attack| match attack {
        Attack::Technique(id) => Some(&**id),
        Attack::Tactic(_) => None,
    });
    techniques.collect()
}

/// Shows the text of a rule's file.
pub(super) fn show(wanted: &str, rules: &RulesSelection, console: &mut Console) -> Outcome {
    let (loaded, index) = Loaded::with_rule(wanted, rules, &[])?;
    let Some(meta) = loaded.metas().nth(index).cloned() else {
        return Err(Failure::not_found(format!("no rule '{wanted}'")));
    };
    let level = console.level(meta.level, meta.level.as_str());
    writeln!(console.out, "# {level} {}", visible(&meta.title))?;
    writeln!(console.out, "# {}:{}, version {}", visible(&meta.path), meta.line, meta.version)?;
    let tested = loaded.files.iter().find(|file| file.path == *meta.path);
    if let Some(file) = tested {
        writeln!(
            console.out,
            "# {}\n",
            if file.test.is_some() { "has a test" } else { "has no test" }
        )?;
        for line in file.text.lines() {
            writeln!(console.out, "{}", visible(line))?;
        }
    }
    Ok(Code::Ok)
}
