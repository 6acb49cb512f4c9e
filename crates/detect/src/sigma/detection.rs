//! The selections of a rule: maps, lists and keywords to expressions.

use std::sync::Arc;

use ipnet::IpNet;
use rustc_hash::FxHashMap;

use super::ast::{Atom, Expr, Ordering, Pattern, RegexTest, Test, TimePart};
use super::modifiers::{Kind, Modifiers, apply};
use super::pattern::{open_end, open_start, parse_parts};
use super::placeholders::expand;
use super::refusal::Fault;
use super::regexes::Regexes;
use super::yaml::{Content, Node, Scalar};

/// Values for `expand`: placeholder name (without `%`) to the texts that it stands for.
pub type Placeholders = FxHashMap<Box<str>, Vec<Box<str>>>;

/// Most comparisons in one rule.
pub(crate) const ATOMS_MAX: usize = 50_000;

/// Whole numbers beyond this are not exact as `f64`; they are compared as text.
const EXACT_MAX: u64 = 1 << 53;

/// What reading the selections of one rule needs and gathers.
pub(crate) struct Scope<'c> {
    pub(crate) placeholders: &'c Placeholders,
    pub(crate) regexes: &'c mut Regexes,
    /// The placeholders that were used: they belong to the rule's meaning.
    pub(crate) expanded: Vec<Box<str>>,
    pub(crate) atoms: usize,
}

impl<'c> Scope<'c> {
    pub(crate) fn new(placeholders: &'c Placeholders, regexes: &'c mut Regexes) -> Self {
        Self { placeholders, regexes, expanded: Vec::new(), atoms: 0 }
    }

    /// The expression of one selection; its name is the label.
    pub(crate) fn selection(&mut self, name: &str, node: &Node<'_>) -> Result<Expr, Fault> {
        match &node.content {
            Content::Map(entries) => Ok(Expr::And(name.into(), self.items(node, entries)?)),
            Content::List(list) => {
                if list.is_empty() {
                    return Err(empty(node));
                }
                let mut parts = Vec::with_capacity(list.len());
                for item in list {
                    parts.push(match &item.content {
                        Content::Map(entries) => joined(self.items(item, entries)?, false),
                        Content::Scalar(..) => self.keyword(item)?,
                        Content::List(_) => {
                            return Err(Fault::node(
                                item,
                                "a list within the list",
                                "write one list",
                            ));
                        }
                    });
                }
                Ok(Expr::Or(name.into(), parts))
            }
            Content::Scalar(..) => Ok(Expr::Or(name.into(), vec![self.keyword(node)?])),
        }
    }

    fn items(
        &mut self,
        node: &Node<'_>,
        entries: &[(Node<'_>, Node<'_>)],
    ) -> Result<Vec<Expr>, Fault> {
        if entries.is_empty() {
            return Err(empty(node));
        }
        entries.iter().map(|(key, value)| self.item(key, value)).collect()
    }

    fn keyword(&mut self, node: &Node<'_>) -> Result<Expr, Fault> {
        let mut atoms = Vec::new();
        self.value(&Modifiers::KEYWORD, node, &mut atoms)?;
        Ok(joined(atoms, true))
    }

    /// One `field|modifiers: value or values`.
    fn item(&mut self, key: &Node<'_>, value: &Node<'_>) -> Result<Expr, Fault> {
        let modifiers = Modifiers::parse(key)?;
        let mut values = Vec::new();
        match &value.content {
            Content::Map(_) => {
                return Err(Fault::node(
                    value,
                    "a field's value is a map",
                    "write a value or a list of values",
                ));
            }
            Content::Scalar(..) => {
                if modifiers.all {
                    return Err(single_all(value));
                }
                self.value(&modifiers, value, &mut values)?;
            }
            Content::List(list) => {
                if list.is_empty() {
                    return Err(Fault::node(
                        value,
                        "a field without values",
                        "write the values, '' or null",
                    ));
                }
                if modifiers.all && list.len() == 1 {
                    return Err(single_all(value));
                }
                for item in list {
                    if item.scalar() == Some(Scalar::Null) {
                        return Err(Fault::node(
                            item,
                            "null cannot be part of a list of values",
                            "make it a selection of its own and join both with 'or'",
                        ));
                    }
                    if modifiers.all {
                        let mut alternatives = Vec::new();
                        self.value(&modifiers, item, &mut alternatives)?;
                        values.push(joined(alternatives, true));
                    } else {
                        self.value(&modifiers, item, &mut values)?;
                    }
                }
            }
        }
        let whole = joined(values, !modifiers.all);
        Ok(if modifiers.neq { Expr::Not(Box::new(whole)) } else { whole })
    }

