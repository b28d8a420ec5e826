//! A finished run, loaded onto a device.

use super::bottom::BottomFlags;
use super::progress::Progress;
use crate::Trained;
use crate::backend::Backend;
use crate::config::{Config, MAX_BATCH, MAX_SAMPLES};
use crate::counted::counted;
use crate::error::Error;
use crate::gpu::setting_of_local_rank;
use crate::io::{RunFolder, SampleWriter};
use crate::lattice::{Lattice, Spins};
use crate::ranks::Ranks;
use crate::sample::{Draws, Lowest, draw_on_ranks};
use std::path::{Path, PathBuf};

/// Which network to use, and on what; the results do not depend on device and batch.
#[derive(Debug, clap::Args)]
pub(super) struct Network {
    /// Run folder
    run: PathBuf,
    /// auto, cpu, or index or name of a GPU
    #[arg(long, default_value = "auto")]
    device: String,
    /// Configurations at a time [default: the run's batch]
    #[arg(long)]
    batch: Option<usize>,
}

impl Network {
    /// Opens the network for `count` configurations, or for any number, with its own bottom or the one that is asked for.
    pub(super) fn open(
        &self,
        bottom: &BottomFlags,
        count: usize,
        ranks: &Ranks,
    ) -> anyhow::Result<(Config, Box<dyn Backend>)> {
        let config = RunFolder::open(&self.run)?.1;
        let batch = self.batch.unwrap_or(config.batch);
        if !(1..=MAX_BATCH).contains(&batch) {
            return Err(Error::setting("batch", batch, format!("it must lie in 1 to {MAX_BATCH}")).into());
        }
        let device = setting_of_local_rank(&self.device, ranks.local_rank());
        open_with(&self.run, &device, batch.min(count), Some(bottom))
    }

    /// Opens the network to draw `count` configurations, with the run's seed if none is given.
    pub(super) fn open_to_draw(
        &self,
        bottom: &BottomFlags,
        count: usize,
        seed: Option<u32>,
        ranks: &Ranks,
    ) -> anyhow::Result<Drawing> {
        if count == 0 || count > MAX_SAMPLES {
            let expected = format!("it must lie in 1 to {MAX_SAMPLES}");
            return Err(Error::setting("count", count, expected).into());
        }
        let (shape, kind) = self.shape()?;
        let writer = SampleWriter::new(shape, kind, count)?;
        let (config, backend) = self.open(bottom, count, ranks)?;
        let draws = Draws { seed: seed.unwrap_or(config.seed), beta: config.beta, count };
        Ok(Drawing { backend, writer, draws, ranks: ranks.clone() })
    }

    /// Its run folder, opened.
    pub(super) fn folder(&self) -> anyhow::Result<RunFolder> {
        Ok(RunFolder::open(&self.run)?.0)
    }

    /// The path of its run folder.
    pub(super) fn path(&self) -> &Path {
        &self.run
    }

    /// Lengths of the axes of the network's lattice, and its spins.
    pub(super) fn shape(&self) -> anyhow::Result<(Vec<usize>, Spins)> {
        let config = RunFolder::open(Path::new(&self.run))?.1;
        let shape = Lattice::new(config.lattice, config.size)?.shape();
        Ok((shape, Spins::new(config.model, config.states)?))
    }
}

/// A network that is ready to draw configurations.
pub(super) struct Drawing {
    backend: Box<dyn Backend>,
    writer: SampleWriter,
    draws: Draws,
    ranks: Ranks,
}

impl Drawing {
    /// Draws them all, under a progress bar. On other ranks than the first nothing is kept of them.
    pub(super) fn draw(mut self) -> anyhow::Result<SampleWriter> {
        let mut progress = Progress::new("sample", 0, self.draws.count as u64);
        let Self { backend, draws, writer, ranks } = &mut self;
        draw_on_ranks(ranks, backend.as_mut(), *draws, |samples| {
            writer.push(samples);
            progress.advance(writer.len() as u64);
            Ok(())
        })?;
        progress.finish();
        Ok(self.writer)
    }

    /// Draws them all and keeps the lowest in energy.
    pub(super) fn draw_lowest(mut self, most: usize) -> anyhow::Result<SampleWriter> {
        let mut progress = Progress::new("sample", 0, self.draws.count as u64);
        let (mut lowest, mut done) = (Lowest::new(most), 0);
        draw_on_ranks(&self.ranks, self.backend.as_mut(), self.draws, |samples| {
            lowest.push(&samples);
            done += samples.energy.len();
            progress.advance(done as u64);
            Ok(())
        })?;
        progress.finish();
        self.writer.push(lowest.into_samples());
        Ok(self.writer)
    }
}

/// Opens a run's network on a device.
pub(super) fn open_run(run: &Path, device: &str, batch: usize) -> anyhow::Result<(Config, Box<dyn Backend>)> {
    open_with(run, device, batch, None)
}

/// As [`open_run`], with another bottom where one is asked for.
fn open_with(
    run: &Path,
    device: &str,
    batch: usize,
    bottom: Option<&BottomFlags>,
) -> anyhow::Result<(Config, Box<dyn Backend>)> {
    let bottom = bottom.map_or(Ok(None), BottomFlags::other)?;
    let Trained { config, backend, step } = Trained::open(run, device, batch, bottom)?;
    super::tell(&format!("device {}; network after {}", backend.device(), counted(step, "step")));
    Ok((config, backend))
}
