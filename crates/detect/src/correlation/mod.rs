//! Correlations: hits of rules over time to findings.
//!
//! **Time.** Everything goes by the events' own times. Hits may arrive in any order within the allowed lateness; they
//! wait until the watermark (the latest time seen minus the lateness) has passed them and are then processed in the
//! order of (time, input, offset). So findings depend neither on batches nor on the order of arrival. A hit behind
//! the watermark is late: counted, not processed.
//!
//! **Windows.** A window holds events of one group whose times differ by no more than the timespan.
//! - A condition that more events cannot undo (`gt`, `gte` of a count, of a sum, of rules met) is tried with each event
//!   over the window that ends with it: windows slide. When it holds, the finding is reported, and the window stays
//!   where it is: it begins with its first event and lasts one timespan. Further events of the group within it extend
//!   the count of the same finding. Events of that window never count again: the group's next finding comes from
//!   events after it.
//! - Every other condition (`lt`, `lte`, `eq`, `neq`, ranges, every mean and percentile) is decided when the window is
//!   over. Such a window begins with the group's first event that no earlier window holds. A group without events has
//!   no window, so an absence of all events is never found.
//!
//! **Groups.** An event without a value in a `group-by` field belongs to no group; it is counted. Without `group-by`
//! all events are one group. Values are compared as they are, case included.
//!
//! **Chains.** A finding of a correlation is an input of those that refer to it. Its time is that of the event that
//! made it hold; for conditions decided at the end, the end of the window. Fields that it does not group by have the
//! value of its last event.
//!
//! **Bounds.** See [`Settings`]; whatever is given up is counted in [`Statistics`].

mod hit;
mod plan;
mod process;
#[cfg(test)]
mod reference;
mod state;
#[cfg(test)]
mod tests;
mod window;
mod words;

pub use hit::{
    CorrelationHit, CorrelationStatistics, EventKey, Hit, Settings, Statistics, Support, Values,
};
pub use process::Correlator;
pub use state::{RestoreError, Restored};
pub use words::statement;
