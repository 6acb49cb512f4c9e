//! Mapping one record: recognise, extract, choose the kind, make attributes and aliases.

use model::{BatchBuilder, FieldId, KindId, Timestamp, Value};
use regex::bytes::Regex;

use super::compile::Mapper;
use super::convert::{self, Conversion};
use super::expr::{Context, Expr};
use super::positions::Positions;
use super::select::{Condition, Selector, View};
use crate::format::{Documents, Format};
use crate::{Fields, Limits};

/// Hashes of one value that are kept.
pub(super) const HASHES_MAX: usize = 6;

/// What the attribute's OCSF type demands of a value.
#[derive(Debug, Clone)]
pub(super) enum Coerce {
    Text,
    Int,
    Float,
    Bool,
    Time,
    Any,
    Hashes { algorithm: [FieldId; HASHES_MAX], value: [FieldId; HASHES_MAX] },
}

/// One attribute of a kind.
#[derive(Debug, Clone)]
pub(super) struct Op {
    pub(super) path: FieldId,
    pub(super) expr: Expr,
    pub(super) coerce: Coerce,
    pub(super) takes_all: bool,
}

/// A step that makes more native fields.
#[derive(Debug, Clone)]
pub(super) struct Extract {
    pub(super) from: Vec<FieldId>,
    pub(super) when: Option<Condition>,
    pub(super) form: ExtractForm,
}

#[derive(Debug, Clone)]
pub(super) enum ExtractForm {
    Patterns(Vec<(Regex, Vec<(usize, FieldId)>)>),
    KeyValue,
    Json,
    Csv { columns: Vec<Option<FieldId>>, separator: u8 },
    List { field: FieldId, separator: u8 },
}

#[derive(Debug)]
pub(super) struct SourceMap {
    /// Prefixes (with their dot) below which shippers put the whole record.
    pub(super) unwrap: Vec<Box<str>>,
    /// Objects of JSON records that are also given as text.
    pub(super) objects: Vec<(FieldId, Box<str>)>,
    pub(super) extract: Vec<Extract>,
    pub(super) kinds: Selector,
}

#[derive(Debug, Default)]
pub(super) struct KindMap {
    pub(super) extract: Vec<Extract>,
    pub(super) ops: Vec<Op>,
    pub(super) sigma: Vec<(FieldId, Expr)>,
    pub(super) aliases: Vec<(FieldId, Vec<FieldId>)>,
    pub(super) time: Vec<Expr>,
    pub(super) passthrough: bool,
}

/// Memory that is reused from record to record, one for each thread.
#[derive(Debug)]
pub struct Scratch {
    positions: Positions,
    lower: Vec<u8>,
    copy: Vec<u8>,
    /// The decoders of documents of the current chunk.
    pub(crate) documents: Documents,
}

impl Default for Scratch {
    fn default() -> Self {
        let documents = Documents::new(Limits::default().depth_max);
        Self { positions: Positions::default(), lower: Vec::new(), copy: Vec::new(), documents }
    }
}

impl Scratch {
    /// Forgets the names of the chunk before.
    pub(crate) fn begin_chunk(&mut self, depth_max: usize) {
        self.documents = Documents::new(depth_max);
    }
}

/// The record that is to be mapped; its native fields have been pushed.
pub struct Record<'a> {
    /// What it turned out to be.
    pub format: Format,
    /// The bytes that the batch will own.
    pub raw: &'a [u8],
    /// Where the record stands in them.
    pub range: std::ops::Range<usize>,
    /// When its input was last written, for times without a year.
    pub reference: Option<Timestamp>,
    /// Index of a source that the user named.
    pub forced: Option<usize>,
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mapped {
    /// Its kind; the base event when no source recognised it.
    pub kind: KindId,
    /// When it occurred.
    pub time: Option<Timestamp>,
    /// Whether the source declares times but none could be read.
    pub lacks_time: bool,
    /// An attribute whose value was there but could not be converted.
    pub unconverted: Option<FieldId>,
}

impl Mapper {
    /// Recognises a record and maps it.
    pub fn map(
        &self,
        record: &Record<'_>,
        builder: &mut BatchBuilder,
        scratch: &mut Scratch,
        limits: &Limits,
    ) -> Mapped {
        let raw = record.raw;
        scratch.positions.begin(self.catalog.fields.len());
        scratch.positions.add(builder.record(), 0);
        let nothing =
            Mapped { kind: KindId::UNRECOGNISED, time: None, lacks_time: false, unconverted: None };
        let recognised = record.forced.or_else(|| {
            let view = View { builder, raw, positions: &scratch.positions };
            let selector = self.recognisers.get(record.format as usize)?;
            selector.select(&view, &mut scratch.lower).map(|source| source as usize)
        });
        let Some(source) = recognised.and_then(|index| self.sources.get(index)) else {
            builder.end_native();
            return nothing;
        };
        self.unwrap(source, builder, scratch);
        push_objects(source, record, builder, scratch);
        self.extract(&source.extract, raw, builder, scratch, limits);
        let view = View { builder, raw, positions: &scratch.positions };
        let Some(kind_id) = source.kinds.select(&view, &mut scratch.lower) else {
            builder.end_native();
            return nothing;
        };
        let Some(kind) = self.kinds.get(kind_id as usize) else { return nothing };
        self.extract(&kind.extract, raw, builder, scratch, limits);
        builder.end_native();
        let natives = builder.record_len();
        let mut context =
            Context { builder, raw, positions: &scratch.positions, reference: record.reference };
        let unconverted = self.attributes(kind, KindId(kind_id), natives, &mut context);
        let time = kind.time.iter().find_map(|expr| {
            let value = context.evaluate(expr)?;
            context.timestamp(value)
        });
        context.builder.end_attributes();
        push_aliases(kind, natives, &mut context);
        let lacks_time = time.is_none() && !kind.time.is_empty();
        Mapped { kind: KindId(kind_id), time, lacks_time, unconverted }
    }

