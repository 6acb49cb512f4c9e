//! Where output goes: data to standard output, talk to standard error, colour only for people.

use std::io::{self, BufWriter, IsTerminal as _, Stderr, Stdout, Write};

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{ContentArrangement, Table};
use model::Level;

use crate::output::wrap;
use crate::visible::visible;

/// Columns of a terminal that each column of a table needs to be readable.
const COLUMN_MIN: usize = 12;

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Colour {
    /// On a terminal, unless NO_COLOR is set or TERM is dumb.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The terminal and the pipe.
pub(crate) struct Console {
    /// Standard output, buffered.
    pub(crate) out: BufWriter<Stdout>,
    errors: Stderr,
    is_terminal: bool,
    is_coloured: bool,
    is_quiet: bool,
}

impl Console {
    /// A console that follows the user's wishes.
    pub(crate) fn new(colour: Colour, is_quiet: bool) -> Self {
        let is_wanted =
            std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) && !is_dumb();
        let is_terminal = io::stdout().is_terminal();
        let is_coloured = match colour {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => is_wanted && is_terminal,
        };
        Self {
            out: BufWriter::with_capacity(1 << 16, io::stdout()),
            errors: io::stderr(),
            is_terminal,
            is_coloured,
            is_quiet,
        }
    }

    /// Says something to the person, not to the pipe. `--quiet` silences it.
    pub(crate) fn note(&self, text: &str) {
        if !self.is_quiet {
            self.complain(text);
        }
    }

    /// Says what must be heard, `--quiet` or not.
    pub(crate) fn complain(&self, text: &str) {
        // A standard error that is gone leaves nobody to tell.
        let _told = writeln!(self.errors.lock(), "{}", printable(text));
    }

    /// Whether a progress bar has somebody to look at it.
    pub(crate) fn shows_progress(&self) -> bool {
        !self.is_quiet && io::stderr().is_terminal() && !is_dumb()
    }

    /// Columns of the terminal that output goes to; `None` in a pipe.
    pub(crate) fn width(&self) -> Option<usize> {
        self.is_terminal.then(|| Table::new().width()).flatten().map(usize::from)
    }

    /// A table as wide as the terminal, or as its content in a pipe. Where the columns would be too narrow to read,
    /// each row is a block of lines.
    pub(crate) fn table(
        &self,
        header: &[&str],
        rows: impl IntoIterator<Item = Vec<String>>,
    ) -> String {
        if let Some(width) = self.width().filter(|width| *width < header.len() * COLUMN_MIN) {
            return blocks(header, rows, width);
        }
        let mut table = Table::new();
        table.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
        if !self.is_terminal {
            table
                .load_style(comfy_table::presets::NOTHING)
                .set_content_arrangement(ContentArrangement::Disabled);
        }
        table.set_header(header.iter().map(|name| (*name).to_owned()));
        table.add_rows(rows);
        table.to_string()
    }

    /// `text` in the colour of a level.
    pub(crate) fn level(&self, level: Level, text: &str) -> String {
        let code = match level {
            Level::Critical => "1;97;41",
            Level::High => "1;31",
            Level::Medium => "1;33",
            Level::Low => "36",
            Level::Informational => "2",
        };
        self.styled(code, text)
    }

    /// `text` in bold.
    pub(crate) fn bold(&self, text: &str) -> String {
        self.styled("1", text)
    }

    /// `text` faint.
    pub(crate) fn faint(&self, text: &str) -> String {
        self.styled("2", text)
    }

    fn styled(&self, code: &str, text: &str) -> String {
        if self.is_coloured { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// Rows as blocks: under each name its value, cells without one left out.
fn blocks(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>, width: usize) -> String {
    let mut text = String::new();
    let indent = if width > 20 { "  " } else { "" };
    let width = width - indent.len();
    for row in rows {
        for (name, cell) in header.iter().zip(&row).filter(|(_, cell)| !cell.is_empty()) {
            // The first line could take two characters more: not worth a second way of wrapping.
            for (index, line) in wrap(&format!("{name}: {cell}"), width).iter().enumerate() {
                text.push_str(if index == 0 { "" } else { indent });
                text.push_str(line);
                text.push('\n');
            }
        }
        text.push('\n');
    }
    text.trim_end().to_owned()
}

/// Whether the terminal says that it knows no colours and cannot move its cursor.
fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// What is told to a person, with hostile characters shown as escapes: names of files are the sender's words, too.
/// Line ends are ours.
fn printable(text: &str) -> String {
    text.split('\n').map(visible).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_fit_and_leave_out_what_is_empty() {
        let rows = || [["high", "One two three four", ""], ["low", "Short", "x"]];
        let rows = || rows().map(|row| row.map(str::to_owned).to_vec());
        let text = blocks(&["LEVEL", "TITLE", "ID"], rows(), 21);
        assert_eq!(
            text,
            "LEVEL: high\nTITLE: One two\n  three four\n\nLEVEL: low\nTITLE: Short\nID: x"
        );
        for width in 1..60 {
            let text = blocks(&["LEVEL", "TITLE", "ID"], rows(), width);
            assert!(text.lines().all(|line| line.chars().count() <= width), "{width}: {text}");
        }
    }
}
