//! Settings of a run on a page: those of config.toml, with what a page needs of its own.

use han_gpu::config::{Config, Objective, RateSchedule, resolve};
use han_gpu::io::Checkpoint;
use han_gpu::{Error, Result};
use std::path::Path;
use toml::Table;

/// How messages call where settings come from.
const PAGE: &str = "the page";
/// Steps of a run that nobody ends.
const LASTING: u32 = 1_000_000;
/// Configurations of a step where nothing is said: few, so that a slow device stays responsive.
const BATCH: i64 = 128;

/// The settings of a JSON object, by the names of config.toml.
pub(crate) fn of_json(text: &str) -> Result<Config> {
    let mut given: Table = serde_json::from_str(text)
        .map_err(|error| Error::Config { path: PAGE.into(), message: error.to_string() })?;
    given.entry("batch").or_insert(BATCH.into());
    Ok(lasting(resolve(None, given, Table::new(), Path::new(PAGE))?))
}

/// A run goes on at its full rate until it is stopped, so that it follows a temperature that is moved; it learns from its own samples, since
/// a page draws none by Monte Carlo.
pub(crate) fn lasting(config: Config) -> Config {
    Config {
        objective: Objective::Reverse,
        steps: LASTING,
        rate_schedule: RateSchedule::Constant,
        warmup: 0.0,
        annealing: 0.0,
        metrics_every: 2,
        ..config
    }
}

/// A run that ended with a checkpoint: at its constant rate that is the run of so many steps.
pub(crate) fn ended(config: Config, mut checkpoint: Checkpoint) -> (Config, Checkpoint) {
    let steps = checkpoint.step.max(1);
    checkpoint.training.insert("steps", steps.to_string());
    (Config { steps, ..config }, checkpoint)
}

/// The settings that the page shows.
pub(crate) fn to_json(config: &Config) -> String {
    serde_json::to_string(config).unwrap_or_default()
}
