//! The right side of a mapping: how a value is made from native fields.

use model::{BatchBuilder, FieldId, FieldTable, Timestamp, Value};
use regex::bytes::Regex;
use rustc_hash::FxHashMap;

use super::compile::MapError;
use super::convert::{Conversion, Converted};
use super::positions::Positions;
use super::select::compile_regex;
use super::yaml::{ExprYaml, FullYaml, Scalar};

/// A constant of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fixed {
    Str(Box<str>),
    Int(i64),
    Float(f64),
    Bool(bool),
}

/// A compiled expression.
#[derive(Debug, Clone)]
pub(super) enum Expr {
    Field(FieldId),
    First(Vec<Expr>),
    Fixed(Fixed),
    Join(Vec<Expr>, Box<str>),
    Full(Box<Full>),
}

/// An expression with steps.
#[derive(Debug, Clone)]
pub(super) struct Full {
    from: Expr,
    pattern: Option<Regex>,
    pub(super) conversion: Option<Conversion>,
    format: Option<Box<str>>,
    table: Option<FxHashMap<Box<[u8]>, Fixed>>,
    otherwise: Option<Fixed>,
    default: Option<Fixed>,
}

/// Turns a word of the mapping into a constant, for example a caption into its number.
pub(super) type FixedOf<'a> = &'a dyn Fn(&Scalar) -> Result<Fixed, MapError>;

impl Expr {
    pub(super) fn compile(
        yaml: &ExprYaml,
        fields: &mut FieldTable,
        fixed: FixedOf<'_>,
    ) -> Result<Self, MapError> {
        Ok(match yaml {
            ExprYaml::Field(name) => Self::Field(fields.intern(name)),
            ExprYaml::First(items) => Self::First(
                items
                    .iter()
                    .map(|item| Self::compile(item, fields, fixed))
                    .collect::<Result<_, _>>()?,
            ),
            ExprYaml::Full(full) => Self::compile_full(full, fields, fixed)?,
        })
    }

    fn compile_full(
        yaml: &FullYaml,
        fields: &mut FieldTable,
        fixed: FixedOf<'_>,
    ) -> Result<Self, MapError> {
        if let Some(constant) = &yaml.constant {
            return Ok(Self::Fixed(fixed(constant)?));
        }
        let from = if yaml.join.is_empty() {
            let from = yaml
                .from
                .as_ref()
                .ok_or_else(|| MapError::new("an expression needs from, const or join"))?;
            Self::compile(from, fields, fixed)?
        } else {
            let parts = yaml
                .join
                .iter()
                .map(|part| Self::compile(part, fields, fixed))
                .collect::<Result<_, _>>()?;
            Self::Join(parts, yaml.with.clone().unwrap_or_default().into())
        };
        let conversion = match &yaml.conversion {
            None => None,
            Some(name) => Some(Conversion::parse(name).ok_or_else(|| {
                MapError::new(format!("no conversion '{name}'; there are {}", Conversion::names()))
            })?),
        };
        let table = match &yaml.table {
            None => None,
            Some(entries) => Some(
                entries
                    .0
                    .iter()
                    .map(|(key, value)| Ok((key.to_lowercase().into_bytes().into(), fixed(value)?)))
                    .collect::<Result<_, MapError>>()?,
            ),
        };
        Ok(Self::Full(Box::new(Full {
            from,
            pattern: yaml.pattern.as_deref().map(compile_regex).transpose()?,
            conversion,
            format: yaml.format.clone().map(Into::into),
            table,
            otherwise: yaml.otherwise.as_ref().map(fixed).transpose()?,
            default: yaml.default.as_ref().map(fixed).transpose()?,
        })))
    }

    /// The native fields that the expression reads.
    pub(super) fn inputs(&self, into: &mut Vec<FieldId>) {
        match self {
            Self::Field(field) => into.push(*field),
            Self::First(items) | Self::Join(items, _) => {
                items.iter().for_each(|item| item.inputs(into));
            }
            Self::Full(full) => full.from.inputs(into),
            Self::Fixed(_) => {}
        }
    }

    /// The field, when the value is taken from it as it is (or from the first present of several).
    pub(super) fn identities(&self) -> Vec<FieldId> {
        match self {
            Self::Field(field) => vec![*field],
            Self::First(items) => items.iter().flat_map(Self::identities).collect(),
            _ => Vec::new(),
        }
    }
}

/// What an expression may look at while it makes a value.
pub(super) struct Context<'a> {
    pub(super) builder: &'a mut BatchBuilder,
    pub(super) raw: &'a [u8],
    pub(super) positions: &'a Positions,
    pub(super) reference: Option<Timestamp>,
}

