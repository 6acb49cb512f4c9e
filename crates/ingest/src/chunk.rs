//! A stretch of whole records, the unit of parallel work.

use std::sync::Arc;

use model::Timestamp;

/// How the records of an input are to be decoded. Found once for each input from its beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// One record a line; each line says by itself what it is (JSON, syslog, CEF, LEEF, key=value, access log …).
    /// auditd lines of one event stand together in one chunk.
    Lines,
    /// JSON documents one after the other, each on lines of its own or pretty-printed; the wrapping array or
    /// object (`Records`, `value`, `events` …) has been taken off by the splitter.
    Json,
    /// `<Event>` elements (Windows event XML), the wrapper taken off.
    Xml,
    /// One 64 KiB EVTX chunk.
    Evtx,
    /// CSV rows under this header.
    Csv {
        /// Column names.
        header: Vec<Box<str>>,
        /// `,`, `;` or tab.
        delimiter: u8,
    },
    /// Zeek TSV rows.
    Zeek {
        /// `#path`.
        path: Box<str>,
        /// `#fields`.
        fields: Vec<Box<str>>,
        /// `#types`.
        types: Vec<Box<str>>,
        /// `#separator`, `#set_separator`.
        separators: (u8, u8),
        /// `#empty_field`, `#unset_field`.
        absent: (Box<str>, Box<str>),
    },
    /// W3C extended log rows (IIS and others) under a `#Fields:` line.
    W3c {
        /// Column names.
        fields: Vec<Box<str>>,
        /// `#Software:`, when given.
        software: Box<str>,
        /// `#Date:`, when given.
        date: Box<str>,
    },
}

/// Whole records of one input, in order.
#[derive(Debug, Clone)]
pub struct Chunk {
    /// The decoded bytes (UTF-8 where the input was text).
    pub bytes: Vec<u8>,
    /// Offset of the first byte in the decoded input.
    pub offset: u64,
    /// One-based number of the first line, for inputs with lines.
    pub line: Option<u64>,
    /// How to decode them.
    pub shape: Arc<Shape>,
    /// When the input was last written, for timestamps without a year.
    pub reference: Option<Timestamp>,
    /// The input's name: the file, or `archive.zip/entry`.
    pub name: Arc<str>,
}
