//! One column while rows are added to it.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BinaryViewBuilder, BooleanBuilder, FixedSizeBinaryBuilder, Float64Builder,
    Int64Builder, StringViewBuilder, TimestampMillisecondBuilder,
};

use crate::columns::ColumnKind;

/// The values of a column so far. Rows without a value are filled with nulls when the next value comes.
#[derive(Debug)]
pub(crate) struct Cells {
    pub(crate) rows: usize,
    values: Values,
}

#[derive(Debug)]
enum Values {
    Text(StringViewBuilder),
    Int(Int64Builder),
    Float(Float64Builder),
    Bool(BooleanBuilder),
    Time(TimestampMillisecondBuilder),
    Bytes(BinaryViewBuilder),
    Id(FixedSizeBinaryBuilder),
}

/// A value for a cell.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cell<'a> {
    Text(&'a str),
    Int(i64),
    Float(f64),
    Bool(bool),
    Time(i64),
    Bytes(&'a [u8]),
    Id(&'a [u8; 16]),
}

macro_rules! each {
    ($values:expr, $builder:ident => $body:expr) => {
        match $values {
            Values::Text($builder) => $body,
            Values::Int($builder) => $body,
            Values::Float($builder) => $body,
            Values::Bool($builder) => $body,
            Values::Time($builder) => $body,
            Values::Bytes($builder) => $body,
            Values::Id($builder) => $body,
        }
    };
}

impl Cells {
    pub(crate) fn new(kind: ColumnKind) -> Self {
        let values = match kind {
            ColumnKind::Text => Values::Text(StringViewBuilder::new()),
            ColumnKind::Int => Values::Int(Int64Builder::new()),
            ColumnKind::Float => Values::Float(Float64Builder::new()),
            ColumnKind::Bool => Values::Bool(BooleanBuilder::new()),
            ColumnKind::Time => Values::Time(
                TimestampMillisecondBuilder::new().with_data_type(ColumnKind::Time.arrow()),
            ),
            ColumnKind::Bytes => Values::Bytes(BinaryViewBuilder::new()),
            ColumnKind::Id => Values::Id(FixedSizeBinaryBuilder::new(16)),
        };
        Self { rows: 0, values }
    }

    /// Whether the row has a value already.
    pub(crate) fn has(&self, row: usize) -> bool {
        self.rows > row
    }

    /// Puts a value into a row that has none; `false` when it is of another kind than the column.
    pub(crate) fn put(&mut self, row: usize, cell: Cell<'_>) -> bool {
        self.fill(row);
        let fits = match (&mut self.values, cell) {
            (Values::Text(builder), Cell::Text(text)) => builder.try_append_value(text).is_ok(),
            (Values::Int(builder), Cell::Int(number)) => {
                builder.append_value(number);
                true
            }
            (Values::Float(builder), Cell::Float(number)) => {
                builder.append_value(number);
                true
            }
            (Values::Bool(builder), Cell::Bool(truth)) => {
                builder.append_value(truth);
                true
            }
            (Values::Time(builder), Cell::Time(time)) => {
                builder.append_value(time);
                true
            }
            (Values::Bytes(builder), Cell::Bytes(bytes)) => builder.try_append_value(bytes).is_ok(),
            (Values::Id(builder), Cell::Id(id)) => builder.append_value(id).is_ok(),
            _ => false,
        };
        self.rows += usize::from(fits);
        fits
    }

    /// Gives rows before `row` that have no value a null.
    fn fill(&mut self, row: usize) {
        if self.rows < row {
            let missing = row - self.rows;
            each!(&mut self.values, builder => (0..missing).for_each(|_| builder.append_null()));
            self.rows = row;
        }
    }

    /// The column with `rows` rows.
    pub(crate) fn finish(mut self, rows: usize) -> ArrayRef {
        self.fill(rows);
        each!(&mut self.values, builder => Arc::new(builder.finish()))
    }
}
