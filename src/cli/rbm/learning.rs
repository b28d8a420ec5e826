//! How machines learn, on the command line.

use super::super::heading;
use crate::rbm::{Data, RateSchedule, Settings};
use std::path::PathBuf;

/// Steps, configurations of a step, and the share of them that nothing is learned from, where they are not given.
const STEPS: u32 = 10_000;
const BATCH: usize = 100;
const HELD_OUT: f64 = 0.1;

/// Flags of all commands that train machines.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct LearningArguments {
    /// Steps [default: 10000]
    #[arg(long, help_heading = heading::TRAINING)]
    steps: Option<u32>,
    /// Configurations of a step [default: 100, or all that are learned from]
    #[arg(long, help_heading = heading::TRAINING)]
    batch: Option<usize>,
    /// Sweeps of the chains in a step: k of CD-k [default: 1]
    #[arg(long, value_name = "K", help_heading = heading::TRAINING)]
    cd: Option<u32>,
    /// Chains go on from step to step (PCD-k), and do not start from the data
    #[arg(long, help_heading = heading::TRAINING)]
    persistent: bool,
    /// Learning rate at the start [default: 20 over the visible numbers, at most 1]
    #[arg(long, value_name = "RATE", allow_negative_numbers = true, help_heading = heading::TRAINING)]
    lr: Option<f64>,
    /// Course of the rate [default: linear]
    #[arg(long, help_heading = heading::TRAINING)]
    rate_schedule: Option<ScheduleName>,
    /// Weights lose so much of themselves in a step, times the rate [default: 0]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true, help_heading = heading::TRAINING)]
    weight_decay: Option<f64>,
    /// Share of the configurations that nothing is learned from, for metrics [default: 0.1]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true, help_heading = heading::TRAINING)]
    held_out: Option<f64>,
    /// Steps from one row of metrics to the next [default: a hundredth of all]
    #[arg(long, help_heading = heading::TRAINING)]
    metrics_every: Option<u32>,
    /// Steps from one checkpoint to the next [default: a tenth of all]
    #[arg(long, help_heading = heading::TRAINING)]
    checkpoint_every: Option<u32>,
    /// auto, cpu, or index or name of a GPU as `han-gpu devices` lists them [default: auto, with --resume the run's own]
    #[arg(long, help_heading = heading::MACHINE)]
    pub(super) device: Option<String>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum ScheduleName {
    Linear,
    Constant,
}

/// Where the data of a run come from.
#[derive(Debug, Clone, Default)]
pub(super) struct Origin {
    /// Files.
    pub(super) files: Vec<PathBuf>,
    /// The recipe, where there are no files.
    pub(super) recipe: String,
}

impl LearningArguments {
    /// Whether any of the settings is given; the device is none.
    pub(super) fn is_given(&self) -> bool {
        let numbers = [self.steps, self.cd, self.metrics_every, self.checkpoint_every];
        numbers.iter().any(Option::is_some)
            || [self.lr, self.weight_decay, self.held_out].iter().any(Option::is_some)
            || self.batch.is_some()
            || self.rate_schedule.is_some()
            || self.persistent
    }

    /// Settings of a machine that learns these data.
    pub(super) fn settings(&self, data: &Data, origin: Origin, hidden: usize, seed: u32) -> Settings {
        let steps = self.steps.unwrap_or(STEPS);
        let held_out = self.held_out.unwrap_or(HELD_OUT);
        let learned = data.count() - (held_out.clamp(0.0, 1.0) * data.count() as f64).round() as usize;
        Settings {
            lattice: data.lattice.kind(),
            size: data.lattice.side(),
            model: data.spins.model(),
            states: data.spins.states() as u32,
            hidden,
            steps,
            batch: self.batch.unwrap_or(BATCH.min(learned.max(1))),
            sweeps: self.cd.unwrap_or(1),
            persistent: self.persistent,
            learning_rate: self.lr.unwrap_or(data.learning_rate()),
            rate_schedule: match self.rate_schedule {
                None | Some(ScheduleName::Linear) => RateSchedule::Linear,
                Some(ScheduleName::Constant) => RateSchedule::Constant,
            },
            weight_decay: self.weight_decay.unwrap_or(0.0),
            held_out,
            metrics_every: self.metrics_every.unwrap_or(steps.div_ceil(100)),
            checkpoint_every: self.checkpoint_every.unwrap_or(steps.div_ceil(10)),
            seed,
            data: origin.files,
            generate: origin.recipe,
            fingerprint: data.fingerprint().to_string(),
            device: self.device.clone().unwrap_or_else(|| "auto".to_owned()),
        }
    }
}
