//! What a condition needs of a block, as far as the skip index can tell.

use datafusion::logical_expr::expr::{InList, Like, ScalarFunction};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};

use super::{SkipIndex, is_command_line, is_indexed, tokens};
use crate::matching::{Piece, TextTest, test_of};

/// What must hold for a block to have a row that passes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Need {
    /// The index cannot tell.
    Unknown,
    /// All of them.
    All(Vec<Need>),
    /// One of them.
    One(Vec<Need>),
    /// Tokens that stand in the block, all of them.
    Tokens(Vec<u64>),
    /// Grams that stand in command lines of the block, all of them.
    Grams(Vec<u64>),
}

impl Need {
    /// Whether the block may have a row that passes.
    pub(crate) fn may_hold(&self, index: &SkipIndex, block: usize) -> bool {
        match self {
            Self::Unknown => true,
            Self::All(needs) => needs.iter().all(|need| need.may_hold(index, block)),
            Self::One(needs) => needs.iter().any(|need| need.may_hold(index, block)),
            Self::Tokens(hashes) => hashes.iter().all(|hash| index.may_hold_token(block, *hash)),
            Self::Grams(hashes) => hashes.iter().all(|hash| index.may_hold_gram(block, *hash)),
        }
    }

    fn all(needs: Vec<Self>) -> Self {
        let mut needs: Vec<Self> =
            needs.into_iter().filter(|need| *need != Self::Unknown).collect();
        match needs.len() {
            0 => Self::Unknown,
            1 => needs.swap_remove(0),
            _ => Self::All(needs),
        }
    }

    fn one(needs: Vec<Self>) -> Self {
        if needs.contains(&Self::Unknown) { Self::Unknown } else { Self::One(needs) }
    }
}

/// Conditions nested deeper than this are not looked into.
const DEPTH_MAX: usize = 200;

/// What all these conditions together need.
pub(crate) fn need_of(conditions: &[Expr]) -> Need {
    Need::all(conditions.iter().map(|condition| need(condition, 0)).collect())
}

fn need(condition: &Expr, depth: usize) -> Need {
    if depth > DEPTH_MAX {
        return Need::Unknown;
    }
    match condition {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
            Need::all(vec![need(left, depth + 1), need(right, depth + 1)])
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
            Need::one(vec![need(left, depth + 1), need(right, depth + 1)])
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) => {
            let sides = column(left).zip(literal(right));
            match sides.or_else(|| column(right).zip(literal(left))) {
                Some((_, text)) => whole(text),
                None => Need::Unknown,
            }
        }
        Expr::InList(InList { expr, list, negated: false }) if column(expr).is_some() => {
            let needs = list.iter().map(|item| literal(item).map_or(Need::Unknown, whole));
            Need::one(needs.collect())
        }
        Expr::Like(Like { negated: false, expr, pattern, escape_char, case_insensitive }) => {
            let is_plain = matches!(escape_char, None | Some('\\'));
            let told = |(_, pattern): &(&str, &str)| !*case_insensitive || folds_as_ascii(pattern);
            match column(expr).zip(literal(pattern)).filter(|both| is_plain && told(both)) {
                Some((name, pattern)) => pieces(name, &like(pattern)),
                None => Need::Unknown,
            }
        }
        Expr::ScalarFunction(function) => function_need(function),
        Expr::Alias(alias) => need(&alias.expr, depth + 1),
        _ => Need::Unknown,
    }
}

fn function_need(function: &ScalarFunction) -> Need {
    let Some(name) = function.args.first().and_then(column) else { return Need::Unknown };
    if let Some(test) = test_of(&function.func) {
        return test_need(name, test);
    }
    match (function.func.name(), function.args.get(1).and_then(literal)) {
        ("contains", Some(text)) => {
            pieces(name, &[Piece::Any, Piece::Text(text.to_owned()), Piece::Any])
        }
        ("starts_with", Some(text)) => pieces(name, &[Piece::Text(text.to_owned()), Piece::Any]),
        ("ends_with", Some(text)) => pieces(name, &[Piece::Any, Piece::Text(text.to_owned())]),
        _ => Need::Unknown,
    }
}

fn test_need(name: &str, test: &TextTest) -> Need {
    match test {
        TextTest::Equal(text) => whole(text),
        TextTest::OneOf(texts) => Need::one(texts.iter().map(|text| whole(text)).collect()),
        TextTest::Glob(parts) => pieces(name, parts),
        TextTest::Phrase(text) => whole(text),
        TextTest::Element(inner) => test_need(name, inner),
        TextTest::Regex(_)
        | TextTest::Network(_)
        | TextTest::Key(..)
        | TextTest::Order(..)
        | TextTest::All(_)
        | TextTest::Exists => Need::Unknown,
    }
}

