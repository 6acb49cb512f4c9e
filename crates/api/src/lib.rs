//! The HTTP interface: one registry of routes, each with its permission.
#![warn(missing_docs)]
