//! `han-gpu rbm`: restricted Boltzmann machines.

mod evaluate;
mod features;
mod flow;
mod learning;
mod measure;
mod sample;
mod scan;
mod thermometers;
mod train;

use crate::counted::counted;
use crate::device::open_machine;
use crate::io::MachineFolder;
use crate::rbm::{Backend, Bits, Cpu, Machine, Parameters, Settings};
use std::path::{Path, PathBuf};

/// Restricted Boltzmann machines that learn configurations of spins.
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
    Flow(flow::Arguments),
    Measure(measure::Arguments),
    Features(features::Arguments),
    Scan(Box<scan::Arguments>),
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    match &arguments.command {
        Command::Train(arguments) => train::run(arguments),
        Command::Sample(arguments) => sample::run(arguments),
        Command::Evaluate(arguments) => evaluate::run(arguments),
        Command::Flow(arguments) => flow::run(arguments),
        Command::Measure(arguments) => measure::run(arguments),
        Command::Features(arguments) => features::run(arguments),
        Command::Scan(arguments) => scan::run(arguments),
    }
}

/// A machine that has learned.
struct Learned {
    path: PathBuf,
    settings: Settings,
    machine: Machine,
    parameters: Parameters,
}

/// Opens the machine of a run.
fn open(path: &Path) -> anyhow::Result<Learned> {
    let (folder, settings) = MachineFolder::open(path)?;
    let machine = settings.machine()?;
    let state = folder.state(&settings)?;
    let unfinished = (state.step < settings.steps).then(|| {
        let steps = counted(settings.steps, "step");
        format!("training of {} has not ended: {} of {steps} are done", path.display(), state.step)
    });
    let warnings = unfinished.into_iter().chain(folder.warning());
    warnings.for_each(|warning| super::complain(&format!("WARNING    {warning}")));
    Ok(Learned { path: path.to_owned(), settings, machine, parameters: state.parameters })
}

impl Learned {
    fn cpu(&self) -> Cpu<f32> {
        Cpu::new(self.machine, &self.parameters)
    }

    /// The machine on a device, without chains to speak of.
    fn on(&self, device: &str) -> crate::Result<Box<dyn Backend>> {
        open_machine(device, self.cpu(), Bits::zeros(1, self.machine.visible()))
    }
}

/// Takes a machine to a device, with chains.
fn take_to(device: &str, machine: Cpu<f32>, chains: Bits) -> anyhow::Result<Box<dyn Backend>> {
    let backend = open_machine(device, machine, chains)?;
    super::tell(&format!("device {}", backend.device()));
    Ok(backend)
}
