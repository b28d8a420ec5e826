//! `han-gpu neuralrg train`.

use super::super::family::{self, Course, Learner};
use super::super::heading;
use super::super::interrupt::Interrupt;
use super::super::progress::wait;
use super::super::{print, print_json, tell};
use crate::counted::counted;
use crate::error::Error;
use crate::estimate::Estimate;
use crate::io::{FlowFolder, Flows, SpinsOrigin};
use crate::lattice::{Lattice, Spins};
use crate::measure::brief;
use crate::neuralrg::{
    Architecture, CRITICAL_TEMPERATURE, Flow, Metrics, Parts, Settings, State, Symmetry, Training,
};
use crate::rbm::Data;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Side, where it is not given.
pub(super) const SIZE: u32 = 16;
/// Difference up to which numbers that a file tells are the flow's own, relative to these.
const SAME: f64 = 1e-4;
/// Run folder, where it is not given.
const OUT: &str = "runs/neuralrg";

/// Train a multiscale flow on the field dual to Ising spins of the square lattice.
///
/// The flow makes the field of independent normal numbers, block by block of 2 x 2 sites, from the coarsest scale to the finest. It learns by the divergence KL(q | p) of its own
/// configurations, along the gradient through their numbers; from side 8 on a quarter of every batch comes from cluster Monte Carlo.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  han-gpu neuralrg train --size 8 --temperature 3
  han-gpu neuralrg train --size 16 --layers 10 --hidden 10 --depth 3 --repeat 1
  han-gpu neuralrg train --resume runs/neuralrg")]
pub(super) struct Arguments {
    /// Side of the lattice, a power of two to 64 [default: 16]
    #[arg(long, help_heading = heading::SYSTEM)]
    size: Option<u32>,
    /// Temperature; k_B is 1 [default: critical, 2.269185]
    ///
    /// Temperature; k_B is 1 [default: the critical one of J = 1, 2.269185314213022]
    #[arg(long, allow_negative_numbers = true, help_heading = heading::SYSTEM)]
    temperature: Option<f64>,
    /// J; below 0 an antiferromagnet [default: 1]
    #[arg(long, value_name = "J", allow_negative_numbers = true, help_heading = heading::SYSTEM)]
    coupling: Option<f64>,
    /// Couplings of a block [default: 6]
    #[arg(long, help_heading = heading::NETWORK)]
    layers: Option<usize>,
    /// Units of a hidden layer of a coupling's nets [default: 8]
    #[arg(long, help_heading = heading::NETWORK)]
    hidden: Option<usize>,
    /// Hidden layers of a coupling's nets [default: 1]
    #[arg(long, help_heading = heading::NETWORK)]
    depth: Option<usize>,
    /// Pairs of disentanglers and decimators of a scale [default: 4]
    #[arg(long, help_heading = heading::NETWORK)]
    repeat: Option<usize>,
    /// Scales, the finest first [default: all]
    ///
    /// Scales, the finest first, or all: with k of them numbers further apart than some 2^k sites stay independent [default: all]
    #[arg(long, value_name = "K", help_heading = heading::NETWORK)]
    scales: Option<Scales>,
    /// Layers of a scale [default: both]
    ///
    /// Layers of a scale: disentanglers and decimators, or one kind alone [default: both]
    #[arg(long, help_heading = heading::NETWORK)]
    parts: Option<PartsName>,
    /// The way to an even density [default: odd]
    ///
    /// How the density is even: couplings that make the flow odd, or the mean of any flow's density at x and -x, as published [default: odd]
    #[arg(long, help_heading = heading::NETWORK)]
    symmetry: Option<SymmetryName>,
    /// Spins to learn from as well, .npy or .npz
    ///
    /// Spins to learn from as well, by the likelihood of fields given them: .npy files, or .npz files with the array spins, such as `mc` writes [default: cluster
    /// Monte Carlo where there is a share of data]
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "resume", help_heading = heading::TRAINING)]
    data: Vec<PathBuf>,
    /// Share of a batch from the data [default: by --data and size]
    ///
    /// Share of a batch that comes from the data; the rest are configurations of the flow [default: 1 with --data; else 0.25 from side 8 on, and 0 below]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true, help_heading = heading::TRAINING)]
    data_share: Option<f64>,
    /// Configurations by Monte Carlo [default: 16384]
    ///
    /// Configurations by Monte Carlo, where there is a share of data and no --data [default: 16384]
    #[arg(long, value_name = "COUNT", conflicts_with = "data", help_heading = heading::TRAINING)]
    pool: Option<usize>,
    /// Steps [default: 5000]
    #[arg(long, help_heading = heading::TRAINING)]
    steps: Option<u32>,
    /// Configurations of a step [default: 512]
    #[arg(long, help_heading = heading::TRAINING)]
    batch: Option<usize>,
    /// Learning rate at the start [default: 0.004]
    ///
    /// Adam's rate at the start; it falls to a hundredth, as half a cosine wave [default: 0.004]
    #[arg(long, value_name = "RATE", allow_negative_numbers = true, help_heading = heading::TRAINING)]
    lr: Option<f64>,
    /// Decay of parameters in a step, times the rate [default: 0]
    ///
    /// Parameters lose so much of themselves in a step, times the rate [default: 0]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true, help_heading = heading::TRAINING)]
    weight_decay: Option<f64>,
    /// Seed of parameters and configurations [default: 0]
    #[arg(long, help_heading = heading::TRAINING)]
    seed: Option<u32>,
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
    device: Option<String>,
    /// Run folder [default: runs/neuralrg]
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

