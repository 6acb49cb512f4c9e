//! The `correlation` section of a document.

use std::sync::Arc;

use model::RuleMeta;

use super::ast::{AliasFields, CorrelationKind, CorrelationRule, Ordering};
use super::meta::{self, Meaning};
use super::parse::CorrelationDraft;
use super::refusal::{Fault, Place};
use super::yaml::{Content, Node, Scalar};

/// Longest window: ten years.
const TIMESPAN_MS_MAX: i64 = 3_650 * 86_400_000;

const KINDS: [(&str, CorrelationKind); 7] = [
    ("event_count", CorrelationKind::EventCount),
    ("value_count", CorrelationKind::ValueCount),
    ("temporal", CorrelationKind::Temporal),
    ("temporal_ordered", CorrelationKind::TemporalOrdered),
    ("value_sum", CorrelationKind::ValueSum),
    ("value_avg", CorrelationKind::ValueAvg),
    ("value_percentile", CorrelationKind::ValuePercentile),
];

const OPERATORS: [(&str, Ordering); 6] = [
    ("gt", Ordering::Gt),
    ("gte", Ordering::Gte),
    ("lt", Ordering::Lt),
    ("lte", Ordering::Lte),
    ("eq", Ordering::Eq),
    ("neq", Ordering::Neq),
];

/// What `condition` says.
#[derive(Default)]
struct Condition {
    tests: Vec<(Ordering, f64)>,
    fields: Vec<Box<str>>,
    percentile: Option<f64>,
}

/// Reads a correlation; its rules stay names.
pub(crate) fn read(
    document: &Node<'_>,
    key: &Node<'_>,
    body: &Node<'_>,
    path: &str,
) -> Result<CorrelationDraft, Fault> {
    let meta = RuleMeta { is_correlation: true, ..meta::read(document, path)? };
    meta::check_taxonomy(document)?;
    if !matches!(body.content, Content::Map(_)) {
        return Err(Fault::node(
            body,
            format!("the correlation is {}", body.kind()),
            "write type, rules, timespan",
        ));
    }
    let kind = kind(key, body)?;
    let (rules, places) = rules(key, body)?;
    let mut condition = condition(key, body, kind)?;
    if condition.tests.is_empty() {
        condition.tests.push((Ordering::Gte, rules.len() as f64));
    }
    let mut meaning = Meaning::default();
    meaning.add_node(body);
    let rule = CorrelationRule {
        meta: Arc::default(),
        kind,
        rules,
        group_by: meta::texts(body, "group-by")?,
        timespan_ms: timespan(key, body)?,
        condition: condition.tests,
        fields: condition.fields,
        // A percentile without a number is the median.
        percentile: condition.percentile.unwrap_or(50.0),
        aliases: aliases(body)?,
        generate: generate(document)? || generate(body)?,
    };
    Ok(CorrelationDraft { meta, rule, meaning, place: document.place(), places })
}

fn kind(key: &Node<'_>, body: &Node<'_>) -> Result<CorrelationKind, Fault> {
    let words = || KINDS.map(|(word, _)| word).join(", ");
    let Some(node) = body.get("type") else {
        return Err(Fault::node(
            key,
            "the correlation has no type",
            format!("the types are {}", words()),
        ));
    };
    let word = node.text().unwrap_or_default();
    KINDS.iter().find(|(name, _)| *name == word).map(|(_, kind)| *kind).ok_or_else(|| {
        Fault::node(
            node,
            format!("no correlation type '{word}'"),
            format!("the types are {}", words()),
        )
    })
}

fn rules(key: &Node<'_>, body: &Node<'_>) -> Result<(Vec<Box<str>>, Vec<Place>), Fault> {
    const WAY_OUT: &str = "list the ids or names of the rules under 'rules:'";
    let rules = meta::texts(body, "rules")?;
    if rules.is_empty() || rules.iter().any(|name| name.is_empty()) {
        return Err(Fault::node(
            body.get("rules").unwrap_or(key),
            "the correlation names no rules",
            WAY_OUT,
        ));
    }
    let places = match body.get("rules") {
        Some(Node { content: Content::List(items), .. }) => items.iter().map(Node::place).collect(),
        Some(node) => vec![node.place()],
        None => Vec::new(),
    };
    for (index, name) in rules.iter().enumerate() {
        if rules.iter().take(index).any(|before| before == name) {
            let place = places.get(index).copied().unwrap_or(key.place());
            return Err(Fault::at(place, format!("the rule '{name}' stands twice"), "remove one"));
        }
    }
    Ok((rules, places))
}

/// `number + letter`: seconds, minutes, hours, days.
fn timespan(key: &Node<'_>, body: &Node<'_>) -> Result<i64, Fault> {
    const WAY_OUT: &str = "write a number and s, m, h or d, for example 'timespan: 90m'";
    let Some(node) = body.get("timespan") else {
        return Err(Fault::node(key, "the correlation has no timespan", WAY_OUT));
    };
    let text = node.text().unwrap_or_default();
    let unit_ms = match text.chars().last() {
        Some('s') => 1_000,
        Some('m') => 60_000,
        Some('h') => 3_600_000,
        Some('d') => 86_400_000,
        _ => 0,
    };
    let digits = text.get(..text.len().saturating_sub(1)).unwrap_or_default();
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let span_ms = digits
        .parse::<i64>()
        .ok()
        .filter(|_| is_number)
        .and_then(|number| number.checked_mul(unit_ms));
    span_ms
        .filter(|span_ms| (1..=TIMESPAN_MS_MAX).contains(span_ms))
        .ok_or_else(|| Fault::node(node, format!("'{text}' is not a timespan"), WAY_OUT))
}

