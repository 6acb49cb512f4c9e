//! The reasons behind a verdict: the tree of a condition with what each comparison saw.

use model::{EventRef, WhyLeaf, WhyNode};

use super::ast::{Atom, Expr, Ordering, Part, Pattern, Place, Test, TimePart};
use super::evaluate::{Evaluator, Hit};

/// Most parts of one `or` that are shown; lists of hashes have thousands.
const PARTS_MAX: usize = 64;

impl Evaluator<'_> {
    /// Why an expression holds for an event, or why not.
    pub fn why(&self, expr: &Expr, event: EventRef<'_>) -> WhyNode {
        let named = |label: &str, word: &str| {
            if label.is_empty() { word.to_owned() } else { label.to_owned() }
        };
        let all =
            |parts: &[Expr]| parts.iter().map(|part| self.why(part, event)).collect::<Vec<_>>();
        match expr {
            Expr::And(label, parts) => {
                let children = all(parts);
                let holds = children.iter().all(|child| child.holds);
                WhyNode { label: named(label, "and"), holds, children, leaf: None }
            }
            Expr::Or(label, parts) => choice(named(label, "or"), 1, all(parts)),
            Expr::AtLeast(label, count, parts) => {
                choice(named(label, "at least"), *count, all(parts))
            }
            Expr::Not(inner) => {
                let inner = self.why(inner, event);
                WhyNode {
                    label: "not".to_owned(),
                    holds: !inner.holds,
                    children: vec![inner],
                    leaf: None,
                }
            }
            Expr::Atom(atom) => self.leaf(atom, event),
        }
    }

    fn leaf(&self, atom: &Atom, event: EventRef<'_>) -> WhyNode {
        let hit = self.hit(atom, event);
        let holds = hit.is_some();
        let field = atom.field.as_deref().unwrap_or_default();
        // Without a match, the first value shows what was compared.
        let seen = hit.or_else(|| {
            let slot = self.slots(event, field).next().filter(|_| atom.field.is_some())?;
            Some(Hit { slot: Some(slot), text: Some(event.text(slot.value)), span: None })
        });
        let (slot, text, span) =
            seen.map_or((None, None, None), |seen| (seen.slot, seen.text, seen.span));
        let leaf = WhyLeaf {
            field: field.to_owned(),
            resolved: slot.and_then(|slot| self.resolved(field, slot, event)),
            operator: operator(&atom.test, atom.field.is_none()),
            pattern: atom.written.to_string(),
            value: text.map(std::borrow::Cow::into_owned),
            span,
        };
        WhyNode { label: label(&leaf), holds, children: Vec::new(), leaf: Some(leaf) }
    }

    /// What the field is called here when the rule calls it otherwise: the alias's meaning, or a keyword's field.
    fn resolved(&self, field: &str, slot: &model::Slot, event: EventRef<'_>) -> Option<String> {
        if field.is_empty() {
            return Some(event.batch().field_name(slot.field, &self.catalog.fields).to_owned());
        }
        let is_alias =
            event.section(model::Section::Aliases).iter().any(|alias| std::ptr::eq(alias, slot));
        let kind = self.catalog.kinds.get(event.kind().0 as usize).filter(|_| is_alias)?;
        kind.aliases
            .iter()
            .find(|(alias, _)| *alias == slot.field)
            .map(|(_, meaning)| meaning.to_string())
    }
}

/// An `or` or a count: those that hold come first, and no more than [`PARTS_MAX`] are shown.
fn choice(label: String, count: usize, children: Vec<WhyNode>) -> WhyNode {
    let (mut shown, others): (Vec<_>, Vec<_>) = children.into_iter().partition(|child| child.holds);
    let holds = shown.len() >= count;
    let total = shown.len() + others.len();
    shown.extend(others);
    if total > PARTS_MAX {
        let rest = shown.split_off(PARTS_MAX);
        let held = rest.iter().filter(|child| child.holds).count();
        let label = format!("{} more, of which {held} hold", rest.len());
        shown.push(WhyNode { label, holds: held > 0, children: Vec::new(), leaf: None });
    }
    WhyNode { label, holds, children: shown, leaf: None }
}