/// A number of scales, or all.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scales(pub(super) Option<usize>);

impl std::str::FromStr for Scales {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "all" => Ok(Self(None)),
            text => {
                text.parse().map(Some).map(Self).map_err(|_| "it must be a whole number or all".to_owned())
            }
        }
    }
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum PartsName {
    Both,
    Disentanglers,
    Decimators,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum SymmetryName {
    Odd,
    Mixture,
}

impl SymmetryName {
    pub(super) fn symmetry(self) -> Symmetry {
        match self {
            Self::Odd => Symmetry::Odd,
            Self::Mixture => Symmetry::Mixture,
        }
    }
}

impl PartsName {
    pub(super) fn parts(self) -> Parts {
        match self {
            Self::Both => Parts::Both,
            Self::Disentanglers => Parts::Disentanglers,
            Self::Decimators => Parts::Decimators,
        }
    }
}

impl Arguments {
    /// Whether anything is given that a run which goes on has already; the device is none.
    fn has_settings(&self) -> bool {
        let whole = [self.steps, self.seed, self.size, self.metrics_every, self.checkpoint_every];
        let sizes = [self.layers, self.hidden, self.depth, self.repeat, self.batch, self.pool];
        let numbers = [self.temperature, self.coupling, self.lr, self.weight_decay];
        whole.iter().any(Option::is_some)
            || sizes.iter().any(Option::is_some)
            || numbers.iter().any(Option::is_some)
            || self.data_share.is_some()
            || self.scales.is_some()
            || self.parts.is_some()
            || self.symmetry.is_some()
            || self.out.is_some()
    }

    /// Settings that play no part beside others are refused.
    fn check(&self, settings: &Settings) -> crate::Result<()> {
        match self.pool {
            Some(pool) if settings.data_share == 0.0 => {
                let expected = "nothing is learned from Monte Carlo here, where the share of data is 0; give --data-share too";
                Err(Error::setting("pool", pool, expected))
            }
            _ => Ok(()),
        }
    }

    fn settings(&self) -> Settings {
        let default =
            Settings::new(self.size.unwrap_or(SIZE), self.temperature.unwrap_or(CRITICAL_TEMPERATURE));
        let form = default.architecture;
        let steps = self.steps.unwrap_or(default.steps);
        let share = if self.data.is_empty() { default.data_share } else { 1.0 };
        Settings {
            architecture: Architecture {
                parts: self.parts.map_or(form.parts, PartsName::parts),
                scales: self.scales.map_or(form.scales, |scales| scales.0),
                repeat: self.repeat.unwrap_or(form.repeat),
                layers: self.layers.unwrap_or(form.layers),
                hidden: self.hidden.unwrap_or(form.hidden),
                depth: self.depth.unwrap_or(form.depth),
                symmetry: self.symmetry.map_or(form.symmetry, SymmetryName::symmetry),
                ..form
            },
            coupling: self.coupling.unwrap_or(default.coupling),
            steps,
            batch: self.batch.unwrap_or(default.batch),
            learning_rate: self.lr.unwrap_or(default.learning_rate),
            weight_decay: self.weight_decay.unwrap_or(default.weight_decay),
            data: self.data.clone(),
            data_share: self.data_share.unwrap_or(share),
            pool: self.pool.unwrap_or(default.pool),
            seed: self.seed.unwrap_or(default.seed),
            metrics_every: self.metrics_every.unwrap_or(steps.div_ceil(100)),
            checkpoint_every: self.checkpoint_every.unwrap_or(steps.div_ceil(10)),
            device: self.device.clone().unwrap_or(default.device),
            ..default
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let mut run = match &arguments.resume {
        Some(path) if arguments.has_settings() => {
            let expected = "a run that goes on keeps its folder and its settings, but for --device; leave all others out, or start a new run";
            return Err(Error::setting("resume", path.display(), expected).into());
        }
        Some(path) => Run::resume(path, arguments.device.as_deref())?,
        None => {
            let out = arguments.out.as_deref().unwrap_or(Path::new(OUT));
            let settings = arguments.settings();
            arguments.check(&settings)?;
            Run::begin(out, settings, arguments.force)?
        }
    };
    // Until there is a run to go on with, a signal ends the program at once.
    let interrupt = Interrupt::listen();
    let path = run.folder.path().display();
    let device = run.training.backend().device();
    tell(&format!(
        "device {device}; run folder {path}; {} parameters",
        parameters(&run.settings.architecture)?
    ));
    let next = format!("han-gpu neuralrg measure {path}");
    family::tell_of_the_end(run.training.steps_done(), run.settings.steps, "neuralrg train", &next);
    let go_on = format!("han-gpu neuralrg train --resume {path}");
    let metrics = run.learn(&interrupt, &go_on)?;
    if arguments.json { print_json(&run.summary(&metrics)?) } else { print(&run.describe(&metrics)) }
}

/// A run that is to go on.
pub(super) struct Run {
    pub(super) folder: FlowFolder,
    pub(super) settings: Settings,
    pub(super) training: Training<f32>,
}

impl Run {
    /// A new run. Whatever can be refused is refused before its folder is made.
    pub(super) fn begin(out: &Path, mut settings: Settings, force: bool) -> crate::Result<Self> {
        FlowFolder::check_free(out, force)?;
        let state = State::initial(&settings)?;
        let mut training = Training::on(&settings.device, settings.clone(), state.clone())?;
        // Recorded by name: a run that is resumed where `auto` means another device should not change its numbers silently.
        settings.device = training.backend().setting();
        if !settings.data.is_empty() {
            let absolute = |path: &PathBuf| std::fs::canonicalize(path).unwrap_or_else(|_| path.clone());
            settings.data = settings.data.iter().map(absolute).collect();
            let data = read("data", &settings.data, &settings)?;
            settings.fingerprint = data.fingerprint().to_string();
            training = training.with_data(data.configurations)?;
        }
        draw_pool(&mut training)?;
        let folder = FlowFolder::create(out, &settings, &state, |_| Ok(()), force)?;
        Ok(Self { folder, settings, training })
    }

    /// A run that goes on, on its own device or another one.
    pub(super) fn resume(path: &Path, device: Option<&str>) -> crate::Result<Self> {
        let (folder, settings) = FlowFolder::open(path)?;
        let device = device.unwrap_or(&settings.device);
        let training = Training::on(device, settings.clone(), folder.state(&settings)?)?;
        let mut training = with_data(training, &settings)?;
        if !training.is_finished() {
            draw_pool(&mut training)?;
        }
        Ok(Self { folder, settings, training })
    }

    /// Learns to the end, or until the user stops it, and writes the summary; the last metrics. `go_on` is the command that goes on.
    pub(super) fn learn(&mut self, interrupt: &Interrupt, go_on: &str) -> anyhow::Result<Metrics> {
        let Settings { steps, metrics_every, checkpoint_every, .. } = self.settings;
        let course = Course { steps, metrics_every, checkpoint_every };
        let metrics =
            family::learn(&self.folder, &self.settings, course, &mut self.training, interrupt, go_on)?;
        self.folder.write_summary(&self.summary(&metrics)?)?;
        Ok(metrics)
    }

    /// The content of `summary.json`.
    fn summary(&self, metrics: &Metrics) -> crate::Result<Value> {
        Ok(json!({
            "run": self.folder.path(),
            "settings": self.settings,
            "device": self.training.backend().device(),
            "parameters": parameters(&self.settings.architecture)?,
            "exact_loss": self.training.dual().ln_z().map(|ln_z| -ln_z),
            "metrics": metrics,
        }))
    }

    fn describe(&self, metrics: &Metrics) -> String {
        let Self { folder, settings, training } = self;
        let with_error = |value: f64| brief(Estimate { value, error: metrics.loss_error });
        let mut lines = vec![
            format!(
                "learned {} of {} in {:.1} s on {}, {}",
                counted(settings.steps, "step"),
                settings.batch,
                metrics.elapsed_s,
                training.backend().device(),
                super::named(settings)
            ),
            format!("loss       {}", with_error(metrics.loss)),
        ];
        lines.extend(training.dual().ln_z().map(|ln_z| format!("exact      {:.6}", -ln_z)));
        lines.extend(metrics.kl.map(|kl| format!("KL         {} nats", with_error(kl))));
        lines.push(format!("ESS        {:.4}", metrics.ess));
        let of_data = |loss| format!("data       {loss:.4} = -ln q(x), a mean over fields given data");
        lines.extend(metrics.data_loss.map(of_data));
        let asymmetry = match metrics.asymmetry {
            0.0 => "0".to_owned(),
            asymmetry => format!("{asymmetry:.1e}"),
        };
        lines.push(format!("asymmetry  {asymmetry} nats between x and -x"));
        lines.push(format!("results in {}", folder.path().display()));
        lines.join("\n")
    }
}

/// Number of parameters of a form.
pub(super) fn parameters(form: &Architecture) -> crate::Result<usize> {
    Ok(Flow::<f32>::shape(form)?.iter().product())
}

/// Spins of the flow's system, of files that a setting names.
pub(super) fn read(setting: &'static str, files: &[PathBuf], settings: &Settings) -> crate::Result<Data> {
    let data = Data::read(files)?;
    let wanted = Lattice::square(settings.architecture.size)?;
    if data.lattice != wanted || data.spins != Spins::Ising {
        let name = files.first().map(|file| file.display().to_string()).unwrap_or_default();
        let found = format!("{}{}", data.lattice, data.spins);
        let expected = format!("its spins are those of {found}; the flow is of Ising spins on {wanted}");
        return Err(Error::setting(setting, name, expected));
    }
    files.iter().try_for_each(|path| check_origin(path, settings))?;
    Ok(data)
}

/// Refuses spins that their file tells to be of another ensemble.
fn check_origin(path: &Path, settings: &Settings) -> crate::Result<()> {
    let SpinsOrigin { beta, coupling, field, coordination, is_mixed } = SpinsOrigin::look(path)?;
    let differs = |found: Option<f64>, wanted: f64| {
        found.filter(|found| (found - wanted).abs() > SAME * wanted.abs().max(SAME))
    };
    let refuse = |message: String| Err(Error::content(path, message));
    if is_mixed {
        return refuse("its configurations have temperatures of their own; a flow has one".to_owned());
    }
    for (name, found, wanted) in [
        ("beta", beta, 1.0 / settings.temperature),
        ("J", coupling, settings.coupling),
        ("H", field, 0.0),
        ("the number of neighbours", coordination, 4.0),
    ] {
        if let Some(found) = differs(found, wanted) {
            return refuse(format!(
                "its configurations are of {name} {found}; the flow is of {name} {wanted}"
            ));
        }
    }
    Ok(())
}

/// Draws configurations by Monte Carlo where the run learns from them.
fn draw_pool(training: &mut Training<f32>) -> crate::Result<()> {
    if !training.lacks_pool() {
        return Ok(());
    }
    tell(&format!("{} by Monte Carlo to learn from", counted(training.settings().pool, "configuration")));
    match wait("drawing configurations by Monte Carlo", || training.draw_pool()) {
        Err(Error::NotEquilibrated { reason, .. }) => {
            let expected = format!(
                "{reason}; learn without Monte Carlo (--data-share 0), or from spins of your own (--data FILE)"
            );
            Err(Error::setting("data_share", training.settings().data_share, expected))
        }
        done => done,
    }
}

/// A run that goes on with the spins that it began with.
fn with_data(training: Training<f32>, settings: &Settings) -> crate::Result<Training<f32>> {
    if settings.data.is_empty() {
        return Ok(training);
    }
    let data = read("data", &settings.data, settings)?;
    if data.fingerprint().to_string() != settings.fingerprint {
        let names: Vec<String> = settings.data.iter().map(|file| file.display().to_string()).collect();
        let expected = "they have other configurations than those that the run began with; put these back, or start a new run";
        return Err(Error::setting("data", names.join(", "), expected));
    }
    training.with_data(data.configurations)
}

impl Learner<Flows> for Training<f32> {
    fn steps_done(&self) -> u32 {
        Training::steps_done(self)
    }

    fn advance(&mut self, steps: u32, go_on: impl Fn() -> bool + Send) -> crate::Result<()> {
        for _ in 0..steps {
            if !go_on() {
                break;
            }
            self.step()?;
        }
        Ok(())
    }

    fn state(&mut self) -> crate::Result<State<f32>> {
        Training::state(self)
    }

    fn metrics(&mut self, elapsed_s: f64) -> crate::Result<Metrics> {
        // Parameters that are no numbers are told before a row of them.
        Training::state(self)?;
        Training::metrics(self, elapsed_s)
    }

    fn tell(metrics: &Metrics) -> String {
        let of_kl = metrics.kl.map_or(String::new(), |kl| format!(", KL {kl:.4}"));
        format!("loss {:.4}{of_kl}, ESS {:.3}", metrics.loss, metrics.ess)
    }
}
