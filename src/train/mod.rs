//! Training: schedules of rate and beta, and the loop.

mod run;
mod schedules;
mod verify;

pub use run::{Event, Outcome, train};
pub use verify::{Status, Verification};
