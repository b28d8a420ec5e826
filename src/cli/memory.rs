//! How much memory a command may take for a network in training.

use crate::backend::Timed;
use crate::conditional::Model;
use crate::device;
use crate::error::Error;
use std::sync::Arc;

#[derive(Debug, Default, clap::Args)]
pub(super) struct Memory {
    /// Memory that the training state may take, in GiB; a batch that needs more goes through the device in equal chunks
    /// [default: half of what is free, on a GPU half of what its driver says it has]
    #[arg(long, value_name = "GIB", allow_negative_numbers = true)]
    memory: Option<f64>,
}

impl Memory {
    /// Opens a device for the largest equal part of the batch that fits.
    pub(super) fn open(
        &self,
        device: &str,
        model: &Arc<Model>,
        batch: usize,
    ) -> crate::Result<Box<dyn Timed>> {
        device::open_in_chunks(device, model, batch, self.memory.map(bytes).transpose()?)
    }
}

fn bytes(gib: f64) -> crate::Result<u64> {
    if !(gib > 0.0 && gib.is_finite()) {
        return Err(Error::setting("--memory", gib, "it must be a positive number of GiB"));
    }
    Ok((gib * f64::from(1 << 30)) as u64)
}
