//! Observables of configurations that no backend holds.

use crate::backend::Backend;
use crate::conditional::Model;
use crate::cpu::Cpu;
use crate::error::Result;
use crate::lattice::{Observables, System};
use crate::schedule::{Inputs, Kernel};
use std::sync::Arc;

/// The kernel of observables on the CPU, for which the network of a model plays no part.
#[derive(Debug)]
pub(super) struct Observer(Cpu<f32>);

impl Observer {
    /// For batches of Ising configurations.
    pub(super) fn new(system: &System, batch: usize) -> Self {
        Self(Cpu::new(Arc::new(Model::without_network(system.clone())), batch))
    }

    /// What observables are made of, of a batch, `[batch][sites]`, +-1.
    pub(super) fn observables(&mut self, spins: &[i8]) -> Result<Observables> {
        self.0.write_spins(spins)?;
        self.0.run(&[Kernel::Observables], &Inputs::SAMPLING)?;
        self.0.read_observables()
    }
}
