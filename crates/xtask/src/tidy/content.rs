//! Content has its tests: a rule what must and must not match, a source samples and the events they become.

use std::collections::BTreeMap;

use super::{Fault, Tree};

const RULES: &str = "content/rules";
const SOURCES: &str = "content/sources";

pub(super) fn check(tree: &Tree) -> Vec<Fault> {
    let mut faults = rules(tree);
    faults.extend(tests_of_rules(tree));
    faults.extend(sources(tree));
    faults
}

/// Rules: `content/rules/<logsource>/<rule>.yml`.
fn rules(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut ids: BTreeMap<&str, String> = BTreeMap::new();
    for (path, text) in tree.below(RULES) {
        let parts: Vec<&str> = path.split('/').skip(2).collect();
        let (folder, name) = match parts.as_slice() {
            [folder, name] => (folder, name),
            [_, "tests", _] => continue,
            _ => {
                faults.push(Fault::of(
                    path,
                    "rules lie in content/rules/<logsource>/<rule>.yml: move it there",
                ));
                continue;
            }
        };
        let Some(stem) = name.strip_suffix(".yml") else {
            faults.push(Fault::of(path, "a rule's file ends in .yml: rename it"));
            continue;
        };
        if !is_plain(stem) {
            faults.push(Fault::of(path, "a rule's file has a name of a-z, 0-9 and _: rename it"));
        }
        if tree.text(&format!("{RULES}/{folder}/tests/{name}")).is_none() {
            faults.push(Fault::of(
                path,
                format!("has no test: write tests/{name} with `match` and `no_match`"),
            ));
        }
        for (index, line) in text.lines().enumerate() {
            let Some(id) = line.strip_prefix("id:").map(plain_value) else { continue };
            let here = format!("{path}:{}", index + 1);
            if let Some(first) = ids.get(id) {
                faults.push(Fault::at(
                    path,
                    index + 1,
                    format!("the id {id} is taken by {first}: make a new one"),
                ));
            } else {
                ids.insert(id, here);
            }
        }
        faults.extend(
            documents(text).into_iter().flat_map(|(line, document)| keys(path, line, &document)),
        );
    }
    faults
}

/// The documents of a file with the line on which each begins.
fn documents(text: &str) -> Vec<(usize, Vec<&str>)> {
    let mut found = vec![(1, Vec::new())];
    for (index, line) in text.lines().enumerate() {
        if line.starts_with("---") {
            found.push((index + 2, Vec::new()));
        } else if let Some((_, lines)) = found.last_mut() {
            lines.push(line);
        }
    }
    found.retain(|(_, lines)| lines.iter().any(|line| !line.trim().is_empty()));
    found
}

