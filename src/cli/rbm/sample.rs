//! `han-gpu rbm sample`.

use super::super::print;
use super::super::progress::Progress;
use crate::config::MAX_SAMPLES;
use crate::counted::counted;
use crate::error::Error;
use crate::io::{check_memory, check_writable, write_spins};
use crate::rbm::{Bits, Draw};
use std::path::PathBuf;

/// Chains that move together.
const CHAINS: usize = 4096;
/// Sets samples apart from the chains of training.
const STAGE: u32 = 1 << 31;
/// Most sweeps.
const MOST_SWEEPS: u32 = 1 << 24;

/// Draw configurations from a machine by Gibbs sampling.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  han-gpu rbm sample runs/rbm --count 1000 --out samples.npz")]
pub(in crate::cli) struct Arguments {
    /// Run folder
    run: PathBuf,
    /// Number of configurations, each the end of a chain of its own that starts at random
    #[arg(long)]
    count: usize,
    /// Sweeps of every chain
    #[arg(long, default_value_t = 1000)]
    sweeps: u32,
    /// Seed of the chains [default: the run's seed]
    #[arg(long)]
    seed: Option<u32>,
    /// auto, cpu, or index or name of a GPU
    #[arg(long, default_value = "auto")]
    device: String,
    /// Output: spins int8 [N, L, L]
    #[arg(long, value_name = "FILE.npz")]
    out: PathBuf,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let place = check_writable(&arguments.out)?;
    for (name, value, most) in [
        ("count", arguments.count as u64, MAX_SAMPLES as u64),
        ("sweeps", arguments.sweeps.into(), MOST_SWEEPS.into()),
    ] {
        if !(1..=most).contains(&value) {
            return Err(Error::setting(name, value, format!("it must lie in 1 to {most}")).into());
        }
    }
    let learned = super::open(&arguments.run)?;
    let (settings, machine, cpu) = (&learned.settings, learned.machine, learned.cpu());
    check_memory("count", arguments.count, machine.lattice.sites())?;
    let chains = Bits::zeros(CHAINS.min(arguments.count), machine.visible());
    let mut backend = super::take_to(&arguments.device, cpu, chains)?;
    let seed = arguments.seed.unwrap_or(settings.seed);
    let mut spins = Vec::with_capacity(arguments.count * machine.lattice.sites());
    let mut progress = Progress::new("configuration", 0, arguments.count as u64);
    for first in (0..arguments.count).step_by(CHAINS) {
        let rows = CHAINS.min(arguments.count - first);
        let draw = |step: u32| Draw { seed, step, stage: STAGE, first: first as u32 };
        backend.start_chains(rows, draw(0))?;
        (1..=arguments.sweeps).try_for_each(|step| backend.sweep(draw(step)))?;
        spins.extend(backend.chains()?.spins(&machine));
        progress.advance((first + rows) as u64);
    }
    progress.finish();
    write_spins(&place, &machine.lattice.shape(), machine.spins, &spins)?;
    print(&format!("{} in {}", counted(arguments.count, "configuration"), arguments.out.display()))
}
