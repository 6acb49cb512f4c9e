//! All rules together: unique ids, filters applied, references between rules resolved.

use std::collections::VecDeque;
use std::sync::Arc;

use model::Logsource;
use rustc_hash::FxHashMap;

use super::ast::{CorrelationRule, Expr, Rule};
use super::detection::Placeholders;
use super::meta::Meaning;
use super::parse::{self, CorrelationDraft, Document, Filter, RuleDraft};
use super::refusal::{Fault, Place, Refusal};
use super::regexes::Regexes;
use super::yaml;

/// Something that a correlation refers to, as an index in the [`RuleSet`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RuleRef {
    /// In [`RuleSet::rules`].
    Rule(usize),
    /// In [`RuleSet::correlations`], always before the one that refers to it.
    Correlation(usize),
}

/// A correlation whose rules are found.
#[derive(Debug, Clone)]
pub struct Correlation {
    /// The rule.
    pub rule: CorrelationRule,
    /// What it refers to, in the order of the rule.
    pub inputs: Vec<RuleRef>,
    /// For each input the fields that `group-by` means there, aliases resolved.
    pub group_fields: Vec<Vec<Box<str>>>,
    /// For each input the fields that the condition measures there, aliases resolved.
    pub measured_fields: Vec<Vec<Box<str>>>,
}

/// All rules that can be used.
#[derive(Debug, Clone, Default)]
pub struct RuleSet {
    /// Rules over single events, in the order of the files.
    pub rules: Vec<Rule>,
    /// Correlations; each stands after those that it refers to.
    pub correlations: Vec<Correlation>,
    /// The compiled regular expressions of the rules.
    pub regexes: Regexes,
    /// For each rule whether its own findings are wanted: not when only correlations without `generate` refer to it.
    pub is_reported: Vec<bool>,
    /// The same for each correlation.
    pub is_correlation_reported: Vec<bool>,
}

impl RuleSet {
    /// Reads files of `(path, text)`, in their order.
    ///
    /// Filters follow what every implementation does: the rule holds when its own condition *and* the filter's
    /// condition hold, so a filter that suppresses says `condition: not selection`. (The only example in the
    /// filters specification says `condition: selection` under words that mean suppression; its JSON schema allows
    /// "selection or not selection", which only the conjunction gives a meaning to.) A filter applies to the rules
    /// it names whose log source has each part that the filter's has.
    ///
    /// Returns the usable rules and why each other document is not used.
    pub fn load<'t, P: AsRef<str>>(
        files: impl IntoIterator<Item = (P, &'t str)>,
        placeholders: &Placeholders,
    ) -> (Self, Vec<Refusal>) {
        let mut loader = Loader::default();
        for (path, text) in files {
            loader.file(path.as_ref(), text, placeholders);
        }
        loader.finish()
    }
}

/// A name that documents go by.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Known {
    Rule(usize),
    Correlation(usize),
    Ambiguous,
}

#[derive(Default)]
struct Loader {
    rules: Vec<RuleDraft>,
    correlations: Vec<CorrelationDraft>,
    filters: Vec<Filter>,
    ids: FxHashMap<Box<str>, (Known, Box<str>)>,
    names: FxHashMap<Box<str>, Known>,
    regexes: Regexes,
    refusals: Vec<Refusal>,
}

impl Loader {
    fn file(&mut self, path: &str, text: &str, placeholders: &Placeholders) {
        self.regexes.begin_file();
        let (documents, fault) = yaml::parse(text);
        if documents.is_empty() && fault.is_none() {
            self.refuse(
                path,
                Fault::at((1, 1), "the file is empty", "write a Sigma rule, or remove the file"),
            );
        }
        for node in &documents {
            let read = parse::document(node, path, placeholders, &mut self.regexes);
            if let Err(fault) = read.and_then(|document| self.add(document)) {
                self.refuse(path, fault);
            }
        }
        if let Some(fault) = fault {
            self.refuse(path, fault);
        }
    }

    fn refuse(&mut self, path: &str, fault: Fault) {
        self.refusals.push(fault.within(path));
    }

    fn add(&mut self, document: Document) -> Result<(), Fault> {
        match document {
            Document::Rule(mut draft) => {
                self.identify(
                    &mut draft.meta,
                    &draft.meaning,
                    draft.place,
                    Known::Rule(self.rules.len()),
                )?;
                self.rules.push(draft);
            }
            Document::Correlation(mut draft) => {
                let known = Known::Correlation(self.correlations.len());
                self.identify(&mut draft.meta, &draft.meaning, draft.place, known)?;
                self.correlations.push(draft);
            }
            Document::Filter(filter) => self.filters.push(filter),
        }
        Ok(())
    }

