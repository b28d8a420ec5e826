//! The network of a run, loaded onto a device.

use crate::backend::{Backend, Tensor, Tuning};
use crate::config::{Config, OtherBottom};
use crate::device;
use crate::error::Result;
use crate::io::RunFolder;
use std::path::Path;
use std::sync::Arc;

/// A network that is ready to draw and to evaluate.
pub struct Trained {
    /// Settings of the run, with the bottom that the network has here.
    pub config: Config,
    /// The device with the network's parameters.
    pub backend: Box<dyn Backend>,
    /// Steps that the network was trained for.
    pub step: u32,
}

impl std::fmt::Debug for Trained {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { config, backend, step } = self;
        let device = backend.device();
        formatter
            .debug_struct("Trained")
            .field("config", config)
            .field("device", &device)
            .field("step", step)
            .finish()
    }
}

impl Trained {
    /// Opens the network of a run folder for `batch` configurations at a time, or the largest equal part that fits, with its own bottom or
    /// another.
    ///
    /// # Errors
    /// When there is no run or no such device, the network does not fit it, or cannot have the bottom.
    pub fn open(run: &Path, device: &str, batch: usize, bottom: Option<OtherBottom>) -> Result<Self> {
        let (folder, config) = RunFolder::open(run)?;
        let model = config.model()?;
        let checkpoint = folder.load_checkpoint(&config, &model)?;
        let (step, parameters) = (checkpoint.step, checkpoint.parameters);
        let (config, model, parameters) = match bottom {
            Some(bottom) => bottom.apply(config, model, &parameters)?,
            None => (config, model, parameters),
        };
        let mut backend = device::open_in_chunks(device, &Arc::new(model), batch, None)?;
        // No more: to measure shapes for a few configurations would take longer than to draw them.
        backend.tune(Tuning::Kept)?;
        backend.write(Tensor::Parameters, &parameters)?;
        Ok(Self { config, backend, step })
    }
}
