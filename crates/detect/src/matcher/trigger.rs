//! Choosing for each rule the comparisons of which at least one must hold whenever the rule holds.

use model::{FieldId, FieldTable};
use rustc_hash::FxHashMap;

use crate::sigma::ast::{Atom, Expr, Ordering, Part, Pattern, Test};
use crate::sigma::fold::fold;

/// Something that can be looked for cheaply. The field is `None` for keywords.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Trigger {
    pub(super) field: Option<FieldId>,
    pub(super) look: Look,
}

/// How a trigger is looked for in a folded value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Look {
    /// The value is this text.
    Exact(Box<[u8]>),
    /// The value is this number (its bits).
    Number(u64),
    /// The last component of a path is this text.
    Component(Box<[u8]>),
    /// The value ends with this text (at least two bytes, no path separator).
    Suffix(Box<[u8]>),
    /// The value begins with this text (at least two bytes).
    Prefix(Box<[u8]>),
    /// The value contains this text.
    Within(Box<[u8]>),
}

impl Look {
    fn text(&self) -> &[u8] {
        match self {
            Self::Exact(text)
            | Self::Component(text)
            | Self::Suffix(text)
            | Self::Prefix(text)
            | Self::Within(text) => text,
            Self::Number(_) => b"",
        }
    }
}

/// Rule → its triggers; `None` for rules that must be asked for every event of their group.
pub(super) fn choose(conditions: &[&Expr], fields: &FieldTable) -> Vec<Option<Vec<Trigger>>> {
    let mut uses: FxHashMap<Trigger, u32> = FxHashMap::default();
    for condition in conditions {
        count(condition, fields, &mut uses);
    }
    conditions
        .iter()
        .map(|condition| best(condition, fields, &uses).map(|(_, triggers)| triggers))
        .collect()
}

fn count(expr: &Expr, fields: &FieldTable, uses: &mut FxHashMap<Trigger, u32>) {
    match expr {
        Expr::And(_, parts) | Expr::Or(_, parts) | Expr::AtLeast(_, _, parts) => {
            parts.iter().for_each(|part| count(part, fields, uses));
        }
        Expr::Not(_) => {}
        Expr::Atom(atom) => {
            if let Some(trigger) = of_atom(atom, fields) {
                *uses.entry(trigger).or_default() += 1;
            }
        }
    }
}

/// The cheapest set of triggers of an expression and its expected hits for each event.
fn best(
    expr: &Expr,
    fields: &FieldTable,
    uses: &FxHashMap<Trigger, u32>,
) -> Option<(f64, Vec<Trigger>)> {
    match expr {
        Expr::Atom(atom) => {
            let trigger = of_atom(atom, fields)?;
            Some((expected(&trigger, uses.get(&trigger).copied().unwrap_or(1)), vec![trigger]))
        }
        Expr::And(_, parts) => parts
            .iter()
            .filter_map(|part| best(part, fields, uses))
            .min_by(|left, right| left.0.total_cmp(&right.0)),
        Expr::AtLeast(_, 0, _) | Expr::Not(_) => None,
        Expr::Or(_, parts) | Expr::AtLeast(_, _, parts) => {
            if parts.is_empty() {
                // It never holds, so nothing needs to be looked for.
                return Some((0.0, Vec::new()));
            }
            let mut sum = 0.0;
            let mut all = Vec::new();
            for part in parts {
                let (cost, triggers) = best(part, fields, uses)?;
                sum += cost;
                all.extend(triggers);
            }
            Some((sum, all))
        }
    }
}

/// A guess of how often a trigger is seen in an event: short texts are common, and so is what many rules name
/// (`\powershell.exe`): rules follow what is there.
fn expected(trigger: &Trigger, uses: u32) -> f64 {
    let length = trigger.look.text().len() as i32;
    let base = match &trigger.look {
        Look::Number(_) => 0.02,
        Look::Exact(_) | Look::Component(_) => 0.004,
        Look::Suffix(text) | Look::Prefix(text) | Look::Within(text) if is_common(text) => 0.3,
        Look::Suffix(_) | Look::Prefix(_) => 0.3_f64.powi(length - 1).max(0.002),
        Look::Within(_) => 0.62_f64.powi(length - 1).max(0.002),
    };
    let keyword = if trigger.field.is_none() { 4.0 } else { 1.0 };
    base * f64::from(uses).powf(1.2) * keyword
}

/// Texts of which many events hold a part, folded: to look for such a part tells nothing.
const COMMON: [&[u8]; 8] = [
    br"c:\windows\system32\cmd.exe /c ",
    br"c:\windows\syswow64\",
    br"\windowspowershell\v1.0\powershell.exe -",
    br"c:\program files (x86)\microsoft\",
    br"c:\program files\microsoft ",
    br"c:\users\appdata\local\temp\",
    br"nt authority\system32.dll",
    b"https://www.http://microsoft windows operating system",
];

fn is_common(text: &[u8]) -> bool {
    COMMON.iter().any(|common| memchr::memmem::find(common, text).is_some())
}

fn of_atom(atom: &Atom, fields: &FieldTable) -> Option<Trigger> {
    let field = match &atom.field {
        Some(name) => Some(fields.get(name)?),
        None => None,
    };
    let look = match &atom.test {
        Test::Pattern(pattern) if field.is_some() => of_pattern(pattern)?,
        Test::Pattern(pattern) => within(longest(pattern)?),
        Test::Regex(regex) => within(super::required::literal(regex)?),
        Test::Number(Ordering::Eq, number) => Look::Number(number_bits(*number)),
        _ => return None,
    };
    Some(Trigger { field, look })
}

fn bytes(text: &str) -> Box<[u8]> {
    fold(text).as_bytes().into()
}

/// The bits of a number; both zeros, which are equal, have the same.
pub(super) fn number_bits(number: f64) -> u64 {
    (number + 0.0).to_bits()
}

fn within(text: Box<[u8]>) -> Look {
    Look::Within(text)
}

fn longest(pattern: &Pattern) -> Option<Box<[u8]>> {
    let literals = pattern.parts.iter().filter_map(|part| match part {
        Part::Literal(text) if !text.is_empty() => Some(bytes(text)),
        _ => None,
    });
    literals.max_by_key(|text| text.len())
}

fn of_pattern(pattern: &Pattern) -> Option<Look> {
    match pattern.parts.as_slice() {
        [] => Some(Look::Exact(Box::default())),
        [Part::Literal(text)] => Some(Look::Exact(bytes(text))),
        [Part::Any, Part::Literal(text)] => Some(of_suffix(bytes(text))),
        [Part::Literal(text), Part::Any] if text.len() >= 2 => Some(Look::Prefix(bytes(text))),
        _ => longest(pattern).map(Look::Within),
    }
}

fn of_suffix(text: Box<[u8]>) -> Look {
    match memchr::memrchr2(b'\\', b'/', &text) {
        Some(at) if at + 1 < text.len() => {
            Look::Component(text.get(at + 1..).unwrap_or_default().into())
        }
        None if text.len() >= 2 => Look::Suffix(text),
        _ => Look::Within(text),
    }
}
