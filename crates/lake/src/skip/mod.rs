//! The skip index of a segment: which blocks of rows cannot hold what a query looks for.
//!
//! For each block of 8,192 rows there are two split-block Bloom filters of 10 bits for each distinct entry: one over
//! the whole tokens of `raw` and of all text columns but `unmapped`, one over the four-letter sequences of command
//! lines. A filter may say 'perhaps' in vain and never 'no' in vain.

mod bloom;
mod build;
mod file;
mod needles;
pub(crate) mod tokens;

pub(crate) use build::Builder;
pub(crate) use file::{Sealed, SkipIndex};
pub(crate) use needles::{Need, need_of};

/// Rows of one block.
pub const BLOCK_ROWS: usize = 8192;

/// Whether command lines are in this column.
pub(crate) fn is_command_line(column: &str) -> bool {
    column.trim_end_matches("[]").ends_with("cmd_line")
}

/// Whether the tokens of this text column are in the index.
pub(crate) fn is_indexed(column: &str) -> bool {
    column != crate::columns::UNMAPPED
}
