//! How machines learn, on the command line.

use super::super::heading;
use crate::lattice::{Lattice, Spins, System};
use crate::rbm::{Data, RateSchedule, Recipe, Settings};
use std::path::PathBuf;

/// Steps, configurations of a step, and the share of them that nothing is learned from, where they are not given.
const STEPS: u32 = 10_000;
const BATCH: usize = 100;
const HELD_OUT: f64 = 0.1;
/// Visible numbers up to which the learning rate is 1, where it is not given: the more numbers add up in a unit's field, the smaller it must be.
const FULL_RATE: f64 = 20.0;

/// Flags of all commands that train machines.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct LearningArguments {
    /// Steps [default: 10000]
    #[arg(long, help_heading = heading::TRAINING)]
    steps: Option<u32>,
    /// Configurations of a step [default: 100, or all]
    ///
    /// Configurations of a step [default: 100, or all that are learned from]
    #[arg(long, help_heading = heading::TRAINING)]
    batch: Option<usize>,
    /// Sweeps of the chains in a step: k of CD-k [default: 1]
    #[arg(long, value_name = "K", help_heading = heading::TRAINING)]
    cd: Option<u32>,
    /// Chains go on from step to step (PCD-k)
    ///
    /// Chains go on from step to step (PCD-k), and do not start from the data
    #[arg(long, help_heading = heading::TRAINING)]
    persistent: bool,
    /// Learning rate at the start [default: by the data]
    ///
    /// Learning rate at the start [default: 20 over the visible numbers, at most 1]
    #[arg(long, value_name = "RATE", allow_negative_numbers = true, help_heading = heading::TRAINING)]
    lr: Option<f64>,
    /// Course of the rate [default: linear]
    #[arg(long, help_heading = heading::TRAINING)]
    rate_schedule: Option<ScheduleName>,
    /// Weights lose so much in a step, times the rate [default: 0]
    ///
    /// Weights lose so much of themselves in a step, times the rate [default: 0]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true, help_heading = heading::TRAINING)]
    weight_decay: Option<f64>,
    /// Share of the data for metrics alone [default: 0.1]
    ///
    /// Share of the configurations that nothing is learned from, for metrics [default: 0.1]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true, help_heading = heading::TRAINING)]
    held_out: Option<f64>,
    /// Steps between rows of metrics [default: a hundredth of all]
    ///
    /// Steps from one row of metrics to the next [default: a hundredth of all]
    #[arg(long, help_heading = heading::TRAINING)]
    metrics_every: Option<u32>,
    /// Steps between checkpoints [default: a tenth of all]
    ///
    /// Steps from one checkpoint to the next [default: a tenth of all]
    #[arg(long, help_heading = heading::TRAINING)]
    checkpoint_every: Option<u32>,
    /// auto, cpu, or a GPU by index or name [default: auto]
    ///
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
    /// The number that tells them from others.
    pub(super) fingerprint: u64,
}

/// The kind and the number of the configurations that a machine learns.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    pub(super) lattice: Lattice,
    pub(super) spins: Spins,
    pub(super) count: usize,
}

impl Kind {
    pub(super) fn of_data(data: &Data) -> Self {
        Self { lattice: data.lattice, spins: data.spins, count: data.count() }
    }

    pub(super) fn of_recipe(recipe: &Recipe) -> crate::Result<Self> {
        let System { lattice, spins, .. } = recipe.system(0.0)?;
        Ok(Self { lattice, spins, count: recipe.configurations() })
    }
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

    /// Checks all settings of machines with so many hidden units, before data are drawn, which can take minutes.
    pub(super) fn check(&self, data: Kind, hidden: usize) -> crate::Result<()> {
        let settings = self.settings(data, Origin::default(), hidden, 0);
        settings.check(data.count - settings.held_out_count(data.count))
    }

    /// Settings of a machine that learns such data.
    pub(super) fn settings(&self, data: Kind, origin: Origin, hidden: usize, seed: u32) -> Settings {
        let steps = self.steps.unwrap_or(STEPS);
        let held_out = self.held_out.unwrap_or(HELD_OUT);
        let numbers = (data.lattice.sites() * data.spins.numbers()) as f64;
        let settings = Settings {
            lattice: data.lattice.kind(),
            size: data.lattice.side(),
            model: data.spins.model(),
            states: data.spins.states() as u32,
            hidden,
            steps,
            batch: self.batch.unwrap_or(BATCH),
            sweeps: self.cd.unwrap_or(1),
            persistent: self.persistent,
            learning_rate: self.lr.unwrap_or((FULL_RATE / numbers).min(1.0)),
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
            fingerprint: origin.fingerprint.to_string(),
            device: self.device.clone().unwrap_or_else(|| "auto".to_owned()),
        };
        let learned = data.count - settings.held_out_count(data.count);
        Settings { batch: self.batch.unwrap_or(BATCH.min(learned.max(1))), ..settings }
    }
}
