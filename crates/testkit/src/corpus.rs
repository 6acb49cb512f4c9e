//! What tests and benchmarks run on: the product's own content, and real logs and rules where they are at hand.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use detect::Engine;
use detect::sigma::{Placeholders, RuleSet};
use ingest::input::{self, Piece};
use ingest::mapping::{Mapper, Scratch, SourceFiles};
use ingest::{Ingest, Limits};
use model::{EventBatch, FieldTable, Section, Value};

/// The workspace's `content/`.
pub fn content_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../content")
}

/// The folder of real data: `WARDROOM_TEST_DATA`, else `shared/data` beside the checkout; `None` when absent.
pub fn data_dir() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let given = std::env::var_os("WARDROOM_TEST_DATA").map(PathBuf::from);
    given.into_iter().chain([beside]).find(|dir| dir.join("sigma").is_dir())
}

/// All files below a folder with one of these endings, sorted; none when the folder is absent.
pub fn files(dir: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![dir.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path
                .extension()
                .is_some_and(|have| endings.iter().any(|ending| have == *ending))
            {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Paths and texts of all rule files below a folder (their tests left out).
pub fn rule_files(dir: &Path) -> Vec<(String, String)> {
    let is_rule = |path: &PathBuf| !path.components().any(|part| part.as_os_str() == "tests");
    let read =
        |path: PathBuf| Some((path.display().to_string(), std::fs::read_to_string(path).ok()?));
    files(dir, &["yml"]).into_iter().filter(is_rule).filter_map(read).collect()
}

/// The rules of these files; those that are refused are left out.
pub fn rules(files: &[(String, String)]) -> Arc<RuleSet> {
    let texts = files.iter().map(|(path, text)| (path.as_str(), text.as_str()));
    Arc::new(RuleSet::load(texts, &Placeholders::default()).0)
}

/// The product's mappings.
///
/// # Errors
/// What is wrong with them, source by source.
pub fn mapper(fields: &FieldTable) -> Result<Mapper, String> {
    let taxonomy = std::fs::read_to_string(content_dir().join("taxonomy.yaml")).unwrap_or_default();
    let folders = std::fs::read_dir(content_dir().join("sources")).into_iter().flatten().flatten();
    let read = |dir: PathBuf| {
        Some(SourceFiles {
            id: dir.file_name()?.to_string_lossy().into_owned(),
            source: std::fs::read_to_string(dir.join("source.yaml")).ok()?,
            map: std::fs::read_to_string(dir.join("map.yaml")).ok()?,
        })
    };
    let sources: Vec<SourceFiles> = folders.filter_map(|entry| read(entry.path())).collect();
    Mapper::compile(fields.clone(), &sources, &taxonomy)
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

/// Mappings and rules put together as the product does.
///
/// # Errors
/// What is wrong with the mappings.
pub fn engine(rules: &Arc<RuleSet>) -> Result<(Ingest, Engine), String> {
    let mut fields = FieldTable::default();
    Engine::names(rules, &mut fields);
    let mapper = mapper(&fields)?;
    let engine = Engine::compile(Arc::clone(rules), Arc::clone(mapper.catalog()));
    Ok((Ingest::new(mapper, Limits::default()), engine))
}

/// All events of an input's bytes, and the number of problems.
pub fn events(ingest: &Ingest, name: &str, bytes: Vec<u8>) -> (Vec<EventBatch>, usize) {
    let mut scratch = Scratch::default();
    let mut batches = Vec::new();
    let mut problems = 0;
    for piece in
        input::open(Box::new(std::io::Cursor::new(bytes)), name.into(), None, Limits::default())
    {
        match piece {
            Piece::Chunk(chunk) => {
                let decoded = ingest.decode(chunk, None, &mut scratch);
                problems += decoded.problems.len();
                batches.push(decoded.batch);
            }
            Piece::Problem { .. } => problems += 1,
        }
    }
    (batches, problems)
}

/// The native fields of all events as flat JSON, one document a line: what exporters of Windows events write.
pub fn flat_json(batches: &[EventBatch], ingest: &Ingest) -> Vec<u8> {
    let mut out = Vec::new();
    for event in batches.iter().flat_map(EventBatch::iter) {
        let mut map = serde_json::Map::new();
        for slot in event.section(Section::Native) {
            let name = event.batch().field_name(slot.field, &ingest.mapper().catalog().fields);
            let value = match slot.value {
                Value::Null => serde_json::Value::Null,
                Value::Bool(truth) => truth.into(),
                Value::Int(number) => number.into(),
                Value::Float(number) => number.into(),
                Value::Raw { .. } | Value::Text { .. } => event.text(slot.value).into(),
            };
            map.entry(name).or_insert(value);
        }
        out.extend_from_slice(serde_json::Value::Object(map).to_string().as_bytes());
        out.push(b'\n');
    }
    out
}
