//! Records that could not be read or recognised, kept for another try.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use model::Problem;
use serde_json::json;

use crate::exit::Failure;
use crate::output::file::OutputFile;
use crate::visible::write_json;

/// The file of dead letters, or none.
pub(crate) struct DeadLetters {
    file: Option<(PathBuf, OutputFile)>,
}

impl DeadLetters {
    /// Opens the file, when the user wants one.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let open = |path: &Path| Ok::<_, Failure>((path.to_owned(), OutputFile::create(path)?));
        Ok(Self { file: path.map(open).transpose()? })
    }

    /// Writes one record with what was wrong. Bytes that are no text are written in base64.
    pub(crate) fn write(&mut self, name: &str, problem: &Problem) -> Result<(), Failure> {
        let Some((path, file)) = &mut self.file else { return Ok(()) };
        let mut letter = json!({
            "file": name,
            "offset": problem.offset,
            "line": problem.line,
            "source": problem.source,
            "reason": problem.reason.as_str(),
            "detail": problem.detail,
        });
        match std::str::from_utf8(&problem.raw) {
            Ok(text) => letter["raw"] = json!(text),
            Err(_) => letter["raw_base64"] = json!(BASE64_STANDARD.encode(&problem.raw)),
        }
        let written = write_json(&mut *file, &letter)
            .map_err(std::io::Error::from)
            .and_then(|()| file.write_all(b"\n"));
        written.map_err(|error| Failure::file("write", path, &error))
    }

    /// Puts the file into its place.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        self.file.map_or(Ok(()), |(_, file)| file.finish())
    }
}
