//! What we depend on: licences as `deny.toml` allows them, nothing from elsewhere than crates.io.
//!
//! `cargo deny` holds the same file and knows the advisories too; this runs without a network and in every test.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};
use serde_json::Value as Json;
use toml::Value;

use super::{Fault, Tree};

const DENY: &str = "deny.toml";
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// What cargo says of all packages that are built on this platform.
///
/// # Errors
/// When cargo cannot be run or does not answer.
pub(super) fn metadata(root: &Path) -> anyhow::Result<Json> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let output = Command::new(cargo)
        .current_dir(root)
        .args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--offline",
            "--filter-platform",
            &platform,
        ])
        .output()
        .context("cannot run cargo metadata")?;
    if !output.status.success() {
        bail!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    serde_json::from_slice(&output.stdout).context("cargo metadata does not answer in JSON")
}

/// Checks every package of `metadata` against `deny.toml`.
pub(super) fn check(tree: &Tree, metadata: &Json) -> Vec<Fault> {
    let Some(deny) = tree.toml(DENY) else {
        return vec![Fault::of(DENY, "is missing or no TOML: it lists the licences that we take")];
    };
    let licenses = deny.get("licenses");
    let allowed = words(licenses.and_then(|licenses| licenses.get("allow")));
    let exceptions: Vec<&Value> = licenses
        .and_then(|licenses| licenses.get("exceptions")?.as_array())
        .map(|list| list.iter().collect())
        .unwrap_or_default();
    let mut faults = undated(tree.text(DENY).unwrap_or_default());
    let mut used = vec![false; exceptions.len()];
    for package in metadata.get("packages").and_then(Json::as_array).into_iter().flatten() {
        let text = |key: &str| package.get(key).and_then(Json::as_str).unwrap_or_default();
        let (name, version, license, source) =
            (text("name"), text("version"), text("license"), text("source"));
        if source.is_empty() {
            continue;
        }
        if source != REGISTRY {
            faults.push(Fault::of(
                "Cargo.lock",
                format!("{name} {version} comes from {source}: take it from crates.io"),
            ));
        }
        let mut wanted = allowed.clone();
        for (index, exception) in exceptions.iter().enumerate() {
            if exception.get("crate").and_then(Value::as_str) == Some(name)
                && !is_satisfied(license, &allowed)
            {
                wanted.extend(words(exception.get("allow")));
                if let Some(used) = used.get_mut(index) {
                    *used = true;
                }
            }
        }
        if !is_satisfied(license, &wanted) {
            let license = if license.is_empty() { "no licence in its manifest" } else { license };
            let words = format!(
                "{name} {version} has '{license}', which deny.toml does not allow: use another crate, or add a dated exception"
            );
            faults.push(Fault::of("Cargo.lock", words));
        }
    }
    for (exception, _) in exceptions.iter().zip(used).filter(|(_, used)| !used) {
        let name = exception.get("crate").and_then(Value::as_str).unwrap_or("?");
        faults
            .push(Fault::of(DENY, format!("the exception for '{name}' is not needed: remove it")));
    }
    faults
}

/// Exceptions say when they are looked at again.
fn undated(text: &str) -> Vec<Fault> {
    let is_exception = |line: &str| {
        let line = line.trim_start();
        (line.starts_with("{ crate =") && line.contains("allow =")) || line.starts_with("{ id =")
    };
    text.lines()
        .enumerate()
        .filter(|(_, line)| is_exception(line) && !line.contains("review 20"))
        .map(|(index, _)| {
            Fault::at(
                DENY,
                index + 1,
                "the exception has no date: say `# review YYYY-MM-DD: why` on its line",
            )
        })
        .collect()
}

fn words(list: Option<&Value>) -> Vec<&str> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Whether an SPDX expression can be satisfied with the licences `allowed`. `/` is the old way to write OR.
fn is_satisfied(expression: &str, allowed: &[&str]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let holds = any(&tokens, &mut at, allowed);
    holds && at == tokens.len()
}

fn any(tokens: &[&str], at: &mut usize, allowed: &[&str]) -> bool {
    let mut holds = all(tokens, at, allowed);
    while tokens.get(*at) == Some(&"OR") {
        *at += 1;
        holds |= all(tokens, at, allowed);
    }
    holds
}

fn all(tokens: &[&str], at: &mut usize, allowed: &[&str]) -> bool {
    let mut holds = one(tokens, at, allowed);
    while tokens.get(*at) == Some(&"AND") {
        *at += 1;
        holds &= one(tokens, at, allowed);
    }
    holds
}

fn one(tokens: &[&str], at: &mut usize, allowed: &[&str]) -> bool {
    let Some(token) = tokens.get(*at) else { return false };
    *at += 1;
    if *token == "(" {
        let holds = any(tokens, at, allowed);
        let is_closed = tokens.get(*at) == Some(&")");
        *at += 1;
        return holds && is_closed;
    }
    if tokens.get(*at) == Some(&"WITH") {
        let both = format!("{token} WITH {}", tokens.get(*at + 1).copied().unwrap_or_default());
        *at += 2;
        return allowed.contains(&both.as_str()) || allowed.contains(token);
    }
    allowed.contains(token)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Fault, Tree};
    use super::{REGISTRY, check, is_satisfied};

    fn said(deny: &str, license: &str, source: &str) -> String {
        let metadata = json!({"packages": [
            {"name": "ours", "version": "0.1.0", "license": null, "source": null},
            {"name": "theirs", "version": "1.0.0", "license": license, "source": source},
        ]});
        let tree = Tree::of([("deny.toml", deny)]);
        check(&tree, &metadata).iter().map(Fault::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn expressions_are_read() {
        let allowed = ["MIT", "Apache-2.0"];
        for good in [
            "MIT",
            "MIT OR GPL-3.0",
            "GPL-3.0/MIT",
            "(MIT OR X) AND Apache-2.0",
            "Apache-2.0 WITH LLVM-exception",
        ] {
            assert!(is_satisfied(good, &allowed), "{good}");
        }
        for bad in
            ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT", "MIT Apache-2.0", "GPL-3.0 OR X", "mit"]
        {
            assert!(!is_satisfied(bad, &allowed), "{bad}");
        }
    }

    #[test]
    fn licences_and_places_are_held() {
        let deny = "[licenses]\nallow = [\"MIT\"]\n";
        assert_eq!(said(deny, "MIT", REGISTRY), "");
        assert!(said(deny, "GPL-3.0", REGISTRY).contains("theirs 1.0.0 has 'GPL-3.0'"));
        assert!(said(deny, "", REGISTRY).contains("no licence"));
        assert!(said(deny, "MIT", "git+https://example.org/x").contains("comes from git+"));
        assert!(check(&Tree::default(), &json!({})).iter().any(|fault| fault.path == "deny.toml"));
    }

    #[test]
    fn exceptions_are_dated_and_needed() {
        let deny = "[licenses]\nallow = [\"MIT\"]\nexceptions = [\n  { crate = \"theirs\", allow = [\"MPL-2.0\"] }, # review 2027-01-01: why\n]\n";
        assert_eq!(said(deny, "MPL-2.0", REGISTRY), "");
        assert!(said(deny, "MIT", REGISTRY).contains("is not needed"));
        assert!(
            said(&deny.replace("# review 2027-01-01: why", ""), "MPL-2.0", REGISTRY)
                .contains("deny.toml:4: the exception has no date")
        );
    }
}
