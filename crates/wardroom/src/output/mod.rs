//! Writing lists, events and findings.

mod list;

pub(crate) use self::list::write_list;
