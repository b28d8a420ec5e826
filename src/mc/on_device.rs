//! Tempering on a device, which moves the spins of all replicas of all chains. The host exchanges their temperatures and turns their clusters.

use super::replicas::Ladder;
use super::rules::Rules;
use super::walk::Walk;
use crate::backend::{Backend, Tensor};
use crate::conditional::Model;
use crate::device;
use crate::error::Result;
use crate::schedule::{Inputs, Kernel};
use rayon::prelude::*;
use std::sync::Arc;

/// The replicas of all chains, one chain behind the other, as the batch of a backend.
pub(super) struct OnDevice {
    backend: Box<dyn Backend>,
    seed: u32,
    /// The number of the first replica among those of all ranks.
    first: u32,
    sweeps: u32,
}

impl OnDevice {
    /// Takes over the replicas of chains, of which `before` are those of other ranks before.
    pub(super) fn new(
        device: &str,
        model: Arc<Model>,
        walks: &[Walk],
        before: usize,
        seed: u32,
    ) -> Result<Self> {
        let replicas = || walks.iter().filter_map(|walk| walk.replicas.as_ref());
        let count: usize = replicas().map(|replicas| replicas.count()).sum();
        let first = (before * count / walks.len().max(1)) as u32;
        let mut backend = device::open(device, model, count)?;
        let spins: Vec<i8> = replicas().flat_map(|replicas| replicas.configurations()).collect();
        backend.write_spins(&spins)?;
        Ok(Self { backend, seed, first, sweeps: 0 })
    }

    /// Name of the device, for people.
    pub(super) fn name(&self) -> &str {
        self.backend.device()
    }

    /// Moves all chains by `count` sweeps, and leaves them their spins.
    pub(super) fn sweep(&mut self, walks: &mut [Walk], count: usize) -> Result<()> {
        let Some(rules) = walks.first().map(|walk| walk.rules.clone()) else { return Ok(()) };
        let Some(ladder) = &rules.ladder else { return Ok(()) };
        let has_clusters = rules.ensemble.system.lattice.is_spatial();
        for _ in 0..count {
            self.heat_bath(walks)?;
            if has_clusters {
                self.read_spins(walks)?;
                let spins = self.turn_and_exchange(walks, &rules, ladder);
                self.backend.write_spins(&spins)?;
            } else {
                self.exchange(walks, &rules, ladder)?;
            }
        }
        if !has_clusters && count > 0 {
            self.read_spins(walks)?;
        }
        walks.par_iter_mut().for_each(Walk::take_coldest);
        Ok(())
    }

    fn heat_bath(&mut self, walks: &[Walk]) -> Result<()> {
        self.sweeps += 1;
        let replicas = walks.iter().filter_map(|walk| walk.replicas.as_ref());
        let betas: Vec<f32> = replicas.flat_map(|replicas| replicas.betas()).copied().collect();
        self.backend.write(Tensor::Betas, &betas)?;
        let &mut Self { seed, first, sweeps, .. } = self;
        let inputs = Inputs { seed, step: sweeps, first_configuration: first, ..Inputs::SAMPLING };
        self.backend.run(&[Kernel::SweepReplicas], &inputs)
    }

    fn read_spins(&mut self, walks: &mut [Walk]) -> Result<()> {
        let spins = self.backend.read_spins()?;
        let replicas: Vec<_> = walks.iter_mut().filter_map(|walk| walk.replicas.as_mut()).collect();
        let of_chain = spins.len() / replicas.len().max(1);
        replicas
            .into_par_iter()
            .zip(spins.par_chunks(of_chain))
            .for_each(|(replicas, spins)| replicas.set_configurations(spins));
        Ok(())
    }

    /// Turns clusters and exchanges temperatures on the host; gives back the spins of all replicas.
    fn turn_and_exchange(&self, walks: &mut [Walk], rules: &Rules, ladder: &Ladder) -> Vec<i8> {
        let of_chain = walks.par_iter_mut().filter_map(|walk| walk.replicas.as_mut()).map(|replicas| {
            replicas.begin();
            replicas.turn_clusters(rules);
            replicas.exchange(ladder, &replicas.energies(rules));
            replicas.configurations()
        });
        of_chain.collect::<Vec<_>>().concat()
    }

    /// Exchanges temperatures by the energies that the device has summed up.
    fn exchange(&mut self, walks: &mut [Walk], rules: &Rules, ladder: &Ladder) -> Result<()> {
        let sums = self.backend.read_sums()?;
        let units = rules.ensemble.system.interaction;
        let energy = |[bonds, spins]: [i32; 2]| units.energy(bonds.into(), spins.into());
        let energies: Vec<f64> = sums.into_iter().map(energy).collect();
        let mut rest = &energies[..];
        for replicas in walks.iter_mut().filter_map(|walk| walk.replicas.as_mut()) {
            let (own, others) = rest.split_at(replicas.count());
            replicas.begin();
            replicas.exchange(ladder, own);
            rest = others;
        }
        Ok(())
    }
}
