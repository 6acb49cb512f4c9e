//! All rules as one matcher: exact, and cheap in the number of rules.
//!
//! A rule is dispatched by its log source to a *group*; a kind of event meets only the groups it serves. Within a
//! group every rule has a *trigger*: a set of comparisons of which at least one must hold whenever the rule
//! holds, chosen to be rare. The triggers of a field are looked for together (one automaton, hash look-ups for
//! exact values and last path components). Only rules whose trigger was seen are evaluated, and then in full:
//! triggers decide what is asked, never the answer.

mod atom;
mod engine;
mod event;
mod literals;
mod plan;
mod required;
mod scan;
mod trigger;

pub use engine::{CostClass, Engine};
pub use event::Scratch;
