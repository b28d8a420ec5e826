//! `han-gpu sample`.

use super::progress::Progress;
use crate::error::Error;
use crate::io::{SampleWriter, check_writable};
use crate::sample::draw;
use std::path::PathBuf;

/// Most samples in one file: their index is a 32-bit counter of the random number generator.
const MAX_COUNT: usize = u32::MAX as usize;

/// Draw uncorrelated configurations from a trained network.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  han-gpu sample runs/L16-beta0.44 --count 10000 --out samples.npz
  python3 -c \"import numpy; print(numpy.load('samples.npz')['energy'].mean())\"")]
pub(super) struct Arguments {
    /// Run folder
    run: PathBuf,
    /// Number of configurations
    #[arg(long)]
    count: usize,
    /// Seed of the samples [default: the run's seed]
    #[arg(long)]
    seed: Option<u32>,
    /// Output: spins int8 [N, L, L], ln_q float64 [N], energy float64 [N]
    #[arg(long, value_name = "FILE.npz")]
    out: PathBuf,
    /// auto, cpu, or index or name of a GPU [default: the run's]
    #[arg(long)]
    device: Option<String>,
}

pub(super) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { run, count, seed, out, device } = arguments;
    if count == 0 || count > MAX_COUNT {
        return Err(Error::setting("count", count, format!("it must lie in 1 to {MAX_COUNT}")).into());
    }
    check_writable(&out)?;
    let (config, mut backend) = super::run::open(&run, device.as_deref())?;
    let mut writer = SampleWriter::new(config.size as usize);
    let mut progress = Progress::new("sample", 0, count as u64);
    draw(backend.as_mut(), seed.unwrap_or(config.seed), config.beta, count, |samples| {
        writer.push(samples);
        progress.advance(writer.len() as u64);
        Ok(())
    })?;
    progress.finish();
    writer.write(&out)?;
    super::print(&format!("{count} configurations in {}", out.display()))
}
