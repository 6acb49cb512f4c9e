//! Why, in one line.

use model::{Finding, Why, WhyLeaf, WhyNode};

use crate::visible::{shorten, visible};

/// Comparisons in one line.
const LEAVES_MAX: usize = 3;
/// Characters of one value.
const VALUE_MAX: usize = 80;

/// The comparisons that hold and so made the rule hold, in the order of the rule. What stands under a `not` is no
/// reason, and of a choice the first part that holds is enough.
fn holding_leaves<'w>(node: &'w WhyNode, found: &mut Vec<&'w WhyLeaf>) {
    if !node.holds || node.label == "not" {
        return;
    }
    match &node.leaf {
        Some(leaf) => found.push(leaf),
        None => node.children.iter().for_each(|child| holding_leaves(child, found)),
    }
}

/// The reasons of a finding in one line, hostile characters made visible.
pub(crate) fn in_one_line(finding: &Finding) -> String {
    match &finding.why {
        Why::Event(node) => {
            let mut leaves = Vec::new();
            holding_leaves(node, &mut leaves);
            let shown: Vec<String> =
                leaves.iter().take(LEAVES_MAX).map(|leaf| leaf_in_words(leaf)).collect();
            let more = leaves.len().saturating_sub(LEAVES_MAX);
            let tail = if more > 0 { format!(" and {more} more") } else { String::new() };
            shown.join("; ") + &tail
        }
        Why::Correlation { statement, group, measured } => {
            let group: Vec<String> = group
                .iter()
                .map(|(field, value)| format!("{field} = {}", value_of(value)))
                .collect();
            let within =
                if group.is_empty() { String::new() } else { format!(" for {}", group.join(", ")) };
            format!("{}: {}{within}", visible(statement), visible(measured))
        }
    }
}

fn leaf_in_words(leaf: &WhyLeaf) -> String {
    let field = if leaf.field.is_empty() { "the record" } else { &leaf.field };
    let pattern = value_of(&leaf.pattern);
    let words = format!("{} {} {pattern}", visible(field), leaf.operator);
    match &leaf.value {
        Some(value) if *value != leaf.pattern && !leaf.field.is_empty() => {
            format!("{words}: {}", visible(&around(value, leaf.span)))
        }
        _ => words,
    }
}

/// At most [`VALUE_MAX`] characters of a value, those around what matched.
fn around(value: &str, span: Option<(usize, usize)>) -> String {
    let length = value.chars().count();
    let (start, end) = span.unwrap_or((0, 0));
    let is_whole = length <= VALUE_MAX;
    if is_whole || end <= VALUE_MAX {
        return shorten(value, VALUE_MAX).into_owned();
    }
    let from = start.saturating_sub(VALUE_MAX / 4).min(length.saturating_sub(VALUE_MAX));
    let part: String = value.chars().skip(from).take(VALUE_MAX).collect();
    let tail = if from + VALUE_MAX < length { "…" } else { "" };
    format!("…{part}{tail}")
}

fn value_of(value: &str) -> String {
    shorten(&visible(value), VALUE_MAX).into_owned()
}
