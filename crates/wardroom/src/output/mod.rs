//! Writing lists, events and findings.

mod counted;
pub(crate) mod file;
pub(crate) mod finding_table;
mod list;
pub(crate) mod navigator;
pub(crate) mod ocsf;
mod wrap;

pub(crate) use self::counted::counted;
pub(crate) use self::list::write_list;
pub(crate) use self::wrap::wrap;
