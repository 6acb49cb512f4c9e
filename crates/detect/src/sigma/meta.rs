//! What a rule says of itself: the keys around the detection.

use std::fmt::Write as _;

use model::{Attack, Level, Logsource, RuleMeta};
use sha2::{Digest, Sha256};

use super::refusal::Fault;
use super::yaml::{Content, Node, Scalar};

/// Longest title, as the specification says.
const TITLE_CHARS_MAX: usize = 256;
const STATUSES: [&str; 5] = ["stable", "test", "experimental", "deprecated", "unsupported"];

/// Reads everything but the version.
pub(crate) fn read(document: &Node<'_>, path: &str) -> Result<RuleMeta, Fault> {
    let Some(title) = text(document, "title")? else {
        return Err(Fault::node(
            document,
            "no title",
            "add 'title:' with a short description of what is found",
        ));
    };
    if title.is_empty() || title.chars().count() > TITLE_CHARS_MAX {
        let reason = format!("the title is empty or longer than {TITLE_CHARS_MAX} characters");
        return Err(Fault::node(document.get("title").unwrap_or(document), reason, "shorten it"));
    }
    let tags = texts(document, "tags")?;
    Ok(RuleMeta {
        id: text(document, "id")?.unwrap_or_default().to_ascii_lowercase().into(),
        name: text(document, "name")?.map(Into::into),
        title: title.into(),
        version: "".into(),
        status: status(document)?.into(),
        level: level(document)?,
        description: text(document, "description")?.unwrap_or_default().into(),
        author: author(document),
        license: text(document, "license")?.map(Into::into),
        references: texts(document, "references")?,
        false_positives: texts(document, "falsepositives")?,
        attacks: tags.iter().filter_map(|tag| attack(tag)).collect(),
        tags,
        logsource: Logsource::default(),
        is_correlation: false,
        path: path.into(),
        line: document.line,
    })
}

/// Checks the taxonomy: `sigma` names and OCSF paths are what events carry.
pub(crate) fn check_taxonomy(document: &Node<'_>) -> Result<(), Fault> {
    match (text(document, "taxonomy")?, document.get("taxonomy")) {
        (Some(name), Some(node)) if !matches!(name, "sigma" | "ocsf") => Err(Fault::node(
            node,
            format!("the taxonomy '{name}' is not known"),
            "rename the fields to those of the Sigma taxonomy or to OCSF paths and remove the key",
        )),
        _ => Ok(()),
    }
}

/// Reads `logsource`: mandatory, a map with at least one part of text.
pub(crate) fn logsource(document: &Node<'_>) -> Result<Logsource, Fault> {
    let Some(node) = document.get("logsource") else {
        return Err(Fault::node(
            document,
            "no logsource",
            "add 'logsource:' with product, category or service",
        ));
    };
    if !matches!(node.content, Content::Map(_)) {
        return Err(Fault::node(
            node,
            format!("the logsource is {}", node.kind()),
            "write product, category, service",
        ));
    }
    let part = |key: &str| -> Result<Option<Box<str>>, Fault> {
        Ok(text(node, key)?
            .filter(|text| !text.is_empty())
            .map(|text| text.to_ascii_lowercase().into()))
    };
    Ok(Logsource {
        product: part("product")?,
        category: part("category")?,
        service: part("service")?,
    })
}

/// A text under a key; numbers and booleans count as written, null as absent.
pub(crate) fn text<'n>(document: &'n Node<'_>, key: &str) -> Result<Option<&'n str>, Fault> {
    let Some(node) = document.get(key) else { return Ok(None) };
    match node.scalar() {
        Some(Scalar::Null) => Ok(None),
        Some(_) => Ok(node.text()),
        None => Err(Fault::node(node, format!("'{key}' is {}", node.kind()), "write text")),
    }
}

/// A list of texts under a key; a single text is a list of one.
pub(crate) fn texts(document: &Node<'_>, key: &str) -> Result<Vec<Box<str>>, Fault> {
    let Some(node) = document.get(key) else { return Ok(Vec::new()) };
    match &node.content {
        Content::List(items) => items
            .iter()
            .map(|item| {
                let fault = || {
                    Fault::node(
                        item,
                        format!("'{key}' holds {}", item.kind()),
                        "write a list of texts",
                    )
                };
                item.text().map(Into::into).ok_or_else(fault)
            })
            .collect(),
        Content::Scalar(..) => Ok(text(document, key)?.map(Into::into).into_iter().collect()),
        Content::Map(_) => {
            Err(Fault::node(node, format!("'{key}' is a map"), "write a list of texts"))
        }
    }
}

fn status<'n>(document: &'n Node<'_>) -> Result<&'n str, Fault> {
    match (text(document, "status")?, document.get("status")) {
        (Some(status), Some(node)) if !STATUSES.contains(&status) => {
            let reason = format!("no status '{status}'");
            Err(Fault::node(node, reason, format!("the statuses are {}", STATUSES.join(", "))))
        }
        (status, _) => Ok(status.unwrap_or_default()),
    }
}

