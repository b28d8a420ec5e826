//! `han-gpu sample`.

use super::progress::Progress;
use super::run::Network;
use crate::config::MAX_SAMPLES;
use crate::error::Error;
use crate::io::{SampleWriter, check_writable};
use crate::sample::draw;
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
    if *count == 0 || *count > MAX_SAMPLES {
        return Err(Error::setting("count", count, format!("it must lie in 1 to {MAX_SAMPLES}")).into());
    }
    let place = check_writable(out)?;
    let mut writer = SampleWriter::new(network.side()?, *count)?;
    let (config, mut backend) = network.open(*count)?;
    let mut progress = Progress::new("sample", 0, *count as u64);
    draw(backend.as_mut(), seed.unwrap_or(config.seed), config.beta, *count, |samples| {
        writer.push(samples);
        progress.advance(writer.len() as u64);
        Ok(())
    })?;
    progress.finish();
    writer.write(&place)?;
    super::print(&format!("{count} configurations in {}", out.display()))
}
