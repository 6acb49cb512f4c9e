//! Events as Parquet segments, and queries over them.
#![warn(missing_docs)]
