//! The search bar: `user:eve AND NOT src_endpoint.ip:10.0.0.0/8 "encoded command"`.
//!
//! ```text
//! query  = or
//! or     = and { "OR" and }
//! and    = not { ["AND"] not }
//! not    = ["NOT" | "-"] one
//! one    = "(" or ")" | field op value | text
//! op     = ":" | "=" | "!=" | "<" | "<=" | ">" | ">=" | "~"
//! value  = word | quoted | "(" value { ["OR"] value } ")" | "[" value "TO" value "]"
//! text   = word | quoted
//! ```
//! `:` ignores case and knows `*`, `?`, networks (`10.0.0.0/8`), ranges and, before a number, `< <= > >=`; `=` is exact;
//! `~` is a regular expression. In quotes nothing is special but `\"` and `\\`. `last:24h` is `time>=-24h`.

use model::Timestamp;

use crate::columns::{Columns, TIME};
use crate::compile::{self, DEPTH_MAX};
use crate::matching::Piece;
use crate::query::{Comparison, Condition, SearchError, Test};
use crate::times::parse_span;

/// Letters of a query.
const LETTERS_MAX: usize = 64 << 10;
/// Conditions of a query.
const PARTS_MAX: usize = 2000;
/// Values in the brackets after a colon.
const VALUES_MAX: usize = 20_000;

/// Reads a query. Fields are looked up among `columns`; times may be relative to `now`.
pub fn parse(text: &str, columns: &Columns, now: Timestamp) -> Result<Condition, SearchError> {
    let letters: Vec<char> = text.chars().collect();
    if letters.len() > LETTERS_MAX {
        let most = LETTERS_MAX;
        return Err(SearchError::new(format!("the query has more than {most} letters")));
    }
    let mut parser = Parser { letters, at: 0, parts: 0, stop: None, columns, now };
    parser.space();
    if parser.is_done() {
        return Ok(Condition::Everything);
    }
    let found = parser.either(0)?;
    if parser.is_done() {
        return Ok(found);
    }
    Err(SearchError::new("this bracket closes nothing").at(parser.at, 1))
}

struct Parser<'a> {
    letters: Vec<char>,
    at: usize,
    parts: usize,
    /// A letter that ends words where lists and ranges are written.
    stop: Option<char>,
    columns: &'a Columns,
    now: Timestamp,
}

/// A value as it was written.
struct Word {
    start: usize,
    text: String,
    is_quoted: bool,
}

type Parsed<T> = Result<T, SearchError>;

