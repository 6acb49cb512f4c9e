//! How a segment is written: order, row groups, pages, compression, filters.

use std::cmp::Ordering;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, RecordBatch, UInt32Array, new_null_array,
};
use datafusion::arrow::compute::{concat_batches, max, min, take};
use datafusion::arrow::datatypes::{
    Field, Int64Type, Schema as ArrowSchema, SchemaRef, TimestampMillisecondType,
};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, Encoding, ZstdLevel};
use datafusion::parquet::file::properties::{EnabledStatistics, WriterProperties};
use datafusion::parquet::schema::types::ColumnPath;
use model::Timestamp;
use ports::Segment;
use uuid::Uuid;

use crate::columns::{CLASS, Columns, EVENT_ID, RAW, RAW_BYTES, TIME, UNMAPPED};
use crate::error::LakeError;
use crate::skip::{BLOCK_ROWS, Builder, Sealed};

/// Rows of a row group: sixteen blocks of the skip index.
pub const GROUP_ROWS: usize = 131_072;

/// A segment in memory.
#[derive(Debug)]
pub struct Encoded {
    /// What the catalog is told of it.
    pub segment: Segment,
    /// The Parquet file.
    pub parquet: Vec<u8>,
    /// The skip index.
    pub skip: Vec<u8>,
}

/// Columns whose values are asked for one by one: they get Parquet's own Bloom filters, which other engines read too.
fn is_needle(name: &str) -> bool {
    let last = |ending: &str| name.strip_suffix(ending).is_some_and(|rest| rest.ends_with('.'));
    name.contains("hashes.")
        || (name.contains("endpoint.") && last("ip"))
        || matches!(name, "device.ip" | "query.hostname")
        || (last("hostname") && name.starts_with("device."))
        || (name.ends_with("user.name"))
}

