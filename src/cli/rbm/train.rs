//! `han-gpu rbm train`.

use super::super::family::{self, Course, Learner};
use super::super::interrupt::Interrupt;
use super::super::progress::Progress;
use super::super::{heading, print, print_json, tell};
use super::learning::{Kind, LearningArguments, Origin};
use crate::counted::counted;
use crate::error::Error;
use crate::io::{MachineFolder, Machines, write_data};
use crate::rbm::{Data, Metrics, Recipe, Settings, State, Training};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Hidden units and run folder, where they are not given.
const HIDDEN: usize = 64;
const OUT: &str = "runs/rbm";

/// Train a restricted Boltzmann machine on configurations of spins.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  han-gpu rbm train --data configs.npz --hidden 64
  han-gpu rbm train --generate \"size=10 temperatures=0:6:0.25\" --hidden 64
  han-gpu rbm train --resume runs/rbm")]
pub(in crate::cli) struct Arguments {
    /// Configurations to learn, .npy or .npz, as `mc` writes them
    ///
    /// Configurations to learn, [N, L, L] or [N, L, L, L] of +-1, or colours from 0 on in an .npz file with the array states: .npy files, or .npz files with the array spins,
    /// such as `mc` writes
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["generate", "resume"])]
    data: Vec<PathBuf>,
    /// Draw them by Monte Carlo, as 'size=10 temperatures=0:6:0.25'
    ///
    /// Draw them by Monte Carlo, as 'size=10 temperatures=0:6:0.25 fields=0 count=1000': count configurations (1000 where it is left out) at every temperature and field, lists as
    /// first:last:step or with commas; lattice=triangular or cubic, model=potts and states=3 for others than Ising spins on squares
    #[arg(long, value_name = "RECIPE", conflicts_with = "resume")]
    generate: Option<String>,
    /// Hidden units [default: 64]
    #[arg(long, help_heading = heading::NETWORK)]
    hidden: Option<usize>,
    #[command(flatten)]
    learning: LearningArguments,
    /// Seed of data, parameters and chains [default: 0]
    #[arg(long, help_heading = heading::TRAINING)]
    seed: Option<u32>,
    /// Run folder [default: runs/rbm]
    #[arg(long, value_name = "DIR", help_heading = heading::RUN_FOLDER)]
    out: Option<PathBuf>,
    /// Overwrite an existing run
    #[arg(long, help_heading = heading::RUN_FOLDER)]
    force: bool,
    /// Continue the run in DIR, with its settings
    ///
    /// Continue the run in DIR; of other settings only --device has a say
    #[arg(long, value_name = "DIR", help_heading = heading::RUN_FOLDER, conflicts_with = "force")]
    resume: Option<PathBuf>,
    /// Print the summary as one JSON object
    #[arg(long)]
    json: bool,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    arguments.check()?;
    let mut run = match &arguments.resume {
        Some(path) => resume(path, arguments.learning.device.as_deref())?,
        None => start(arguments)?,
    };
    // Until there is a run to go on with, a signal ends the program at once.
    let interrupt = Interrupt::listen();
    let folder = run.folder.path().to_owned();
    tell(&format!("device {}; run folder {}", run.device(), folder.display()));
    let next = format!("han-gpu rbm measure {}", folder.display());
    family::tell_of_the_end(run.training.steps_done(), run.settings.steps, "rbm train", &next);
    let go_on = format!("han-gpu rbm train --resume {}", folder.display());
    let metrics = run.learn(&interrupt, &go_on)?;
    match arguments.json {
        true => print_json(&run.summary(&metrics)),
        false => print(&describe(&run.settings, &metrics, &run.device(), &folder)),
    }
}

impl Arguments {
    /// Whether anything is given that a run which goes on has already.
    fn has_settings(&self) -> bool {
        self.learning.is_given() || self.hidden.is_some() || self.seed.is_some() || self.out.is_some()
    }

    /// Refuses to learn from nothing, and settings beside a run that has its own.
    fn check(&self) -> crate::Result<()> {
        let is_given = !self.data.is_empty() || self.generate.is_some();
        match &self.resume {
            Some(run) if self.has_settings() => {
                let expected = "a run that goes on keeps its folder and its settings, but for --device; leave all others out, or start a new run";
                Err(Error::setting("resume", run.display(), expected))
            }
            None if !is_given => {
                let expected = "name files with --data, draw configurations with --generate, or go on with a run by --resume";
                Err(Error::setting("data", "", expected))
            }
            _ => Ok(()),
        }
    }
}

impl Learner<Machines> for Training {
    fn steps_done(&self) -> u32 {
        Training::steps_done(self)
    }

    fn advance(&mut self, steps: u32, go_on: impl Fn() -> bool + Send) -> crate::Result<()> {
        Training::advance(self, steps, go_on)
    }

    fn state(&mut self) -> crate::Result<State> {
        Training::state(self)
    }

    fn metrics(&mut self, elapsed_s: f64) -> crate::Result<Metrics> {
        Training::metrics(self, elapsed_s)
    }

    fn tell(metrics: &Metrics) -> String {
        format!(
            "pseudo-likelihood {:.4}, reconstruction error {:.4}",
            metrics.pseudo_likelihood, metrics.reconstruction_error
        )
    }
}

/// A run that is to go on.
pub(super) struct Run {
    folder: MachineFolder,
    settings: Settings,
    training: Training,
    /// Number of configurations, those that nothing is learned from included.
    configurations: usize,
}