/// The tokens of a text that stands whole in a column or between the ends of tokens.
fn whole(text: &str) -> Need {
    let mut hashes = Vec::new();
    tokens::each_token(text.as_bytes(), |hash| hashes.push(hash));
    if hashes.is_empty() { Need::Unknown } else { Need::Tokens(hashes) }
}

/// What a pattern's texts need: tokens that are whole within them, and grams when the column is of command lines.
fn pieces(column: &str, pieces: &[Piece]) -> Need {
    let mut words = Vec::new();
    let mut grams = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        let Piece::Text(text) = piece else { continue };
        let bytes = text.as_bytes();
        // At its start and end a text may be a part of a longer token, unless the pattern begins or ends there.
        let is_start = index == 0;
        let is_end = index + 1 == pieces.len();
        let run = |byte: &u8| tokens::is_token(*byte);
        let skipped = if is_start { 0 } else { bytes.iter().take_while(|byte| run(byte)).count() };
        let ended = if is_end {
            bytes.len()
        } else {
            bytes.len() - bytes.iter().rev().take_while(|byte| run(byte)).count()
        };
        if let Some(inner) = bytes.get(skipped..ended) {
            tokens::each_token(inner, |hash| words.push(hash));
        }
        if is_command_line(column) {
            tokens::each_gram(bytes, |hash| grams.push(hash));
        }
    }
    let words = if words.is_empty() { Need::Unknown } else { Need::Tokens(words) };
    let grams = if grams.is_empty() { Need::Unknown } else { Need::Grams(grams) };
    Need::all(vec![words, grams])
}

/// Whether ILIKE folds the pattern as the index does: to k and s it also folds letters that are not ASCII.
fn folds_as_ascii(pattern: &str) -> bool {
    pattern.is_ascii() && !pattern.contains(['k', 'K', 's', 'S'])
}

/// The pieces of a LIKE pattern.
fn like(pattern: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        let piece = match letter {
            '%' => Piece::Any,
            '_' => Piece::One,
            '\\' => {
                text.push(letters.next().unwrap_or('\\'));
                continue;
            }
            other => {
                text.push(other);
                continue;
            }
        };
        if !text.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut text)));
        }
        pieces.push(piece);
    }
    if !text.is_empty() {
        pieces.push(Piece::Text(text));
    }
    pieces
}

/// The name of a text column that is in the index.
fn column(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::Column(column) => Some(column.name.as_str()).filter(|name| is_indexed(name)),
        Expr::Cast(cast) if cast.field.data_type().is_string() => column(&cast.expr),
        Expr::Alias(alias) => column(&alias.expr),
        _ => None,
    }
}

fn literal(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::Literal(value, _) => value.try_as_str().flatten(),
        Expr::Cast(cast) => literal(&cast.expr),
        Expr::Alias(alias) => literal(&alias.expr),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use datafusion::logical_expr::{col, lit};

    use super::*;

    fn token(text: &str) -> u64 {
        tokens::hash(text.as_bytes())
    }

    #[test]
    fn only_whole_tokens_of_a_pattern_count() {
        let pattern = col("raw").like(lit("%bc def gh%"));
        assert_eq!(need_of(&[pattern]), Need::Tokens(vec![token("def")]));
        let pattern = col("raw").like(lit("abc %"));
        assert_eq!(need_of(&[pattern]), Need::Tokens(vec![token("abc")]));
        assert_eq!(need_of(&[col("raw").like(lit("%abc%"))]), Need::Unknown);
        assert_eq!(need_of(&[col("raw").not_like(lit("% abc %"))]), Need::Unknown);
        let line = Expr::Column("\"process.cmd_line\"".into());
        assert!(
            matches!(need_of(&[line.like(lit("%-enc%"))]), Need::Grams(grams) if grams.len() == 1)
        );
    }

    #[test]
    fn an_or_with_an_unknown_side_needs_nothing() {
        let known = col("a").eq(lit("10.0.0.1"));
        let unknown = col("b").gt(lit(1));
        assert_eq!(need_of(&[known.clone().or(unknown.clone())]), Need::Unknown);
        assert_eq!(need_of(&[known.and(unknown)]), Need::Tokens(vec![token("10.0.0.1")]));
        assert_eq!(need_of(&[col("unmapped").eq(lit("x"))]), Need::Unknown);
        assert_eq!(need_of(&[Expr::Not(Box::new(col("a").eq(lit("x"))))]), Need::Unknown);
    }

    #[test]
    fn escaped_signs_of_a_pattern_are_letters() {
        let text = |text: &str| Piece::Text(text.to_owned());
        assert_eq!(like(r"a\%b_%"), [text("a%b"), Piece::One, Piece::Any]);
        assert_eq!(like(r"C:\\x"), [text(r"C:\x")]);
    }
}
