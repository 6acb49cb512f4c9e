//! Sigma 2.1: parsing rules into expressions, and the plain evaluation that says why.

pub mod ast;
