//! From the files of `content/sources` to a catalog and a mapper.

use std::collections::BTreeSet;
use std::sync::Arc;

use model::{Catalog, FieldId, FieldTable, Kind, KindField, LogsourceSet, Schema, Source};

use super::apply::{KindMap, SourceMap};
use super::draft::{Draft, logsources};
use super::expr::{Expr, Fixed};
use super::select::{Condition, Selector, compile_regex};
use super::taxonomy::Taxonomy;
use super::yaml::{ActivityYaml, ExprYaml, ExtractYaml, KindYaml, MapYaml, Scalar, SourceYaml};
use crate::format::Format;

/// What is wrong with a source's files: names the file, the place and the way out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MapError(String);

impl MapError {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(super) fn within(self, place: &str) -> Self {
        Self(format!("{place}: {}", self.0))
    }
}

/// The texts of one folder of `content/sources`.
#[derive(Debug, Clone)]
pub struct SourceFiles {
    /// The folder's name.
    pub id: String,
    /// `source.yaml`.
    pub source: String,
    /// `map.yaml`.
    pub map: String,
}

/// Everything that turns native fields into events.
#[derive(Debug)]
pub struct Mapper {
    pub(super) catalog: Arc<Catalog>,
    pub(super) recognisers: Vec<Selector>,
    pub(super) sources: Vec<SourceMap>,
    pub(super) kinds: Vec<KindMap>,
}

impl Mapper {
    /// Compiles all sources. Names that rules use can be interned by the caller beforehand in `fields`.
    ///
    /// # Errors
    /// One error for each source that cannot be served, each naming file, kind and attribute.
    pub fn compile(
        fields: FieldTable,
        files: &[SourceFiles],
        taxonomy: &str,
    ) -> Result<Self, Vec<MapError>> {
        let taxonomy = Taxonomy::parse(taxonomy).map_err(|error| vec![error])?;
        let mut compiler = Compiler {
            catalog: Catalog { fields, sources: Vec::new(), kinds: vec![base_kind()] },
            recognisers: vec![Selector::default(); Format::ALL.len()],
            sources: Vec::new(),
            kinds: vec![KindMap::default()],
            taxonomy,
        };
        let mut errors = Vec::new();
        let mut sorted: Vec<&SourceFiles> = files.iter().collect();
        sorted.sort_by(|a, b| a.id.cmp(&b.id));
        for source in sorted {
            if let Err(error) = compiler.source(source) {
                errors.push(error.within(&format!("content/sources/{}", source.id)));
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Self {
            catalog: Arc::new(compiler.catalog),
            recognisers: compiler.recognisers,
            sources: compiler.sources,
            kinds: compiler.kinds,
        })
    }

    /// What the sources declare.
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }
}

fn base_kind() -> Kind {
    Kind {
        name: "unrecognised".into(),
        source: None,
        class_uid: 0,
        class_name: "base_event".into(),
        logsources: LogsourceSet::default(),
        constants: Vec::new(),
        fields: Vec::new(),
        aliases: Vec::new(),
        passthrough: false,
    }
}

struct Compiler {
    catalog: Catalog,
    recognisers: Vec<Selector>,
    sources: Vec<SourceMap>,
    kinds: Vec<KindMap>,
    taxonomy: Taxonomy,
}

impl Compiler {
    fn source(&mut self, files: &SourceFiles) -> Result<(), MapError> {
        let about: SourceYaml = serde_saphyr::from_str(&files.source)
            .map_err(|error| MapError::new(format!("source.yaml: {error}")))?;
        let map: MapYaml = serde_saphyr::from_str(&files.map)
            .map_err(|error| MapError::new(format!("map.yaml: {error}")))?;
        let index = self.catalog.sources.len();
        self.recognisers(&map, index)?;
        let extract = self.extract_steps(&map.extract).map_err(|error| error.within("extract"))?;
        let mut selector = Selector::default();
        let mut served: BTreeSet<&str> = BTreeSet::new();
        for (rank, kind) in map.kinds.iter().enumerate() {
            let place = format!("map.yaml: kind '{}'", kind.name);
            let id = self.catalog.kinds.len() as u32;
            selector
                .add(rank as u32, id, kind.when.as_ref(), &mut self.catalog.fields)
                .map_err(|error| error.within(&place))?;
            self.kind(&map, kind, index, &mut served).map_err(|error| error.within(&place))?;
        }
        if let Some((path, _)) =
            map.fields.0.iter().find(|(path, _)| !served.contains(path.as_str()))
        {
            return Err(MapError::new(format!(
                "map.yaml: fields: no kind's class has an attribute '{path}'"
            )));
        }
        self.catalog.sources.push(Source {
            id: files.id.as_str().into(),
            title: about.title.into(),
            vendor: about.vendor.into(),
            product: about.product.into(),
            class: about.class,
            summary: about.summary.into(),
            docs: about.docs.into(),
        });
        let objects = map
            .objects
            .iter()
            .map(|name| (self.catalog.fields.intern(name), name.as_str().into()))
            .collect();
        let unwrap =
            map.unwrap.iter().map(|prefix| format!("{prefix}.").into_boxed_str()).collect();
        self.sources.push(SourceMap { unwrap, objects, extract, kinds: selector });
        Ok(())
    }

