//! The attributes of one kind of record while its mapping is compiled.

use model::{Attribute, Constant, FieldId, FieldTable, LogsourceSet, Schema};

use super::apply::{Coerce, Op};
use super::compile::MapError;
use super::convert::{self, Conversion};
use super::expr::{Expr, Fixed};
use super::yaml::{ExprYaml, LogsourceYaml, OneOrMany, Scalar};

/// The attributes of one kind while it is compiled.
pub(super) struct Draft<'a> {
    pub(super) class: &'a str,
    pub(super) constants: Vec<(FieldId, Constant)>,
    pub(super) ops: Vec<Op>,
}

impl Draft<'_> {
    pub(super) fn attribute(
        &mut self,
        fields: &mut FieldTable,
        path: &str,
        yaml: &ExprYaml,
    ) -> Result<(), MapError> {
        let schema = Schema::embedded();
        let attribute = schema.resolve(self.class, path).map_err(|error| MapError::new(error.0))?;
        let fixed = |scalar: &Scalar| fixed_of(schema, attribute, path, scalar);
        let expr = Expr::compile(yaml, fields, &fixed).map_err(|error| error.within(path))?;
        if let Expr::Fixed(constant) = &expr {
            self.push_constant(fields.intern(path), constant);
            return Ok(());
        }
        let is_hashes =
            matches!(&expr, Expr::Full(full) if full.conversion == Some(Conversion::Hashes));
        let coerce = match schema.base_type(&attribute.type_name) {
            None if is_hashes && &*attribute.type_name == "fingerprint" => Coerce::Hashes {
                algorithm: std::array::from_fn(|index| {
                    fields.intern(&hash_path(path, attribute, index, "algorithm_id"))
                }),
                value: std::array::from_fn(|index| {
                    fields.intern(&hash_path(path, attribute, index, "value"))
                }),
            },
            None if &*attribute.type_name == "object" => Coerce::Any,
            None => {
                let text = format!(
                    "'{path}' is an object ({}); map its parts, for example {path}.name",
                    attribute.type_name
                );
                return Err(MapError::new(text));
            }
            Some("integer_t" | "long_t") if &*attribute.type_name == "timestamp_t" => Coerce::Time,
            Some("integer_t" | "long_t") => Coerce::Int,
            Some("float_t") => Coerce::Float,
            Some("boolean_t") => Coerce::Bool,
            Some("string_t") => Coerce::Text,
            Some(_) => Coerce::Any,
        };
        let takes_all = attribute.is_array() || path.contains("[]");
        self.ops.push(Op { path: fields.intern(path), expr, coerce, takes_all });
        Ok(())
    }

    pub(super) fn constant(
        &mut self,
        fields: &mut FieldTable,
        path: &str,
        scalar: &Scalar,
    ) -> Result<(), MapError> {
        let schema = Schema::embedded();
        let attribute = schema.resolve(self.class, path).map_err(|error| MapError::new(error.0))?;
        let fixed = fixed_of(schema, attribute, path, scalar)?;
        self.push_constant(fields.intern(path), &fixed);
        Ok(())
    }

    fn push_constant(&mut self, path: FieldId, fixed: &Fixed) {
        let constant = match fixed {
            Fixed::Str(text) => Constant::Str(text.clone()),
            Fixed::Int(number) => Constant::Int(*number),
            Fixed::Float(number) => Constant::Int(*number as i64),
            Fixed::Bool(truth) => Constant::Bool(*truth),
        };
        self.constants.push((path, constant));
    }
}

/// `process.file.hashes` → `process.file.hashes[0].value`; a single fingerprint has no index.
fn hash_path(path: &str, attribute: &Attribute, index: usize, part: &str) -> String {
    if attribute.is_array() { format!("{path}[{index}].{part}") } else { format!("{path}.{part}") }
}

/// A word or number of the mapping as the attribute's type wants it; captions of enumerations become their values.
fn fixed_of(
    schema: &Schema,
    attribute: &Attribute,
    path: &str,
    scalar: &Scalar,
) -> Result<Fixed, MapError> {
    let base = schema.base_type(&attribute.type_name).unwrap_or("string_t");
    let text = scalar.text();
    let wrong =
        || MapError::new(format!("'{path}' cannot be '{text}': it is a {}", attribute.type_name));
    if !attribute.enumeration.is_empty() {
        let by_caption =
            attribute.enumeration.iter().find(|(_, caption)| caption.eq_ignore_ascii_case(&text));
        let key = by_caption
            .map(|(key, _)| &**key)
            .or_else(|| attribute.enumeration.contains_key(text.as_str()).then_some(text.as_str()));
        let Some(key) = key else {
            let known: Vec<&str> =
                attribute.enumeration.values().map(|caption| &**caption).collect();
            return Err(MapError::new(format!(
                "'{path}' has no value '{text}'; there are {}",
                known.join(", ")
            )));
        };
        return match base {
            "string_t" => Ok(Fixed::Str(key.into())),
            _ => key.parse().map(Fixed::Int).map_err(|_| wrong()),
        };
    }
    match (base, scalar) {
        ("integer_t" | "long_t", Scalar::Int(number)) => Ok(Fixed::Int(*number)),
        ("integer_t" | "long_t", _) => text.parse().map(Fixed::Int).map_err(|_| wrong()),
        ("boolean_t", Scalar::Bool(truth)) => Ok(Fixed::Bool(*truth)),
        ("boolean_t", _) => convert::boolean(text.as_bytes()).map(Fixed::Bool).ok_or_else(wrong),
        ("float_t", Scalar::Float(number)) => Ok(Fixed::Float(*number)),
        ("float_t", _) => text.parse().map(Fixed::Float).map_err(|_| wrong()),
        _ => Ok(Fixed::Str(text.as_str().into())),
    }
}

/// The log sources of a source and of one of its kinds together.
pub(super) fn logsources(source: &LogsourceYaml, kind: &LogsourceYaml) -> LogsourceSet {
    let merge = |pick: &dyn Fn(&LogsourceYaml) -> Option<Vec<String>>| -> Vec<Box<str>> {
        let mut words: Vec<Box<str>> = Vec::new();
        for word in [pick(source), pick(kind)].into_iter().flatten().flatten() {
            if !words.iter().any(|have| **have == *word) {
                words.push(word.into());
            }
        }
        words
    };
    LogsourceSet {
        products: merge(&|it| it.product.as_ref().map(OneOrMany::to_vec)),
        categories: merge(&|it| it.category.as_ref().map(OneOrMany::to_vec)),
        services: merge(&|it| it.service.as_ref().map(OneOrMany::to_vec)),
    }
}