    /// The atoms of one value, any of which may hold.
    fn value(
        &mut self,
        modifiers: &Modifiers<'_>,
        node: &Node<'_>,
        into: &mut Vec<Expr>,
    ) -> Result<(), Fault> {
        let Some(scalar) = node.scalar() else {
            return Err(Fault::node(
                node,
                format!("{} where a value is expected", node.kind()),
                "write a value",
            ));
        };
        let written = node.text().unwrap_or_default();
        if !modifiers.expand {
            return self.written(modifiers, node, scalar, written, into);
        }
        let Scalar::Text(text) = scalar else {
            return Err(wrong_type("expand", node, "text with %placeholders%"));
        };
        let expanded = expand(text, self.placeholders, &mut self.expanded)
            .map_err(|(reason, way_out)| Fault::node(node, reason, way_out))?;
        for text in &expanded {
            self.written(modifiers, node, Scalar::Text(text), text, into)?;
        }
        Ok(())
    }

    fn written(
        &mut self,
        modifiers: &Modifiers<'_>,
        node: &Node<'_>,
        scalar: Scalar<'_>,
        written: &str,
        into: &mut Vec<Expr>,
    ) -> Result<(), Fault> {
        let test = match modifiers.kind {
            Kind::Text => return self.text(modifiers, node, scalar, written, into),
            Kind::Regex { ignore_case, multi_line, dot_all } => {
                if matches!(scalar, Scalar::Null | Scalar::Bool(_)) {
                    return Err(wrong_type("re", node, "a regular expression"));
                }
                let test = RegexTest { source: written.into(), ignore_case, multi_line, dot_all };
                self.regexes.add(&test).map_err(|reason| {
                    let reason = format!(
                        "the regular expression '{}' cannot be used: {reason}",
                        shortened(written)
                    );
                    Fault::node(
                        node,
                        reason,
                        "write it without, or use contains, startswith and endswith",
                    )
                })?;
                Test::Regex(test)
            }
            Kind::Cidr => Test::Cidr(network(node, scalar)?),
            Kind::Compare(ordering) => Test::Number(ordering, number(node, scalar)?),
            Kind::Exists => match scalar {
                Scalar::Bool(wanted) => Test::Exists(wanted),
                _ => return Err(wrong_type("exists", node, "true or false without quotes")),
            },
            Kind::FieldRef => match scalar {
                Scalar::Text(name) if !name.is_empty() => {
                    Test::FieldRef(name.into(), modifiers.place(), modifiers.cased)
                }
                _ => return Err(wrong_type("fieldref", node, "the name of a field")),
            },
            Kind::Time(part, ordering) => {
                Test::TimePart(part, ordering, time_number(part, node, scalar)?)
            }
        };
        self.push(modifiers, test, written, node, into)
    }

    fn text(
        &mut self,
        modifiers: &Modifiers<'_>,
        node: &Node<'_>,
        scalar: Scalar<'_>,
        written: &str,
        into: &mut Vec<Expr>,
    ) -> Result<(), Fault> {
        let is_bare = modifiers.steps.is_empty() && modifiers.field.is_some();
        let test = match scalar {
            Scalar::Null if is_bare => Some(Test::Null),
            Scalar::Bool(wanted) if is_bare => Some(Test::Bool(wanted)),
            Scalar::Int(number, _) if is_bare && number.unsigned_abs() <= EXACT_MAX => {
                Some(Test::Number(Ordering::Eq, number as f64))
            }
            Scalar::Float(number, text) if is_bare && text.contains(['.', 'e', 'E']) => {
                Some(Test::Number(Ordering::Eq, number))
            }
            Scalar::Null => {
                return Err(Fault::node(
                    node,
                    "null where text is expected",
                    "write '' or the word in quotes",
                ));
            }
            Scalar::Bool(_) if !modifiers.steps.is_empty() => {
                return Err(Fault::node(
                    node,
                    "a boolean where text is expected",
                    "put the word in quotes",
                ));
            }
            _ => None,
        };
        if let Some(test) = test {
            return self.push(modifiers, test, written, node, into);
        }
        let variants = apply(&modifiers.steps, parse_parts(written))
            .map_err(|(reason, way_out)| Fault::node(node, reason, way_out))?;
        for mut parts in variants {
            if modifiers.field.is_none() {
                open_start(&mut parts);
                open_end(&mut parts);
            }
            let test = Test::Pattern(Pattern { parts, cased: modifiers.cased });
            self.push(modifiers, test, written, node, into)?;
        }
        Ok(())
    }

