//! `han-gpu rbm train`.

use super::super::interrupt::{Interrupt, Stopped};
use super::super::progress::Progress;
use super::super::{heading, print, print_json};
use crate::error::Error;
use crate::io::{MachineFolder, write_data};
use crate::rbm::{Data, Metrics, RateSchedule, Recipe, Settings, State, Training};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The name of the file that drawn data are kept in, inside the run's folder.
const DATA: &str = "data.npz";

/// Train a restricted Boltzmann machine on configurations of spins.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  han-gpu rbm train --data configs.npz --hidden 64
  han-gpu rbm train --generate \"size=10 temperatures=0:6:0.25 count=1000\" --hidden 64
  han-gpu rbm train --resume runs/rbm")]
pub(in crate::cli) struct Arguments {
    /// Configurations to learn, [N, L, L] or [N, L, L, L] of +-1, or colours from 0 on in an .npz file with the array states: .npy files, or .npz files with the array spins,
    /// such as `mc` writes
    #[arg(long, value_name = "FILE", num_args = 1.., required_unless_present_any = ["generate", "resume"], conflicts_with_all = ["generate", "resume"])]
    data: Vec<PathBuf>,
    /// Draw them by Monte Carlo, as \"size=10 temperatures=0:6:0.25 fields=0 count=1000\": count configurations at every temperature and field, lists as first:last:step or
    /// with commas; lattice=triangular or cubic, model=potts and states=3 for others than Ising spins on squares
    #[arg(long, value_name = "RECIPE", conflicts_with = "resume")]
    generate: Option<String>,
    /// Hidden units
    #[arg(long, default_value_t = 64, help_heading = heading::NETWORK)]
    hidden: usize,
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
    /// Seed of data, parameters and chains
    #[arg(long, default_value_t = 0, help_heading = heading::TRAINING)]
    seed: u32,
    /// auto or cpu
    #[arg(long, default_value = "auto", help_heading = heading::MACHINE)]
    device: String,
    /// Run folder
    #[arg(long, value_name = "DIR", default_value = "runs/rbm", help_heading = heading::RUN_FOLDER)]
    out: PathBuf,
    /// Overwrite an existing run
    #[arg(long, help_heading = heading::RUN_FOLDER)]
    force: bool,
    /// Continue the run in DIR
    #[arg(long, value_name = "DIR", help_heading = heading::RUN_FOLDER, conflicts_with = "force")]
    resume: Option<PathBuf>,
    /// Print the summary as one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum ScheduleName {
    Linear,
    Constant,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    super::check_device(&arguments.device)?;
    let interrupt = Interrupt::listen();
    let (folder, settings, data) = match &arguments.resume {
        Some(path) => resume(path)?,
        None => start(arguments)?,
    };
    let state = folder.state(&settings)?;
    let mut training = Training::new(&settings, &data, &state)?;
    let metrics = learn(&folder, &settings, &mut training, &interrupt)?;
    let summary = json!({
        "run": folder.path(),
        "lattice": settings.lattice,
        "size": settings.size,
        "model": settings.model,
        "states": settings.states,
        "hidden": settings.hidden,
        "configurations": data.count(),
        "steps": settings.steps,
        "seed": settings.seed,
        "metrics": metrics,
    });
    folder.write_summary(&summary)?;
    if arguments.json { print_json(&summary) } else { print(&describe(&settings, &metrics, folder.path())) }
}

