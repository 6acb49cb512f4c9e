//! Findings gathered for people: by rule, by entity, over time. Bounded, whatever the input.

mod evidence;
mod groups;
mod histogram;
mod summary;

pub(crate) use self::evidence::shorten_event;
pub(crate) use self::groups::{EXAMPLES_MAX, Entity, Group, Groups};
pub(crate) use self::summary::{around, in_one_line, telling_parts};
