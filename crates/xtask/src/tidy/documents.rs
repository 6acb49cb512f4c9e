//! Documents are there, short, numbered, and lead to what exists.

use super::{Fault, Tree, has_ending};

/// Documents that a reader looks for.
const NEEDED: [&str; 9] = [
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "NOTICE",
    "README.md",
    "SECURITY.md",
    "docs/glossary.md",
    "docs/decisions/0001-events-as-slots.md",
];

const DECISIONS: &str = "docs/decisions";

/// Most lines of a decision (one page) and of `ARCHITECTURE.md` (two).
const DECISION_LINES_MAX: usize = 60;
const ARCHITECTURE_LINES_MAX: usize = 120;

/// Headings of a decision.
const PARTS: [&str; 4] = ["## Context", "## Decision", "## Rejected", "## Consequences"];

pub(super) fn check(tree: &Tree) -> Vec<Fault> {
    let mut faults: Vec<Fault> = NEEDED
        .iter()
        .filter(|path| tree.text(path).is_none_or(|text| text.trim().is_empty()))
        .map(|path| Fault::of(path, "is missing or empty: write it"))
        .collect();
    faults.extend(decisions(tree));
    faults.extend(architecture(tree));
    faults.extend(changelog(tree));
    faults.extend(links(tree));
    faults
}

fn decisions(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (index, (path, text)) in tree.below(DECISIONS).enumerate() {
        let name = path.rsplit('/').next().unwrap_or_default();
        let wanted = format!("{:04}-", index + 1);
        if !name.starts_with(&wanted) || !has_ending(name, "md") {
            faults.push(Fault::of(
                path,
                format!("should be called {wanted}<title>.md: decisions are numbered without gaps"),
            ));
        }
        let lines = text.lines().count();
        if lines > DECISION_LINES_MAX {
            faults.push(Fault::of(
                path,
                format!(
                    "has {lines} lines, a decision has at most {DECISION_LINES_MAX}: shorten it"
                ),
            ));
        }
        for part in PARTS.iter().filter(|part| !text.lines().any(|line| line == **part)) {
            faults.push(Fault::of(path, format!("has no heading '{part}': add it")));
        }
    }
    faults
}

fn architecture(tree: &Tree) -> Vec<Fault> {
    const PATH: &str = "ARCHITECTURE.md";
    let text = tree.text(PATH).unwrap_or_default();
    let lines = text.lines().count();
    let mut faults = Vec::new();
    if lines > ARCHITECTURE_LINES_MAX {
        faults.push(Fault::of(
            PATH,
            format!("has {lines} lines, at most {ARCHITECTURE_LINES_MAX}: shorten it"),
        ));
    }
    if !text.is_empty() {
        for folder in
            tree.crates().into_iter().filter(|folder| !text.contains(&format!("`{folder}`")))
        {
            faults
                .push(Fault::of(PATH, format!("does not name `{folder}`: add it to the code map")));
        }
    }
    faults
}

fn changelog(tree: &Tree) -> Option<Fault> {
    let root = tree.toml("Cargo.toml")?;
    let version = root.get("workspace")?.get("package")?.get("version")?.as_str()?;
    let text = tree.text("CHANGELOG.md")?;
    let is_entered = text.lines().any(|line| {
        line.strip_prefix("## ").and_then(|rest| rest.split_whitespace().next()) == Some(version)
    });
    (!is_entered).then(|| {
        Fault::of(
            "CHANGELOG.md",
            format!("has no entry '## {version}' for the workspace's version: write it"),
        )
    })
}

/// Links between documents lead somewhere.
fn links(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (path, text) in tree.files().filter(|(path, _)| has_ending(path, "md")) {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for (index, line) in text.lines().enumerate() {
            for link in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                let target = link.split('#').next().unwrap_or_default().trim_end_matches('/');
                if target.is_empty() || target.contains(':') {
                    continue;
                }
                let wanted = resolve(folder, target);
                let is_there = tree.text(&wanted).is_some() || tree.below(&wanted).next().is_some();
                if !is_there {
                    faults.push(Fault::at(
                        path,
                        index + 1,
                        format!("links to '{link}', which is not there: mend the link"),
                    ));
                }
            }
        }
    }
    faults
}

fn resolve(folder: &str, target: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::super::{Fault, Tree};
    use super::{NEEDED, architecture, changelog, check, decisions, links};

    const DECISION: &str = "# T\n## Context\n## Decision\n## Rejected\n## Consequences\n";

    fn said(faults: impl IntoIterator<Item = Fault>) -> String {
        faults.into_iter().map(|fault| fault.to_string()).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn documents_are_there() {
        let said = said(check(&Tree::of([("README.md", " \n")])));
        for path in NEEDED {
            assert!(said.contains(&format!("{path}: is missing")), "{path}");
        }
    }

    #[test]
    fn decisions_are_numbered_and_short() {
        let first = ("docs/decisions/0001-a.md", DECISION);
        assert_eq!(said(decisions(&Tree::of([first, ("docs/decisions/0002-b.md", DECISION)]))), "");
        let gap = Tree::of([first, ("docs/decisions/0003-c.md", DECISION)]);
        assert!(said(decisions(&gap)).contains("0003-c.md: should be called 0002-"));
        let twice = Tree::of([first, ("docs/decisions/0001-b.md", DECISION)]);
        assert!(said(decisions(&twice)).contains("0001-b.md: should be called 0002-"));
        let long = format!("{DECISION}{}", "x\n".repeat(60));
        assert!(
            said(decisions(&Tree::of([("docs/decisions/0001-a.md", long.as_str())])))
                .contains("has 65 lines")
        );
        let part = DECISION.replace("## Rejected", "");
        assert!(
            said(decisions(&Tree::of([("docs/decisions/0001-a.md", part.as_str())])))
                .contains("'## Rejected'")
        );
    }

    #[test]
    fn the_architecture_names_every_crate() {
        let manifest = ("crates/model/Cargo.toml", "");
        assert_eq!(
            said(architecture(&Tree::of([manifest, ("ARCHITECTURE.md", "`crates/model`")]))),
            ""
        );
        assert!(
            said(architecture(&Tree::of([manifest, ("ARCHITECTURE.md", "x")])))
                .contains("does not name")
        );
        let long = "x\n".repeat(121);
        assert!(
            said(architecture(&Tree::of([("ARCHITECTURE.md", long.as_str())])))
                .contains("121 lines")
        );
    }

    #[test]
    fn the_version_has_an_entry() {
        let root = ("Cargo.toml", "[workspace.package]\nversion = \"0.2.0\"\n");
        assert_eq!(
            said(changelog(&Tree::of([root, ("CHANGELOG.md", "## 0.2.0 - soon\n## 0.1.0\n")]))),
            ""
        );
        assert!(
            said(changelog(&Tree::of([root, ("CHANGELOG.md", "## 0.1.0\n")])))
                .contains("no entry '## 0.2.0'")
        );
    }

    #[test]
    fn links_lead_somewhere() {
        let tree = Tree::of([
            (
                "README.md",
                "[a](docs/a.md#x) [b](https://b.example) [c](docs/) [d](#here)\n[e](gone.md)",
            ),
            ("docs/a.md", "[up](../README.md) [no](README.md)"),
        ]);
        let lines: Vec<_> =
            links(&tree).into_iter().map(|fault| (fault.path, fault.line)).collect();
        assert_eq!(lines, [("README.md".to_owned(), 2), ("docs/a.md".to_owned(), 1)]);
    }
}
