//! A finished run, loaded onto a device.

use crate::backend::{Backend, Tensor};
use crate::device;
use crate::io::RunFolder;
use crate::train::Config;
use std::path::Path;
use std::sync::Arc;

/// Opens a run's network on the device wanted, or on the run's own.
pub(super) fn open(path: &Path, wanted: Option<&str>) -> anyhow::Result<(Config, Box<dyn Backend>)> {
    let (folder, config) = RunFolder::open(path)?;
    let model = Arc::new(config.model()?);
    let checkpoint = folder.load_checkpoint(&model)?;
    let mut backend = device::open(wanted.unwrap_or(&config.device), model, config.batch)?;
    backend.write(Tensor::Parameters, &checkpoint.parameters)?;
    eprintln!("device {}; network after {} steps", backend.device(), checkpoint.step);
    Ok((config, backend))
}
