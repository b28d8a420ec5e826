//! Settings of a run on a page: those of config.toml, with what a page needs of its own.

use han_gpu::config::{Config, Objective, RateSchedule, resolve};
use han_gpu::io::Checkpoint;
use han_gpu::{Error, Result};
use serde_json::{Map, Value};
use std::path::Path;
use toml::Table;

/// How messages call where settings come from.
const PAGE: &str = "the page";
/// Steps of a run that nobody ends.
const LASTING: u32 = 1_000_000;
/// Settings that a page gives by itself, or that mean nothing on one.
const OWN: [&str; 8] =
    ["objective", "steps", "rate_schedule", "warmup", "annealing", "metrics_every", "device", "init_from"];
/// Settings that the page always tells.
const TOLD: [&str; 6] = ["lattice", "size", "beta", "width", "field", "seed"];
/// Configurations of a step where nothing is said: few, so that a slow device stays responsive.
const BATCH: i64 = 128;

/// The settings of a JSON object, by the names of config.toml.
pub(crate) fn of_json(text: &str) -> Result<Config> {
    let mut given: Table = serde_json::from_str(text)
        .map_err(|error| Error::Config { path: PAGE.into(), message: error.to_string() })?;
    if let Some(own) = OWN.iter().find(|key| given.contains_key(**key)) {
        let message = format!("{own} is for the page to choose; leave it out");
        return Err(Error::Config { path: PAGE.into(), message });
    }
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
        device: Config::default().device,
        init_from: Config::default().init_from,
        ..config
    }
}

/// A run that ended with a checkpoint: at its constant rate that is the run of so many steps.
pub(crate) fn ended(config: Config, mut checkpoint: Checkpoint) -> (Config, Checkpoint) {
    let steps = checkpoint.step.max(1);
    checkpoint.training.insert("steps", steps.to_string());
    (Config { steps, ..config }, checkpoint)
}

/// Settings as JSON from which [`of_json`] makes the same configuration: those that a page always tells, and those that are not what they are by default
/// beside these.
pub(crate) fn to_json(config: &Config) -> Result<String> {
    let failed = |error: serde_json::Error| Error::Config { path: PAGE.into(), message: error.to_string() };
    let all = |config: &Config| -> Result<Map<String, Value>> {
        serde_json::from_value(serde_json::to_value(config).map_err(failed)?).map_err(failed)
    };
    let mut told = all(config)?;
    let always: Map<String, Value> = told
        .iter()
        .filter(|(key, _)| TOLD.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let defaults = all(&of_json(&serde_json::to_string(&always).map_err(failed)?)?)?;
    told.retain(|key, value| TOLD.contains(&key.as_str()) || defaults.get(key) != Some(value));
    serde_json::to_string(&told).map_err(failed)
}
