//! `wardroom sources list`.

use std::path::PathBuf;

use model::{FieldTable, SourceClass};
use serde_json::json;

use crate::args::ListOutput;
use crate::content::{Mappings, Strictness};
use crate::exit::{Code, Outcome};
use crate::output::write_list;
use crate::terminal::Console;

/// Lists the sources with their class and number of kinds.
pub(super) fn run(folders: &[PathBuf], output: ListOutput, console: &mut Console) -> Outcome {
    let mappings = Mappings::layered(folders)?;
    let (ingest, broken) = mappings.ingest(FieldTable::default(), Strictness::PassOver)?;
    let catalog = ingest.mapper().catalog();
    let rows = catalog.sources.iter().enumerate().map(|(index, source)| {
        let kinds = catalog.kinds.iter().filter(|kind| kind.source == Some(index)).count();
        vec![
            json!(source.id),
            json!(class_word(source.class)),
            json!(source.title),
            json!(kinds),
            json!(mappings.origin(&source.id).unwrap_or_default()),
        ]
    });
    write_list(console, output, &["ID", "CLASS", "TITLE", "KINDS", "FROM"], rows)?;
    for it in &broken {
        console.complain(&format!("source left out: {}", it.message));
    }
    Ok(if broken.is_empty() { Code::Ok } else { Code::Usage })
}

/// The class in a word.
pub(super) const fn class_word(class: SourceClass) -> &'static str {
    match class {
        SourceClass::Endpoint => "endpoint",
        SourceClass::Server => "server",
        SourceClass::Network => "network",
        SourceClass::Identity => "identity",
        SourceClass::Cloud => "cloud",
    }
}
