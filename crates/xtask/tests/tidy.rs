//! The repository keeps its own rules: `cargo xtask tidy` as a test.

use std::path::Path;

#[test]
fn the_repository_is_tidy() -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let faults = xtask::tidy::check(&root)?;
    let said: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert!(said.is_empty(), "{} to mend:\n{}", said.len(), said.join("\n"));
    Ok(())
}