    /// Gives fields below a shipper's wrapper also under their own names.
    fn unwrap(&self, source: &SourceMap, builder: &mut BatchBuilder, scratch: &mut Scratch) {
        let natives = builder.record_len();
        for prefix in &source.unwrap {
            for index in 0..natives {
                let Some(slot) = builder.record().get(index).copied() else { break };
                let name = builder
                    .unknown_name(slot.field)
                    .unwrap_or_else(|| self.catalog.fields.name(slot.field));
                let Some(own) = name.strip_prefix(&**prefix).map(str::to_owned) else { continue };
                let id =
                    self.catalog.fields.get(&own).unwrap_or_else(|| builder.unknown_field(&own));
                let is_there = scratch.positions.find(id).is_some_and(|at| at < natives);
                if !is_there {
                    builder.push(id, slot.value);
                }
            }
        }
        scratch.positions.add(builder.record(), natives);
    }

    fn attributes(
        &self,
        kind: &KindMap,
        id: KindId,
        natives: usize,
        context: &mut Context<'_>,
    ) -> Option<FieldId> {
        let mut unconverted = None;
        for op in &kind.ops {
            let Some(value) = context.evaluate(&op.expr) else { continue };
            if !push_attribute(op, value, context) {
                unconverted = Some(op.path);
                continue;
            }
            if op.takes_all
                && let Some(field) = context.taken_from(&op.expr)
            {
                push_further(field, natives, context, &mut |value, context| {
                    push_attribute(op, value, context);
                });
            }
        }
        if kind.passthrough {
            self.pass_through(id, natives, context);
        }
        unconverted
    }

    /// Native fields whose names are OCSF paths of the kind's class already.
    fn pass_through(&self, id: KindId, natives: usize, context: &mut Context<'_>) {
        let class = &self.catalog.kind(id).class_name;
        for index in 0..natives {
            let Some(slot) = context.builder.record().get(index).copied() else { break };
            let name = match context.builder.unknown_name(slot.field) {
                Some(name) => name,
                None => self.catalog.fields.name(slot.field),
            };
            if model::Schema::embedded().resolve(class, name).is_ok() {
                context.builder.push(slot.field, slot.value);
            }
        }
    }

    fn extract(
        &self,
        steps: &[Extract],
        raw: &[u8],
        builder: &mut BatchBuilder,
        scratch: &mut Scratch,
        limits: &Limits,
    ) {
        for step in steps {
            let view = View { builder, raw, positions: &scratch.positions };
            if step.when.as_ref().is_some_and(|when| !when.holds(&view)) {
                continue;
            }
            let found = step
                .from
                .iter()
                .find_map(|field| scratch.positions.value(builder.record(), *field));
            let Some(value) = found else { continue };
            let before = builder.record_len();
            self.step(&step.form, value, raw, builder, scratch, limits);
            scratch.positions.add(builder.record(), before);
        }
    }

    fn step(
        &self,
        form: &ExtractForm,
        value: Value,
        raw: &[u8],
        builder: &mut BatchBuilder,
        scratch: &mut Scratch,
        limits: &Limits,
    ) {
        // Text of the batch may move while fields are pushed, so it is copied; raw bytes stay where they are.
        let copied = !matches!(value, Value::Raw { .. });
        scratch.copy.clear();
        if copied {
            scratch.copy.extend_from_slice(builder.bytes(raw, value).unwrap_or_default());
        }
        let text: &[u8] = match value {
            Value::Raw { at, len } => raw.get(at as usize..(at + len) as usize).unwrap_or_default(),
            _ => &scratch.copy,
        };
        let mut fields = Fields::new(builder, &self.catalog.fields, raw, limits.fields_max);
        match form {
            ExtractForm::Patterns(patterns) => {
                for (regex, groups) in patterns {
                    let Some(found) = regex.captures(text) else { continue };
                    for (index, field) in groups {
                        if let Some(group) = found.get(*index) {
                            fields.put_id(*field, group.as_bytes());
                        }
                    }
                    break;
                }
            }
            ExtractForm::KeyValue => {
                // A message that is not key=value after all gives no fields; it stays whole in its own field.
                let _is_pairs = crate::format::kv::decode(text, &mut fields).is_ok();
            }
            ExtractForm::Json => {
                let _is_json = scratch.documents.decode(text, &mut fields).is_ok();
            }
            ExtractForm::List { field, separator } => {
                for item in text.split(|byte| byte == separator).map(<[u8]>::trim_ascii) {
                    if !item.is_empty() {
                        fields.put_id(*field, item);
                    }
                }
            }
            ExtractForm::Csv { columns, separator } => {
                let mut put = |index: usize, cell: &[u8]| {
                    if let Some(Some(field)) = columns.get(index)
                        && !cell.is_empty()
                    {
                        fields.put_id(*field, cell);
                    }
                };
                let _is_row = crate::format::csv::cells(text, *separator, &mut put).is_ok();
            }
        }
    }
}

