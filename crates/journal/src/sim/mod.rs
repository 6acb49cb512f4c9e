//! A disk and a clock that are simulated: what is not synchronised is lost in part when the power goes.
//!
//! The model is harsher than most disks: of unsynchronised pages any may be there or not or half, a file may be as
//! long as it was or as it is or between, and of unsynchronised changes of the folder any may have happened.

mod clock;
mod disk;
mod world;

pub use clock::SimClock;
pub use disk::SimDisk;
pub use world::{Damage, Fault, Op, Random, World};
