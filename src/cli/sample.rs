//! `han-gpu sample`.

use super::bottom::BottomFlags;
use super::network::Network;
use super::verdict;
use crate::counted::counted;
use crate::error::Error;
use crate::io::check_writable;
use crate::ranks::Ranks;
use std::path::PathBuf;

/// Most configurations of least energy.
const MOST_KEPT: u32 = 1_000_000;

/// Draw uncorrelated configurations from a trained network.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  han-gpu sample runs/L16-beta0.44 --count 10000 --out samples.npz
  han-gpu sample runs/glass --count 100000 --lowest 100 --out lowest.npz
  python3 -c \"import numpy; print(numpy.load('samples.npz')['energy'].mean())\"")]
pub(super) struct Arguments {
    #[command(flatten)]
    network: Network,
    #[command(flatten)]
    bottom: BottomFlags,
    /// Number of configurations
    #[arg(long)]
    count: usize,
    /// Seed of the samples [default: the run's seed]
    #[arg(long)]
    seed: Option<u32>,
    /// Keep the configurations of least energy alone, at most so many and each once: those of a spin glass without a field come in pairs
    #[arg(long, value_name = "K")]
    lowest: Option<u32>,
    /// Output: spins int8 [N, L, L], ln_q float64 [N], energy float64 [N]
    #[arg(long, value_name = "FILE.npz")]
    out: PathBuf,
}

pub(super) fn run(arguments: &Arguments, ranks: &Ranks) -> anyhow::Result<()> {
    let Arguments { network, bottom, count, seed, lowest, out } = arguments;
    if let Some(most) = lowest.filter(|most| !(1..=MOST_KEPT).contains(most)) {
        return Err(Error::setting("--lowest", most, format!("it must lie in 1 to {MOST_KEPT}")).into());
    }
    let place = check_writable(out)?;
    verdict::tell_of(&network.folder()?);
    let drawing = network.open_to_draw(bottom, *count, *seed, ranks)?;
    let Some(most) = *lowest else {
        let drawn = drawing.draw()?;
        if !ranks.is_first() {
            return Ok(());
        }
        drawn.write(&place)?;
        return super::print(&format!("{} in {}", counted(*count, "configuration"), out.display()));
    };
    let kept = drawing.draw_lowest(most as usize)?;
    if !ranks.is_first() {
        return Ok(());
    }
    kept.write(&place)?;
    let found = kept.len();
    super::print(&format!(
        "{} of energies {} to {} among {count} in {}",
        counted(found, "configuration"),
        kept.energies().first().copied().unwrap_or(f64::NAN),
        kept.energies().last().copied().unwrap_or(f64::NAN),
        out.display()
    ))
}