fn condition(key: &Node<'_>, body: &Node<'_>, kind: CorrelationKind) -> Result<Condition, Fault> {
    let is_temporal = matches!(kind, CorrelationKind::Temporal | CorrelationKind::TemporalOrdered);
    let Some(node) = body.get("condition") else {
        if is_temporal {
            return Ok(Condition::default());
        }
        return Err(Fault::node(
            key,
            "the correlation has no condition",
            "add for example 'condition: {gte: 10}'",
        ));
    };
    let Content::Map(entries) = &node.content else {
        let way_out =
            "write a map such as 'gte: 10'; for rules that must all occur, list them under 'rules'";
        return Err(Fault::node(
            node,
            format!("the condition of a correlation is {}", node.kind()),
            way_out,
        ));
    };
    let mut condition = Condition::default();
    for (name, value) in entries {
        let word = name.text().unwrap_or_default();
        match word {
            "field" => condition.fields = meta::texts(node, "field")?,
            "percentile" => condition.percentile = Some(percentile(value)?),
            _ => {
                let Some((_, ordering)) = OPERATORS.iter().find(|(operator, _)| *operator == word)
                else {
                    let way_out = "write gt, gte, lt, lte, eq, neq and, for values, field";
                    return Err(Fault::node(
                        name,
                        format!("no '{word}' in the condition of a correlation"),
                        way_out,
                    ));
                };
                condition.tests.push((*ordering, number(value)?));
            }
        }
    }
    if condition.tests.is_empty() && !is_temporal {
        return Err(Fault::node(
            node,
            "the condition compares nothing",
            "add for example 'gte: 10'",
        ));
    }
    check_fields(node, kind, &condition)?;
    Ok(condition)
}

/// Which types take a field, and how many.
fn check_fields(
    node: &Node<'_>,
    kind: CorrelationKind,
    condition: &Condition,
) -> Result<(), Fault> {
    let (least, most) = match kind {
        CorrelationKind::EventCount
        | CorrelationKind::Temporal
        | CorrelationKind::TemporalOrdered => (0, 0),
        CorrelationKind::ValueCount => (1, usize::MAX),
        _ => (1, 1),
    };
    let count = condition.fields.len();
    let place = node.get("field").unwrap_or(node);
    if count < least {
        return Err(Fault::node(
            place,
            "the condition names no field to measure",
            "add 'field:' with its name",
        ));
    }
    if count > most {
        let reason = format!("{count} fields where this correlation type takes {most}");
        return Err(Fault::node(
            place,
            reason,
            "use value_count for several fields, none for event_count",
        ));
    }
    if condition.percentile.is_some() && kind != CorrelationKind::ValuePercentile {
        return Err(Fault::node(
            node,
            "'percentile' outside value_percentile",
            "remove it, or change the type",
        ));
    }
    Ok(())
}

fn number(node: &Node<'_>) -> Result<f64, Fault> {
    match node.scalar() {
        Some(Scalar::Int(number, _)) => Ok(number as f64),
        Some(Scalar::Float(number, _)) => Ok(number),
        _ => Err(Fault::node(
            node,
            format!("{} where a number is expected", node.kind()),
            "write a number",
        )),
    }
}

fn percentile(node: &Node<'_>) -> Result<f64, Fault> {
    let number = number(node)?;
    if (0.0..=100.0).contains(&number) {
        return Ok(number);
    }
    Err(Fault::node(node, format!("{number} is not a percentile"), "write a number from 0 to 100"))
}

fn aliases(body: &Node<'_>) -> Result<Vec<(Box<str>, AliasFields)>, Fault> {
    const WAY_OUT: &str = "write alias, rule and field: 'aliases: {ip: {rule_a: src_ip}}'";
    let Some(node) = body.get("aliases") else { return Ok(Vec::new()) };
    let Content::Map(entries) = &node.content else {
        return Err(Fault::node(node, format!("'aliases' is {}", node.kind()), WAY_OUT));
    };
    let mut aliases = Vec::with_capacity(entries.len());
    for (alias, rules) in entries {
        let Content::Map(rules) = &rules.content else {
            return Err(Fault::node(rules, format!("the alias is {}", rules.kind()), WAY_OUT));
        };
        let mut fields = Vec::with_capacity(rules.len());
        for (rule, field) in rules {
            let Some(name) = field.text().filter(|name| !name.is_empty()) else {
                return Err(Fault::node(
                    field,
                    format!("{} where a field is expected", field.kind()),
                    WAY_OUT,
                ));
            };
            fields.push((rule.text().unwrap_or_default().into(), name.into()));
        }
        aliases.push((alias.text().unwrap_or_default().into(), fields));
    }
    Ok(aliases)
}

fn generate(node: &Node<'_>) -> Result<bool, Fault> {
    match node.get("generate") {
        None => Ok(false),
        Some(value) => match value.scalar() {
            Some(Scalar::Bool(wanted)) => Ok(wanted),
            _ => Err(Fault::node(
                value,
                format!("'generate' is {}", value.kind()),
                "write true or false",
            )),
        },
    }
}
