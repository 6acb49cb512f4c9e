//! Rule files: built in, the user's own, and those of the command line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use detect::sigma::Placeholders;

use super::{ContentFile, embedded, files_below, own_folder, read};
use crate::args::RulesSelection;
use crate::exit::Failure;

/// A rule file.
#[derive(Debug, Clone)]
pub(crate) struct RuleFile {
    /// Where it stands: `content/rules/…` for built-in ones, else the path on disk.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
    /// The text of its test, when there is one.
    pub(crate) test: Option<String>,
}

/// Whether a path is a test or other data beside rules, not a rule.
fn is_test(path: &str) -> bool {
    path.split('/').any(|part| part == "tests")
}

/// `a/b.yml` → `a/tests/b.yml`.
fn test_path(path: &str) -> String {
    match path.rsplit_once('/') {
        Some((folder, name)) => format!("{folder}/tests/{name}"),
        None => format!("tests/{path}"),
    }
}

fn is_yaml(path: &str) -> bool {
    Path::new(path)
        .extension()
        .is_some_and(|it| it.eq_ignore_ascii_case("yml") || it.eq_ignore_ascii_case("yaml"))
}

/// The rule files that a selection names.
pub(crate) fn read_rules(selection: &RulesSelection) -> Result<Vec<RuleFile>, Failure> {
    let mut all: BTreeMap<String, ContentFile> = BTreeMap::new();
    if selection.no_builtin_rules {
        if selection.rules.is_empty() {
            return Err(Failure::usage(
                "--no-builtin-rules leaves no rule; name some with --rules DIR",
            ));
        }
    } else {
        all = embedded("rules");
        if let Some(folder) = own_folder("rules") {
            lay_over(&mut all, &folder)?;
        }
    }
    for path in &selection.rules {
        if lay_over(&mut all, path)? == 0 {
            return Err(no_rule(std::slice::from_ref(path)));
        }
    }
    Ok(rule_files(&all))
}

/// The rule files below paths, without the built-in ones; all built-in ones when there are no paths.
pub(crate) fn rules_of_paths(paths: &[PathBuf]) -> Result<Vec<RuleFile>, Failure> {
    let mut all: BTreeMap<String, ContentFile> = BTreeMap::new();
    if paths.is_empty() {
        return read_rules(&RulesSelection::default());
    }
    for path in paths {
        lay_over(&mut all, path)?;
        // A single file brings its test along.
        if let (true, Some(folder), Some(name)) = (path.is_file(), path.parent(), path.file_name())
        {
            let test = folder.join("tests").join(name);
            if test.is_file() {
                all.insert(test.display().to_string(), read(&test)?);
            }
        }
    }
    let files = rule_files(&all);
    if files.is_empty() {
        return Err(no_rule(paths));
    }
    Ok(files)
}

fn no_rule(paths: &[PathBuf]) -> Failure {
    let shown: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    Failure::not_found(format!(
        "no rule in {}; rules are files that end in .yml or .yaml",
        shown.join(", ")
    ))
}

/// Adds the files below `path` and returns how many of them are rules. A file with the relative path of a built-in one replaces it; others never
/// replace each other, because two folders may well use the same names.
fn lay_over(all: &mut BTreeMap<String, ContentFile>, path: &Path) -> Result<usize, Failure> {
    if path.is_file() {
        let key = path.display().to_string();
        let count = usize::from(is_yaml(&key));
        all.insert(key, read(path)?);
        return Ok(count);
    }
    if !path.exists() {
        let gone = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(Failure::file("read the rules in", path, &gone));
    }
    let mut count = 0;
    for (relative, path) in files_below(path)? {
        if is_yaml(&relative) {
            count += usize::from(!is_test(&relative));
            let key =
                if all.contains_key(&relative) { relative } else { path.display().to_string() };
            all.insert(key, read(&path)?);
        }
    }
    Ok(count)
}

fn rule_files(all: &BTreeMap<String, ContentFile>) -> Vec<RuleFile> {
    all.iter()
        .filter(|(path, _)| is_yaml(path) && !is_test(path))
        .map(|(path, file)| RuleFile {
            path: file.origin.clone(),
            text: file.text(),
            test: all.get(&test_path(path)).map(ContentFile::text),
        })
        .collect()
}

/// Values for the `%placeholders%` of rules: a YAML map from name to a value or a list of values.
pub(crate) fn placeholders(path: Option<&Path>) -> Result<Placeholders, Failure> {
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum Values {
        One(String),
        Many(Vec<String>),
    }
    let Some(path) = path else { return Ok(Placeholders::default()) };
    let file = read(path)?;
    let values: BTreeMap<String, Values> =
        serde_saphyr::from_str(&file.text()).map_err(|error| {
            Failure::usage(format!(
                "{}: {error}\nwrite a map such as `admins: [alice, bob]`",
                path.display()
            ))
        })?;
    Ok(values
        .into_iter()
        .map(|(name, values)| match values {
            Values::One(value) => (name.into(), vec![value.into()]),
            Values::Many(values) => (name.into(), values.into_iter().map(Into::into).collect()),
        })
        .collect())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_with_a_built_in_path_replaces_it_and_others_add() {
        let built_in = read_rules(&RulesSelection::default()).unwrap();
        let relative = built_in[0].path.strip_prefix("content/rules/").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let replaced = folder.path().join(relative);
        fs::create_dir_all(replaced.parent().unwrap()).unwrap();
        fs::write(&replaced, "title: mine").unwrap();
        fs::write(folder.path().join("new.yml"), "title: new").unwrap();
        let selection =
            RulesSelection { rules: vec![folder.path().to_owned()], ..RulesSelection::default() };
        let files = read_rules(&selection).unwrap();
        assert_eq!(files.len(), built_in.len() + 1);
        let mine = files.iter().find(|file| file.text == "title: mine").unwrap();
        assert_eq!(mine.path, replaced.display().to_string());
    }

    #[test]
    fn built_in_rules_have_their_tests() {
        let files = read_rules(&RulesSelection::default()).unwrap();
        assert!(files.iter().all(|file| !is_test(&file.path)));
        assert!(files.iter().any(|file| file.test.is_some()));
    }

    #[test]
    fn placeholders_are_values_or_lists() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.yaml");
        fs::write(&path, "admins: [alice, bob]\nproxy: 10.0.0.1\n").unwrap();
        let found = placeholders(Some(&path)).unwrap();
        assert_eq!(found["admins"].join(" "), "alice bob");
        assert_eq!(found["proxy"].join(" "), "10.0.0.1");
        fs::write(&path, "admins: {a: b}").unwrap();
        assert!(placeholders(Some(&path)).unwrap_err().message.contains("p.yaml"));
    }
}
