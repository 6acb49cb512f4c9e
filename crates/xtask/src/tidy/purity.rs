//! Pure crates never read clock, disk, environment or network, and start no process: whoever calls passes in
//! readers and times.

use super::rust::Rust;
use super::{Fault, Tree, modules};

/// The crates that are pure.
const PURE: [&str; 3] = ["crates/model", "crates/ingest", "crates/detect"];

/// Modules of `std` that reach outside.
const OUTSIDE: [&str; 4] = ["env", "fs", "os", "process"];

/// Types that reach outside, wherever they come from.
const TYPES: [&str; 8] = [
    "Instant",
    "SystemTime",
    "TcpListener",
    "TcpStream",
    "ToSocketAddrs",
    "UdpSocket",
    "UnixListener",
    "UnixStream",
];

/// Functions that read the clock of any library of times.
const CLOCKS: [&str; 3] = ["now", "now_utc", "system"];

pub(super) fn check(tree: &Tree) -> Vec<Fault> {
    let reached = modules::reached(tree);
    let mut faults = Vec::new();
    for (path, rust) in tree.rust() {
        let is_pure = PURE
            .iter()
            .any(|folder| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with("/src/")));
        if is_pure && reached.get(path) != Some(&modules::Use::Tests) {
            faults.extend(outside(rust).into_iter().map(|(line, what)| {
                let words = format!("a pure crate uses {what}: take a reader, a value or a time as an argument instead");
                Fault::at(path, line, words)
            }));
        }
    }
    faults
}

/// Lines of code that reach outside, with what they use.
fn outside(rust: &Rust) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (index, token) in rust.tokens.iter().enumerate() {
        if token.is_test || !token.is_word {
            continue;
        }
        let word = token.text.as_str();
        if TYPES.contains(&word) {
            found.push((token.line, format!("`{word}`")));
        }
        let is_behind_path = index > 0 && rust.text(index - 1) == "::";
        if is_behind_path && CLOCKS.contains(&word) && rust.text(index + 1) == "(" {
            found.push((token.line, format!("`{}::{word}`", rust.text(index.saturating_sub(2)))));
        }
        if word == "std" && rust.text(index + 1) == "::" {
            found.extend(
                heads(rust, index + 2)
                    .into_iter()
                    .filter(|(_, head)| OUTSIDE.contains(&head.as_str()))
                    .map(|(line, head)| (line, format!("`std::{head}`"))),
            );
        }
    }
    found
}

/// The first parts of the paths at `index`: one word, or each of a list in braces.
fn heads(rust: &Rust, index: usize) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut depth = 0_usize;
    let mut is_head = true;
    for token in rust.tokens.iter().skip(index) {
        match token.text.as_str() {
            "{" => depth += 1,
            "}" => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    break;
                }
            }
            "," => is_head = depth == 1,
            text => {
                if is_head && depth <= 1 {
                    found.push((token.line, text.to_owned()));
                }
                is_head = false;
                if depth == 0 {
                    break;
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::Tree;
    use super::check;

    fn lines(code: &str) -> Vec<usize> {
        let tree = Tree::of([("crates/model/src/lib.rs", code)]);
        check(&tree).iter().map(|fault| fault.line).collect()
    }

    #[test]
    fn every_way_outside_is_seen() {
        for code in [
            "use std::fs;",
            "use std::fs::File;",
            "use std::{sync::Arc, fs::File};",
            "use std::{io::{self, Read}, env};",
            "fn f() { std::env::var(\"X\"); }",
            "fn f() { let _ = std::time::Instant::now; }",
            "use std::time::{Duration, SystemTime};",
            "use std::net::TcpStream;",
            "fn f() { std::process::Command::new(\"x\"); }",
            "fn f() { let t = jiff::ZonedDateTime::now(); }",
            "fn f() { let z = TimeZone::system(); }",
            "#[cfg(not(test))] use std::fs;",
        ] {
            assert_eq!(lines(&format!("\n{code}")).first(), Some(&2), "{code}");
        }
    }

    #[test]
    fn what_only_sounds_so_passes() {
        for code in [
            "use std::net::{IpAddr, Ipv4Addr};",
            "use std::io::Read; // not std::fs",
            "const T: &str = \"std::fs SystemTime\";",
            "use std::{io::{self, Read}, sync::Arc};",
            "fn now(env: u8) -> u8 { now(env) }",
            "#[cfg(test)] mod tests { use std::fs; }",
            "#[test] fn t() { std::fs::read(\"x\").unwrap(); }",
            "const E: &str = env!(\"CARGO_PKG_VERSION\");",
        ] {
            assert_eq!(lines(code), Vec::<usize>::new(), "{code}");
        }
    }

    #[test]
    fn files_for_tests_and_other_crates_may_go_outside() {
        let tree = Tree::of([
            ("crates/model/src/lib.rs", "#[cfg(test)] mod probe; mod real;"),
            ("crates/model/src/probe.rs", "use std::fs;"),
            ("crates/model/src/real.rs", "use std::fs;"),
            ("crates/model/tests/data.rs", "use std::fs;"),
            ("crates/wardroom/src/main.rs", "use std::fs;"),
        ]);
        let paths: Vec<String> = check(&tree).into_iter().map(|fault| fault.path).collect();
        assert_eq!(paths, ["crates/model/src/real.rs"]);
    }
}
