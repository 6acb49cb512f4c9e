//! Why, in one line.

use model::{Finding, Why, WhyLeaf, WhyNode};

use crate::visible::{shorten, visible};

/// Comparisons in one line.
const LEAVES_MAX: usize = 3;
/// Parts of one node that stand for all.
const PARTS_MAX: usize = 4;
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
        Why::Correlation { statement, group, .. } => {
            let group: Vec<String> = group
                .iter()
                .map(|(field, value)| format!("{field} = {}", value_of(value)))
                .collect();
            let within =
                if group.is_empty() { String::new() } else { format!(" for {}", group.join(", ")) };
            format!("{}{within}", visible(statement))
        }
    }
}

fn leaf_in_words(leaf: &WhyLeaf) -> String {
    let field = if leaf.field.is_empty() { "the record" } else { &leaf.field };
    let pattern = value_of(&leaf.pattern);
    let words = format!("{} {} {pattern}", visible(field), leaf.operator);
    match &leaf.value {
        Some(value) if *value != leaf.pattern && !leaf.field.is_empty() => {
            format!("{words}: {}", visible(&around(value, leaf.span, VALUE_MAX)))
        }
        _ => words,
    }
}

/// The parts of a node that decide whether it holds, and how many others there are. A choice of fifty patterns of
/// which one holds is told by that one; what failed is told by some of what failed.
pub(crate) fn telling_parts(node: &WhyNode) -> (Vec<&WhyNode>, usize) {
    let all: Vec<&WhyNode> = node.children.iter().collect();
    let is_needed_whole = node.holds && all.iter().all(|child| child.holds);
    if all.len() <= PARTS_MAX || is_needed_whole || node.label == "not" {
        return (all, 0);
    }
    let telling: Vec<&WhyNode> =
        all.iter().copied().filter(|child| child.holds == node.holds).take(PARTS_MAX).collect();
    let others = all.len() - telling.len();
    (telling, others)
}

/// At most `characters_max` characters of a value, those around what matched.
pub(crate) fn around(value: &str, span: Option<(usize, usize)>, characters_max: usize) -> String {
    let length = value.chars().count();
    let (start, end) = span.unwrap_or((0, 0));
    let is_whole = length <= characters_max;
    if is_whole || end <= characters_max {
        return shorten(value, characters_max).into_owned();
    }
    let from = start.saturating_sub(characters_max / 4).min(length.saturating_sub(characters_max));
    let part: String = value.chars().skip(from).take(characters_max).collect();
    let tail = if from + characters_max < length { "…" } else { "" };
    format!("…{part}{tail}")
}

fn value_of(value: &str) -> String {
    shorten(&visible(value), VALUE_MAX).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(label: &str, holds: bool, children: Vec<WhyNode>) -> WhyNode {
        WhyNode { label: label.to_owned(), holds, children, leaf: None }
    }

    #[test]
    fn a_long_choice_is_told_by_what_decides() {
        let parts = |holding: usize| (0..9).map(|at| node("x", at < holding, vec![])).collect();
        let told = |holds, holding| {
            let node = node("or", holds, parts(holding));
            let (telling, others) = telling_parts(&node);
            (telling.len(), telling.iter().all(|part| part.holds == holds), others)
        };
        assert_eq!(told(true, 1), (1, true, 8));
        assert_eq!(told(false, 0), (4, true, 5));
        assert_eq!(told(false, 7), (2, true, 7));
        assert_eq!(told(true, 9), (9, true, 0));
    }

    #[test]
    fn a_long_value_is_cut_around_what_matched() {
        let value = "x".repeat(500) + "mark" + &"y".repeat(500);
        let shown = around(&value, Some((500, 504)), 40);
        assert!(shown.contains("mark") && shown.chars().count() <= 42, "{shown}");
    }
}
