//! `han-gpu evaluate`.

use super::bottom::BottomFlags;
use super::network::Network;
use super::progress::Progress;
use super::verdict;
use crate::counted::counted;
use crate::io::{check_writable, read_spins, write_ln_q};
use crate::ranks::Ranks;
use crate::sample::evaluate;
use std::path::PathBuf;

/// Compute ln q of given configurations under a trained network.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  han-gpu evaluate runs/L16-beta0.44 --spins spins.npy --out ln_q.npy")]
pub(super) struct Arguments {
    #[command(flatten)]
    network: Network,
    #[command(flatten)]
    bottom: BottomFlags,
    /// Configurations [N, L, L] (cubic: [N, L, L, L]; one may stand alone) of +-1 as integers or floats, of flags, or colours from 0 on: an .npy file, or an .npz file with the array spins, such as
    /// `sample` and `mc` write
    #[arg(long, value_name = "FILE")]
    spins: PathBuf,
    /// Output: float64 [N]
    #[arg(long, value_name = "FILE.npy")]
    out: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let Arguments { network, bottom, spins, out } = arguments;
    let place = check_writable(out)?;
    let (shape, values) = network.shape()?;
    let spins = read_spins(spins, &shape, values)?;
    let count = spins.len() / shape.iter().product::<usize>();
    let (config, mut backend) = network.open(bottom, count, &Ranks::alone())?;
    verdict::tell_of(&network.folder()?);
    let mut progress = Progress::new("configuration", 0, count as u64);
    let told = |done| progress.advance(done as u64);
    let ln_q = evaluate(backend.as_mut(), config.beta, &spins, told)?;
    progress.finish();
    write_ln_q(&place, ln_q)?;
    super::print(&format!("ln q of {} in {}", counted(count, "configuration"), out.display()))
}
