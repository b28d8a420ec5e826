//! Training: configuration, schedules of rate and beta, and the loop.

mod config;
mod run;
mod schedules;

pub use config::{Config, PRESETS, RateSchedule, load, resolve};
pub use run::{Event, Metrics, Outcome, Summary, train};
