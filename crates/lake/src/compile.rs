//! Conditions become expressions of the query engine.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::{Expr, ident, lit};
use ipnet::IpNet;
use model::Timestamp;

use crate::columns::{Column, ColumnKind, Columns, RAW, TIME, UNMAPPED};
use crate::matching::{Piece, TextTest, tested};
use crate::query::{Comparison, Condition, SearchError, Test};
use crate::times::parse_time;

/// Names that stand for all columns of an observable type.
pub const GROUPS: &[(&str, i64)] = &[
    ("host", 1),
    ("domain", 1),
    ("ip", 2),
    ("mac", 3),
    ("user", 4),
    ("email", 5),
    ("url", 6),
    ("file", 7),
    ("hash", 8),
    ("process", 9),
    ("port", 11),
    ("path", 45),
    ("registry", 46),
];

/// Conditions nested deeper than this are refused.
pub(crate) const DEPTH_MAX: usize = 64;

/// The expression of a condition over these columns. Times may be given relative to `now`.
pub(crate) fn compile(
    condition: &Condition,
    columns: &Columns,
    now: Timestamp,
) -> Result<Expr, SearchError> {
    nested(condition, columns, now, 0)
}

fn nested(
    condition: &Condition,
    columns: &Columns,
    now: Timestamp,
    depth: usize,
) -> Result<Expr, SearchError> {
    if depth > DEPTH_MAX {
        return Err(SearchError::new("the query is nested too deep: write it with less brackets"));
    }
    let inner = |condition: &Condition| nested(condition, columns, now, depth + 1);
    match condition {
        Condition::Everything => Ok(lit(true)),
        Condition::All(parts) => joined(parts, &inner, Expr::and, true),
        Condition::Any(parts) => joined(parts, &inner, Expr::or, false),
        // SQL leaves out rows whose value is null; who looks for 'not bob' wants events without a user too.
        Condition::Not(part) => Ok(Expr::IsNotTrue(Box::new(inner(part)?))),
        Condition::Field(name, test) => field(columns, name, test, now),
        Condition::Text(text) if text.trim().is_empty() => Ok(lit(true)),
        Condition::Text(text) => text_test(ident(RAW), TextTest::Phrase(text.clone())),
        Condition::TextLike(pieces) => {
            let mut around = vec![Piece::Any];
            around.extend(pieces.iter().cloned());
            around.push(Piece::Any);
            around.dedup();
            text_test(ident(RAW), TextTest::Glob(around))
        }
    }
}

fn joined(
    parts: &[Condition],
    inner: &impl Fn(&Condition) -> Result<Expr, SearchError>,
    join: fn(Expr, Expr) -> Expr,
    empty: bool,
) -> Result<Expr, SearchError> {
    let all: Vec<Expr> = parts.iter().map(inner).collect::<Result<_, _>>()?;
    Ok(balanced(all, join).unwrap_or_else(|| lit(empty)))
}

/// Joins so that a thousand parts nest ten deep, not a thousand.
fn balanced(mut parts: Vec<Expr>, join: fn(Expr, Expr) -> Expr) -> Option<Expr> {
    if parts.len() < 2 {
        return parts.pop();
    }
    let right = parts.split_off(parts.len() / 2);
    match (balanced(parts, join), balanced(right, join)) {
        (Some(left), Some(right)) => Some(join(left, right)),
        (left, right) => left.or(right),
    }
}

fn text_test(argument: Expr, test: TextTest) -> Result<Expr, SearchError> {
    tested(argument, test)
        .map_err(|reason| SearchError::new(format!("the pattern cannot be used: {reason}")))
}

