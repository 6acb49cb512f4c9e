//! The recorded day: the committed files are what the generator makes, and they hold what they should.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use std::sync::LazyLock;

use testkit::day::{SEED, files, files_attack, files_benign};

type Files = Vec<(String, Vec<u8>)>;

/// The day as it is shipped, made once.
static DAY: LazyLock<Files> = LazyLock::new(|| files(SEED));

/// The text of every file, unpacked: how tightly it is packed depends on the library, the text does not.
fn texts(files: Files) -> BTreeMap<String, String> {
    files.into_iter().map(|(name, bytes)| (name.clone(), text(&name, bytes))).collect()
}

fn text(name: &str, bytes: Vec<u8>) -> String {
    let mut text = String::new();
    if name.strip_suffix(".gz").is_some() {
        flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
    } else {
        text = String::from_utf8(bytes).unwrap();
    }
    text
}

#[test]
fn committed_files_are_what_the_generator_makes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../content/demo/day");
    let made = texts(DAY.clone());
    let mut committed = BTreeMap::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).unwrap();
        committed.insert(name.clone(), text(&name, bytes));
    }
    let names = |texts: &BTreeMap<String, String>| texts.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&committed), names(&made), "run `cargo xtask day`");
    for (name, text) in &made {
        assert!(committed.get(name) == Some(text), "{name} differs; run `cargo xtask day`");
    }
}

#[test]
fn is_the_same_for_a_seed_and_another_for_another() {
    assert!(files(SEED) == *DAY, "the same seed gave another day");
    assert!(texts(files_attack(7)) != texts(files_attack(8)), "another seed gave the same day");
}

#[test]
fn is_large_enough_and_small_enough() {
    let made = DAY.clone();
    assert!(made.len() >= 10);
    assert!(made.iter().all(|(_, bytes)| bytes.len() < 1 << 20), "a file has a mebibyte or more");
    assert!(made.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() < 6_000_000);
    let lines: usize = texts(made).values().map(|text| text.lines().count()).sum();
    assert!((12_000..20_000).contains(&lines), "{lines} lines");
}

#[test]
fn benign_part_and_attack_make_the_day() {
    let count = |texts: &BTreeMap<String, String>| {
        let lines = texts.values().flat_map(|text| text.lines());
        lines
            .filter(|line| !line.starts_with('#'))
            .map(|line| line.trim_end_matches(',').len())
            .sum::<usize>()
    };
    let (all, benign, attack) =
        (texts(DAY.clone()), texts(files_benign(SEED)), texts(files_attack(SEED)));
    let envelope = "{\"Records\":[".len() + "]}".len();
    assert_eq!(count(&all) + envelope, count(&benign) + count(&attack));
    assert!(
        !benign
            .values()
            .any(|text| text.contains("metrics-edge.example") || text.contains("203.0.113.66"))
    );
    assert!(attack.len() >= 14, "the attack shows in {} files", attack.len());
}

#[test]
fn uses_documentation_addresses_only() {
    for (name, text) in texts(DAY.clone()) {
        for word in text.split(|letter: char| !letter.is_ascii_digit() && letter != '.') {
            let parts: Vec<Option<u16>> = word.split('.').map(|part| part.parse().ok()).collect();
            let [Some(a), Some(b), Some(c), Some(_)] = parts[..] else { continue };
            if parts.iter().flatten().any(|part| *part > 255) {
                continue;
            }
            let known = matches!(
                (a, b, c),
                (10 | 127, ..) | (192, 0, 2) | (198, 51, 100) | (203, 0, 113) | (255, 255, 255)
            );
            // Versions of programs look like addresses.
            let version = matches!((a, b), (133 | 132 | 124 | 4, _))
                || word.starts_with("0.")
                || word.ends_with(".0.0");
            assert!(known || version, "{word} in {name}");
        }
    }
}