    /// Gives a rule without id one, refuses an id that is taken, and notes the name.
    fn identify(
        &mut self,
        meta: &mut model::RuleMeta,
        meaning: &Meaning,
        place: Place,
        known: Known,
    ) -> Result<(), Fault> {
        if meta.id.is_empty() {
            let mut text = meaning.clone();
            text.add(&meta.title);
            text.add(meta.name.as_deref().unwrap_or_default());
            meta.id = text.hex(16);
        }
        if let Some((_, first)) = self.ids.get(&meta.id) {
            let reason = format!("the id '{}' is already used in {first}", meta.id);
            return Err(Fault::at(
                place,
                reason,
                "give this rule an id of its own, or remove one of both",
            ));
        }
        let first = format!("{}:{}", meta.path, meta.line).into();
        self.ids.insert(meta.id.clone(), (known, first));
        if let Some(name) = &meta.name {
            self.names
                .entry(name.clone())
                .and_modify(|have| *have = Known::Ambiguous)
                .or_insert(known);
        }
        Ok(())
    }

    fn find(&self, reference: &str) -> Option<Known> {
        let id = reference.to_ascii_lowercase();
        self.ids
            .get(id.as_str())
            .map(|(known, _)| *known)
            .or_else(|| self.names.get(reference).copied())
    }

    fn finish(mut self) -> (RuleSet, Vec<Refusal>) {
        for filter in std::mem::take(&mut self.filters) {
            self.apply(&filter);
        }
        let resolved = Resolver::new(&mut self).run();
        let mut set =
            RuleSet { regexes: self.regexes, correlations: resolved, ..RuleSet::default() };
        for draft in self.rules {
            let mut meta = draft.meta;
            meta.version = draft.meaning.hex(8);
            set.rules.push(Rule { meta: Arc::new(meta), condition: draft.condition });
        }
        set.mark_reported();
        (set, self.refusals)
    }

    fn apply(&mut self, filter: &Filter) {
        let Some(named) = &filter.rules else {
            let mut applied = false;
            for draft in self
                .rules
                .iter_mut()
                .filter(|draft| holds(&filter.logsource, &draft.meta.logsource))
            {
                attach(draft, filter);
                applied = true;
            }
            if !applied {
                let reason = format!("no rule has the log source {}", filter.logsource);
                self.refuse(
                    &filter.path,
                    Fault::at(filter.place, reason, "change the filter's logsource"),
                );
            }
            return;
        };
        for (name, place) in named {
            let fault = match self.find(name) {
                Some(Known::Rule(index)) => match self.rules.get_mut(index) {
                    Some(draft) if holds(&filter.logsource, &draft.meta.logsource) => {
                        attach(draft, filter);
                        continue;
                    }
                    _ => (
                        format!("the rule '{name}' has another log source than the filter"),
                        "change one of both",
                    ),
                },
                Some(Known::Correlation(_)) => {
                    (format!("'{name}' is a correlation"), "filter the rules that it refers to")
                }
                Some(Known::Ambiguous) => {
                    (format!("several rules have the name '{name}'"), "use the id")
                }
                None => {
                    (format!("no rule '{name}'"), "use the id or name of a rule that is loaded")
                }
            };
            self.refuse(&filter.path, Fault::at(*place, fault.0, fault.1));
        }
    }
}

/// Whether a rule's log source has each part that the filter's has.
fn holds(filter: &Logsource, rule: &Logsource) -> bool {
    let part =
        |filter: &Option<Box<str>>, rule: &Option<Box<str>>| filter.is_none() || filter == rule;
    part(&filter.product, &rule.product)
        && part(&filter.category, &rule.category)
        && part(&filter.service, &rule.service)
}

fn attach(draft: &mut RuleDraft, filter: &Filter) {
    draft.meaning.add(&filter.meaning);
    let own = std::mem::replace(&mut draft.condition, Expr::And("".into(), Vec::new()));
    let label = format!("filter '{}'", filter.title).into();
    let filter = Expr::And(label, vec![filter.condition.clone()]);
    draft.condition = match own {
        // Several filters stand side by side, so that the tree stays flat.
        Expr::And(label, mut parts) if &*label == FILTERED => {
            parts.push(filter);
            Expr::And(label, parts)
        }
        own => Expr::And(FILTERED.into(), vec![own, filter]),
    };
}

/// Label of a condition with filters.
const FILTERED: &str = "filtered";

impl RuleSet {
    fn mark_reported(&mut self) {
        let mut referred: FxHashMap<RuleRef, bool> = FxHashMap::default();
        for correlation in &self.correlations {
            for input in &correlation.inputs {
                *referred.entry(*input).or_default() |= correlation.rule.generate;
            }
        }
        let wanted = |reference| referred.get(&reference).copied().unwrap_or(true);
        self.is_reported =
            (0..self.rules.len()).map(|index| wanted(RuleRef::Rule(index))).collect();
        self.is_correlation_reported =
            (0..self.correlations.len()).map(|index| wanted(RuleRef::Correlation(index))).collect();
    }
}

/// Orders correlations behind those that they refer to.
struct Resolver<'l> {
    loader: &'l mut Loader,
    pending: VecDeque<(usize, CorrelationDraft)>,
    /// Index of the draft to index of the correlation, `None` once it is refused.
    done: FxHashMap<usize, Option<usize>>,
    resolved: Vec<Correlation>,
}

impl<'l> Resolver<'l> {
    fn new(loader: &'l mut Loader) -> Self {
        let pending = std::mem::take(&mut loader.correlations).into_iter().enumerate().collect();
        Self { loader, pending, done: FxHashMap::default(), resolved: Vec::new() }
    }

