//! Rows under a header: CSV, and the `#` lines of Zeek TSV and W3C extended logs.
//!
//! Zeek: docs.zeek.org/en/master/log-formats.html; W3C: www.w3.org/TR/WD-logfile.html.

use crate::Shape;

/// What the `#` lines have said so far.
#[derive(Debug, Clone)]
pub(super) struct HashHeader {
    is_zeek: bool,
    separator: u8,
    set_separator: u8,
    empty: Box<str>,
    unset: Box<str>,
    path: Box<str>,
    fields: Vec<Box<str>>,
    types: Vec<Box<str>>,
    software: Box<str>,
    date: Box<str>,
    has_commas: bool,
}

impl Default for HashHeader {
    fn default() -> Self {
        Self {
            is_zeek: false,
            separator: b'\t',
            set_separator: b',',
            empty: "(empty)".into(),
            unset: "-".into(),
            path: "".into(),
            fields: Vec::new(),
            types: Vec::new(),
            software: "".into(),
            date: "".into(),
            has_commas: false,
        }
    }
}

impl HashHeader {
    /// Takes in one `#` line. Returns whether the rows after it are of another shape than those before.
    pub(super) fn read(&mut self, line: &[u8]) -> bool {
        let line = String::from_utf8_lossy(line);
        let line = line.trim_end();
        if let Some((key, value)) = line.split_once(':')
            && let Some(changed) = self.read_w3c(key, value.trim())
        {
            return changed;
        }
        self.read_zeek(line)
    }

    fn read_w3c(&mut self, key: &str, value: &str) -> Option<bool> {
        match key {
            "#Software" => self.software = value.into(),
            "#Date" => self.date = value.into(),
            "#Fields" => {
                self.is_zeek = false;
                // Exchange writes W3C headers over rows of CSV.
                self.has_commas = value.contains(',');
                let delimiter: &[char] = if self.has_commas { &[','] } else { &[' ', '\t'] };
                self.fields = value
                    .split(delimiter)
                    .map(str::trim)
                    .filter(|name| !name.is_empty())
                    .map(Into::into)
                    .collect();
            }
            "#Version" | "#Start-Date" | "#End-Date" | "#Remark" => return Some(false),
            _ => return None,
        }
        Some(true)
    }

    fn read_zeek(&mut self, line: &str) -> bool {
        if let Some(value) = line.strip_prefix("#separator ") {
            *self = Self {
                is_zeek: true,
                separator: separator(value).unwrap_or(b'\t'),
                ..Self::default()
            };
            return true;
        }
        let mut cells = line.split(char::from(self.separator));
        let key = cells.next().unwrap_or_default();
        let mut value = || cells.next().unwrap_or_default();
        match key {
            "#set_separator" => self.set_separator = separator(value()).unwrap_or(b','),
            "#empty_field" => self.empty = value().into(),
            "#unset_field" => self.unset = value().into(),
            "#path" => self.path = value().into(),
            "#fields" => {
                self.is_zeek = true;
                self.fields = cells.map(Into::into).collect();
            }
            "#types" => self.types = cells.map(Into::into).collect(),
            // `#open`, `#close` and remarks.
            _ => return false,
        }
        true
    }

    /// The shape of the rows that follow.
    pub(super) fn shape(&self) -> Shape {
        if self.is_zeek {
            return Shape::Zeek {
                path: self.path.clone(),
                fields: self.fields.clone(),
                types: self.types.clone(),
                separators: (self.separator, self.set_separator),
                absent: (self.empty.clone(), self.unset.clone()),
            };
        }
        if self.has_commas {
            return Shape::Csv { header: self.fields.clone(), delimiter: b',' };
        }
        Shape::W3c {
            fields: self.fields.clone(),
            software: self.software.clone(),
            date: self.date.clone(),
        }
    }
}

/// A separator as Zeek writes it: `\x09` or the character itself.
fn separator(value: &str) -> Option<u8> {
    match value.strip_prefix("\\x") {
        Some(digits) => u8::from_str_radix(digits.trim(), 16).ok(),
        None => value.bytes().next(),
    }
}

/// The shape of CSV rows under this header line.
pub(super) fn csv_shape(header: &[u8], delimiter: u8) -> Shape {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(header);
    let mut record = csv::ByteRecord::new();
    // Reading from memory cannot fail; an unreadable header would give no columns.
    let is_read = reader.read_byte_record(&mut record).unwrap_or(false);
    let columns = record.iter().filter(|_| is_read);
    Shape::Csv {
        header: columns.enumerate().map(|(column, cell)| column_name(column, cell)).collect(),
        delimiter,
    }
}

/// The name of a column; one without a name (the row numbers of an exported table) is called by its place.
fn column_name(column: usize, cell: &[u8]) -> Box<str> {
    match String::from_utf8_lossy(cell).trim() {
        "" => format!("column_{}", column + 1).into(),
        name => name.into(),
    }
}
