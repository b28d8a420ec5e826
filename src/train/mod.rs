//! Training: schedules of rate and beta, what a step runs, and the loop.

mod diagnosis;
mod evaluation;
mod metrics;
mod run;
mod schedules;
mod step;

pub(crate) use diagnosis::diagnose;
pub(crate) use metrics::{Clock, row};
pub use run::{Event, train};
pub(crate) use step::{Lists, inputs, of_chunk};
