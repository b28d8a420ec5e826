//! `han-gpu neuralrg`: multiscale flows of the field dual to Ising spins.

mod evaluate;
mod hmc;
mod measure;
mod sample;
mod scan;
mod train;
mod variables;

use crate::device;
use crate::error::Error;
use crate::io::FlowFolder;
use crate::neuralrg::{Backend, Dual, Flow, Learner, Settings, Symmetry};
use std::path::{Path, PathBuf};

/// NeuralRG: multiscale flows that learn the field dual to Ising spins.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Train(Box<train::Arguments>),
    Sample(sample::Arguments),
    Evaluate(evaluate::Arguments),
    Measure(measure::Arguments),
    Hmc(hmc::Arguments),
    Variables(variables::Arguments),
    Scan(Box<scan::Arguments>),
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    match &arguments.command {
        Command::Train(arguments) => train::run(arguments),
        Command::Sample(arguments) => sample::run(arguments),
        Command::Evaluate(arguments) => evaluate::run(arguments),
        Command::Measure(arguments) => measure::run(arguments),
        Command::Hmc(arguments) => hmc::run(arguments),
        Command::Variables(arguments) => variables::run(arguments),
        Command::Scan(arguments) => scan::run(arguments),
    }
}

/// A flow that has learned, with the field that it learned.
struct Learned {
    path: PathBuf,
    settings: Settings,
    /// Warnings of a flow that has not learned to the end, or whose run is damaged.
    warnings: Vec<String>,
    flow: Flow<f32>,
    dual: Dual<f32>,
}

impl Learned {
    /// The flow on a device.
    fn on(&self, device: &str) -> crate::Result<Box<dyn Backend<f32>>> {
        let backend = device::open_flow(device, Learner::new(self.flow.clone(), self.dual.clone()), 1)?;
        super::tell(&format!("device {}", backend.device()));
        Ok(backend)
    }
}

/// Opens the flow of a run.
fn open(path: &Path) -> anyhow::Result<Learned> {
    let (folder, settings) = FlowFolder::open(path)?;
    let state = folder.state(&settings)?;
    let unfinished = (state.step < settings.steps).then(|| {
        format!(
            "training of {} has not ended: {} of {} steps are done",
            path.display(),
            state.step,
            settings.steps
        )
    });
    let warnings: Vec<String> = unfinished.into_iter().chain(folder.warning()).collect();
    warnings.iter().for_each(|warning| super::complain(&format!("WARNING    {warning}")));
    let flow = Flow::new(settings.architecture, settings.seed)?.with_parameters(state.parameters)?;
    let &Settings { architecture, coupling, temperature, .. } = &settings;
    let dual = Dual::new(architecture.size, coupling, temperature)?;
    Ok(Learned { path: path.to_owned(), settings, warnings, flow, dual })
}

/// Refuses numbers of samples, chains and the like that are out of range.
fn check_range(name: &'static str, value: u64, least: u64, most: u64) -> crate::Result<()> {
    match (least..=most).contains(&value) {
        true => Ok(()),
        false => Err(Error::setting(name, value, format!("it must lie in {least} to {most}"))),
    }
}

/// The system for titles and reports: size, coupling and temperature.
fn named(settings: &Settings) -> String {
    let Settings { architecture, coupling, temperature, .. } = settings;
    let of_coupling = if *coupling == 1.0 { String::new() } else { format!(", J = {coupling}") };
    let of_symmetry = match architecture.symmetry {
        Symmetry::Odd => "",
        Symmetry::Mixture => ", mixture",
    };
    format!("{0} x {0}, T = {temperature}{of_coupling}{of_symmetry}", architecture.size)
}
