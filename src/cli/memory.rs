//! How much memory a command may take for a network in training.

use super::heading;
use crate::backend::Timed;
use crate::conditional::Model;
use crate::config::Config;
use crate::device;
use crate::error::Error;
use std::sync::Arc;

#[derive(Debug, Default, clap::Args)]
pub(super) struct Memory {
    /// Memory that the training state may take, in GiB; a batch that needs more goes through the device in equal chunks
    /// [default: half of what is free, on a GPU half of what its driver says it has]
    #[arg(long, value_name = "GIB", allow_negative_numbers = true, help_heading = heading::MACHINE)]
    memory: Option<f64>,
}

impl Memory {
    /// Opens the device of the settings for the part of the batch that they name, or for the largest equal part that fits.
    pub(super) fn open(&self, config: &Config, model: Arc<Model>) -> crate::Result<Box<dyn Timed>> {
        match config.chunk {
            0 => {
                let memory = self.memory.map(bytes).transpose()?;
                device::open_in_chunks(&config.device, &model, config.batch, memory)
            }
            chunk => device::open(&config.device, model, chunk),
        }
    }
}

fn bytes(gib: f64) -> crate::Result<u64> {
    if !(gib > 0.0 && gib.is_finite()) {
        return Err(Error::setting("--memory", gib, "it must be a positive number of GiB"));
    }
    Ok((gib * f64::from(1 << 30)) as u64)
}
