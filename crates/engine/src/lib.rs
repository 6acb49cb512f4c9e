//! Composes the stages: who may do what, what was decided, what is taken in.
#![warn(missing_docs)]

pub mod access;
pub mod audit;
pub mod hub;
pub mod secrets;