/// Gives whole objects of a JSON record as their text, which stands in the record.
fn push_objects(
    source: &SourceMap,
    record: &Record<'_>,
    builder: &mut BatchBuilder,
    scratch: &mut Scratch,
) {
    if source.objects.is_empty() || record.format != Format::Json {
        return;
    }
    let before = builder.record_len();
    let Some(bytes) = record.raw.get(record.range.clone()) else { return };
    let Some(start) = memchr::memchr(b'{', bytes) else { return };
    let document = bytes.get(start..).unwrap_or_default();
    for (field, name) in &source.objects {
        let prefixes = std::iter::once("").chain(source.unwrap.iter().map(|prefix| &**prefix));
        let found = prefixes.into_iter().find_map(|prefix| {
            let whole = format!("{prefix}{name}");
            let path: Vec<&str> = whole.split('.').collect();
            sonic_rs::get(document, &path).ok()
        });
        let Some(text) = found.as_ref().map(sonic_rs::LazyValue::as_raw_str) else { continue };
        if text.starts_with(['{', '[']) && scratch.positions.find(*field).is_none() {
            let value = Fields::new(builder, &model::FieldTable::default(), record.raw, usize::MAX)
                .value_of(text.as_bytes());
            builder.push(*field, value);
        }
    }
    scratch.positions.add(builder.record(), before);
}

/// Pushes a value as its attribute's type; false when it cannot be.
fn push_attribute(op: &Op, value: Value, context: &mut Context<'_>) -> bool {
    let converted = match &op.coerce {
        Coerce::Text | Coerce::Any => Some(value),
        Coerce::Int => match value {
            Value::Int(_) => Some(value),
            _ => context.convert(Conversion::Integer, value),
        },
        Coerce::Float => match value {
            Value::Float(_) => Some(value),
            Value::Int(number) => Some(Value::Float(number as f64)),
            _ => context.convert(Conversion::Float, value),
        },
        Coerce::Bool => match value {
            Value::Bool(_) => Some(value),
            _ => context.convert(Conversion::Boolean, value),
        },
        Coerce::Time => context.timestamp(value).map(|time| Value::Int(time.0)),
        Coerce::Hashes { algorithm, value: paths } => {
            return push_hashes(algorithm, paths, value, context);
        }
    };
    if let Some(value) = converted {
        context.builder.push(op.path, value);
    }
    converted.is_some()
}

fn push_hashes(
    algorithm: &[FieldId; HASHES_MAX],
    paths: &[FieldId; HASHES_MAX],
    value: Value,
    context: &mut Context<'_>,
) -> bool {
    let bytes = context.text(value);
    let text = String::from_utf8_lossy(&bytes);
    for ((kind, hash), (algorithm, path)) in
        convert::hashes(&text).into_iter().zip(algorithm.iter().zip(paths))
    {
        context.builder.push(*algorithm, Value::Int(kind));
        let value = context.builder.text(hash.as_bytes());
        context.builder.push(*path, value);
    }
    true
}

/// Hands on the second and later values of a repeated field.
fn push_further(
    field: FieldId,
    natives: usize,
    context: &mut Context<'_>,
    push: &mut dyn FnMut(Value, &mut Context<'_>),
) {
    let Some(first) = context.positions.find(field) else { return };
    for index in first + 1..natives {
        let Some(slot) = context.builder.record().get(index).copied() else { break };
        if slot.field == field && !context.is_void(slot.value) {
            push(slot.value, context);
        }
    }
}

/// Gives attributes under the Sigma names that the source itself does not use.
fn push_aliases(kind: &KindMap, natives: usize, context: &mut Context<'_>) {
    for (name, expr) in &kind.sigma {
        if let Some(value) = context.evaluate(expr) {
            context.builder.push(*name, value);
        }
        if let Some(field) = context.taken_from(expr) {
            push_further(field, natives, context, &mut |value, context| {
                context.builder.push(*name, value);
            });
        }
    }
    let ends = context.builder.record_len();
    for (name, paths) in &kind.aliases {
        if context.positions.find(*name).is_some() {
            continue;
        }
        'paths: for path in paths {
            let mut is_found = false;
            for index in natives..ends {
                let Some(slot) = context.builder.record().get(index).copied() else { break };
                if slot.field == *path {
                    context.builder.push(*name, slot.value);
                    is_found = true;
                }
            }
            if is_found {
                break 'paths;
            }
        }
    }
}
