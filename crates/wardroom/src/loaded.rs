//! Rules and mappings loaded together: names of rules go into the table of fields before mappings compile.

use std::path::PathBuf;
use std::sync::Arc;

use detect::Engine;
use detect::sigma::{Refusal, RuleSet};
use ingest::Ingest;
use model::{Catalog, FieldTable, RuleMeta};

use crate::args::RulesSelection;
use crate::content::{self, Mappings, RuleFile, Strictness};
use crate::exit::{Code, Failure};
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

    /// Loads what a selection names and finds one rule in it. Where nothing there is of this id, name, file name or
    /// title but a file or folder is, the rule is the one that stands in it.
    ///
    /// # Errors
    /// When there is no such rule, or the file or folder holds several.
    pub(crate) fn with_rule(
        wanted: &str,
        rules: &RulesSelection,
        sources: &[PathBuf],
    ) -> Result<(Self, usize), Failure> {
        let loaded = Self::load(rules, sources)?;
        let path = PathBuf::from(wanted);
        match loaded.find(wanted) {
            Ok(index) => Ok((loaded, index)),
            Err(failure) if failure.code != Code::NotFound || !path.exists() => Err(failure),
            Err(_) => {
                let placeholders = content::placeholders(rules.placeholders.as_deref())?;
                let files = content::rules_of_paths(std::slice::from_ref(&path))?;
                let loaded = Self::of_files(files, &placeholders, sources)?;
                let index = loaded.only(wanted)?;
                Ok((loaded, index))
            }
        }
    }

    /// The one rule that there is.
    fn only(&self, path: &str) -> Result<usize, Failure> {
        let refused = self.refusals.first();
        match (self.rule_count(), refused) {
            (1, _) => Ok(0),
            (0, Some(refusal)) => {
                Err(Failure::usage(format!("the rule cannot be used: {refusal}")))
            }
            (0, None) => Err(Failure::not_found(format!("no rule in {path}"))),
            (count, _) => {
                let rows: Vec<String> = self
                    .metas()
                    .take(TOLD_MAX)
                    .map(|meta| format!("  {}  {}", meta.id, meta.title))
                    .collect();
                let more = count.saturating_sub(TOLD_MAX);
                let more =
                    if more > 0 { format!("\n  … and {more} more") } else { String::new() };
                Err(Failure::usage(format!(
                    "{count} rules stand in {path}; name one by its id or title and say --rules {path}:\n{}{more}",
                    rows.join("\n")
                )))
            }
        }
    }

    /// That a rule is a correlation, which looks at no single event, and which rules to ask for.
    pub(crate) fn is_correlation(&self, index: usize) -> Failure {
        let at = index.saturating_sub(self.rules.rules.len());
        let correlation = self.rules.correlations.get(at);
        let title = correlation.map_or("it", |it| &*it.rule.meta.title);
        let names: Vec<&str> =
            correlation.iter().flat_map(|it| &it.rule.rules).map(|name| &**name).collect();
        Failure::usage(format!(
            "'{title}' is a correlation over events that other rules find; ask for one of them: {}",
            names.join(", ")
        ))
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
