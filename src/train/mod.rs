//! Training: schedules of rate and beta, and the loop.

mod evaluation;
mod run;
mod schedules;

pub use run::{Event, train};
