//! Settings of a flow that learns.

use super::flow::{Architecture, Flow};
use super::gradient::Estimator;
use super::symmetry::Symmetry;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Most steps, and most configurations of a batch.
const MOST_STEPS: u32 = 1_000_000_000;
const MOST_BATCH: usize = 1 << 20;

/// Everything that a run of a flow follows from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// The form of the flow.
    #[serde(flatten)]
    pub architecture: Architecture,
    /// J.
    pub coupling: f64,
    /// Temperature in units of J.
    pub temperature: f64,
    /// Steps of learning.
    pub steps: u32,
    /// Configurations of a step.
    pub batch: usize,
    /// Adam's rate at the start.
    pub learning_rate: f64,
    /// The rate at the end as a share of that at the start; in between it falls as half a cosine wave (I. Loshchilov and F. Hutter, ICLR 2017).
    pub last_rate: f64,
    /// Parameters lose so much of themselves in a step, times the rate.
    pub weight_decay: f64,
    /// Which gradient is taken.
    pub estimator: Estimator,
    /// Files of spins to learn from, none where the flow learns of its own configurations alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<PathBuf>,
    /// A number that tells their configurations from others.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub fingerprint: String,
    /// Share of a batch that are fields given spins of the data, from whose likelihood the flow learns; the rest are configurations of its own. Without files the data are drawn by
    /// cluster Monte Carlo.
    #[serde(default)]
    pub data_share: f64,
    /// Configurations that are drawn by Monte Carlo where there is a share of data, and no file.
    #[serde(default = "pool")]
    pub pool: usize,
    /// Seed of everything drawn.
    pub seed: u32,
    /// Steps from one row of metrics to the next.
    pub metrics_every: u32,
    /// Steps from one checkpoint to the next.
    pub checkpoint_every: u32,
    /// The device that the run began on; nothing else follows from it.
    #[serde(default = "any_device")]
    pub device: String,
}

/// The device of runs that do not record theirs.
fn any_device() -> String {
    "auto".to_owned()
}

/// Configurations by Monte Carlo of runs that do not record theirs.
fn pool() -> usize {
    POOL
}

/// Steps of a run where they are not given.
const STEPS: u32 = 5000;
/// Configurations by Monte Carlo, and the most.
const POOL: usize = 16384;
const MOST_POOL: usize = 1 << 24;
/// The share of Monte Carlo from a side of the lattice on.
const SHARE: f64 = 0.25;
const SHARED_FROM: u32 = 8;
/// `T_c / |J|` of the square lattice, `2 / ln(1 + sqrt 2)` (L. Onsager, Phys. Rev. 65, 117, 1944).
pub const CRITICAL_TEMPERATURE: f64 = 2.269_185_314_213_022;

impl Settings {
    /// A flow on a lattice of a side at a temperature, with rates that fall to a hundredth.
    pub fn new(size: u32, temperature: f64) -> Self {
        Self {
            architecture: Architecture::new(size),
            coupling: 1.0,
            temperature,
            steps: STEPS,
            batch: 512,
            learning_rate: 4e-3,
            last_rate: 0.01,
            weight_decay: 0.0,
            estimator: Estimator::Path,
            data: Vec::new(),
            fingerprint: String::new(),
            data_share: Self::share(size),
            pool: POOL,
            seed: 0,
            metrics_every: STEPS / 100,
            checkpoint_every: STEPS / 10,
            device: any_device(),
        }
    }

    /// The share of data where none is given: a quarter from side 8 on, none on smaller lattices.
    ///
    /// A flow that learns of its own configurations alone loses tails of the distribution, and what lies between the two magnetisations at low temperatures: nothing in the divergence
    /// KL(q | p) makes up for them. On a lattice of side 4 there is little to lose, and data make the gradient noisier.
    pub fn share(size: u32) -> f64 {
        if size >= SHARED_FROM { SHARE } else { 0.0 }
    }

    /// Checks ranges of settings of form and learning; coupling and temperature are checked where the field is made.
    ///
    /// # Errors
    /// When one is out of range, by its name.
    pub fn check(&self) -> Result<()> {
        Flow::<f32>::shape(&self.architecture)?;
        if self.architecture.symmetry == Symmetry::Mixture && self.estimator == Estimator::Total {
            return Err(Error::setting("estimator", "total", "a mixture learns by the path estimator alone"));
        }
        for (name, value) in [
            ("steps", self.steps),
            ("metrics_every", self.metrics_every),
            ("checkpoint_every", self.checkpoint_every),
        ] {
            if !(1..=MOST_STEPS).contains(&value) {
                return Err(Error::setting(name, value, format!("it must lie in 1 to {MOST_STEPS}")));
            }
        }
        for (name, value, most) in [("batch", self.batch, MOST_BATCH), ("pool", self.pool, MOST_POOL)] {
            if !(1..=most).contains(&value) {
                return Err(Error::setting(name, value, format!("it must lie in 1 to {most}")));
            }
        }
        for (name, value, most) in [
            ("lr", self.learning_rate, 1.0),
            ("last_rate", self.last_rate, 1.0),
            ("weight_decay", self.weight_decay, 1.0),
            ("data_share", self.data_share, 1.0),
        ] {
            if !(0.0..=most).contains(&value) {
                return Err(Error::setting(name, value, format!("it must lie in 0 to {most}")));
            }
        }
        Ok(())
    }

    /// The rate of step number `step`, from 1 on.
    pub fn rate(&self, step: u32) -> f64 {
        let done = f64::from(step - 1) / f64::from(self.steps);
        let wave = 0.5 + 0.5 * (std::f64::consts::PI * done).cos();
        self.learning_rate * (self.last_rate + (1.0 - self.last_rate) * wave)
    }
}
