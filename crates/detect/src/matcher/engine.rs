//! The compiled rule set: from an event to the rules that hold.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{Catalog, EventRef, FieldId, FieldTable, KindId, Logsource};
use rustc_hash::{FxHashMap, FxHashSet};

use super::event::Scratch;
use super::plan::{Names, Node, Plan};
use super::scan::FieldProgram;
use super::trigger::{self, Look};
use crate::finding::EntityFields;
use crate::sigma::RuleSet;
use crate::sigma::ast::{Expr, Test};

/// How a rule is found to be worth evaluating.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CostClass {
    /// Only when one of its triggers is seen.
    Triggered,
    /// Only when one of its triggers is seen, but every value of an event has to be looked at for it (keywords).
    Keywords,
    /// For every event of its log source: nothing in it must be there.
    EveryEvent,
}

/// Rules that share a log source.
#[derive(Default)]
struct Group {
    always: Vec<u32>,
    keywords: Option<FieldProgram>,
    programs: Vec<(FieldId, FieldProgram)>,
    fields: FxHashSet<FieldId>,
}

/// What one kind of event meets. Kinds that serve the same groups share one.
#[derive(Default)]
struct Route {
    groups: Vec<u32>,
    /// For each known field: 0 when no rule reads it, else one more than its place in `reads`.
    fields: Vec<u16>,
    /// For each field that is read: a range of `programs`, empty when there is nothing to look for.
    reads: Vec<(u32, u32)>,
    /// (group, program of the group).
    programs: Vec<(u32, u32)>,
}

impl Route {
    /// Whether a rule reads the field.
    #[inline]
    fn reads(&self, field: FieldId) -> bool {
        field.index().and_then(|index| self.fields.get(index)).is_some_and(|place| *place != 0)
    }

    /// What is looked for in the field.
    #[inline]
    fn programs_of(&self, field: usize) -> &[(u32, u32)] {
        let place = self.fields.get(field).and_then(|place| place.checked_sub(1));
        let range =
            place.and_then(|place| self.reads.get(usize::from(place))).copied().unwrap_or_default();
        self.programs.get(range.0 as usize..range.1 as usize).unwrap_or_default()
    }
}

/// All rules of a set, compiled for a catalog. Shared by threads; each brings its own [`Scratch`].
pub struct Engine {
    rules: Arc<RuleSet>,
    catalog: Arc<Catalog>,
    plan: Plan,
    roots: Vec<u32>,
    groups: Vec<Group>,
    routes: Vec<Route>,
    route_of_kind: Vec<u32>,
    costs: Vec<CostClass>,
    entity: EntityFields,
}

impl Engine {
    /// Interns every name that the rules use, so that decoders recognise them. To be called on the field table
    /// before the mappings are compiled with it.
    pub fn names(rules: &RuleSet, fields: &mut FieldTable) {
        for rule in &rules.rules {
            visit_names(&rule.condition, &mut |name| {
                fields.intern(name);
            });
        }
        for correlation in &rules.correlations {
            let measured =
                correlation.measured_fields.iter().chain(&correlation.group_fields).flatten();
            measured.for_each(|name| {
                fields.intern(name);
            });
        }
    }

    /// Compiles the rules for the kinds of a catalog.
    pub fn compile(rules: Arc<RuleSet>, catalog: Arc<Catalog>) -> Self {
        let mut by_source: Vec<(Logsource, Vec<u32>)> = Vec::new();
        let mut index: FxHashMap<&Logsource, usize> = FxHashMap::default();
        for (number, rule) in rules.rules.iter().enumerate() {
            let at = *index.entry(&rule.meta.logsource).or_insert_with(|| {
                by_source.push((rule.meta.logsource.clone(), Vec::new()));
                by_source.len() - 1
            });
            if let Some((_, members)) = by_source.get_mut(at) {
                members.push(number as u32);
            }
        }
        let names = Names { fields: &catalog.fields, regexes: &rules.regexes };
        let mut plan = Plan::default();
        let mut roots = vec![0; rules.rules.len()];
        let mut costs = vec![CostClass::Triggered; rules.rules.len()];
        let mut groups = Vec::new();
        for (_, members) in &by_source {
            for rule in members {
                if let (Some(root), Some(source)) =
                    (roots.get_mut(*rule as usize), rules.rules.get(*rule as usize))
                {
                    *root = plan.add(&source.condition, names);
                }
            }
            groups.push(compile_group(members, &rules, &catalog.fields, &mut costs));
        }
        plan.finish();
        let sources: Vec<Logsource> = by_source.into_iter().map(|(source, _)| source).collect();
        let (routes, route_of_kind) = compile_routes(&sources, &groups, &catalog);
        let entity = EntityFields::new(&catalog.fields);
        Self { rules, catalog, plan, roots, groups, routes, route_of_kind, costs, entity }
    }

