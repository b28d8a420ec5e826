//! How machines learn, on the command line.

use super::super::heading;
use crate::rbm::{Data, RateSchedule, Settings};
use std::path::PathBuf;

/// Flags of all commands that train machines.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct LearningArguments {
    /// Steps
    #[arg(long, default_value_t = 10_000, help_heading = heading::TRAINING)]
    steps: u32,
    /// Configurations of a step
    #[arg(long, default_value_t = 100, help_heading = heading::TRAINING)]
    batch: usize,
    /// Sweeps of the chains in a step: k of CD-k
    #[arg(long, default_value_t = 1, value_name = "K", help_heading = heading::TRAINING)]
    cd: u32,
    /// Chains go on from step to step (PCD-k), and do not start from the data
    #[arg(long, help_heading = heading::TRAINING)]
    persistent: bool,
    /// Learning rate at the start [default: 20 over the visible numbers, at most 1]
    #[arg(long, value_name = "RATE", allow_negative_numbers = true, help_heading = heading::TRAINING)]
    lr: Option<f64>,
    /// Course of the rate
    #[arg(long, default_value = "linear", help_heading = heading::TRAINING)]
    rate_schedule: ScheduleName,
    /// Weights lose so much of themselves in a step, times the rate
    #[arg(long, default_value_t = 0.0, value_name = "SHARE", allow_negative_numbers = true, help_heading = heading::TRAINING)]
    weight_decay: f64,
    /// Share of the configurations that nothing is learned from, for metrics
    #[arg(long, default_value_t = 0.1, value_name = "SHARE", allow_negative_numbers = true, help_heading = heading::TRAINING)]
    held_out: f64,
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
    /// Settings of a machine that learns these data.
    pub(super) fn settings(&self, data: &Data, origin: Origin, hidden: usize, seed: u32) -> Settings {
        Settings {
            lattice: data.lattice.kind(),
            size: data.lattice.side(),
            model: data.spins.model(),
            states: data.spins.states() as u32,
            hidden,
            steps: self.steps,
            batch: self.batch,
            sweeps: self.cd,
            persistent: self.persistent,
            learning_rate: self.lr.unwrap_or(data.learning_rate()),
            rate_schedule: match self.rate_schedule {
                ScheduleName::Linear => RateSchedule::Linear,
                ScheduleName::Constant => RateSchedule::Constant,
            },
            weight_decay: self.weight_decay,
            held_out: self.held_out,
            metrics_every: self.metrics_every.unwrap_or(self.steps.div_ceil(100)),
            checkpoint_every: self.checkpoint_every.unwrap_or(self.steps.div_ceil(10)),
            seed,
            data: origin.files,
            generate: origin.recipe,
            fingerprint: data.fingerprint().to_string(),
            device: self.device.clone().unwrap_or_else(|| "auto".to_owned()),
        }
    }
}
