//! Training: schedules of rate and beta, and the loop.

mod evaluation;
mod reference;
mod run;
mod schedules;

pub use run::{Event, Outcome, train};
