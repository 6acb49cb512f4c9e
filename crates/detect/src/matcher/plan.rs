//! Rule conditions as flat nodes over shared comparisons.

use model::{FieldId, FieldTable};
use rustc_hash::FxHashMap;

use super::atom::{Check, CompiledAtom, Shape, shape, text_of};
use crate::sigma::Regexes;
use crate::sigma::ast::{Atom, Expr, Pattern, Test};

/// A node of a condition; children are a range of [`Plan::children`].
#[derive(Debug, Clone, Copy)]
pub(super) enum Node {
    And(u32, u32),
    Or(u32, u32),
    AtLeast(u32, u32, u32),
    Not(u32),
    Atom(u32),
}

/// What the names and expressions of conditions stand for.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    pub(super) fields: &'a FieldTable,
    pub(super) regexes: &'a Regexes,
}

/// All conditions.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) nodes: Vec<Node>,
    pub(super) children: Vec<u32>,
    pub(super) atoms: Vec<CompiledAtom>,
    work: Vec<u32>,
    known: FxHashMap<(Option<Box<str>>, Pattern), u32>,
}

impl Plan {
    /// Adds a condition; returns its root.
    pub(super) fn add(&mut self, expr: &Expr, names: Names<'_>) -> u32 {
        match expr {
            Expr::And(_, parts) => {
                let children = self.sorted(parts.iter().collect(), names);
                self.parent(children, Node::And)
            }
            Expr::Or(_, parts) => {
                let children = self.alternatives(parts, names);
                self.parent(children, Node::Or)
            }
            Expr::AtLeast(_, wanted, parts) => {
                let wanted = *wanted as u32;
                let children = parts.iter().map(|part| self.add(part, names)).collect();
                self.parent(children, |start, len| Node::AtLeast(wanted, start, len))
            }
            Expr::Not(inner) => {
                let inner = self.add(inner, names);
                let work = self.work_of(inner);
                self.push(Node::Not(inner), work)
            }
            Expr::Atom(atom) => self.atom(atom, names),
        }
    }

    /// Lets go of what only compiling needs.
    pub(super) fn finish(&mut self) {
        self.known = FxHashMap::default();
        self.work = Vec::new();
        self.nodes.shrink_to_fit();
        self.children.shrink_to_fit();
        self.atoms.shrink_to_fit();
    }

    fn push(&mut self, node: Node, work: u32) -> u32 {
        self.nodes.push(node);
        self.work.push(work);
        self.nodes.len() as u32 - 1
    }

    fn work_of(&self, node: u32) -> u32 {
        self.work.get(node as usize).copied().unwrap_or_default()
    }

    fn parent(&mut self, children: Vec<u32>, node: impl FnOnce(u32, u32) -> Node) -> u32 {
        let work = children.iter().map(|child| self.work_of(*child)).sum();
        let start = self.children.len() as u32;
        let node = node(start, children.len() as u32);
        if let ([only], Node::And(..) | Node::Or(..)) = (children.as_slice(), node) {
            return *only;
        }
        self.children.extend(children);
        self.push(node, work)
    }

    fn sorted(&mut self, parts: Vec<&Expr>, names: Names<'_>) -> Vec<u32> {
        let mut children: Vec<u32> = parts.into_iter().map(|part| self.add(part, names)).collect();
        children.sort_by_key(|child| self.work_of(*child));
        children
    }

    /// The children of an `or`, with patterns of one field and shape gathered into sets.
    fn alternatives(&mut self, parts: &[Expr], names: Names<'_>) -> Vec<u32> {
        let mut sets: Vec<((Option<&str>, bool, Shape), Vec<&str>)> = Vec::new();
        let mut others: Vec<&Expr> = Vec::new();
        for part in parts {
            let simple = match part {
                Expr::Atom(atom) => simple_pattern(atom),
                _ => None,
            };
            match simple {
                None => others.push(part),
                Some((key, text)) => match sets.iter_mut().find(|(have, _)| *have == key) {
                    Some((_, texts)) => texts.push(text),
                    None => sets.push((key, vec![text])),
                },
            }
        }
        let mut children = Vec::new();
        for ((field, cased, shape), texts) in sets {
            let texts: Vec<Box<[u8]>> =
                texts.into_iter().map(|text| text_of(text, cased)).collect();
            let field = field.map(|name| field_id(name, names.fields));
            let check = Check::of_texts(shape, texts);
            children.push(self.push_atom(field, check, cased));
        }
        children.extend(others.into_iter().map(|part| self.add(part, names)));
        children.sort_by_key(|child| self.work_of(*child));
        children
    }

    fn atom(&mut self, atom: &Atom, names: Names<'_>) -> u32 {
        let (key, cased) = match &atom.test {
            Test::Pattern(pattern) => (Some((atom.field.clone(), pattern.clone())), pattern.cased),
            _ => (None, false),
        };
        if let Some(node) = key.as_ref().and_then(|key| self.known.get(key)) {
            return *node;
        }
        let field = atom.field.as_deref().map(|name| field_id(name, names.fields));
        let node = self.push_atom(
            field,
            Check::of(&atom.test, names.regexes, |name| field_id(name, names.fields)),
            cased,
        );
        if let Some(key) = key {
            self.known.insert(key, node);
        }
        node
    }

    fn push_atom(&mut self, field: Option<FieldId>, check: Check, cased: bool) -> u32 {
        let work = check.work();
        let index = self.atoms.len() as u32;
        self.atoms.push(CompiledAtom { field, check, cased });
        self.push(Node::Atom(index), work)
    }
}

/// The id of a name; one that stands in no event when nobody interned it (see [`crate::Engine::names`]).
fn field_id(name: &str, fields: &FieldTable) -> FieldId {
    fields.get(name).unwrap_or(FieldId::unknown(u32::MAX >> 1))
}

type SetKey<'a> = (Option<&'a str>, bool, Shape);

fn simple_pattern(atom: &Atom) -> Option<(SetKey<'_>, &str)> {
    let Test::Pattern(pattern) = &atom.test else { return None };
    let (shape, text) = shape(pattern)?;
    Some(((atom.field.as_deref(), pattern.cased, shape), text))
}
