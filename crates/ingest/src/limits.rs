//! Bounds on everything that comes from outside.

/// What an input may cost. Beyond a limit the record (or the rest of the container) becomes a problem.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Longest record in bytes.
    pub record_bytes_max: usize,
    /// Bytes of records that are handed on together.
    pub chunk_bytes: usize,
    /// Deepest nesting of JSON or XML.
    pub depth_max: usize,
    /// Most fields of one record.
    pub fields_max: usize,
    /// Largest ratio of unpacked to packed bytes, once more than `ratio_free_bytes` are unpacked.
    pub ratio_max: u64,
    /// Unpacked bytes below which the ratio is not looked at.
    pub ratio_free_bytes: u64,
    /// Most entries of an archive.
    pub entries_max: usize,
    /// Archives within archives, and compression within compression.
    pub nesting_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            record_bytes_max: 16 << 20,
            chunk_bytes: 1 << 20,
            depth_max: 64,
            fields_max: 4096,
            ratio_max: 100,
            ratio_free_bytes: 64 << 20,
            entries_max: 10_000,
            nesting_max: 3,
        }
    }
}
