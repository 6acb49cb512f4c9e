//! How a run ends: exit codes and errors with the way out.

use std::fmt;
use std::io;
use std::path::Path;
use std::process::ExitCode;

/// The exit codes, as `wardroom help` states them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    /// Everything asked for was done.
    Ok = 0,
    /// A gate failed: findings at or above `--fail-level`, or a check or test that did not pass.
    Gate = 1,
    /// The command line, a rule or a mapping cannot be used.
    Usage = 2,
    /// No permission.
    Denied = 3,
    /// A file, source or rule that was named does not exist.
    NotFound = 4,
    /// Something could not be read or written whole: lost records, unreadable files, refused rules, full disk. All
    /// the rest was done.
    Incomplete = 5,
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        Self::from(code as u8)
    }
}

/// Why a command could not do its work.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The exit code.
    pub(crate) code: Code,
    /// What and the way out; empty when there is nothing to say (the reader of a pipe went away).
    pub(crate) message: String,
}

impl Failure {
    /// A failure with this code and these words.
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// The command line or the content cannot be used.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Code::Usage, message)
    }

    /// Something that was named does not exist.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(Code::NotFound, message)
    }

    /// An error of the operating system on a file.
    pub(crate) fn file(doing: &str, path: &Path, error: &io::Error) -> Self {
        let shown = path.display();
        match error.kind() {
            io::ErrorKind::NotFound => Self::not_found(format!(
                "cannot {doing} {shown}: it does not exist; check the path"
            )),
            io::ErrorKind::PermissionDenied => Self::new(
                Code::Denied,
                format!(
                    "cannot {doing} {shown}: permission denied; run as a user who may, or change its permissions"
                ),
            ),
            io::ErrorKind::StorageFull => Self::new(
                Code::Incomplete,
                format!(
                    "cannot {doing} {shown}: the disk is full; free space or choose another place"
                ),
            ),
            io::ErrorKind::IsADirectory => {
                Self::usage(format!("cannot {doing} {shown}: it is a folder; name a file"))
            }
            io::ErrorKind::NotADirectory => Self::usage(format!(
                "cannot {doing} {shown}: a part of this path is a file, not a folder; check the path"
            )),
            io::ErrorKind::AlreadyExists => Self::usage(format!(
                "cannot {doing} {shown}: a file of this name is in the way; choose another name"
            )),
            io::ErrorKind::InvalidFilename => Self::usage(format!(
                "cannot {doing} {shown}: the name is too long or not allowed here; choose another one"
            )),
            io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => Self::new(
                Code::Incomplete,
                format!(
                    "cannot {doing} {shown}: over the size or quota that is allowed; free space or choose another place"
                ),
            ),
            _ => Self::new(Code::Incomplete, format!("cannot {doing} {shown}: {}", words(error))),
        }
    }
}

/// The operating system's words without its number, which helps nobody.
fn words(error: &io::Error) -> String {
    let words = error.to_string();
    words.split(" (os error").next().unwrap_or_default().to_owned()
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Errors of standard output: a reader that went away ends the run quietly.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::new(Code::Ok, ""),
            io::ErrorKind::StorageFull => Self::new(
                Code::Incomplete,
                "cannot write the output: the disk is full; free space or choose another place",
            ),
            _ => Self::new(Code::Incomplete, format!("cannot write the output: {}", words(&error))),
        }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        io::Error::from(error).into()
    }
}

impl From<csv::Error> for Failure {
    fn from(error: csv::Error) -> Self {
        io::Error::from(error).into()
    }
}

/// What a command returns.
pub(crate) type Outcome = Result<Code, Failure>;