    fn recognisers(&mut self, map: &MapYaml, index: usize) -> Result<(), MapError> {
        for recognise in &map.recognise {
            for name in recognise.format.to_vec() {
                let format = Format::parse(&name).ok_or_else(|| {
                    let known = Format::ALL.map(Format::as_str).join(", ");
                    MapError::new(format!(
                        "map.yaml: recognise: no format '{name}'; there are {known}"
                    ))
                })?;
                let rank = u32::from(map.priority) << 16 | index as u32;
                if let Some(selector) = self.recognisers.get_mut(format as usize) {
                    selector.add(
                        rank,
                        index as u32,
                        recognise.condition.as_ref(),
                        &mut self.catalog.fields,
                    )?;
                }
            }
        }
        Ok(())
    }

    fn extract_steps(
        &mut self,
        steps: &[ExtractYaml],
    ) -> Result<Vec<super::apply::Extract>, MapError> {
        steps.iter().map(|step| self.extract_step(step)).collect()
    }

    fn extract_step(&mut self, step: &ExtractYaml) -> Result<super::apply::Extract, MapError> {
        use super::apply::{Extract, ExtractForm};
        let fields = &mut self.catalog.fields;
        let patterns: Vec<&String> = step.pattern.iter().chain(&step.patterns).collect();
        let separator =
            step.separator.map_or(b',', |separator| u8::try_from(separator).unwrap_or(b','));
        let form = match (patterns.as_slice(), step.form.as_deref()) {
            ([], Some("keyvalue")) => ExtractForm::KeyValue,
            ([], Some("json")) => ExtractForm::Json,
            ([], Some("list")) => match step.columns.as_slice() {
                [name] => ExtractForm::List { field: fields.intern(name), separator },
                _ => return Err(MapError::new("as: list wants one name in columns")),
            },
            ([], Some("csv")) => ExtractForm::Csv {
                columns: step
                    .columns
                    .iter()
                    .map(|name| (name != "_").then(|| fields.intern(name)))
                    .collect(),
                separator,
            },
            ([_, ..], None) => ExtractForm::Patterns(
                patterns
                    .iter()
                    .map(|pattern| {
                        let regex = compile_regex(pattern)?;
                        let groups = regex
                            .capture_names()
                            .enumerate()
                            .filter_map(|(index, name)| Some((index, fields.intern(name?))))
                            .collect();
                        Ok((regex, groups))
                    })
                    .collect::<Result<_, MapError>>()?,
            ),
            _ => {
                return Err(MapError::new(
                    "a step has either pattern(s) or as: keyvalue | json | csv | list",
                ));
            }
        };
        Ok(Extract {
            from: step.from.to_vec().iter().map(|name| fields.intern(name)).collect(),
            when: step.when.as_ref().map(|when| Condition::compile(when, fields)).transpose()?,
            form,
        })
    }

