//! State on SQLite or PostgreSQL: facts, records, positions, segments, audit, leases.
#![warn(missing_docs)]
