//! The write-ahead log: what was acknowledged is there after any crash.
#![warn(missing_docs)]
