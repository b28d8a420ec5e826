//! Where the work of a training step goes.

use crate::backend::Backend;
use crate::error::Result;
use crate::schedule::{Inputs, Kernel};

/// Takes the work of a training step in order: a backend runs it, a recording writes it into an encoder.
pub(crate) trait Executor {
    /// Takes kernels, and the inputs that they read.
    fn run(&mut self, kernels: &[Kernel], inputs: &Inputs) -> Result<()>;

    /// Takes the configurations that the kernels to come learn from, `[chunk][sites]`, +-1.
    fn write_spins(&mut self, spins: &[i8]) -> Result<()>;

    /// Whether it can take the snapshots of one more step, which comes in so many parts.
    fn has_room_for_snapshots(&self, parts: usize) -> bool;

    /// Asks for a snapshot of the part of a step that it took last.
    fn request_snapshot(&mut self, step: u32) -> Result<()>;
}

impl Executor for dyn Backend + '_ {
    fn run(&mut self, kernels: &[Kernel], inputs: &Inputs) -> Result<()> {
        Backend::run(self, kernels, inputs)
    }

    fn write_spins(&mut self, spins: &[i8]) -> Result<()> {
        Backend::write_spins(self, spins)
    }

    fn has_room_for_snapshots(&self, _parts: usize) -> bool {
        // Where there is none it waits.
        true
    }

    fn request_snapshot(&mut self, step: u32) -> Result<()> {
        Backend::request_snapshot(self, step)
    }
}
