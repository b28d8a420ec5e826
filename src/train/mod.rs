//! Training: schedules of rate and beta, and the loop.

mod reference;
mod run;
mod schedules;

pub use run::{Event, Outcome, train};
