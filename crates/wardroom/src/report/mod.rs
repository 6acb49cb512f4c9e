//! The report.

use std::path::Path;

use crate::exit::Failure;
use crate::findings::Groups;
use crate::loaded::Loaded;
use crate::pipeline::Tally;

/// What a report is about.
pub(crate) struct Subject<'s> {
    pub(crate) groups: &'s Groups,
    pub(crate) tally: &'s Tally,
    pub(crate) loaded: &'s Loaded,
    pub(crate) summary: &'s str,
}

pub(crate) fn write(_path: &Path, _subject: &Subject<'_>) -> Result<(), Failure> {
    Ok(())
}