/// What a rule of ours says besides what the engine demands.
fn keys(path: &str, line: usize, document: &[&str]) -> Vec<Fault> {
    let has = |key: &str| {
        document.iter().any(|line| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')))
    };
    let mut faults = Vec::new();
    for (key, why) in [
        ("id", "findings are known by it"),
        ("falsepositives", "an analyst must know what else looks so"),
        ("level", "findings are sorted by it"),
    ] {
        if !has(key) {
            faults.push(Fault::at(path, line, format!("says no `{key}`: add it, {why}")));
        }
    }
    let is_tagged = document
        .iter()
        .any(|line| line.trim_start().trim_start_matches("- ").starts_with("attack."));
    if !is_tagged {
        faults.push(Fault::at(
            path,
            line,
            "has no ATT&CK tag: add the tactic and the technique under `tags`",
        ));
    }
    faults
}

/// Tests of rules: `content/rules/<logsource>/tests/<rule>.yml`.
fn tests_of_rules(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (path, text) in
        tree.below(RULES).filter(|(path, _)| path.split('/').nth(3) == Some("tests"))
    {
        if tree.text(&path.replacen("/tests/", "/", 1)).is_none() {
            faults.push(Fault::of(
                path,
                "tests a rule that is not there: rename it as its rule, or remove it",
            ));
        }
        for key in ["match", "no_match"] {
            let mut lines = text.lines().skip_while(|line| {
                line.strip_prefix(key).is_none_or(|rest| !rest.starts_with(':'))
            });
            let is_given = lines.next().is_some()
                && lines.next().is_some_and(|line| line.trim_start().starts_with('-'));
            if !is_given {
                faults.push(Fault::of(
                    path,
                    format!("has nothing under `{key}`: a test needs what matches and a near miss"),
                ));
            }
        }
    }
    faults
}

/// Sources: `content/sources/<vendor>_<product>/`.
fn sources(tree: &Tree) -> Vec<Fault> {
    let mut folders: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut faults = Vec::new();
    for (path, _) in tree.below(SOURCES) {
        match path.splitn(4, '/').skip(2).collect::<Vec<_>>().as_slice() {
            [folder, rest] => folders.entry(folder).or_default().push(rest),
            _ => faults.push(Fault::of(path, "lies beside the sources: a source is a folder")),
        }
    }
    for (id, files) in folders {
        let folder = format!("{SOURCES}/{id}");
        if !is_plain(id) || !id.contains('_') {
            faults.push(Fault::of(
                &folder,
                "a source is called <vendor>_<product> in a-z and 0-9: rename it",
            ));
        }
        for name in ["source.yaml", "map.yaml"] {
            if !files.contains(&name) {
                faults.push(Fault::of(&folder, format!("has no {name}: see docs/mapping.md")));
            }
        }
        let samples = |ending: &str| -> Vec<&str> {
            files
                .iter()
                .filter_map(|file| file.strip_prefix("samples/")?.strip_suffix(ending))
                .collect()
        };
        let (raw, expected) = (samples(".raw"), samples(".ocsf.json"));
        if raw.is_empty() {
            faults.push(Fault::of(
                &folder,
                "has no sample: write samples/<name>.raw as the source writes its records",
            ));
        }
        for name in raw.iter().filter(|name| !expected.contains(name)) {
            let words = format!(
                "has no samples/{name}.ocsf.json: run `wardroom sources test {id} --update` and read what it wrote"
            );
            faults.push(Fault::of(&folder, words));
        }
        for name in expected.iter().filter(|name| !raw.contains(name)) {
            faults.push(Fault::of(
                &folder,
                format!("expects samples/{name}.ocsf.json of no sample: remove it"),
            ));
        }
    }
    faults
}

fn plain_value(text: &str) -> &str {
    text.split(" #").next().unwrap_or_default().trim().trim_matches(['\'', '"'])
}

fn is_plain(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::super::{Fault, Tree};
    use super::check;

    const RULE: &str =
        "title: A\nid: 11\ntags:\n  - attack.t1\nfalsepositives:\n  - None known\nlevel: low\n";
    const TEST: &str = "match:\n- name: a\nno_match:\n- name: b\n";

    fn said(files: &[(&str, &str)]) -> String {
        check(&Tree::of(files.iter().copied()))
            .iter()
            .map(Fault::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    }

    fn rule(rule: &str, test: &str) -> String {
        said(&[("content/rules/web/a.yml", rule), ("content/rules/web/tests/a.yml", test)])
    }

    #[test]
    fn a_whole_rule_passes() {
        assert_eq!(rule(RULE, TEST), "");
        assert_eq!(rule(&format!("{RULE}---\n{}", RULE.replace("11", "12")), TEST), "");
    }

    #[test]
    fn a_rule_has_its_test() {
        assert!(said(&[("content/rules/web/a.yml", RULE)]).contains("a.yml: has no test"));
        assert!(
            said(&[("content/rules/web/tests/a.yml", TEST)])
                .contains("tests a rule that is not there")
        );
        assert!(rule(RULE, "match:\n- name: a\n").contains("nothing under `no_match`"));
        assert!(rule(RULE, "match: []\nno_match:\n- name: b\n").contains("nothing under `match`"));
    }

    #[test]
    fn a_rule_says_what_people_need() {
        for (key, line) in
            [("id", "id: 11\n"), ("falsepositives", "falsepositives:\n"), ("level", "level: low\n")]
        {
            assert!(
                rule(&RULE.replace(line, ""), TEST).contains(&format!("says no `{key}`")),
                "{key}"
            );
        }
        assert!(rule(&RULE.replace("attack.t1", "cve.1"), TEST).contains("no ATT&CK tag"));
        let second = format!("{RULE}---\ntitle: B\nid: 12\n");
        assert!(rule(&second, TEST).contains("a.yml:9: says no `level`"));
    }

    #[test]
    fn ids_are_unique() {
        let twice = said(&[
            ("content/rules/web/a.yml", RULE),
            ("content/rules/web/tests/a.yml", TEST),
            ("content/rules/web/b.yml", &RULE.replace("id: 11", "id: '11' # again")),
            ("content/rules/web/tests/b.yml", TEST),
        ]);
        assert_eq!(
            twice,
            "content/rules/web/b.yml:2: the id 11 is taken by content/rules/web/a.yml:2: make a new one"
        );
    }

    #[test]
    fn rules_lie_in_their_place() {
        assert!(said(&[("content/rules/a.yml", RULE)]).contains("rules lie in"));
        assert!(said(&[("content/rules/web/a.yaml", RULE)]).contains("ends in .yml"));
        assert!(said(&[("content/rules/web/A-1.yml", RULE)]).contains("has a name of"));
    }

    #[test]
    fn a_source_is_whole() {
        let all = [
            ("content/sources/a_b/source.yaml", ""),
            ("content/sources/a_b/map.yaml", ""),
            ("content/sources/a_b/samples/one.raw", ""),
            ("content/sources/a_b/samples/one.ocsf.json", ""),
        ];
        assert_eq!(said(&all), "");
        for (index, words) in [
            (0, "has no source.yaml"),
            (1, "has no map.yaml"),
            (2, "has no sample"),
            (3, "has no samples/one.ocsf.json"),
        ] {
            let some: Vec<_> = all
                .iter()
                .enumerate()
                .filter(|(at, _)| *at != index)
                .map(|(_, file)| *file)
                .collect();
            assert!(said(&some).contains(words), "{words}");
        }
        let more = [all.as_slice(), &[("content/sources/a_b/samples/two.ocsf.json", "")]].concat();
        assert!(said(&more).contains("of no sample"));
        assert!(said(&[("content/sources/x.yaml", "")]).contains("lies beside"));
        assert!(said(&[("content/sources/A-b/map.yaml", "")]).contains("<vendor>_<product>"));
    }
}
