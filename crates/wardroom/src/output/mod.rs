//! Writing lists, events and findings.

pub(crate) mod file;
pub(crate) mod finding_table;
mod list;
pub(crate) mod navigator;
pub(crate) mod ocsf;
mod wrap;

pub(crate) use self::list::write_list;