/// The folder of a new run, which has drawn data in it.
fn start(arguments: &Arguments) -> anyhow::Result<(MachineFolder, Settings, Data)> {
    let data = match &arguments.generate {
        None => Data::read(&arguments.data)?,
        Some(recipe) => {
            let recipe = Recipe::parse(recipe)?;
            let mut progress = Progress::new("temperature", 0, recipe.len() as u64);
            let data = Data::draw(&recipe, arguments.seed, |done| progress.advance(done as u64))?;
            progress.finish();
            data
        }
    };
    let files =
        arguments.data.iter().map(|path| std::fs::canonicalize(path).unwrap_or_else(|_| path.clone()));
    let settings = Settings {
        lattice: data.lattice.kind(),
        size: data.lattice.side(),
        model: data.spins.model(),
        states: data.spins.states() as u32,
        hidden: arguments.hidden,
        steps: arguments.steps,
        batch: arguments.batch,
        sweeps: arguments.cd,
        persistent: arguments.persistent,
        learning_rate: arguments.lr.unwrap_or(data.learning_rate()),
        rate_schedule: match arguments.rate_schedule {
            ScheduleName::Linear => RateSchedule::Linear,
            ScheduleName::Constant => RateSchedule::Constant,
        },
        weight_decay: arguments.weight_decay,
        held_out: arguments.held_out,
        metrics_every: arguments.metrics_every.unwrap_or(arguments.steps.div_ceil(100)),
        checkpoint_every: arguments.checkpoint_every.unwrap_or(arguments.steps.div_ceil(10)),
        seed: arguments.seed,
        data: files.collect(),
        generate: arguments.generate.clone().unwrap_or_default(),
        fingerprint: data.fingerprint().to_string(),
    };
    // Whatever can be refused is refused before a folder is made.
    let state = State::initial(&settings, &data)?;
    Training::new(&settings, &data, &state)?;
    let folder = MachineFolder::create(&arguments.out, &settings, &state, arguments.force)?;
    if let Some(origins) = &data.origins {
        write_data(&folder.path().join(DATA), &data, origins)?;
    }
    Ok((folder, settings, data))
}

fn resume(path: &Path) -> anyhow::Result<(MachineFolder, Settings, Data)> {
    let (folder, settings) = MachineFolder::open(path)?;
    let files = match settings.data.is_empty() {
        true => vec![path.join(DATA)],
        false => settings.data.clone(),
    };
    let data = Data::read(&files)?;
    if data.fingerprint().to_string() != settings.fingerprint {
        let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
        let expected = "they have other configurations than those that the run began with; put these back, or start a new run";
        return Err(Error::setting("data", names.join(", "), expected).into());
    }
    Ok((folder, settings, data))
}

/// Learns to the end, or until the user stops it; the last metrics.
fn learn(
    folder: &MachineFolder,
    settings: &Settings,
    training: &mut Training,
    interrupt: &Interrupt,
) -> anyhow::Result<Metrics> {
    let mut table = folder.metrics_after(training.steps_done())?;
    let (before, start) = (table.elapsed_s(), Instant::now());
    let elapsed = || before + start.elapsed().as_secs_f64();
    let mut progress = Progress::new("step", training.steps_done().into(), settings.steps.into());
    while !training.is_finished() {
        training.step();
        let step = training.steps_done();
        if step.is_multiple_of(settings.metrics_every) || training.is_finished() {
            let metrics = training.metrics(elapsed());
            table.push(&metrics)?;
            progress.say(format!(
                "pseudo-likelihood {:.4}, reconstruction error {:.4}",
                metrics.pseudo_likelihood, metrics.reconstruction_error
            ));
            progress.advance(step.into());
        }
        let is_stopped = interrupt.pressed();
        if step.is_multiple_of(settings.checkpoint_every) || training.is_finished() || is_stopped {
            folder.save(settings, &training.state()?)?;
        }
        if is_stopped && !training.is_finished() {
            progress.finish();
            let path = folder.path().display();
            return Err(Stopped(format!(
                "stopped at step {step}; go on with: han-gpu rbm train --resume {path}"
            ))
            .into());
        }
    }
    progress.finish();
    Ok(training.metrics(elapsed()))
}

fn describe(settings: &Settings, metrics: &Metrics, folder: &Path) -> String {
    let mut lines = vec![
        format!(
            "learned {} steps of {} in {:.1} s, {:.1} epochs",
            settings.steps, settings.batch, metrics.elapsed_s, metrics.epoch
        ),
        format!("pseudo-likelihood     {:.5} per site", metrics.pseudo_likelihood),
        format!("reconstruction error  {:.5} of the spins", metrics.reconstruction_error),
        format!("free energy gap       {:.4}, held out less learned", metrics.free_energy_gap),
    ];
    lines.extend(
        metrics.ln_likelihood.map(|value| format!("ln likelihood         {value:.5} per configuration")),
    );
    lines.push(format!("results in {}", folder.display()));
    lines.join("\n")
}