    fn kind<'y>(
        &mut self,
        map: &'y MapYaml,
        kind: &KindYaml,
        source: usize,
        served: &mut BTreeSet<&'y str>,
    ) -> Result<(), MapError> {
        let schema = Schema::embedded();
        let class_uid = schema
            .resolve(&kind.class, "class_uid")
            .map_err(|error| MapError::new(error.0))
            .and_then(|_| {
                schema
                    .class(&kind.class)
                    .map(|class| class.uid)
                    .ok_or_else(|| MapError::new("no such class"))
            })?;
        let mut draft = Draft { class: &kind.class, constants: Vec::new(), ops: Vec::new() };
        for (path, expr) in &kind.fields.0 {
            draft.attribute(&mut self.catalog.fields, path, expr)?;
        }
        for (path, expr) in &map.fields.0 {
            let is_known = schema.resolve(&kind.class, path).is_ok();
            if is_known {
                served.insert(path);
            }
            if is_known && !kind.fields.0.iter().any(|(own, _)| own == path) {
                draft.attribute(&mut self.catalog.fields, path, expr)?;
            }
        }
        activity_and_severity(map, kind, &mut draft, &mut self.catalog.fields)?;
        let logsources = logsources(&map.logsource, &kind.logsource);
        let fields = &mut self.catalog.fields;
        let plain = |scalar: &Scalar| Ok(Fixed::Str(scalar.text().into()));
        let mut sigma = Vec::new();
        for (name, expr) in kind.sigma.0.iter().chain(&map.sigma.0) {
            if !sigma.iter().any(|(have, _)| fields.name(*have) == name) {
                let expr = Expr::compile(expr, fields, &plain)?;
                sigma.push((fields.intern(name), expr));
            }
        }
        let time = map
            .time
            .iter()
            .map(|expr| Expr::compile(expr, fields, &plain))
            .collect::<Result<Vec<_>, _>>()?;
        let extract = self.extract_steps(&kind.extract)?;
        let aliases = self.aliases(&logsources, &draft, &sigma);
        self.push_kind(
            kind,
            source,
            class_uid,
            logsources,
            draft,
            KindMap {
                extract,
                ops: Vec::new(),
                sigma,
                aliases,
                time,
                passthrough: kind.passthrough,
            },
        );
        Ok(())
    }

    /// Taxonomy names that the source does not use itself, and the attributes that answer for them.
    fn aliases(
        &mut self,
        logsources: &LogsourceSet,
        draft: &Draft<'_>,
        sigma: &[(FieldId, Expr)],
    ) -> Vec<(FieldId, Vec<FieldId>)> {
        let fields = &mut self.catalog.fields;
        let mut aliases: Vec<(FieldId, Vec<FieldId>)> = Vec::new();
        for (name, paths) in self.taxonomy.names(&logsources.categories) {
            let name = fields.intern(&name);
            let attributes: Vec<FieldId> = paths
                .iter()
                .map(|path| fields.intern(path))
                .filter(|path| {
                    draft.ops.iter().any(|op| op.path == *path)
                        || draft.constants.iter().any(|(have, _)| have == path)
                })
                .collect();
            let is_native = draft
                .ops
                .iter()
                .filter(|op| attributes.contains(&op.path))
                .any(|op| op.expr.identities().contains(&name));
            let is_given = sigma.iter().any(|(have, _)| *have == name)
                || aliases.iter().any(|(have, _)| *have == name);
            if !attributes.is_empty() && !is_native && !is_given {
                aliases.push((name, attributes));
            }
        }
        aliases
    }

    fn push_kind(
        &mut self,
        kind: &KindYaml,
        source: usize,
        class_uid: u32,
        logsources: LogsourceSet,
        draft: Draft<'_>,
        mut map: KindMap,
    ) {
        let mut fields = Vec::new();
        for op in &draft.ops {
            let identities = op.expr.identities();
            let mut inputs = Vec::new();
            op.expr.inputs(&mut inputs);
            fields.extend(inputs.into_iter().map(|native| KindField {
                native,
                attribute: op.path,
                identity: identities.contains(&native),
            }));
        }
        let table = &self.catalog.fields;
        let words = |expr: &Expr| {
            let mut inputs = Vec::new();
            expr.inputs(&mut inputs);
            inputs.iter().map(|id| table.name(*id)).collect::<Vec<_>>().join(" + ")
        };
        let given = map.sigma.iter().map(|(name, expr)| (*name, words(expr).into_boxed_str()));
        let taken = map.aliases.iter().map(|(name, paths)| {
            (
                *name,
                paths
                    .iter()
                    .map(|path| table.name(*path))
                    .collect::<Vec<_>>()
                    .join(" | ")
                    .into_boxed_str(),
            )
        });
        let aliases = given.chain(taken).collect();
        self.catalog.kinds.push(Kind {
            name: kind.name.as_str().into(),
            source: Some(source),
            class_uid,
            class_name: kind.class.as_str().into(),
            logsources,
            constants: draft.constants,
            fields,
            aliases,
            passthrough: kind.passthrough,
        });
        map.ops = draft.ops;
        self.kinds.push(map);
    }
}

/// `activity` and `severity` of a kind, as attributes.
fn activity_and_severity(
    map: &MapYaml,
    kind: &KindYaml,
    draft: &mut Draft<'_>,
    fields: &mut FieldTable,
) -> Result<(), MapError> {
    match &kind.activity {
        Some(ActivityYaml::Constant(scalar)) => draft.constant(fields, "activity_id", scalar)?,
        Some(ActivityYaml::Expression(expr)) => draft.attribute(fields, "activity_id", expr)?,
        None => {}
    }
    match kind.severity.as_ref().or(map.severity.as_ref()) {
        Some(ExprYaml::Field(caption)) => {
            draft.constant(fields, "severity_id", &Scalar::Str(caption.clone()))
        }
        Some(expr) => draft.attribute(fields, "severity_id", expr),
        None => Ok(()),
    }
}