impl Context<'_> {
    /// The value of an expression; `None` when its fields are absent, empty or `-`.
    pub(super) fn evaluate(&mut self, expr: &Expr) -> Option<Value> {
        match expr {
            Expr::Field(field) => {
                let value = self.positions.value(self.builder.record(), *field)?;
                (!self.is_void(value)).then_some(value)
            }
            Expr::First(items) => items.iter().find_map(|item| self.evaluate(item)),
            Expr::Fixed(fixed) => Some(self.fixed(fixed)),
            Expr::Join(parts, with) => self.join(parts, with),
            Expr::Full(full) => self.full(full),
        }
    }

    /// The native field whose value an expression takes as it is, in this record.
    pub(super) fn taken_from(&mut self, expr: &Expr) -> Option<FieldId> {
        match expr {
            Expr::Field(field) => self.evaluate(expr).map(|_| *field),
            Expr::First(items) => {
                let found = items.iter().find(|item| self.evaluate(item).is_some())?;
                self.taken_from(found)
            }
            _ => None,
        }
    }

    /// Whether a value says that there is none.
    pub(super) fn is_void(&self, value: Value) -> bool {
        match value {
            Value::Null => true,
            Value::Raw { .. } | Value::Text { .. } => {
                matches!(self.builder.bytes(self.raw, value), Some(b"" | b"-") | None)
            }
            _ => false,
        }
    }

    /// Looks at a value as text, which is copied only when the value is no text.
    fn with_text<T>(&self, value: Value, look: impl FnOnce(&[u8]) -> T) -> T {
        match self.builder.bytes(self.raw, value) {
            Some(bytes) => look(bytes),
            None => look(&self.text(value)),
        }
    }

    /// A value as text.
    pub(super) fn text(&self, value: Value) -> Vec<u8> {
        match value {
            Value::Null => Vec::new(),
            Value::Bool(truth) => truth.to_string().into_bytes(),
            Value::Int(number) => number.to_string().into_bytes(),
            Value::Float(number) => number.to_string().into_bytes(),
            Value::Raw { .. } | Value::Text { .. } => {
                self.builder.bytes(self.raw, value).map(<[u8]>::to_vec).unwrap_or_default()
            }
        }
    }

    fn fixed(&mut self, fixed: &Fixed) -> Value {
        match fixed {
            Fixed::Str(text) => self.builder.text(text.as_bytes()),
            Fixed::Int(number) => Value::Int(*number),
            Fixed::Float(number) => Value::Float(*number),
            Fixed::Bool(truth) => Value::Bool(*truth),
        }
    }

    /// The present parts joined; a repeated field gives all its values.
    fn join(&mut self, parts: &[Expr], with: &str) -> Option<Value> {
        let mut values = Vec::new();
        for part in parts {
            match part {
                Expr::Field(field) => {
                    let first = self.positions.find(*field).unwrap_or(usize::MAX);
                    let slots = self.builder.record().iter().skip(first);
                    values.extend(slots.filter(|slot| slot.field == *field).map(|slot| slot.value));
                }
                other => values.extend(self.evaluate(other)),
            }
        }
        let texts: Vec<Vec<u8>> = values
            .into_iter()
            .filter(|value| !self.is_void(*value))
            .map(|value| self.text(value))
            .collect();
        (!texts.is_empty()).then(|| self.builder.text(&texts.join(with.as_bytes())))
    }

    fn full(&mut self, full: &Full) -> Option<Value> {
        let made = self.evaluate(&full.from).and_then(|value| self.steps(full, value));
        match (made, &full.default) {
            (None, Some(default)) => Some(self.fixed(default)),
            (made, _) => made,
        }
    }

    fn steps(&mut self, full: &Full, mut value: Value) -> Option<Value> {
        if let Some(pattern) = &full.pattern {
            let range = self.with_text(value, |text| {
                let found = pattern.captures(text)?;
                found.get(1).or_else(|| found.get(0)).map(|group| group.range())
            })?;
            value = self.part(value, range)?;
        }
        if let Some(format) = &full.format {
            return self
                .with_text(value, |text| crate::format::timestamp::parse_with(format, text))
                .map(|time| Value::Int(time.0));
        }
        if let Some(conversion) = full.conversion {
            value = self.convert(conversion, value)?;
        }
        if let Some(table) = &full.table {
            let key = self.text(value).to_ascii_lowercase();
            let fixed = table.get(key.as_slice()).or(full.otherwise.as_ref())?;
            value = self.fixed(fixed);
        }
        (!self.is_void(value)).then_some(value)
    }

    /// Applies a conversion to a value.
    pub(super) fn convert(&mut self, conversion: Conversion, value: Value) -> Option<Value> {
        match (conversion, value) {
            (Conversion::Integer, Value::Int(_)) | (Conversion::Boolean, Value::Bool(_)) => {
                return Some(value);
            }
            (Conversion::Timestamp, _) => {
                return self.timestamp(value).map(|time| Value::Int(time.0));
            }
            _ => {}
        }
        match self.with_text(value, |text| conversion.apply(text)) {
            Converted::Part(range) => self.part(value, range),
            Converted::Text(text) => Some(self.builder.text(text.as_bytes())),
            Converted::Int(number) => Some(Value::Int(number)),
            Converted::Float(number) => Some(Value::Float(number)),
            Converted::Bool(truth) => Some(Value::Bool(truth)),
            Converted::Nothing => None,
        }
    }

    /// A value read as a time: texts in any known form, numbers as seconds to nanoseconds by their size.
    pub(super) fn timestamp(&self, value: Value) -> Option<Timestamp> {
        self.with_text(value, |text| crate::format::timestamp::parse(text, self.reference))
    }

    /// A part of a text value, without copying.
    pub(super) fn part(&mut self, value: Value, range: std::ops::Range<usize>) -> Option<Value> {
        let len = range.len() as u32;
        match value {
            Value::Raw { at, .. } => Some(Value::Raw { at: at + range.start as u32, len }),
            Value::Text { at, .. } => Some(Value::Text { at: at + range.start as u32, len }),
            _ => {
                let text = self.text(value);
                Some(self.builder.text(text.get(range)?))
            }
        }
    }
}