    /// The rules.
    pub fn rules(&self) -> &Arc<RuleSet> {
        &self.rules
    }

    /// The catalog it was compiled for.
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// Where the entity of an event is looked for.
    pub(crate) fn entity_fields(&self) -> &EntityFields {
        &self.entity
    }

    /// The cost class of a rule.
    pub fn cost(&self, rule: usize) -> CostClass {
        self.costs.get(rule).copied().unwrap_or(CostClass::EveryEvent)
    }

    /// Evaluates an event. The indices of the rules that hold come in rising order.
    // Kept whole, so that profilers find it.
    #[inline(never)]
    pub fn evaluate<'s>(&self, event: EventRef<'_>, scratch: &'s mut Scratch) -> &'s [u32] {
        scratch.begin(self.catalog.fields.len(), self.roots.len(), self.plan.atoms.len());
        let Some(route) = self.route(event.kind()) else { return &scratch.hits };
        prepare(event, route, scratch);
        self.look(event, route, scratch);
        let candidates = std::mem::take(&mut scratch.marks.candidates);
        for rule in &candidates {
            let Some(root) = self.roots.get(*rule as usize) else { continue };
            if self.holds(*root, event, scratch) {
                scratch.hits.push(*rule);
            }
        }
        scratch.marks.candidates = candidates;
        scratch.hits.sort_unstable();
        &scratch.hits
    }

    fn route(&self, kind: KindId) -> Option<&Route> {
        let route = self.route_of_kind.get(kind.0 as usize)?;
        self.routes.get(*route as usize).filter(|route| !route.groups.is_empty())
    }

    /// Marks the rules whose triggers the event shows.
    fn look(&self, event: EventRef<'_>, route: &Route, scratch: &mut Scratch) {
        for group in &route.groups {
            let Some(group) = self.groups.get(*group as usize) else { continue };
            scratch.marks.ask(&group.always);
            if let Some(program) = &group.keywords {
                program.scan_keywords(event, scratch);
            }
        }
        for index in 0..scratch.len() as u32 {
            let Some(field) = scratch.value(index).and_then(|value| value.field.index()) else {
                continue;
            };
            for (group, program) in route.programs_of(field) {
                let found = self
                    .groups
                    .get(*group as usize)
                    .and_then(|group| group.programs.get(*program as usize));
                if let Some((_, program)) = found {
                    program.scan(index, event, scratch);
                }
            }
        }
    }

    fn holds(&self, node: u32, event: EventRef<'_>, scratch: &mut Scratch) -> bool {
        let children = |start: u32, len: u32| {
            self.plan.children.get(start as usize..(start + len) as usize).unwrap_or_default()
        };
        match self.plan.nodes.get(node as usize).copied() {
            Some(Node::And(start, len)) => {
                children(start, len).iter().all(|child| self.holds(*child, event, scratch))
            }
            Some(Node::Or(start, len)) => {
                children(start, len).iter().any(|child| self.holds(*child, event, scratch))
            }
            Some(Node::AtLeast(wanted, start, len)) => {
                let mut holding = 0;
                wanted == 0
                    || children(start, len).iter().any(|child| {
                        holding += u32::from(self.holds(*child, event, scratch));
                        holding >= wanted
                    })
            }
            Some(Node::Not(inner)) => !self.holds(inner, event, scratch),
            Some(Node::Atom(atom)) => {
                if let Some(known) = scratch.recall(atom) {
                    return known;
                }
                let Some(compiled) = self.plan.atoms.get(atom as usize) else { return false };
                let holds = compiled.holds(event, scratch);
                scratch.remember(atom, holds);
                holds
            }
            None => false,
        }
    }
}

/// Takes the values that rules of the route read.
fn prepare(event: EventRef<'_>, route: &Route, scratch: &mut Scratch) {
    for slot in event.slots() {
        if route.reads(slot.field) {
            scratch.add(slot.field, slot.value);
        }
    }
}

