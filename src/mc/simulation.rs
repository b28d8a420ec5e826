//! Markov chains that move side by side, by cluster updates on the CPU or by Metropolis updates on any device.

use super::Wolff;
use crate::backend::Backend;
use crate::conditional::Model;
use crate::cpu::Cpu;
use crate::device;
use crate::error::Result;
use crate::lattice::{Interaction, Observables, Torus};
use crate::random::Stream;
use crate::schedule::{Inputs, Kernel};
use rand::RngExt;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Size of beta J from which the infinite lattice orders: ln(1 + sqrt 2) / 2.
const CRITICAL: f64 = 0.440_686_793_509_772;

/// How chains move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// Single clusters.
    Wolff,
    /// Single spins, on a checkerboard.
    Metropolis,
}

/// Chains of one system. Their configurations are a pure function of the seed, whatever the device.
pub struct Simulation {
    backend: Box<dyn Backend>,
    /// One per chain; none for Metropolis updates.
    wolff: Vec<Wolff>,
    beta: f64,
    seed: u32,
    sweeps: u32,
}

impl Simulation {
    /// Starts chains. They are not in equilibrium yet: see [`Simulation::thermalise`].
    ///
    /// # Errors
    /// When there is no such device, or the chains do not fit it.
    pub fn new(
        torus: Torus,
        interaction: Interaction,
        beta: f64,
        algorithm: Algorithm,
        chains: usize,
        seed: u32,
        wanted: &str,
    ) -> Result<Self> {
        let model = Arc::new(Model::without_network(torus, interaction));
        let (backend, wolff): (Box<dyn Backend>, _) = match algorithm {
            Algorithm::Wolff => {
                let chain = |chain| Wolff::new(torus, interaction, beta, seed, chain as u32);
                (Box::new(Cpu::<f32>::open(model, chains)?), (0..chains).map(chain).collect())
            }
            Algorithm::Metropolis => {
                let mut backend = device::open(wanted, model, chains)?;
                backend.write_spins(&start(torus, interaction, beta, chains, seed))?;
                (backend, Vec::new())
            }
        };
        Ok(Self { backend, wolff, beta, seed, sweeps: 0 })
    }

    /// Lets the chains come into equilibrium. A cluster sweep is as many updates as cover the lattice on average; how many those
    /// are is found here.
    ///
    /// # Errors
    /// When the device fails.
    pub fn thermalise(&mut self, sweeps: usize) -> Result<()> {
        if self.wolff.is_empty() {
            return self.sweep(sweeps);
        }
        self.wolff.par_iter_mut().for_each(|chain| chain.equilibrate(sweeps));
        Ok(())
    }

    /// Name of the device, for people.
    pub fn device(&self) -> &str {
        self.backend.device()
    }

    /// Moves all chains by `count` sweeps.
    ///
    /// # Errors
    /// When the device fails.
    pub fn sweep(&mut self, count: usize) -> Result<()> {
        if !self.wolff.is_empty() {
            self.wolff.par_iter_mut().for_each(|chain| chain.sweeps(count));
            return Ok(());
        }
        for _ in 0..count {
            self.sweeps += 1;
            let inputs = Inputs { step: self.sweeps, ..Inputs::sampling(self.seed, 0, self.beta, 0.0) };
            self.backend.run(&[0, 1].map(|colour| Kernel::Metropolis { colour }), &inputs)?;
        }
        Ok(())
    }

    /// What observables of the chains' configurations are made of.
    ///
    /// # Errors
    /// When the device fails.
    pub fn observe(&mut self) -> Result<Observables> {
        if !self.wolff.is_empty() {
            let spins = self.wolff_spins();
            self.backend.write_spins(&spins)?;
        }
        self.backend.run(&[Kernel::Observables], &Inputs::sampling(self.seed, 0, self.beta, 0.0))?;
        self.backend.read_observables()
    }

    /// The chains' configurations, `[chains][sites]`.
    ///
    /// # Errors
    /// When the device fails.
    pub fn spins(&mut self) -> Result<Vec<i8>> {
        if self.wolff.is_empty() { self.backend.read_spins() } else { Ok(self.wolff_spins()) }
    }

    fn wolff_spins(&self) -> Vec<i8> {
        self.wolff.iter().flat_map(|chain| chain.spins()).copied().collect()
    }
}

/// Starting spins of single-spin updates: disordered where the system is; else ordered, as from disorder domains with
/// straight walls would form, which live long. Along the field if there is one, else half of the chains either way.
fn start(torus: Torus, interaction: Interaction, beta: f64, chains: usize, seed: u32) -> Vec<i8> {
    let ordered = beta * interaction.coupling.abs() > CRITICAL;
    let side = torus.side() as usize;
    (0..chains)
        .flat_map(|chain| {
            let mut stream = Stream::new(seed, chain as u32);
            (0..torus.sites()).map(move |site| {
                let odd = interaction.coupling < 0.0 && (site / side + site % side) % 2 == 1;
                let along = match interaction.field {
                    0.0 => chain % 2 == 0,
                    field => field > 0.0,
                };
                let up = if ordered { along != odd } else { stream.random_bool(0.5) };
                if up { 1 } else { -1 }
            })
        })
        .collect()
}
