//! Rules and mappings loaded together: names of rules go into the table of fields before mappings compile.

use std::path::PathBuf;
use std::sync::Arc;

use detect::Engine;
use detect::sigma::{Refusal, RuleSet};
use ingest::Ingest;
use model::{Catalog, FieldTable, RuleMeta};

use crate::args::RulesSelection;
use crate::content::{self, Mappings, RuleFile, Strictness};
use crate::exit::Failure;
use crate::terminal::Console;
use crate::visible::visible;

/// Refusals that are told one by one.
const TOLD_MAX: usize = 10;

/// Everything that detection needs.
pub(crate) struct Loaded {
    /// The rules that can be used.
    pub(crate) rules: Arc<RuleSet>,
    /// Why others cannot.
    pub(crate) refusals: Vec<Refusal>,
    /// From bytes to events.
    pub(crate) ingest: Ingest,
    /// From events to rules.
    pub(crate) engine: Engine,
    /// The files of the rules.
    pub(crate) files: Vec<RuleFile>,
}

impl Loaded {
    /// Loads what a selection names.
    ///
    /// # Errors
    /// When a mapping is broken or no rule can be used.
    pub(crate) fn load(rules: &RulesSelection, sources: &[PathBuf]) -> Result<Self, Failure> {
        let placeholders = content::placeholders(rules.placeholders.as_deref())?;
        Self::of_files(content::read_rules(rules)?, &placeholders, sources)
    }

    /// Loads these rule files.
    pub(crate) fn of_files(
        files: Vec<RuleFile>,
        placeholders: &detect::sigma::Placeholders,
        sources: &[PathBuf],
    ) -> Result<Self, Failure> {
        let texts = files.iter().map(|file| (file.path.as_str(), file.text.as_str()));
        let (rules, refusals) = RuleSet::load(texts, placeholders);
        let mut fields = FieldTable::default();
        Engine::names(&rules, &mut fields);
        let (ingest, _) = Mappings::layered(sources)?.ingest(fields, Strictness::Refuse)?;
        let rules = Arc::new(rules);
        let engine = Engine::compile(Arc::clone(&rules), Arc::clone(ingest.mapper().catalog()));
        Ok(Self { rules, refusals, ingest, engine, files })
    }

    /// What the mappings declare.
    pub(crate) fn catalog(&self) -> &Arc<Catalog> {
        self.ingest.mapper().catalog()
    }

    /// What all rules, correlations last, say of themselves.
    pub(crate) fn metas(&self) -> impl Iterator<Item = &Arc<RuleMeta>> {
        let correlations = self.rules.correlations.iter().map(|correlation| &correlation.rule.meta);
        self.rules.rules.iter().map(|rule| &rule.meta).chain(correlations)
    }

    /// How many rules can be used.
    pub(crate) fn rule_count(&self) -> usize {
        self.rules.rules.len() + self.rules.correlations.len()
    }

    /// Tells the person which rules are not used. `paths` are those that rules were asked for from.
    pub(crate) fn tell_refusals(&self, paths: &[PathBuf], console: &Console) {
        for refusal in self.refusals.iter().take(TOLD_MAX) {
            console.note(&format!("rule refused: {}", visible(&refusal.to_string())));
        }
        let more = self.refusals.len().saturating_sub(TOLD_MAX);
        if more > 0 {
            let shown: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
            let shown = if shown.is_empty() { "PATH".to_owned() } else { shown.join(" ") };
            console.note(&format!("rule refused: … and {more} more: wardroom rules check {shown}"));
        }
    }

    /// The rule of an id, name, file name or title: index in `rules`, or in `correlations` behind them.
    pub(crate) fn find(&self, wanted: &str) -> Result<usize, Failure> {
        let is_file = |path: &str| {
            let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
            path == wanted
                || name == wanted
                || name.rsplit_once('.').is_some_and(|(stem, _)| stem == wanted)
        };
        let all: Vec<&Arc<RuleMeta>> = self.metas().collect();
        let tests: [&dyn Fn(&RuleMeta) -> bool; 3] = [
            &|meta| meta.id.eq_ignore_ascii_case(wanted) || meta.name.as_deref() == Some(wanted),
            &|meta| is_file(&meta.path),
            &|meta| meta.title.eq_ignore_ascii_case(wanted),
        ];
        // A file with a correlation holds its base rules too: the last one is the one it is named after.
        let found = tests.iter().find_map(|test| all.iter().rposition(|meta| test(meta)));
        found.ok_or_else(|| match self.refusals.iter().find(|refusal| is_file(&refusal.path)) {
            Some(refusal) => Failure::usage(format!("the rule cannot be used: {refusal}")),
            None => Failure::not_found(format!(
                "no rule '{wanted}'; `wardroom rules list` shows what there is"
            )),
        })
    }
}
