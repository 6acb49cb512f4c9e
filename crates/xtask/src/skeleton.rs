//! Skeletons of new content: what a source or a rule needs, with the places to fill in.

use std::fmt::Write;
use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::Path;

use anyhow::{Context, bail};

/// Files to write, by their path from the root, and what the author does then.
#[derive(Debug)]
pub struct Skeleton {
    files: Vec<(String, String)>,
    /// What to do next.
    pub next: String,
}

/// A source: `content/sources/<id>/`.
///
/// # Errors
/// When the id is not `<vendor>_<product>`.
pub fn source(id: &str) -> anyhow::Result<Skeleton> {
    let Some((vendor, product)) =
        id.split_once('_').filter(|(vendor, product)| is_plain(vendor) && is_plain(product))
    else {
        bail!("'{id}' is not <vendor>_<product> in a-z, 0-9 and _");
    };
    let folder = format!("content/sources/{id}");
    let about = format!(
        "title: {vendor} {product}\nvendor: {vendor}\nproduct: {product}\nclass: server # endpoint | server | network | identity | cloud\n\
         summary: What its records say, in one sentence.\ndocs: https://example.org/\n"
    );
    let map = format!(
        "# docs/mapping.md says what each part means.\nrecognise:\n  - format: json\n    where: {{product: {product}}}\n\
         logsource: {{product: {product}}}\ntime: [timestamp]\nkinds:\n  - name: other\n    class: base_event\n    fields:\n      message: message\n"
    );
    let raw = format!(
        "{{\"timestamp\":\"2026-01-01T00:00:00Z\",\"product\":\"{product}\",\"message\":\"first\"}}\n"
    );
    Ok(Skeleton {
        files: vec![
            (format!("{folder}/source.yaml"), about),
            (format!("{folder}/map.yaml"), map),
            (format!("{folder}/samples/first.raw"), raw),
        ],
        next: format!(
            "now fill them in, run `wardroom sources test {id} --update`, and read what it wrote"
        ),
    })
}

/// A rule and its test: `content/rules/<logsource>/<name>.yml` and `tests/<name>.yml` beside it.
///
/// # Errors
/// When a name has other letters than a-z, 0-9 and `_`.
pub fn rule(logsource: &str, name: &str) -> anyhow::Result<Skeleton> {
    for word in [logsource, name] {
        if !is_plain(word) {
            bail!("'{word}' has other letters than a-z, 0-9 and _");
        }
    }
    let (id, today, title) = (id()?, jiff::ZonedDateTime::now().date(), title(name));
    let rule = format!(
        "title: {title}\nid: {id}\nstatus: experimental\ndescription: What the behaviour is and why it matters.\n\
         references:\n  - https://attack.mitre.org/\nauthor: Wardroom\ndate: {today}\ntags:\n  - attack.execution\n  - attack.t1059\n\
         logsource:\n  category: {logsource}\ndetection:\n  selection:\n    CommandLine|contains: a part that only this behaviour has\n\
         \x20 condition: selection\nfalsepositives:\n  - What else looks so\nlevel: medium\n"
    );
    let test = "match:\n- name: what must match\n  event:\n    CommandLine: it has a part that only this behaviour has\n\
                no_match:\n- name: a near miss\n  event:\n    CommandLine: it has another part\n";
    let folder = format!("content/rules/{logsource}");
    Ok(Skeleton {
        files: vec![
            (format!("{folder}/{name}.yml"), rule),
            (format!("{folder}/tests/{name}.yml"), test.to_owned()),
        ],
        next: format!("now fill them in and run `wardroom rules test {folder}`"),
    })
}

/// Writes a skeleton below `root`; returns the paths.
///
/// # Errors
/// When a file is there already (nothing is written then) or cannot be written.
pub fn write(root: &Path, skeleton: &Skeleton) -> anyhow::Result<Vec<String>> {
    if let Some((path, _)) = skeleton.files.iter().find(|(path, _)| root.join(path).exists()) {
        bail!("{path} is there already: choose another name");
    }
    for (path, text) in &skeleton.files {
        let file = root.join(path);
        let folder = file.parent().with_context(|| format!("{path} lies in no folder"))?;
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        fs::write(&file, text).with_context(|| format!("cannot write {path}"))?;
    }
    Ok(skeleton.files.iter().map(|(path, _)| path.clone()).collect())
}

fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// `some_name` as a title.
fn title(name: &str) -> String {
    let words = name.split('_').map(|word| {
        let mut letters = word.chars();
        letters
            .next()
            .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    });
    words.collect::<Vec<String>>().join(" ")
}

/// A random UUID (version 4), as Sigma demands of an id. The hasher's keys are random in every process.
fn id() -> anyhow::Result<String> {
    let draw = || RandomState::new().build_hasher().finish();
    let bits = (u128::from(draw()) << 64) | u128::from(draw());
    let bits = (bits & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let digits = format!("{bits:032x}");
    let mut id = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if matches!(index, 8 | 12 | 16 | 20) {
            id.write_char('-')?;
        }
        id.write_char(digit)?;
    }
    Ok(id)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::{id, rule, source, title, write};

    #[test]
    fn skeletons_are_written_once() {
        let root = tempfile::tempdir().unwrap();
        let skeleton = rule("process_creation", "odd_parent").unwrap();
        let paths = write(root.path(), &skeleton).unwrap();
        assert_eq!(
            paths,
            [
                "content/rules/process_creation/odd_parent.yml",
                "content/rules/process_creation/tests/odd_parent.yml"
            ]
        );
        let text = std::fs::read_to_string(root.path().join(paths.first().unwrap())).unwrap();
        assert!(text.starts_with("title: Odd Parent\nid: "), "{text}");
        let error = write(root.path(), &skeleton).unwrap_err().to_string();
        assert!(error.contains("is there already"), "{error}");
    }

    #[test]
    fn names_are_held() {
        assert!(source("acme_gate").is_ok());
        for id in ["acme", "_gate", "acme_", "Acme_gate", "../x_y"] {
            assert!(source(id).is_err(), "{id}");
        }
        assert!(rule("web", "a b").is_err());
        assert!(rule("", "a").is_err());
        assert_eq!(title("a_bc"), "A Bc");
    }

    #[test]
    fn ids_are_random_uuids() {
        let (first, second) = (id().unwrap(), id().unwrap());
        assert_ne!(first, second);
        let parts: Vec<&str> = first.split('-').collect();
        assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        assert!(parts.get(2).unwrap().starts_with('4'));
        assert!(parts.get(3).unwrap().starts_with(['8', '9', 'a', 'b']));
    }
}
