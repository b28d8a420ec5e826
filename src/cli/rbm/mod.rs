//! `han-gpu rbm`: restricted Boltzmann machines.

mod evaluate;
mod sample;
mod train;

use crate::error::Error;
use crate::io::MachineFolder;
use crate::rbm::{Cpu, Machine, Settings};
use std::path::Path;

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
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    match &arguments.command {
        Command::Train(arguments) => train::run(arguments),
        Command::Sample(arguments) => sample::run(arguments),
        Command::Evaluate(arguments) => evaluate::run(arguments),
    }
}

/// A machine that has learned, with the settings of its run.
fn open(path: &Path) -> anyhow::Result<(Settings, Machine, Cpu<f32>)> {
    let (folder, settings) = MachineFolder::open(path)?;
    let machine = settings.machine()?;
    let state = folder.state(&settings)?;
    if state.step < settings.steps {
        super::tell(&format!("the machine has learned {} of {} steps", state.step, settings.steps));
    }
    Ok((settings, machine, Cpu::new(machine, &state.parameters)))
}

/// Refuses devices that machines do not run on.
fn check_device(device: &str) -> anyhow::Result<()> {
    match device {
        "auto" | "cpu" => Ok(()),
        _ => Err(Error::setting("device", device, "machines run on the CPU so far; leave it out").into()),
    }
}
