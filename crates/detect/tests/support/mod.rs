//! Where the test data is.

use std::path::{Path, PathBuf};

/// The test data, or `None` (with a line that says so) when it is not there.
pub(crate) fn test_data(test: &str) -> Option<PathBuf> {
    let named = std::env::var_os("WARDROOM_TEST_DATA").map(PathBuf::from);
    let folder =
        named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"));
    if folder.is_dir() {
        return Some(folder);
    }
    #[expect(clippy::print_stdout, reason = "a skipped test says so")]
    {
        println!("skipped: {test}: no test data");
    }
    None
}

/// All rule files below a folder, in order: path and text.
pub(crate) fn rule_files(folder: &Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    gather(folder, &mut files);
    files.sort();
    files
}

fn gather(folder: &Path, into: &mut Vec<(String, String)>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            gather(&path, into);
        } else if path.extension().is_some_and(|it| it == "yml" || it == "yaml") {
            into.extend(
                std::fs::read_to_string(&path).map(|text| (path.display().to_string(), text)),
            );
        }
    }
}
