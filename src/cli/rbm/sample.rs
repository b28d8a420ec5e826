//! `han-gpu rbm sample`.

use super::super::print;
use super::super::progress::Progress;
use crate::config::MAX_SAMPLES;
use crate::error::Error;
use crate::io::{check_writable, write_spins};
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
    /// auto or cpu
    #[arg(long, default_value = "auto")]
    device: String,
    /// Output: spins int8 [N, L, L]
    #[arg(long, value_name = "FILE.npz")]
    out: PathBuf,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    super::check_device(&arguments.device)?;
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
    let seed = arguments.seed.unwrap_or(settings.seed);
    let mut spins = Vec::with_capacity(arguments.count * machine.lattice.sites());
    let mut progress = Progress::new("configuration", 0, arguments.count as u64);
    for first in (0..arguments.count).step_by(CHAINS) {
        let rows = CHAINS.min(arguments.count - first);
        let (mut visible, mut hidden) =
            (Bits::zeros(rows, machine.visible()), Bits::zeros(rows, machine.hidden));
        let draw = |step: u32, stage: u32| Draw { seed, step, stage: STAGE + stage, first: first as u32 };
        // Without hidden units to go by, spins follow the biases alone.
        cpu.draw_visible(&hidden, 0.0, None, draw(0, 0), &mut visible);
        for step in 1..=arguments.sweeps {
            cpu.draw_hidden(&visible, 1.0, draw(step, 0), &mut hidden);
            cpu.draw_visible(&hidden, 1.0, None, draw(step, 1), &mut visible);
        }
        spins.extend(visible.spins(&machine));
        progress.advance((first + rows) as u64);
    }
    progress.finish();
    write_spins(&place, &machine.lattice.shape(), machine.spins, &spins)?;
    print(&format!("{} configurations in {}", arguments.count, arguments.out.display()))
}
