//! `wardroom sources show`.

use std::io::Write as _;
use std::path::PathBuf;

use model::{Catalog, FieldTable, Kind};
use serde_json::{Value as Json, json};

use super::list::class_word;
use crate::args::ListOutput;
use crate::content::{Mappings, Strictness};
use crate::exit::{Code, Failure, Outcome};
use crate::output::write_list;
use crate::terminal::Console;

const HEADER: [&str; 4] = ["KIND", "FIELD", "AS", "GIVEN BY"];

/// Shows one source: what it is, its kinds, and where each field goes.
pub(super) fn run(
    id: &str,
    folders: &[PathBuf],
    output: ListOutput,
    console: &mut Console,
) -> Outcome {
    let mappings = Mappings::layered(folders)?;
    let (ingest, broken) = mappings.ingest(FieldTable::default(), Strictness::PassOver)?;
    if let Some(it) = broken.iter().find(|it| it.id == id) {
        return Err(Failure::usage(it.message.clone()));
    }
    let catalog = ingest.mapper().catalog();
    let Some(index) = catalog.sources.iter().position(|source| &*source.id == id) else {
        return Err(Failure::not_found(format!(
            "no source '{id}'; `wardroom sources list` shows what there is"
        )));
    };
    let kinds: Vec<&Kind> =
        catalog.kinds.iter().filter(|kind| kind.source == Some(index)).collect();
    if output == ListOutput::Table {
        describe(catalog, index, mappings.origin(id).unwrap_or_default(), console)?;
        let rows = kinds.iter().map(|kind| {
            let served = &kind.logsources;
            vec![
                json!(kind.name),
                json!(format!("{} ({})", kind.class_name, kind.class_uid)),
                json!(served.products),
                json!(served.categories),
                json!(served.services),
            ]
        });
        write_list(
            console,
            output,
            &["KIND", "OCSF CLASS", "PRODUCT", "CATEGORY", "SERVICE"],
            rows,
        )?;
        writeln!(console.out)?;
    }
    let rows: Vec<Vec<Json>> = kinds.iter().flat_map(|kind| field_rows(kind, catalog)).collect();
    write_list(console, output, &HEADER, rows)?;
    Ok(Code::Ok)
}

fn describe(
    catalog: &Catalog,
    index: usize,
    origin: &str,
    console: &mut Console,
) -> Result<(), Failure> {
    let Some(source) = catalog.sources.get(index) else { return Ok(()) };
    let title = console.bold(&source.title);
    let class = class_word(source.class);
    writeln!(
        console.out,
        "{title} ({class}, by {})\n{}\n{}",
        source.vendor, source.summary, source.docs
    )?;
    writeln!(console.out, "from {origin}\n")?;
    Ok(())
}

/// Each field of a kind: native names, attributes, and the Sigma names that stand for them.
fn field_rows(kind: &Kind, catalog: &Catalog) -> Vec<Vec<Json>> {
    let name = |id| catalog.fields.name(id);
    let fields = kind.fields.iter().map(|field| {
        let how = if field.identity { "as it is" } else { "converted" };
        vec![json!(kind.name), json!(name(field.native)), json!(name(field.attribute)), json!(how)]
    });
    let aliases = kind.aliases.iter().map(|(alias, words)| {
        vec![
            json!(kind.name),
            json!(words),
            json!(format!("{} (Sigma)", name(*alias))),
            json!("stands for it"),
        ]
    });
    fields.chain(aliases).collect()
}
