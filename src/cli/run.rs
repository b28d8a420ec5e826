//! A finished run, loaded onto a device.

use crate::backend::{Backend, Tensor};
use crate::config::{Config, MAX_BATCH};
use crate::device;
use crate::error::Error;
use crate::io::RunFolder;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
    /// Opens the network for `count` configurations, or for any number.
    pub(super) fn open(&self, count: usize) -> anyhow::Result<(Config, Box<dyn Backend>)> {
        let config = RunFolder::open(&self.run)?.1;
        let batch = self.batch.unwrap_or(config.batch);
        if !(1..=MAX_BATCH).contains(&batch) {
            return Err(Error::setting("batch", batch, format!("it must lie in 1 to {MAX_BATCH}")).into());
        }
        open_run(&self.run, &self.device, batch.min(count))
    }

    /// Its run folder.
    pub(super) fn path(&self) -> &Path {
        &self.run
    }

    /// Side of the network's lattice.
    pub(super) fn side(&self) -> anyhow::Result<usize> {
        Ok(RunFolder::open(Path::new(&self.run))?.1.size as usize)
    }
}

/// Opens a run's network on a device.
pub(super) fn open_run(run: &Path, device: &str, batch: usize) -> anyhow::Result<(Config, Box<dyn Backend>)> {
    let (folder, config) = RunFolder::open(run)?;
    let model = Arc::new(config.model()?);
    let checkpoint = folder.load_checkpoint(&config, &model)?;
    let mut backend = device::open_in_chunks(device, &model, batch, None)?;
    backend.write(Tensor::Parameters, &checkpoint.parameters)?;
    super::tell(&format!("device {}; network after {} steps", backend.device(), checkpoint.step));
    Ok((config, backend))
}