fn compile_group(
    members: &[u32],
    rules: &RuleSet,
    fields: &FieldTable,
    costs: &mut [CostClass],
) -> Group {
    let conditions: Vec<&Expr> = members
        .iter()
        .filter_map(|rule| rules.rules.get(*rule as usize))
        .map(|rule| &rule.condition)
        .collect();
    let mut group = Group::default();
    let mut wanted: FxHashMap<Option<FieldId>, Vec<(Look, u32)>> = FxHashMap::default();
    for ((rule, triggers), condition) in
        members.iter().zip(trigger::choose(&conditions, fields)).zip(&conditions)
    {
        visit_names(condition, &mut |name| {
            group.fields.extend(fields.get(name));
        });
        let Some(cost) = costs.get_mut(*rule as usize) else { continue };
        match triggers {
            None => {
                *cost = CostClass::EveryEvent;
                group.always.push(*rule);
            }
            Some(triggers) => {
                if triggers.iter().any(|trigger| trigger.field.is_none()) {
                    *cost = CostClass::Keywords;
                }
                for trigger in triggers {
                    wanted.entry(trigger.field).or_default().push((trigger.look, *rule));
                }
            }
        }
    }
    for (field, looks) in wanted {
        let program = FieldProgram::compile(looks);
        match field {
            Some(field) => group.programs.push((field, program)),
            None => group.keywords = Some(program),
        }
    }
    group.programs.sort_by_key(|(field, _)| *field);
    group
}

/// Finds for each kind the groups it serves, and what they look for in which field.
fn compile_routes(
    sources: &[Logsource],
    groups: &[Group],
    catalog: &Catalog,
) -> (Vec<Route>, Vec<u32>) {
    let mut routes: Vec<Route> = Vec::new();
    let mut known: FxHashMap<Vec<u32>, u32> = FxHashMap::default();
    let mut route_of_kind = Vec::with_capacity(catalog.kinds.len());
    for kind in &catalog.kinds {
        let is_served =
            |source: &Logsource| kind.source.is_some() && kind.logsources.serves(source);
        let served: Vec<u32> = sources
            .iter()
            .enumerate()
            .filter(|(_, source)| is_served(source))
            .map(|(group, _)| group as u32)
            .collect();
        let route = *known.entry(served.clone()).or_insert_with(|| {
            routes.push(compile_route(served, groups, catalog.fields.len()));
            routes.len() as u32 - 1
        });
        route_of_kind.push(route);
    }
    (routes, route_of_kind)
}

fn compile_route(served: Vec<u32>, groups: &[Group], field_count: usize) -> Route {
    let mut by_field: BTreeMap<usize, Vec<(u32, u32)>> = BTreeMap::new();
    for number in &served {
        let Some(group) = groups.get(*number as usize) else { continue };
        group.fields.iter().filter_map(|field| field.index()).for_each(|field| {
            by_field.entry(field).or_default();
        });
        for (index, (field, _)) in group.programs.iter().enumerate() {
            if let Some(field) = field.index() {
                by_field.entry(field).or_default().push((*number, index as u32));
            }
        }
    }
    let mut route = Route { fields: vec![0; field_count], ..Route::default() };
    for (field, programs) in by_field {
        let start = route.programs.len() as u32;
        route.programs.extend(programs);
        route.reads.push((start, route.programs.len() as u32));
        // No rule set reads 65,535 fields of one kind of event; beyond that a field would not be read.
        if let (Some(entry), Ok(place)) =
            (route.fields.get_mut(field), u16::try_from(route.reads.len()))
        {
            *entry = place;
        }
    }
    route.groups = served;
    route
}

/// Calls `visit` with each field name of a condition, those of references included.
pub(crate) fn visit_names(expr: &Expr, visit: &mut dyn FnMut(&str)) {
    match expr {
        Expr::And(_, parts) | Expr::Or(_, parts) | Expr::AtLeast(_, _, parts) => {
            parts.iter().for_each(|part| visit_names(part, visit));
        }
        Expr::Not(inner) => visit_names(inner, visit),
        Expr::Atom(atom) => {
            if let Some(name) = &atom.field {
                visit(name);
            }
            if let Test::FieldRef(name, ..) = &atom.test {
                visit(name);
            }
        }
    }
}
