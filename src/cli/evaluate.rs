//! `han-gpu evaluate`.

use super::progress::Progress;
use crate::io::{check_writable, read_spins, write_ln_q};
use crate::sample::evaluate;
use std::path::PathBuf;

/// Compute ln q of given configurations under a trained network.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  han-gpu evaluate runs/L16-beta0.44 --spins spins.npy --out ln_q.npy")]
pub(super) struct Arguments {
    /// Run folder
    run: PathBuf,
    /// Configurations, int8 [N, L, L] of +-1
    #[arg(long, value_name = "FILE.npy")]
    spins: PathBuf,
    /// Output: float64 [N]
    #[arg(long, value_name = "FILE.npy")]
    out: PathBuf,
    /// auto, cpu, or index or name of a GPU [default: the run's]
    #[arg(long)]
    device: Option<String>,
}

pub(super) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { run, spins, out, device } = arguments;
    check_writable(&out)?;
    let (config, mut backend) = super::run::open(&run, device.as_deref())?;
    let side = config.size as usize;
    let spins = read_spins(&spins, side)?;
    let count = spins.len() / (side * side);
    let mut progress = Progress::new("configuration", 0, count as u64);
    let ln_q = evaluate(backend.as_mut(), config.beta, &spins, |done| progress.advance(done as u64))?;
    progress.finish();
    write_ln_q(&out, ln_q)?;
    super::print(&format!("ln q of {count} configurations in {}", out.display()))
}