    fn run(mut self) -> Vec<Correlation> {
        let mut waited = 0;
        while let Some((index, draft)) = self.pending.pop_front() {
            match self.inputs(&draft) {
                Ok(Some(inputs)) => match self.complete(draft, inputs) {
                    Ok(correlation) => {
                        self.done.insert(index, Some(self.resolved.len()));
                        self.resolved.push(correlation);
                    }
                    Err((path, fault)) => self.refuse(index, &path, fault),
                },
                // All that is left waits for each other.
                Ok(None) if waited > self.pending.len() => {
                    let reason = "the correlation refers to itself, directly or through others";
                    let fault = Fault::at(
                        draft.place,
                        reason,
                        "remove the reference that closes the circle",
                    );
                    self.refuse(index, &draft.meta.path, fault);
                }
                Ok(None) => {
                    self.pending.push_back((index, draft));
                    waited += 1;
                    continue;
                }
                Err(fault) => self.refuse(index, &draft.meta.path, fault),
            }
            waited = 0;
        }
        self.resolved
    }

    fn refuse(&mut self, index: usize, path: &str, fault: Fault) {
        self.done.insert(index, None);
        self.loader.refuse(path, fault);
    }

    /// The inputs; `None` while one of them is not resolved yet.
    fn inputs(&self, draft: &CorrelationDraft) -> Result<Option<Vec<RuleRef>>, Fault> {
        let mut inputs = Vec::with_capacity(draft.rule.rules.len());
        for (name, place) in draft.rule.rules.iter().zip(&draft.places) {
            let (reason, way_out) = match self.loader.find(name) {
                Some(Known::Rule(index)) => {
                    inputs.push(RuleRef::Rule(index));
                    continue;
                }
                Some(Known::Correlation(index)) => match self.done.get(&index) {
                    Some(Some(resolved)) => {
                        inputs.push(RuleRef::Correlation(*resolved));
                        continue;
                    }
                    Some(None) => {
                        (format!("the correlation '{name}' is refused"), "correct that one first")
                    }
                    None => return Ok(None),
                },
                Some(Known::Ambiguous) => {
                    (format!("several rules have the name '{name}'"), "use the id")
                }
                None => {
                    (format!("no rule '{name}'"), "use the id or name of a rule that is loaded")
                }
            };
            return Err(Fault::at(*place, reason, way_out));
        }
        Ok(Some(inputs))
    }

    fn complete(
        &self,
        draft: CorrelationDraft,
        inputs: Vec<RuleRef>,
    ) -> Result<Correlation, (Box<str>, Fault)> {
        let CorrelationDraft { mut meta, mut rule, mut meaning, place, .. } = draft;
        let of_input = |fields: &[Box<str>]| -> Result<Vec<Vec<Box<str>>>, Fault> {
            let each = rule.rules.iter().zip(&inputs);
            each.map(|(written, input)| {
                fields
                    .iter()
                    .map(|field| self.alias(&rule, written, *input, field, place))
                    .collect()
            })
            .collect()
        };
        let fields =
            of_input(&rule.group_by).and_then(|group| Ok((group, of_input(&rule.fields)?)));
        let (group_fields, measured_fields) = fields.map_err(|fault| (meta.path.clone(), fault))?;
        for input in &inputs {
            match input {
                RuleRef::Rule(index) => {
                    let version = self.loader.rules.get(*index).map(|draft| draft.meaning.hex(8));
                    meaning.add(version.as_deref().unwrap_or_default());
                }
                RuleRef::Correlation(index) => {
                    let version = self.resolved.get(*index).map(|it| it.rule.meta.version.clone());
                    meaning.add(version.as_deref().unwrap_or_default());
                }
            }
        }
        meta.version = meaning.hex(8);
        rule.meta = Arc::new(meta);
        Ok(Correlation { rule, inputs, group_fields, measured_fields })
    }

    /// The field that a name of the correlation means in one of its inputs.
    fn alias(
        &self,
        rule: &CorrelationRule,
        written: &str,
        input: RuleRef,
        field: &str,
        place: Place,
    ) -> Result<Box<str>, Fault> {
        let Some((_, fields)) = rule.aliases.iter().find(|(alias, _)| &**alias == field) else {
            return Ok(field.into());
        };
        let meta = match input {
            RuleRef::Rule(index) => self.loader.rules.get(index).map(|draft| &draft.meta),
            RuleRef::Correlation(index) => self.resolved.get(index).map(|it| &*it.rule.meta),
        };
        let goes_by = |name: &str| {
            name == written
                || meta.is_some_and(|meta| {
                    meta.id.eq_ignore_ascii_case(name) || meta.name.as_deref() == Some(name)
                })
        };
        fields.iter().find(|(name, _)| goes_by(name)).map(|(_, field)| field.clone()).ok_or_else(
            || {
                let reason = format!("the alias '{field}' names no field for the rule '{written}'");
                Fault::at(place, reason, format!("add '{written}' under the alias '{field}'"))
            },
        )
    }
}
