//! `han-gpu sample`.

use super::network::Network;
use super::verdict;
use crate::io::check_writable;
use std::path::PathBuf;

/// Draw uncorrelated configurations from a trained network.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  han-gpu sample runs/L16-beta0.44 --count 10000 --out samples.npz
  python3 -c \"import numpy; print(numpy.load('samples.npz')['energy'].mean())\"")]
pub(super) struct Arguments {
    #[command(flatten)]
    network: Network,
    /// Number of configurations
    #[arg(long)]
    count: usize,
    /// Seed of the samples [default: the run's seed]
    #[arg(long)]
    seed: Option<u32>,
    /// Output: spins int8 [N, L, L], ln_q float64 [N], energy float64 [N]
    #[arg(long, value_name = "FILE.npz")]
    out: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let Arguments { network, count, seed, out } = arguments;
    let place = check_writable(out)?;
    verdict::tell_of(&network.folder()?);
    network.open_to_draw(*count, *seed)?.draw()?.write(&place)?;
    super::print(&format!("{count} configurations in {}", out.display()))
}