fn level(document: &Node<'_>) -> Result<Level, Fault> {
    match (text(document, "level")?, document.get("level")) {
        (Some(word), Some(node)) => Level::parse(word).ok_or_else(|| {
            let words: Vec<&str> = Level::ALL.iter().map(|level| level.as_str()).collect();
            Fault::node(
                node,
                format!("no level '{word}'"),
                format!("the levels are {}", words.join(", ")),
            )
        }),
        _ => Ok(Level::default()),
    }
}

/// The author is text; some write a list.
fn author(document: &Node<'_>) -> Box<str> {
    texts(document, "author").unwrap_or_default().join(", ").into()
}

fn attack(tag: &str) -> Option<Attack> {
    let name = tag
        .get(..7)
        .filter(|prefix| prefix.eq_ignore_ascii_case("attack."))
        .and_then(|_| tag.get(7..))?;
    let mut rest = name.chars();
    if matches!(rest.next(), Some('t' | 'T')) && rest.next().is_some_and(|c| c.is_ascii_digit()) {
        return Some(Attack::Technique(name.to_ascii_uppercase().into()));
    }
    let is_tactic =
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, '-' | '_'));
    is_tactic.then(|| Attack::Tactic(name.to_ascii_lowercase().replace('_', "-").into()))
}

/// Gathers what makes a rule's meaning, in a form that layout, comments, the order of keys and the style of quotes
/// do not change, and hashes it.
#[derive(Clone, Default)]
pub(crate) struct Meaning(Sha256);

impl Meaning {
    /// A word of its own, told apart from what stands around it by its length.
    pub(crate) fn add(&mut self, text: &str) {
        self.0.update((text.len() as u64).to_le_bytes());
        self.0.update(text.as_bytes());
    }

    /// A tree: maps by their keys in order, scalars with their type.
    pub(crate) fn add_node(&mut self, node: &Node<'_>) {
        match &node.content {
            Content::Scalar(text, _) => {
                let kind = match node.scalar() {
                    Some(Scalar::Null) => return self.0.update(b"n"),
                    Some(Scalar::Bool(wanted)) => {
                        return self.0.update(if wanted { b"t" } else { b"f" });
                    }
                    Some(Scalar::Int(..) | Scalar::Float(..)) => b"i",
                    _ => b"s",
                };
                self.0.update(kind);
                self.add(text);
            }
            Content::List(items) => {
                self.0.update(b"[");
                for item in items {
                    self.add_node(item);
                }
                self.0.update(b"]");
            }
            Content::Map(entries) => {
                let mut sorted: Vec<_> = entries.iter().collect();
                sorted.sort_by_key(|(key, _)| key.text());
                self.0.update(b"{");
                for (key, value) in sorted {
                    self.add(key.text().unwrap_or_default());
                    self.add_node(value);
                }
                self.0.update(b"}");
            }
        }
    }

    /// The first `bytes` bytes of the hash in hexadecimal.
    pub(crate) fn hex(&self, bytes: usize) -> Box<str> {
        let mut text = String::with_capacity(bytes * 2);
        for byte in self.0.clone().finalize().iter().take(bytes) {
            // Writing to a string cannot fail.
            write!(text, "{byte:02x}").unwrap_or_default();
        }
        text.into()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    fn document(text: &str) -> Node<'_> {
        super::super::yaml::parse(text).0.remove(0)
    }

    #[test]
    fn tags_become_tactics_and_techniques() {
        assert_eq!(attack("attack.t1059.001"), Some(Attack::Technique("T1059.001".into())));
        assert_eq!(
            attack("attack.credential_access"),
            Some(Attack::Tactic("credential-access".into()))
        );
        assert_eq!(attack("attack.g0016"), None);
        assert_eq!(attack("cve.2024-1"), None);
    }

    #[test]
    fn the_version_depends_on_meaning_only() {
        let hash = |text| {
            let mut meaning = Meaning::default();
            meaning.add_node(&document(text));
            meaning.hex(8)
        };
        assert_eq!(hash("a: x\nb: [1, 'y']\n"), hash("# comment\nb:\n  - 1\n  - y\na: 'x'\n"));
        assert_ne!(hash("a: 1"), hash("a: '1'"));
        assert_ne!(hash("a: [b, c]"), hash("a: [bc]"));
        assert_eq!(hash("a: 1").len(), 16);
    }

    #[test]
    fn what_is_missing_or_wrong_is_refused() {
        let reason = |text| read(&document(text), "x").unwrap_err().reason;
        assert_eq!(reason("id: 1"), "no title");
        assert_eq!(reason("title: a\nlevel: severe"), "no level 'severe'");
        assert_eq!(reason("title: a\nstatus: old"), "no status 'old'");
        assert_eq!(reason("title: [a]"), "'title' is a list");
    }
}