fn properties(schema: &ArrowSchema) -> Result<WriterProperties, LakeError> {
    let path = |name: &str| ColumnPath::new(vec![name.to_owned()]);
    let mut properties = WriterProperties::builder()
        .set_created_by(concat!("wardroom ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_data_page_row_count_limit(BLOCK_ROWS)
        .set_statistics_enabled(EnabledStatistics::Page);
    for (name, encoding) in
        [(TIME, Encoding::DELTA_BINARY_PACKED), ("ingested_at", Encoding::DELTA_BINARY_PACKED)]
    {
        properties = properties
            .set_column_dictionary_enabled(path(name), false)
            .set_column_encoding(path(name), encoding);
    }
    properties = properties
        .set_column_dictionary_enabled(path(EVENT_ID), false)
        .set_column_encoding(path(EVENT_ID), Encoding::BYTE_STREAM_SPLIT);
    for name in [RAW, RAW_BYTES, UNMAPPED] {
        properties = properties
            .set_column_dictionary_enabled(path(name), false)
            .set_column_statistics_enabled(path(name), EnabledStatistics::None);
    }
    for field in schema.fields().iter().filter(|field| is_needle(field.name())) {
        properties = properties.set_column_bloom_filter_enabled(path(field.name()), true);
    }
    Ok(properties.build())
}

/// Makes a segment of these rows. Takes all of a core for its time: call it where that may be.
pub fn encode(
    table: &str,
    id: Uuid,
    columns: &Columns,
    batches: &[RecordBatch],
) -> Result<Encoded, LakeError> {
    let rows = sorted(&whole(columns, batches)?)?;
    if rows.num_rows() == 0 {
        return Err(LakeError::Refused("a segment without events is not written".to_owned()));
    }
    let mut skip = Builder::new();
    let schema = rows.schema();
    let mut writer = ArrowWriter::try_new(Vec::new(), schema.clone(), Some(properties(&schema)?))?;
    for from in (0..rows.num_rows()).step_by(BLOCK_ROWS) {
        let block = rows.slice(from, BLOCK_ROWS.min(rows.num_rows() - from));
        skip.block(&block);
        writer.write(&block)?;
    }
    let parquet = writer.into_inner()?;
    let sealed = Sealed {
        segment: id,
        rows: rows.num_rows() as u64,
        parquet_bytes: parquet.len() as u64,
        parquet_crc: crc32c::crc32c(&parquet),
    };
    let skip = skip.finish(sealed);
    let (time_min, time_max) = times(&rows);
    let segment = Segment {
        id,
        table: table.to_owned(),
        rows: rows.num_rows() as u64,
        bytes: (parquet.len() + skip.len()) as u64,
        time_min,
        time_max,
        columns: columns.version(),
        generation: 0,
        classes: classes(&rows),
    };
    Ok(Encoded { segment, parquet, skip })
}

/// All rows as one batch; a column that some batches lack is null there, one without any value is left out.
fn whole(columns: &Columns, batches: &[RecordBatch]) -> Result<RecordBatch, LakeError> {
    let table = columns.schema();
    let is_used = |field: &Field| {
        let holds = |batch: &RecordBatch| {
            batch
                .column_by_name(field.name())
                .is_some_and(|column| column.null_count() < column.len())
        };
        batches.iter().any(holds)
    };
    let fields: Vec<_> = table.fields().iter().filter(|field| is_used(field)).cloned().collect();
    let schema = Arc::new(ArrowSchema::new(fields));
    let padded: Vec<RecordBatch> =
        batches.iter().map(|batch| pad(batch, &schema)).collect::<Result<_, _>>()?;
    Ok(concat_batches(&schema, &padded)?)
}

/// A batch with exactly these columns: those it lacks are null.
pub(crate) fn pad(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, LakeError> {
    let column = |field: &Arc<Field>| match batch.column_by_name(field.name()) {
        Some(column) => Arc::clone(column),
        None => new_null_array(field.data_type(), batch.num_rows()),
    };
    let columns: Vec<ArrayRef> = schema.fields().iter().map(column).collect();
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

/// The rows by class, then time, then as they came.
fn sorted(rows: &RecordBatch) -> Result<RecordBatch, LakeError> {
    let class = rows.column_by_name(CLASS).map(|column| column.as_primitive::<Int64Type>());
    let time = rows.column_by_name(TIME).map(|it| it.as_primitive::<TimestampMillisecondType>());
    let (Some(class), Some(time)) = (class, time) else { return Ok(rows.clone()) };
    let mut order: Vec<(i64, i64, u32)> =
        (0..rows.num_rows()).map(|row| (class.value(row), time.value(row), row as u32)).collect();
    order.sort_unstable();
    let is_sorted = order.iter().zip(0u32..).all(|((.., row), at)| row.cmp(&at) == Ordering::Equal);
    if is_sorted {
        return Ok(rows.clone());
    }
    let order: UInt32Array = order.into_iter().map(|(.., row)| row).collect();
    let columns: Vec<ArrayRef> =
        rows.columns().iter().map(|column| take(column, &order, None)).collect::<Result<_, _>>()?;
    Ok(RecordBatch::try_new(rows.schema(), columns)?)
}

fn times(rows: &RecordBatch) -> (Timestamp, Timestamp) {
    let time = rows.column_by_name(TIME).map(|it| it.as_primitive::<TimestampMillisecondType>());
    let ends = time.and_then(|time| min(time).zip(max(time)));
    // A table without times may hold any.
    let (first, last) = ends.unwrap_or((i64::MIN, i64::MAX));
    (Timestamp(first), Timestamp(last))
}

fn classes(rows: &RecordBatch) -> Vec<u32> {
    let Some(column) = rows.column_by_name(CLASS) else { return Vec::new() };
    let class = column.as_primitive::<Int64Type>();
    let mut found: Vec<u32> = class.iter().flatten().filter_map(|it| it.try_into().ok()).collect();
    found.dedup();
    found.sort_unstable();
    found.dedup();
    found
}
