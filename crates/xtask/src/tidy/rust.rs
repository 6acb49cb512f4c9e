//! Rust files as tokens: what is code, what is a test, which modules are declared.

use proc_macro2::{Spacing, TokenStream, TokenTree};

/// The smallest part of a file; comments are gone, documentation has become `#[doc = "…"]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) text: String,
    pub(super) line: usize,
    /// Whether it is a name or keyword.
    pub(super) is_word: bool,
    /// Whether it stands in an item under `#[test]` or `#[cfg(test)]`.
    pub(super) is_test: bool,
}

/// A `mod name;` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Declared {
    /// Names of the modules around it in the file, then its own.
    pub(super) path: Vec<String>,
    pub(super) line: usize,
    pub(super) is_test: bool,
}

/// What a file is made of.
#[derive(Debug, Default)]
pub(super) struct Rust {
    pub(super) tokens: Vec<Token>,
    pub(super) modules: Vec<Declared>,
}

impl Rust {
    /// The text of the token at `index`, or nothing.
    pub(super) fn text(&self, index: usize) -> &str {
        self.tokens.get(index).map_or("", |token| &token.text)
    }
}

/// Takes a file apart.
pub(super) fn read(text: &str) -> Result<Rust, String> {
    let stream: TokenStream = text.parse().map_err(|error| format!("is not Rust: {error}"))?;
    let mut rust = Rust::default();
    flatten(stream, &mut rust.tokens);
    mark_tests(&mut rust.tokens);
    rust.modules = modules(&rust);
    Ok(rust)
}

fn flatten(stream: TokenStream, into: &mut Vec<Token>) {
    let push = |text: String, line: usize, is_word: bool, into: &mut Vec<Token>| {
        into.push(Token { text, line, is_word, is_test: false });
    };
    let mut trees = stream.into_iter().peekable();
    while let Some(tree) = trees.next() {
        let line = tree.span().start().line;
        match tree {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    proc_macro2::Delimiter::Parenthesis => ("(", ")"),
                    proc_macro2::Delimiter::Brace => ("{", "}"),
                    proc_macro2::Delimiter::Bracket => ("[", "]"),
                    proc_macro2::Delimiter::None => ("", ""),
                };
                push(open.to_owned(), line, false, into);
                let end = group.span_close().start().line;
                flatten(group.stream(), into);
                push(close.to_owned(), end, false, into);
            }
            TokenTree::Ident(word) => push(word.to_string(), line, true, into),
            TokenTree::Literal(literal) => push(literal.to_string(), line, false, into),
            TokenTree::Punct(punct) => {
                let is_path = punct.as_char() == ':'
                    && punct.spacing() == Spacing::Joint
                    && matches!(trees.peek(), Some(TokenTree::Punct(next)) if next.as_char() == ':');
                if is_path {
                    trees.next();
                    push("::".to_owned(), line, false, into);
                } else {
                    push(punct.as_char().to_string(), line, false, into);
                }
            }
        }
    }
}

/// The index behind the bracket that closes the one at `open`.
fn behind(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(open) {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return index + 1;
        }
    }
    tokens.len()
}

/// The end of the item that begins at `start`: behind its `;` or its block.
fn item_end(tokens: &[Token], start: usize) -> usize {
    let mut index = start;
    while let Some(token) = tokens.get(index) {
        match token.text.as_str() {
            ";" => return index + 1,
            "{" => return behind(tokens, index),
            "(" | "[" => index = behind(tokens, index),
            "}" => return index,
            _ => index += 1,
        }
    }
    tokens.len()
}

fn mark_tests(tokens: &mut [Token]) {
    let mut index = 0;
    while index < tokens.len() {
        let is_attribute = text(tokens, index) == "#" && text(tokens, index + 1) == "[";
        if !is_attribute {
            index += 1;
            continue;
        }
        let mut end = behind(tokens, index + 1);
        let mut is_test = demands_test(tokens.get(index + 2..end).unwrap_or_default());
        while text(tokens, end) == "#" && text(tokens, end + 1) == "[" {
            let next = behind(tokens, end + 1);
            is_test |= demands_test(tokens.get(end + 2..next).unwrap_or_default());
            end = next;
        }
        if is_test {
            let item = item_end(tokens, end);
            for token in tokens.get_mut(index..item).unwrap_or_default() {
                token.is_test = true;
            }
            end = item;
        }
        index = end;
    }
}

fn demands_test(attribute: &[Token]) -> bool {
    match text(attribute, 0) {
        "test" => true,
        "cfg" => {
            attribute.iter().any(|token| token.text == "test")
                && !attribute.iter().any(|token| token.text == "not")
        }
        _ => false,
    }
}

fn text(tokens: &[Token], index: usize) -> &str {
    tokens.get(index).map_or("", |token| &token.text)
}

fn modules(rust: &Rust) -> Vec<Declared> {
    let mut found = Vec::new();
    // Names of the open modules and the index at which each ends.
    let mut open: Vec<(String, usize)> = Vec::new();
    for (index, token) in rust.tokens.iter().enumerate() {
        open.retain(|(_, end)| index < *end);
        if token.text != "mod" || !token.is_word {
            continue;
        }
        let Some(name) = rust.tokens.get(index + 1).filter(|next| next.is_word) else { continue };
        match rust.text(index + 2) {
            ";" => {
                let path =
                    open.iter().map(|(name, _)| name.clone()).chain([name.text.clone()]).collect();
                found.push(Declared { path, line: token.line, is_test: token.is_test });
            }
            "{" => open.push((name.text.clone(), behind(&rust.tokens, index + 2))),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::read;

    #[test]
    fn tests_are_told_from_code() {
        let text = "use a::b;\n#[derive(Debug)]\nstruct One;\n#[cfg(test)]\n#[expect(x)]\nmod tests { fn two() {} }\nfn three() {}\n\
                    #[cfg(test)] use four::five;\nfn six() {}\n#[cfg(not(test))] fn seven() {}";
        let rust = read(text).unwrap();
        let is_test =
            |word: &str| rust.tokens.iter().find(|token| token.text == word).unwrap().is_test;
        for word in ["b", "One", "three", "six", "seven"] {
            assert!(!is_test(word), "{word}");
        }
        for word in ["two", "five"] {
            assert!(is_test(word), "{word}");
        }
    }

    #[test]
    fn lines_and_paths_are_kept() {
        let rust = read("// mod gone;\nlet x = std::fs::read(\"mod no;\");\n").unwrap();
        let words: Vec<_> =
            rust.tokens.iter().map(|token| (token.text.as_str(), token.line)).collect();
        assert_eq!(
            words.get(..6).unwrap(),
            &[("let", 2), ("x", 2), ("=", 2), ("std", 2), ("::", 2), ("fs", 2)]
        );
        assert!(rust.modules.is_empty());
    }

    #[test]
    fn modules_know_where_they_stand() {
        let rust = read("mod a;\nmod b { pub mod c; mod d {} }\n#[cfg(test)]\nmod e;\n").unwrap();
        let found: Vec<_> =
            rust.modules.iter().map(|module| (module.path.join("/"), module.is_test)).collect();
        assert_eq!(
            found,
            [("a".to_owned(), false), ("b/c".to_owned(), false), ("e".to_owned(), true)]
        );
    }
}