/// The expression that tests a field.
pub(crate) fn field(
    columns: &Columns,
    name: &str,
    test: &Test,
    now: Timestamp,
) -> Result<Expr, SearchError> {
    if let Some(key) = name.strip_prefix("unmapped.") {
        let test = TextTest::Key(key.to_owned(), Box::new(text(test)));
        return text_test(ident(UNMAPPED), test);
    }
    if let Some(column) = columns.get(name) {
        return in_column(columns, column, test, now);
    }
    let Some((_, observable)) = GROUPS.iter().find(|(group, _)| *group == name) else {
        return Err(unknown(columns, name));
    };
    let of_group = columns.list().iter().filter(|column| column.observable == Some(*observable));
    let tests = of_group.map(|column| in_column(columns, column, test, now));
    let tests: Vec<Expr> = tests.collect::<Result<_, _>>()?;
    Ok(balanced(tests, Expr::or).unwrap_or_else(|| lit(false)))
}

/// The refusal of a field that no column has.
pub(crate) fn unknown(columns: &Columns, name: &str) -> SearchError {
    let known = columns.list().iter().map(|column| &*column.name);
    let known = known.chain(GROUPS.iter().map(|(group, _)| *group)).filter(|it| !it.ends_with(']'));
    let near = known
        .map(|known| (distance(name, known), known))
        .filter(|(distance, known)| *distance * 2 <= known.len().max(name.len()))
        .min();
    let message = format!("no stored event has a field '{name}' (put a text in quotes)");
    SearchError::new(message).suggesting(near.map(|(_, known)| known.to_owned()))
}

/// A test on one column and, where events may have several values, on the list of them.
fn in_column(
    columns: &Columns,
    column: &Column,
    test: &Test,
    now: Timestamp,
) -> Result<Expr, SearchError> {
    let one = on_value(column, test, now)?;
    match columns.get(&format!("{}[]", column.name)) {
        Some(all) if *test != Test::Exists => {
            let element = TextTest::Element(Box::new(text(test)));
            Ok(one.or(text_test(ident(&*all.name), element)?))
        }
        _ => Ok(one),
    }
}

/// The test on a text, an element of a list or a value of `unmapped`.
fn text(test: &Test) -> TextTest {
    match test {
        Test::Is(wanted) => TextTest::Equal(wanted.clone()),
        Test::Exactly(wanted) => TextTest::Regex(format!(r"\A{}\z", regex::escape(wanted))),
        Test::OneOf(wanted) => TextTest::OneOf(wanted.clone()),
        Test::Like(pieces) => TextTest::Glob(pieces.clone()),
        Test::Matches(pattern) => TextTest::Regex(pattern.clone()),
        Test::Within(network) => TextTest::Network(*network),
        Test::Exists => TextTest::Exists,
        Test::Compare(how, than) => TextTest::Order(*how, than.clone()),
        Test::Range(from, to) => TextTest::All(vec![
            TextTest::Order(Comparison::AtLeast, from.clone()),
            TextTest::Order(Comparison::AtMost, to.clone()),
        ]),
    }
}

fn on_value(column: &Column, test: &Test, now: Timestamp) -> Result<Expr, SearchError> {
    let name = &*column.name;
    let value = ident(name);
    if *test == Test::Exists {
        return Ok(value.is_not_null());
    }
    if column.kind == ColumnKind::Text {
        return on_text(value, test);
    }
    let of_kind = |text: &str| scalar(column, text, now);
    match test {
        Test::Is(wanted) | Test::Exactly(wanted) => Ok(value.eq(of_kind(wanted)?)),
        Test::OneOf(wanted) => {
            let list = wanted.iter().map(|text| of_kind(text)).collect::<Result<_, _>>()?;
            Ok(Expr::InList(InList { expr: Box::new(value), list, negated: false }))
        }
        Test::Compare(how, than) => Ok(compare(value, *how, of_kind(than)?)),
        Test::Range(from, to) => Ok(value.between(of_kind(from)?, of_kind(to)?)),
        Test::Like(_) | Test::Matches(_) if column.kind == ColumnKind::Int => {
            let shown = Expr::Cast(datafusion::logical_expr::Cast::new(
                Box::new(value),
                datafusion::arrow::datatypes::DataType::Utf8View,
            ));
            text_test(shown, text(test))
        }
        Test::Like(_) | Test::Matches(_) | Test::Within(_) | Test::Exists => {
            let what = kind_words(column.kind);
            Err(SearchError::new(format!("'{name}' holds {what}: patterns do not apply to it")))
        }
    }
}

