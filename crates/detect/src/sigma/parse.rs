//! One YAML document to one rule, correlation or filter.

use model::{Logsource, RuleMeta};

use super::ast::{CorrelationRule, Expr};
use super::condition::{self, Selection};
use super::correlation_rule;
use super::detection::{Placeholders, Scope};
use super::meta::{self, Meaning};
use super::refusal::{Fault, Place};
use super::regexes::Regexes;
use super::yaml::{Content, Node};

/// A document before references between documents are resolved.
pub(crate) enum Document {
    Rule(RuleDraft),
    Correlation(CorrelationDraft),
    Filter(Filter),
}

/// A rule that filters may still change.
pub(crate) struct RuleDraft {
    pub(crate) meta: RuleMeta,
    pub(crate) condition: Expr,
    pub(crate) meaning: Meaning,
    pub(crate) place: Place,
}

/// A correlation whose rules are still names.
pub(crate) struct CorrelationDraft {
    pub(crate) meta: RuleMeta,
    pub(crate) rule: CorrelationRule,
    pub(crate) meaning: Meaning,
    pub(crate) place: Place,
    /// Where each referred rule stands.
    pub(crate) places: Vec<Place>,
}

/// A rule as a filter names it, and where.
type NamedRule = (Box<str>, Place);

/// A global filter.
pub(crate) struct Filter {
    pub(crate) path: Box<str>,
    pub(crate) place: Place,
    pub(crate) title: Box<str>,
    pub(crate) logsource: Logsource,
    /// The rules it names and where; `None` for `any`.
    pub(crate) rules: Option<Vec<NamedRule>>,
    pub(crate) condition: Expr,
    pub(crate) meaning: Box<str>,
}

/// Reads one document.
pub(crate) fn document(
    node: &Node<'_>,
    path: &str,
    placeholders: &Placeholders,
    regexes: &mut Regexes,
) -> Result<Document, Fault> {
    if !matches!(node.content, Content::Map(_)) {
        let reason = format!("the document is {}", node.kind());
        return Err(Fault::node(node, reason, "write a Sigma rule: title, logsource, detection"));
    }
    if let Some((key, _)) = node.entry("action") {
        let reason = "'action' joins documents, which Sigma 2 has not";
        return Err(Fault::node(key, reason, "write each rule as a whole document"));
    }
    if let Some((key, body)) = node.entry("correlation") {
        return correlation_rule::read(node, key, body, path).map(Document::Correlation);
    }
    let mut scope = Scope::new(placeholders, regexes);
    if let Some((key, body)) = node.entry("filter") {
        return filter(node, key, body, path, &mut scope).map(Document::Filter);
    }
    let Some((key, body)) = node.entry("detection") else {
        meta::read(node, path)?;
        let way_out = "add 'detection:' with selections and a condition";
        return Err(Fault::node(node, "no detection", way_out));
    };
    let mut meta = meta::read(node, path)?;
    meta::check_taxonomy(node)?;
    meta.logsource = meta::logsource(node)?;
    let condition = detection(key, body, &["condition", "timeframe"], &mut scope)?;
    let mut meaning = Meaning::default();
    add_logsource(&mut meaning, &meta.logsource);
    meaning.add_node(body);
    add_placeholders(&mut meaning, &scope);
    Ok(Document::Rule(RuleDraft { meta, condition, meaning, place: node.place() }))
}

/// Selections and condition; the keys in `reserved` are not selections. (`timeframe` belonged to the aggregations of
/// Sigma 1 and says nothing without them.)
fn detection(
    key: &Node<'_>,
    body: &Node<'_>,
    reserved: &[&str],
    scope: &mut Scope<'_>,
) -> Result<Expr, Fault> {
    let Content::Map(entries) = &body.content else {
        let reason = format!("'{}' is {}", key.text().unwrap_or_default(), body.kind());
        return Err(Fault::node(body, reason, "write selections and a condition"));
    };
    let mut selections = Vec::with_capacity(entries.len());
    for (name, node) in entries {
        let name = name.text().unwrap_or_default();
        if reserved.contains(&name) {
            continue;
        }
        let before = scope.atoms;
        let expr = scope.selection(name, node)?;
        selections.push(Selection { name: name.into(), expr, atoms: scope.atoms - before });
    }
    let Some(node) = body.get("condition") else {
        return Err(Fault::node(key, "no condition", "add 'condition:' that names the selections"));
    };
    if selections.is_empty() {
        return Err(Fault::node(key, "no selection", "add a selection: field names and values"));
    }
    condition::parse(node, &selections)
}

fn filter(
    node: &Node<'_>,
    key: &Node<'_>,
    body: &Node<'_>,
    path: &str,
    scope: &mut Scope<'_>,
) -> Result<Filter, Fault> {
    let meta = meta::read(node, path)?;
    meta::check_taxonomy(node)?;
    let logsource = meta::logsource(node)?;
    let condition = detection(key, body, &["condition", "rules"], scope)?;
    let mut meaning = Meaning::default();
    add_logsource(&mut meaning, &logsource);
    meaning.add_node(body);
    add_placeholders(&mut meaning, scope);
    Ok(Filter {
        path: path.into(),
        place: node.place(),
        rules: filter_rules(key, body)?,
        title: meta.title,
        logsource,
        condition,
        meaning: meaning.hex(16),
    })
}

/// The rules that a filter names; `any` means all of its log source.
fn filter_rules(key: &Node<'_>, body: &Node<'_>) -> Result<Option<Vec<NamedRule>>, Fault> {
    const WAY_OUT: &str = "list ids or names of rules, or write 'rules: any'";
    let Some(node) = body.get("rules") else {
        return Err(Fault::node(key, "the filter names no rules", WAY_OUT));
    };
    match &node.content {
        Content::Scalar(text, _) if text.eq_ignore_ascii_case("any") => Ok(None),
        Content::Scalar(text, _) if !text.is_empty() => {
            Ok(Some(vec![(text.as_ref().into(), node.place())]))
        }
        Content::List(items) if !items.is_empty() => {
            let name = |item: &Node<'_>| {
                let fault = || {
                    Fault::node(item, format!("{} where a rule is expected", item.kind()), WAY_OUT)
                };
                item.text().map(|text| (text.into(), item.place())).ok_or_else(fault)
            };
            items.iter().map(name).collect::<Result<_, _>>().map(Some)
        }
        _ => Err(Fault::node(node, "the filter names no rules", WAY_OUT)),
    }
}

fn add_logsource(meaning: &mut Meaning, logsource: &Logsource) {
    for part in [&logsource.product, &logsource.category, &logsource.service] {
        meaning.add(part.as_deref().unwrap_or("*"));
    }
}

fn add_placeholders(meaning: &mut Meaning, scope: &Scope<'_>) {
    for name in &scope.expanded {
        meaning.add(name);
        for value in scope.placeholders.get(name).into_iter().flatten() {
            meaning.add(value);
        }
    }
}