    fn push(
        &mut self,
        modifiers: &Modifiers<'_>,
        test: Test,
        written: &str,
        node: &Node<'_>,
        into: &mut Vec<Expr>,
    ) -> Result<(), Fault> {
        self.atoms += 1;
        if self.atoms > ATOMS_MAX {
            let reason = format!("the rule has more than {ATOMS_MAX} comparisons");
            return Err(Fault::node(node, reason, "split it into several rules"));
        }
        let atom = Atom { field: modifiers.field.map(Into::into), test, written: written.into() };
        into.push(Expr::Atom(Arc::new(atom)));
        Ok(())
    }
}

/// One expression stands for itself; several are joined.
fn joined(mut parts: Vec<Expr>, any: bool) -> Expr {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            if any { Expr::Or("".into(), parts) } else { Expr::And("".into(), parts) }
        }
        None if any => Expr::Or("".into(), parts),
        None => Expr::And("".into(), parts),
    }
}

fn empty(node: &Node<'_>) -> Fault {
    Fault::node(
        node,
        "a selection without conditions",
        "write at least one field or keyword, or remove it",
    )
}

fn single_all(node: &Node<'_>) -> Fault {
    Fault::node(
        node,
        "the modifier 'all' on a single value",
        "remove 'all', or write a list of values",
    )
}

fn wrong_type(modifier: &str, node: &Node<'_>, expected: &str) -> Fault {
    let reason = format!("the modifier '{modifier}' cannot take {}", node.kind());
    Fault::node(node, reason, format!("write {expected}"))
}

/// At most 80 characters of a text.
fn shortened(text: &str) -> String {
    const SHOWN: usize = 80;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn network(node: &Node<'_>, scalar: Scalar<'_>) -> Result<IpNet, Fault> {
    let Scalar::Text(text) = scalar else {
        return Err(wrong_type("cidr", node, "a network such as 10.0.0.0/8"));
    };
    let single = || text.parse::<std::net::IpAddr>().ok().map(IpNet::from);
    text.parse::<IpNet>().ok().or_else(single).ok_or_else(|| {
        Fault::node(
            node,
            format!("'{}' is not a network", shortened(text)),
            "write a network such as 10.0.0.0/8",
        )
    })
}

fn number(node: &Node<'_>, scalar: Scalar<'_>) -> Result<f64, Fault> {
    match scalar {
        Scalar::Int(number, _) => Ok(number as f64),
        Scalar::Float(number, _) => Ok(number),
        _ => Err(Fault::node(
            node,
            format!("a numeric comparison cannot take {}", node.kind()),
            "write a number without quotes",
        )),
    }
}

fn time_number(part: TimePart, node: &Node<'_>, scalar: Scalar<'_>) -> Result<i64, Fault> {
    let (low, high) = match part {
        TimePart::Minute => (0, 59),
        TimePart::Hour => (0, 23),
        TimePart::Day => (1, 31),
        TimePart::Week => (1, 53),
        TimePart::Month => (1, 12),
        TimePart::Year => (0, 9999),
    };
    match scalar {
        Scalar::Int(number, _) if (low..=high).contains(&number) => Ok(number),
        _ => Err(Fault::node(
            node,
            format!("'{}' is not such a part of a date", node.text().unwrap_or_default()),
            format!("write a whole number from {low} to {high} without quotes"),
        )),
    }
}