fn label(leaf: &WhyLeaf) -> String {
    let field = if leaf.field.is_empty() { "the record" } else { &leaf.field };
    format!("{field} {} {}", leaf.operator, quoted(&leaf.pattern))
}

/// A text in quotes, at most 100 characters of it.
fn quoted(text: &str) -> String {
    const SHOWN: usize = 100;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("'{}…'", text.get(..end).unwrap_or_default()),
        None => format!("'{text}'"),
    }
}

/// The test in words.
fn operator(test: &Test, is_keyword: bool) -> String {
    let ordering = |ordering: &Ordering| match ordering {
        Ordering::Eq => "equals",
        Ordering::Lt => "is less than",
        Ordering::Lte => "is at most",
        Ordering::Gt => "is greater than",
        Ordering::Gte => "is at least",
        Ordering::Neq => "is not",
    };
    match test {
        Test::Pattern(pattern) if pattern.cased => {
            format!("{} (case counts)", shape(pattern, is_keyword))
        }
        Test::Pattern(pattern) => shape(pattern, is_keyword).to_owned(),
        Test::Regex(_) => "matches the regular expression".to_owned(),
        Test::Cidr(_) => "is in the network".to_owned(),
        Test::Number(order, _) => ordering(order).to_owned(),
        Test::Bool(_) => "is".to_owned(),
        Test::Exists(true) => "exists, as wanted by".to_owned(),
        Test::Exists(false) => "is absent, as wanted by".to_owned(),
        Test::Null => "is null or absent, as wanted by".to_owned(),
        Test::FieldRef(_, place, _) => match place {
            Place::Whole => "equals the field",
            Place::Within => "contains the field",
            Place::Start => "begins with the field",
            Place::End => "ends with the field",
        }
        .to_owned(),
        Test::TimePart(part, order, _) => {
            let part = match part {
                TimePart::Minute => "minute",
                TimePart::Hour => "hour",
                TimePart::Day => "day",
                TimePart::Week => "week",
                TimePart::Month => "month",
                TimePart::Year => "year",
            };
            format!("has a {part} that {}", ordering(order))
        }
    }
}

/// What the wildcards at both ends make of a pattern.
fn shape(pattern: &Pattern, is_keyword: bool) -> &'static str {
    let is_any = |part: Option<&Part>| part == Some(&Part::Any);
    let inner = pattern.parts.iter().filter(|part| !matches!(part, Part::Literal(_))).count();
    match (is_any(pattern.parts.first()), is_any(pattern.parts.last()), inner) {
        _ if is_keyword => "contains",
        (false, false, 0) => "equals",
        (true, true, 2) => "contains",
        (false, true, 1) => "starts with",
        (true, false, 1) => "ends with",
        _ => "matches the wildcards",
    }
}

/// The first condition that failed, in words; `None` when the node holds.
pub fn first_failure(node: &WhyNode) -> Option<String> {
    if node.holds {
        return None;
    }
    if let Some(leaf) = &node.leaf {
        return Some(match &leaf.value {
            Some(value) => format!("{} does not hold: the value is {}", node.label, quoted(value)),
            None if leaf.field.is_empty() => format!("{} does not hold", node.label),
            None => format!("{} does not hold: the event has no field {}", node.label, leaf.field),
        });
    }
    if node.label == "not" {
        let inner = node.children.first()?;
        return Some(format!("'not' does not hold, because {} holds", first_holding(inner)));
    }
    let failed: Vec<&WhyNode> = node.children.iter().filter(|child| !child.holds).collect();
    let first = first_failure(failed.first()?)?;
    let is_choice = failed.len() > 1 && failed.len() == node.children.len();
    Some(match (is_choice, node.label.as_str()) {
        (true, "and") | (false, _) => first,
        (true, label) => format!("in {label}: {first} (and {} more do not hold)", failed.len() - 1),
    })
}

/// The deepest first part that holds, in words.
fn first_holding(node: &WhyNode) -> String {
    let deeper = node.children.iter().find(|child| child.holds);
    match deeper {
        Some(child) if node.label == "and" || node.label == "or" => first_holding(child),
        Some(child) => format!("{} ({})", node.label, first_holding(child)),
        None => node.label.clone(),
    }
}
