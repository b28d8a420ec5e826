//! Settings of a machine that learns.

use super::machine::Machine;
use super::step::Rule;
use crate::counted::counted;
use crate::error::{Error, Result};
use crate::lattice::{Lattice, LatticeKind, SpinModel, Spins};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Most steps, and most configurations of a batch.
const MOST_STEPS: u32 = 1_000_000_000;
const MOST_BATCH: usize = 1 << 20;
/// Most sweeps of a step.
const MOST_SWEEPS: u32 = 10_000;

/// Everything that a run of a machine follows from, as its `machine.toml` has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The kind of lattice that the data are on.
    pub lattice: LatticeKind,
    /// Its side.
    pub size: u32,
    /// The kind of spins.
    pub model: SpinModel,
    /// States of a spin.
    pub states: u32,
    /// Hidden units.
    pub hidden: usize,
    /// Steps of learning.
    pub steps: u32,
    /// Configurations of a step.
    pub batch: usize,
    /// Sweeps of the chains in a step: k of CD-k.
    pub sweeps: u32,
    /// Whether chains go on from step to step.
    pub persistent: bool,
    /// Learning rate at the start.
    pub learning_rate: f64,
    /// Course of the rate.
    pub rate_schedule: RateSchedule,
    /// Weights lose so much of themselves in a step, times the rate.
    pub weight_decay: f64,
    /// Share of the configurations that nothing is learned from.
    pub held_out: f64,
    /// Steps from one row of metrics to the next.
    pub metrics_every: u32,
    /// Steps from one checkpoint to the next.
    pub checkpoint_every: u32,
    /// Seed of everything drawn.
    pub seed: u32,
    /// Files of the data.
    pub data: Vec<PathBuf>,
    /// The recipe of the data, where there are no files.
    pub generate: String,
    /// The number that tells the data from others.
    pub fingerprint: String,
    /// The device that the run began on; nothing else follows from it.
    #[serde(default = "any_device")]
    pub device: String,
}

/// The device of runs that do not record theirs.
fn any_device() -> String {
    "auto".to_owned()
}

/// How the learning rate changes over a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RateSchedule {
    /// Down to 0 in proportion to the steps left.
    Linear,
    /// It does not.
    Constant,
}

impl Settings {
    /// Checks their ranges; `count` configurations are learned from.
    ///
    /// # Errors
    /// When one is out of range, by its name.
    pub fn check(&self, count: usize) -> Result<()> {
        let refuse = |name, value: &dyn ToString, expected: String| {
            Err(Error::setting(name, value.to_string(), expected))
        };
        let within = |name, value: u64, least: u64, most: u64| match (least..=most).contains(&value) {
            true => Ok(()),
            false => refuse(name, &value, format!("it must lie in {least} to {most}")),
        };
        self.machine()?;
        within("steps", self.steps.into(), 1, MOST_STEPS.into())?;
        within("batch", self.batch as u64, 1, MOST_BATCH as u64)?;
        within("cd", self.sweeps.into(), 1, MOST_SWEEPS.into())?;
        within("metrics_every", self.metrics_every.into(), 1, MOST_STEPS.into())?;
        within("checkpoint_every", self.checkpoint_every.into(), 1, MOST_STEPS.into())?;
        for (name, value, most) in
            [("lr", self.learning_rate, 1000.0), ("weight_decay", self.weight_decay, 1000.0)]
        {
            if !(0.0..=most).contains(&value) {
                return refuse(name, &value, format!("it must lie in 0 to {most}"));
            }
        }
        if !(0.0..=0.9).contains(&self.held_out) {
            return refuse("held_out", &self.held_out, "it must lie in 0 to 0.9".to_owned());
        }
        if self.batch > count {
            return refuse(
                "batch",
                &self.batch,
                format!(
                    "it must lie in 1 to {count}: there {} {} to learn from",
                    if count == 1 { "is" } else { "are" },
                    counted(count, "configuration")
                ),
            );
        }
        Ok(())
    }

    /// How many of so many configurations are held out; at least one is left to learn from.
    pub fn held_out_count(&self, count: usize) -> usize {
        let share = (self.held_out.clamp(0.0, 1.0) * count as f64).round() as usize;
        share.min(count.saturating_sub(1))
    }

    /// The machine that learns.
    ///
    /// # Errors
    /// As [`Machine::new`].
    pub fn machine(&self) -> Result<Machine> {
        let lattice = Lattice::new(self.lattice, self.size)?;
        Machine::new(lattice, Spins::new(self.model, self.states)?, self.hidden)
    }

    /// How step number `step`, from 1 on, learns.
    pub fn rule(&self, step: u32) -> Rule {
        let left = f64::from(self.steps - (step - 1)) / f64::from(self.steps);
        let share = match self.rate_schedule {
            RateSchedule::Linear => left,
            RateSchedule::Constant => 1.0,
        };
        Rule {
            sweeps: self.sweeps,
            is_persistent: self.persistent,
            rate: self.learning_rate * share,
            decay: self.weight_decay,
        }
    }
}