fn on_text(value: Expr, test: &Test) -> Result<Expr, SearchError> {
    match test {
        // Without letters there is no case, and exact conditions use statistics and filters of the file as well.
        Test::Is(wanted) if !wanted.chars().any(char::is_alphabetic) => {
            Ok(value.eq(lit(wanted.as_str())))
        }
        Test::Exactly(wanted) => Ok(value.eq(lit(wanted.as_str()))),
        Test::Compare(how, than) => Ok(compare(value, *how, lit(than.as_str()))),
        Test::Range(from, to) => Ok(value.between(lit(from.as_str()), lit(to.as_str()))),
        other => text_test(value, text(other)),
    }
}

fn compare(value: Expr, how: Comparison, than: Expr) -> Expr {
    match how {
        Comparison::Less => value.lt(than),
        Comparison::AtMost => value.lt_eq(than),
        Comparison::Greater => value.gt(than),
        Comparison::AtLeast => value.gt_eq(than),
    }
}

fn kind_words(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Text => "texts",
        ColumnKind::Int => "whole numbers",
        ColumnKind::Float => "numbers",
        ColumnKind::Bool => "true or false",
        ColumnKind::Time => "times (2026-11-01T00:00:00Z, 2026-11-01, -24h)",
        ColumnKind::Bytes => "bytes",
        ColumnKind::Id => "ids of 32 hexadecimal digits",
    }
}

/// A literal of a column's kind.
fn scalar(column: &Column, text: &str, now: Timestamp) -> Result<Expr, SearchError> {
    let value = match column.kind {
        ColumnKind::Text => Some(lit(text)),
        ColumnKind::Int => text.parse::<i64>().ok().map(lit),
        ColumnKind::Float => text.parse::<f64>().ok().map(lit),
        ColumnKind::Bool => text.parse::<bool>().ok().map(lit),
        ColumnKind::Time => parse_time(text, now).map(time_literal),
        ColumnKind::Bytes => None,
        ColumnKind::Id => {
            let plain: String = text.chars().filter(|letter| *letter != '-').collect();
            let id = (plain.len() == 32).then(|| u128::from_str_radix(&plain, 16).ok()).flatten();
            id.map(|id| lit(ScalarValue::FixedSizeBinary(16, Some(id.to_be_bytes().to_vec()))))
        }
    };
    let (name, what) = (&column.name, kind_words(column.kind));
    value.ok_or_else(|| SearchError::new(format!("'{name}' holds {what}, not '{text}'")))
}

/// A time as the engine writes it.
pub(crate) fn time_literal(time: Timestamp) -> Expr {
    lit(ScalarValue::TimestampMillisecond(Some(time.0), Some("UTC".into())))
}

/// Events from `from` on and before `to`.
pub(crate) fn within(from: Timestamp, to: Timestamp) -> Expr {
    ident(TIME).gt_eq(time_literal(from)).and(ident(TIME).lt(time_literal(to)))
}

/// Whether all columns behind a name hold addresses, so that `10.0.0.0/8` is a network there.
pub(crate) fn network(columns: &Columns, name: &str, text: &str) -> Option<IpNet> {
    const ADDRESS: i64 = 2;
    let is_address = match columns.get(name) {
        Some(column) => column.observable == Some(ADDRESS),
        None => name == "ip",
    };
    let network = text.contains('/').then(|| text.parse::<IpNet>().ok()).flatten()?;
    is_address.then_some(network)
}

/// Letters to change, add or take away to make one name of another.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, letter) in from.chars().enumerate() {
        let mut corner = row[0];
        row[0] = line + 1;
        for (at, other) in to.iter().enumerate() {
            let changed = corner + usize::from(letter != *other);
            corner = row[at + 1];
            row[at + 1] = changed.min(corner + 1).min(row[at] + 1);
        }
    }
    row[to.len()]
}
