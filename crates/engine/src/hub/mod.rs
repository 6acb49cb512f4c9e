//! The hub: from records that came in to events that can be searched and findings.
//!
//! Records go through the [`Intake`](JournalIntake) into the journal, and are acknowledged when they are durable
//! there. One [`Consumer`] reads the journal, decodes and maps ([`envelope`]), evaluates every rule ([`Detection`])
//! and hands events to the lake. It commits twice: findings with the state of correlations and the position of
//! detection, every second; segments with the position of the lake, when enough has come together. A crash anywhere
//! leads back to those positions, so that every event is evaluated and stored exactly once.

mod consumer;
mod detection;
pub mod envelope;
mod intake;

pub use consumer::{Consumer, ConsumerConfig, Fault, Figures, Parts, Turn};
pub use detection::{Detection, FINDING};
pub use intake::JournalIntake;