/// A new run, with drawn data in its folder.
fn start(arguments: &Arguments) -> anyhow::Result<Run> {
    let (hidden, seed) = (arguments.hidden.unwrap_or(HIDDEN), arguments.seed.unwrap_or(0));
    let data = match &arguments.generate {
        None => Data::read(&arguments.data)?,
        Some(recipe) => {
            let recipe = Recipe::parse(recipe)?;
            arguments.learning.check(Kind::of_recipe(&recipe)?, hidden)?;
            draw(&recipe, seed)?
        }
    };
    let absolute = |path: &PathBuf| std::fs::canonicalize(path).unwrap_or_else(|_| path.clone());
    let origin = Origin {
        files: arguments.data.iter().map(absolute).collect(),
        recipe: arguments.generate.clone().unwrap_or_default(),
        fingerprint: data.fingerprint(),
    };
    let settings = arguments.learning.settings(Kind::of_data(&data), origin, hidden, seed);
    let out = arguments.out.as_deref().unwrap_or(Path::new(OUT));
    Ok(Run::begin(out, settings, &data, arguments.force)?)
}

/// Draws the data of a recipe.
pub(super) fn draw(recipe: &Recipe, seed: u32) -> crate::Result<Data> {
    tell(&format!("drawing data by Monte Carlo: {recipe}"));
    let mut progress = Progress::new("temperature", 0, recipe.len() as u64);
    let data = Data::draw(recipe, seed, |done| progress.advance(done as u64));
    progress.finish();
    data
}

fn resume(path: &Path, device: Option<&str>) -> anyhow::Result<Run> {
    let (folder, settings) = MachineFolder::open(path)?;
    let files = match settings.data.is_empty() {
        true => vec![folder.data()],
        false => settings.data.clone(),
    };
    let data = Data::read(&files)?;
    if data.fingerprint().to_string() != settings.fingerprint {
        let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
        let expected = "they have other configurations than those that the run began with; put these back, or start a new run";
        return Err(Error::setting("data", names.join(", "), expected).into());
    }
    Ok(Run::resume(folder, settings, &data, device)?)
}

impl Run {
    /// A new run that learns these data. Whatever can be refused is refused before its folder is made.
    pub(super) fn begin(
        path: &Path,
        mut settings: Settings,
        data: &Data,
        force: bool,
    ) -> crate::Result<Self> {
        let state = State::initial(&settings, data)?;
        let training = Training::on(&settings.device, &settings, data, &state)?;
        // Recorded by name: a run that is resumed where `auto` means another device should not change its numbers silently.
        settings.device = training.backend().setting();
        let write = |file: &Path| match &data.origins {
            Some(origins) => write_data(file, data, origins),
            None => Ok(()),
        };
        let folder = MachineFolder::create(path, &settings, &state, write, force)?;
        Ok(Self { folder, settings, training, configurations: data.count() })
    }

    /// A run that goes on, on its own device or another one.
    pub(super) fn resume(
        folder: MachineFolder,
        settings: Settings,
        data: &Data,
        device: Option<&str>,
    ) -> crate::Result<Self> {
        let state = folder.state(&settings)?;
        let training = Training::on(device.unwrap_or(&settings.device), &settings, data, &state)?;
        Ok(Self { folder, settings, training, configurations: data.count() })
    }

    /// The device, for people.
    fn device(&self) -> String {
        self.training.backend().device().to_owned()
    }

    /// Learns to the end, or until the user stops it, and writes the summary; the last metrics. `go_on` is the command that goes on.
    pub(super) fn learn(&mut self, interrupt: &Interrupt, go_on: &str) -> anyhow::Result<Metrics> {
        let Settings { steps, metrics_every, checkpoint_every, .. } = self.settings;
        let course = Course { steps, metrics_every, checkpoint_every };
        let metrics =
            family::learn(&self.folder, &self.settings, course, &mut self.training, interrupt, go_on)?;
        self.folder.write_summary(&self.summary(&metrics))?;
        Ok(metrics)
    }

    /// The content of `summary.json`.
    fn summary(&self, metrics: &Metrics) -> Value {
        let settings = &self.settings;
        json!({
            "run": self.folder.path(),
            "lattice": settings.lattice,
            "size": settings.size,
            "model": settings.model,
            "states": settings.states,
            "hidden": settings.hidden,
            "configurations": self.configurations,
            "steps": settings.steps,
            "seed": settings.seed,
            "device": self.device(),
            "metrics": metrics,
        })
    }
}

fn describe(settings: &Settings, metrics: &Metrics, device: &str, folder: &Path) -> String {
    let mut lines = vec![
        format!(
            "learned {} of {} in {:.1} s on {device}, {:.1} epochs",
            counted(settings.steps, "step"),
            settings.batch,
            metrics.elapsed_s,
            metrics.epoch
        ),
        format!("pseudo-likelihood     {:.5} per site", metrics.pseudo_likelihood),
        format!("reconstruction error  {:.5} of the spins", metrics.reconstruction_error),
        metrics.free_energy_gap.map_or_else(
            || "metrics               of configurations that were learned: none are held out".to_owned(),
            |gap| format!("free energy gap       {gap:.4}, held out less learned"),
        ),
    ];
    lines.extend(
        metrics.ln_likelihood.map(|value| format!("ln likelihood         {value:.5} per configuration")),
    );
    lines.push(format!("results in {}", folder.display()));
    lines.join("\n")
}