impl Parser<'_> {
    fn is_done(&self) -> bool {
        self.at >= self.letters.len()
    }

    fn peek(&self) -> Option<char> {
        self.letters.get(self.at).copied()
    }

    fn eat(&mut self, letter: char) -> bool {
        let is_next = self.peek() == Some(letter);
        self.at += usize::from(is_next);
        is_next
    }

    fn space(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    /// Takes a word in capitals that stands by itself.
    fn keyword(&mut self, word: &str) -> bool {
        let is_here = self.letters.iter().skip(self.at).copied().take(word.len()).eq(word.chars());
        let next = self.letters.get(self.at + word.len());
        let stands =
            next.is_none_or(|next| next.is_whitespace() || matches!(next, '(' | ')' | '"'));
        if is_here && stands {
            self.at += word.len();
            self.space();
        }
        is_here && stands
    }

    fn counted(&mut self) -> Parsed<()> {
        self.parts += 1;
        if self.parts > PARTS_MAX {
            let message = format!("the query has more than {PARTS_MAX} conditions");
            return Err(SearchError::new(message).at(self.at, 1));
        }
        Ok(())
    }

    fn either(&mut self, depth: usize) -> Parsed<Condition> {
        let mut parts = vec![self.both(depth)?];
        while self.keyword("OR") {
            parts.push(self.both(depth)?);
        }
        Ok(one_or(parts, Condition::Any))
    }

    fn both(&mut self, depth: usize) -> Parsed<Condition> {
        let mut parts = vec![self.not(depth)?];
        loop {
            let is_said = self.keyword("AND");
            if !is_said && (self.is_done() || self.peek() == Some(')') || self.is_or()) {
                break;
            }
            parts.push(self.not(depth)?);
        }
        Ok(one_or(parts, Condition::All))
    }

    fn is_or(&mut self) -> bool {
        let before = self.at;
        let is_or = self.keyword("OR");
        self.at = before;
        is_or
    }

    fn not(&mut self, depth: usize) -> Parsed<Condition> {
        self.counted()?;
        let minus = self.peek() == Some('-')
            && self.letters.get(self.at + 1).is_some_and(|next| !next.is_whitespace());
        if self.keyword("NOT") || (minus && self.eat('-')) {
            if depth >= DEPTH_MAX {
                return Err(SearchError::new("this is nested too deep").at(self.at, 1));
            }
            return Ok(Condition::Not(Box::new(self.not(depth + 1)?)));
        }
        self.one(depth)
    }

    fn one(&mut self, depth: usize) -> Parsed<Condition> {
        let start = self.at;
        match self.peek() {
            None => Err(SearchError::new("a condition is missing at the end").at(start, 0)),
            Some(')') => Err(SearchError::new("a condition is missing here").at(start, 1)),
            Some('(') if depth >= DEPTH_MAX => {
                Err(SearchError::new("this is nested too deep").at(start, 1))
            }
            Some('(') => {
                self.at += 1;
                self.space();
                let inner = self.either(depth + 1)?;
                if !self.eat(')') {
                    return Err(SearchError::new("this bracket is not closed").at(start, 1));
                }
                self.space();
                Ok(inner)
            }
            Some('"') => {
                let word = self.word()?;
                Ok(Condition::Text(word.text))
            }
            Some(_) => match self.field_name() {
                Some(name) => self.field(start, &name),
                None => self.text(),
            },
        }
    }

    /// The name before an operator; the letters stay where they are when there is none.
    fn field_name(&mut self) -> Option<String> {
        let name_letter =
            |letter: &char| letter.is_ascii_alphanumeric() || "._-[]@".contains(*letter);
        let name: String =
            self.letters.iter().skip(self.at).take_while(|it| name_letter(it)).collect();
        let mut after = self.letters.iter().skip(self.at + name.len());
        let is_operator = match after.next() {
            // A link is a text.
            Some(':') => after.next() != Some(&'/') || after.next() != Some(&'/'),
            Some('!') => after.next() == Some(&'='),
            Some(letter) => "=<>~".contains(*letter),
            None => false,
        };
        let begins = name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_');
        (begins && is_operator).then(|| {
            self.at += name.len();
            name
        })
    }

    fn text(&mut self) -> Parsed<Condition> {
        let word = self.word()?;
        Ok(match pieces(&word) {
            Some(pieces) if pieces.iter().all(|piece| *piece == Piece::Any) => {
                Condition::Everything
            }
            Some(pieces) => Condition::TextLike(pieces),
            None => Condition::Text(word.text),
        })
    }

    fn field(&mut self, start: usize, name: &str) -> Parsed<Condition> {
        let operator = self.operator();
        if name == "last" {
            return self.last();
        }
        let known = compile::field(self.columns, name, &Test::Exists, self.now);
        known.map_err(|error| error.at(start, name.len()))?;
        let value_at = self.at;
        let tests = match operator {
            ":" => self.values(name)?,
            "=" | "!=" => vec![self.network_or(name, Test::Exactly)?],
            "~" => vec![Test::Matches(self.word()?.text)],
            other => vec![Test::Compare(comparison(other), self.word()?.text)],
        };
        let mut parts = Vec::with_capacity(tests.len());
        for test in tests {
            self.counted()?;
            let length = self.at.saturating_sub(value_at);
            compile::field(self.columns, name, &test, self.now)
                .map_err(|error| error.at(value_at, length))?;
            parts.push(Condition::Field(name.to_owned(), test));
        }
        let found = one_or(parts, if operator == ":" { Condition::Any } else { Condition::All });
        self.space();
        Ok(if operator == "!=" { Condition::Not(Box::new(found)) } else { found })
    }

    /// The longest operator that stands here.
    fn operator(&mut self) -> &'static str {
        const OPERATORS: [&str; 9] = ["!=", "<=", ">=", ":", "=", "<", ">", "~", ""];
        let is_here = |operator: &&&str| {
            self.letters.iter().skip(self.at).copied().take(operator.len()).eq(operator.chars())
        };
        let found = OPERATORS.iter().find(is_here).copied().unwrap_or("");
        self.at += found.len();
        found
    }

    fn last(&mut self) -> Parsed<Condition> {
        let word = self.word()?;
        let length = self.at - word.start;
        if parse_span(&word.text).is_none() {
            let message = "'last' takes a span such as 15m, 24h or 7d";
            return Err(SearchError::new(message).at(word.start, length));
        }
        self.space();
        let since = Test::Compare(Comparison::AtLeast, format!("-{}", word.text));
        Ok(Condition::Field(TIME.to_owned(), since))
    }

    /// What stands after a colon.
    fn values(&mut self, name: &str) -> Parsed<Vec<Test>> {
        match self.peek() {
            Some('(') => self.until(',', |parser| parser.list(name)),
            Some('[') => self.until(']', Self::range),
            Some('<' | '>') => {
                let how = comparison(self.operator());
                Ok(vec![Test::Compare(how, self.word()?.text)])
            }
            _ => Ok(vec![self.value(name)?]),
        }
    }

    fn until<T>(&mut self, stop: char, read: impl FnOnce(&mut Self) -> T) -> T {
        self.stop = Some(stop);
        let found = read(self);
        self.stop = None;
        found
    }

    fn list(&mut self, name: &str) -> Parsed<Vec<Test>> {
        let start = self.at;
        self.at += 1;
        let mut tests = Vec::new();
        let mut plain = Vec::new();
        loop {
            self.space();
            while self.keyword("OR") || self.eat(',') {
                self.space();
            }
            if self.eat(')') {
                break;
            }
            if self.is_done() {
                return Err(SearchError::new("this bracket is not closed").at(start, 1));
            }
            if plain.len() >= VALUES_MAX {
                let message = format!("these brackets hold more than {VALUES_MAX} values");
                return Err(SearchError::new(message).at(start, 1));
            }
            match self.value(name)? {
                Test::Is(text) => plain.push(text),
                other => tests.push(other),
            }
        }
        if !plain.is_empty() {
            tests.push(Test::OneOf(plain));
        }
        if tests.is_empty() {
            return Err(SearchError::new("these brackets hold no value").at(start, 2));
        }
        Ok(tests)
    }

    /// `[1 TO 5]`, both ends included.
    fn range(&mut self) -> Parsed<Vec<Test>> {
        let start = self.at;
        let wrong = |at| SearchError::new("a range is written [from TO to]").at(start, at - start);
        self.at += 1;
        self.space();
        let from = self.word()?.text;
        self.space();
        if !self.keyword("TO") {
            return Err(wrong(self.at));
        }
        let to = self.word()?.text;
        self.space();
        if !self.eat(']') {
            return Err(wrong(self.at));
        }
        Ok(vec![Test::Range(from, to)])
    }

    fn value(&mut self, name: &str) -> Parsed<Test> {
        self.network_or(name, Test::Is)
    }

    fn network_or(&mut self, name: &str, other: fn(String) -> Test) -> Parsed<Test> {
        let word = self.word()?;
        if let Some(network) = compile::network(self.columns, name, &word.text) {
            return Ok(Test::Within(network));
        }
        Ok(match pieces(&word) {
            Some(pieces) if pieces == [Piece::Any] => Test::Exists,
            Some(pieces) => Test::Like(pieces),
            None => other(word.text),
        })
    }

    /// A word or a quoted text; space after a word outside of brackets is eaten.
    fn word(&mut self) -> Parsed<Word> {
        let start = self.at;
        let mut text = String::new();
        if self.eat('"') {
            loop {
                let Some(letter) = self.peek() else {
                    return Err(SearchError::new("this quote is not closed").at(start, 1));
                };
                self.at += 1;
                match (letter, self.peek()) {
                    ('"', _) => break,
                    ('\\', Some(next @ ('"' | '\\'))) => {
                        text.push(next);
                        self.at += 1;
                    }
                    _ => text.push(letter),
                }
            }
            self.space();
            return Ok(Word { start, text, is_quoted: true });
        }
        while let Some(letter) = self.peek() {
            let is_end = letter.is_whitespace() || matches!(letter, '(' | ')' | '"');
            if is_end || self.stop == Some(letter) {
                break;
            }
            text.push(letter);
            self.at += 1;
        }
        if text.is_empty() {
            return Err(SearchError::new("a value is missing here").at(start, 1));
        }
        self.space();
        Ok(Word { start, text, is_quoted: false })
    }
}

fn comparison(operator: &str) -> Comparison {
    match operator {
        "<" => Comparison::Less,
        "<=" => Comparison::AtMost,
        ">" => Comparison::Greater,
        _ => Comparison::AtLeast,
    }
}

fn one_or(mut parts: Vec<Condition>, join: fn(Vec<Condition>) -> Condition) -> Condition {
    if parts.len() == 1 { parts.swap_remove(0) } else { join(parts) }
}

/// The pieces of a word with `*` or `?`; `None` when it has none or is quoted.
fn pieces(word: &Word) -> Option<Vec<Piece>> {
    if word.is_quoted || !word.text.contains(['*', '?']) {
        return None;
    }
    let mut pieces = Vec::new();
    let mut text = String::new();
    for letter in word.text.chars() {
        let piece = match letter {
            '*' => Piece::Any,
            '?' => Piece::One,
            other => {
                text.push(other);
                continue;
            }
        };
        if !text.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut text)));
        }
        if piece != Piece::Any || pieces.last() != Some(&Piece::Any) {
            pieces.push(piece);
        }
    }
    if !text.is_empty() {
        pieces.push(Piece::Text(text));
    }
    Some(pieces)
}
