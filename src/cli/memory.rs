//! How much memory a command may take for a network in training.

use super::heading;
use crate::backend::Timed;
use crate::config::Config;
use crate::device;
use crate::ranks::Ranks;

#[derive(Debug, Default, clap::Args)]
pub(super) struct Memory {
    /// Memory in GiB [default: half of what is free]
    ///
    /// Memory that the training state may take, in GiB; a batch that needs more goes through the device in equal chunks
    /// [default: half of what is free, on a GPU half of what its driver says it has]
    #[arg(long, value_name = "GIB", allow_negative_numbers = true, help_heading = heading::MACHINE)]
    memory: Option<f64>,
}

impl Memory {
    /// Opens the device of the settings for the part of the batch that they name, or for the largest equal part that fits, and records both.
    pub(super) fn open(&self, config: &mut Config, ranks: &Ranks) -> crate::Result<Box<dyn Timed>> {
        // A batch whose part is known asks for no more.
        let memory = self.memory.filter(|_| config.chunk == 0);
        device::open_to_train_on_ranks(ranks, config, memory.map(device::memory_of_gib).transpose()?)
    }
}
