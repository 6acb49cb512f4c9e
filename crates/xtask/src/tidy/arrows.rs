//! Which crate may use which: the order of `members` is the architecture, the arrows say the rest.

use toml::{Table, Value};

use super::{Fault, Tree};

/// For each crate the crates it may use. A crate that is not here has no place in the architecture yet.
const ARROWS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("ingest", &["model"]),
    ("detect", &["model"]),
    ("ports", &["model"]),
    ("journal", &["model", "ports"]),
    ("engine", &["model", "ingest", "detect", "ports", "journal"]),
    ("store", &["model", "ports"]),
    ("lake", &["model", "ports"]),
    ("connect", &["model", "ports"]),
    ("api", &["model", "ingest", "detect", "ports", "engine"]),
    ("testkit", &["model", "ingest", "detect", "ports", "journal"]),
    (
        "wardroom",
        &[
            "model", "ingest", "detect", "ports", "journal", "engine", "store", "lake", "connect",
            "api",
        ],
    ),
    ("xtask", &["model", "ingest", "detect", "testkit"]),
];

/// Tests of these crates may use `testkit` as well.
const TESTED_WITH_KIT: &[&str] = &["engine", "wardroom", "xtask"];

pub(super) fn check(tree: &Tree) -> Vec<Fault> {
    let Some(root) = tree.toml("Cargo.toml") else {
        return vec![Fault::of("Cargo.toml", "cannot be read as TOML: mend it")];
    };
    let members: Vec<&str> = root
        .get("workspace")
        .and_then(|workspace| workspace.get("members")?.as_array())
        .map(|members| members.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let mut faults = order(&members);
    for folder in tree.crates() {
        let path = format!("{folder}/Cargo.toml");
        if !members.contains(&folder) {
            faults.push(Fault::of(
                &path,
                "is not among the members of the workspace: add it to Cargo.toml",
            ));
        }
        match tree.toml(&path) {
            Some(manifest) => faults.extend(crate_arrows(&path, &manifest, &members)),
            None => faults.push(Fault::of(&path, "cannot be read as TOML: mend it")),
        }
    }
    faults
}

fn order(members: &[&str]) -> Vec<Fault> {
    let place = |name: &str| ARROWS.iter().position(|(known, _)| *known == name);
    let mut faults = Vec::new();
    let mut last = 0;
    for name in members.iter().filter_map(|member| member.strip_prefix("crates/")) {
        match place(name) {
            None => faults.push(Fault::of(
                "Cargo.toml",
                format!("the member '{name}' has no arrows: say in ARCHITECTURE.md and crates/xtask/src/tidy/arrows.rs what it may use"),
            )),
            Some(place) if place < last => faults.push(Fault::of(
                "Cargo.toml",
                format!("the member '{name}' stands too late: members are in the order in which they may use each other"),
            )),
            Some(place) => last = place,
        }
    }
    faults
}

fn crate_arrows(path: &str, manifest: &Table, members: &[&str]) -> Vec<Fault> {
    let name = manifest
        .get("package")
        .and_then(|package| package.get("name")?.as_str())
        .unwrap_or_default();
    let allowed =
        ARROWS.iter().find(|(known, _)| *known == name).map_or(&[][..], |(_, allowed)| allowed);
    let is_member =
        |used: &str| members.iter().any(|member| member.strip_prefix("crates/") == Some(used));
    let mut faults = Vec::new();
    for (section, dependencies) in sections(manifest) {
        for (used, details) in dependencies {
            let is_kit = used == "testkit"
                && section == "dev-dependencies"
                && TESTED_WITH_KIT.contains(&name);
            if is_member(used) && !allowed.contains(&used.as_str()) && !is_kit {
                faults.push(Fault::of(
                    path,
                    format!(
                        "'{name}' must not use '{used}' ({section}): it may use {}; move what both need to 'model'",
                        if allowed.is_empty() { "no crate of ours".to_owned() } else { allowed.join(", ") }
                    ),
                ));
            }
            if requirement(details) == Some("*") {
                faults
                    .push(Fault::of(path, format!("'{used}' is wanted in any version: name one")));
            }
        }
    }
    faults
}

/// The tables of dependencies, also those for one platform.
fn sections(manifest: &Table) -> Vec<(&str, &Table)> {
    const NAMES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];
    let platforms =
        manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
    platforms
        .filter_map(Value::as_table)
        .chain([manifest])
        .flat_map(|table| {
            NAMES.iter().filter_map(|name| Some((*name, table.get(*name)?.as_table()?)))
        })
        .collect()
}

fn requirement(details: &Value) -> Option<&str> {
    details.as_str().or_else(|| details.get("version")?.as_str())
}

#[cfg(test)]
mod tests {
    use super::super::{Fault, Tree};
    use super::check;

    const ROOT: &str = "[workspace]\nmembers = [\"crates/model\", \"crates/ingest\", \"crates/detect\", \"crates/testkit\"]\n";
    const MODEL: &str = "[package]\nname = \"model\"\n[dependencies]\nserde.workspace = true\n";

    fn said(root: &str, ingest: &str) -> String {
        let tree = Tree::of([
            ("Cargo.toml", root),
            ("crates/model/Cargo.toml", MODEL),
            ("crates/ingest/Cargo.toml", ingest),
            ("crates/detect/Cargo.toml", "[package]\nname = \"detect\"\n"),
            ("crates/testkit/Cargo.toml", "[package]\nname = \"testkit\"\n"),
        ]);
        check(&tree).iter().map(Fault::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn what_keeps_the_arrows_passes() {
        assert_eq!(
            said(ROOT, "[package]\nname = \"ingest\"\n[dependencies]\nmodel.workspace = true\n"),
            ""
        );
    }

    #[test]
    fn pure_crates_do_not_use_each_other() {
        for section in ["dependencies", "dev-dependencies", "target.'cfg(unix)'.dependencies"] {
            let ingest =
                format!("[package]\nname = \"ingest\"\n[{section}]\ndetect.workspace = true\n");
            assert!(said(ROOT, &ingest).contains("'ingest' must not use 'detect'"), "{section}");
        }
        let ingest = "[package]\nname = \"ingest\"\n[dev-dependencies]\ntestkit.workspace = true\n";
        assert!(said(ROOT, ingest).contains("must not use 'testkit'"));
    }

    #[test]
    fn members_stand_in_order_and_are_known() {
        let root = ROOT
            .replace("\"crates/model\", \"crates/ingest\"", "\"crates/ingest\", \"crates/model\"");
        assert!(said(&root, "[package]\nname = \"ingest\"\n").contains("'model' stands too late"));
        let root = ROOT.replace("crates/testkit", "crates/magic");
        let said = said(&root, "[package]\nname = \"ingest\"\n");
        assert!(said.contains("'magic' has no arrows"));
        assert!(said.contains("crates/testkit/Cargo.toml: is not among the members"));
    }

    #[test]
    fn wildcards_are_refused() {
        for details in ["\"*\"", "{ version = \"*\" }"] {
            let ingest =
                format!("[package]\nname = \"ingest\"\n[dependencies]\nserde = {details}\n");
            assert!(said(ROOT, &ingest).contains("'serde' is wanted in any version"), "{details}");
        }
    }
}
