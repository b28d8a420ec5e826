//! Markov chains that move side by side: on the CPU, or by the Metropolis kernels on any device.

use super::Algorithm;
use super::on_device::OnDevice;
use super::rules::Rules;
use super::start::start;
use super::walk::{Clusters, Scalars, Walk};
use crate::backend::Backend;
use crate::conditional::Model;
use crate::cpu::Cpu;
use crate::device;
use crate::error::{Error, Result};
use crate::lattice::{Ensemble, Lattice, Observables, Spins};
use crate::random::Stream;
use crate::ranks::Ranks;
use crate::schedule::{Inputs, Kernel};
use rayon::prelude::*;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

/// Parts of a thermalisation, between which it can be stopped.
const PARTS: usize = 32;
/// Most sites of a lattice that is a chain.
const MOST_CHAIN_SITES: u32 = 4096;

/// The system that chains simulate, and how they do it.
#[derive(Debug, Clone, PartialEq)]
pub struct Setup {
    /// The system and its temperature.
    pub ensemble: Ensemble,
    /// How chains move.
    pub algorithm: Algorithm,
    /// Number of chains. Those of even index start in order, the others at random.
    pub chains: usize,
    /// Seed of starts and moves.
    pub seed: u32,
}

impl Setup {
    /// Whether kernels can move the chains: they work on sites of a colour of the lattice, in groups of four.
    fn has_kernels(&self) -> bool {
        let lattice = self.ensemble.system.lattice;
        let side = lattice.side();
        let is_single = matches!(self.algorithm, Algorithm::Metropolis | Algorithm::HeatBath);
        is_single && !lattice.is_chain() && side.is_power_of_two() && side >= 4
    }
}

/// Chains of one system. Their configurations are a pure function of the setup, whatever the device and however many ranks share the chains out; but for tempering, which has
/// other random numbers on a GPU.
pub struct Simulation {
    setup: Setup,
    ranks: Ranks,
    /// The chains that this rank moves.
    own: Range<usize>,
    backend: Box<dyn Backend>,
    /// One per own chain; none where kernels move the chains alone.
    walks: Vec<Walk>,
    /// The device that moves the replicas of walks, where it is not the CPU.
    on_device: Option<OnDevice>,
    /// Sweeps done by kernels: part of their random numbers.
    sweeps: u32,
}

impl Simulation {
    /// Starts chains. They are not in equilibrium yet: see [`equilibrate`](super::equilibrate).
    ///
    /// # Errors
    /// When bonds have couplings of their own, or join all sites, and chains do not move by tempering, the lattice is a chain of more than 4,096 sites, there is no such device, the chains do not fit it, or a GPU is named for updates that run on the CPU alone.
    pub fn new(setup: Setup, device: &str) -> Result<Self> {
        Self::on_ranks(setup, device, &Ranks::alone())
    }

    /// As [`Simulation::new`], on all ranks of a job together, which share the chains out and call all methods together. Methods tell of
    /// all chains, but for [`Simulation::observe`].
    ///
    /// # Errors
    /// As [`Simulation::new`], and when there are fewer chains than ranks.
    pub fn on_ranks(setup: Setup, device: &str, ranks: &Ranks) -> Result<Self> {
        let Setup { algorithm, chains, seed, .. } = setup;
        let (rank, count) = (ranks.rank(), ranks.count());
        if chains < count {
            let expected = format!("each of the {count} ranks needs one; use more chains or fewer ranks");
            return Err(Error::setting("chains", chains, expected));
        }
        let own = chains * rank / count..chains * (rank + 1) / count;
        let system = &setup.ensemble.system;
        algorithm.check(system)?;
        check_chain(system.lattice, device)?;
        let model = Arc::new(Model::without_network(system.clone()));
        let rules = Arc::new(Rules::new(&setup.ensemble, algorithm));
        let streams = own.clone().map(|chain| (chain, Stream::new(seed, chain as u32)));
        let ranks = ranks.clone();
        if setup.has_kernels() {
            let mut backend = device::open(device, model, own.len()).map_err(of_chains)?;
            let spins: Vec<i8> = streams
                .flat_map(|(chain, mut stream)| start(&setup, &rules.pattern, chain, &mut stream))
                .collect();
            backend.write_spins(&spins)?;
            let walks = Vec::new();
            return Ok(Self { setup, ranks, own, backend, walks, on_device: None, sweeps: 0 });
        }
        let is_cpu = matches!(device, "auto" | "cpu");
        if !is_cpu && (algorithm != Algorithm::Tempering || system.spins != Spins::Ising) {
            if let Spins::Potts { .. } = system.spins {
                return Err(Error::setting(
                    "device",
                    device,
                    "chains of model = potts move on the CPU; leave it out, or move them by heat-bath on a side of 4, 8, 16, ...",
                ));
            }
            let expected = format!(
                "{} updates of side {} run on the CPU; leave it out (a GPU does tempering, and metropolis updates of sides 4, 8, 16, ...)",
                algorithm.name(),
                system.lattice.side()
            );
            return Err(Error::setting("device", device, expected));
        }
        let backend = Box::new(Cpu::<f32>::open(model.clone(), own.len()).map_err(of_chains)?);
        let walk = |(chain, mut stream)| {
            let spins = start(&setup, &rules.pattern, chain, &mut stream);
            Walk::new(rules.clone(), spins, stream)
        };
        let walks: Vec<Walk> = streams.map(walk).collect();
        let take_over = || OnDevice::new(device, model, &walks, own.start, seed).map_err(of_chains);
        let on_device = if is_cpu { None } else { Some(take_over()?) };
        Ok(Self { setup, ranks, own, backend, walks, on_device, sweeps: 0 })
    }

    /// Updates of single sites that a sweep of all chains takes.
    pub(super) fn updates_per_sweep(&self) -> usize {
        let of_sites = self.setup.chains * self.setup.ensemble.system.lattice.sites();
        if self.walks.is_empty() {
            return of_sites;
        }
        let of_own: usize = self.walks.iter().map(Walk::updates).sum();
        self.ranks.all(vec![of_own]).into_iter().sum()
    }

    /// The system and how it is simulated.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// Name of the device, for people.
    pub fn device(&self) -> &str {
        self.on_device.as_ref().map_or(self.backend.device(), OnDevice::name)
    }

    /// Moves all chains by `sweeps`, which are not measured. A sweep of Wolff updates is as many clusters as cover the lattice
    /// on average; the call finds how many those are.
    ///
    /// # Errors
    /// When the device fails.
    pub fn thermalise(&mut self, sweeps: usize) -> Result<()> {
        self.thermalise_watched(sweeps, &mut |_| ControlFlow::Continue(()))
    }

    /// As [`Simulation::thermalise`]; `observe` is told how many sweeps are done, and may stop them.
    pub(super) fn thermalise_watched(
        &mut self,
        sweeps: usize,
        observe: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Result<()> {
        let mut clusters = vec![Clusters::default(); self.walks.len()];
        let parts = if self.on_device.is_some() { 1 } else { PARTS };
        let of_part = sweeps.div_ceil(parts).max(1);
        for done in (0..sweeps).step_by(of_part) {
            let part = done..sweeps.min(done + of_part);
            let end = part.end;
            if self.walks.is_empty() || self.on_device.is_some() {
                self.sweep(part.len())?;
            } else {
                let walks = self.walks.par_iter_mut().zip(&mut clusters);
                walks.for_each(|(walk, clusters)| walk.thermalise(part.clone(), clusters));
            }
            if observe(end).is_break() {
                return Err(Error::Stopped);
            }
        }
        Ok(())
    }

    /// Moves all chains by `count` sweeps.
    ///
    /// # Errors
    /// When the device fails.
    pub fn sweep(&mut self, count: usize) -> Result<()> {
        if let Some(device) = &mut self.on_device {
            return device.sweep(&mut self.walks, count);
        }
        if !self.walks.is_empty() {
            self.walks.par_iter_mut().for_each(|walk| walk.sweep(count));
            return Ok(());
        }
        let colours = 0..self.setup.ensemble.system.lattice.colours() as u32;
        let kernel = |colour| match self.setup.ensemble.system.spins {
            Spins::Ising => Kernel::Metropolis { colour },
            Spins::Potts { .. } => Kernel::HeatBathSweep { colour },
        };
        let colours: Vec<Kernel> = colours.map(kernel).collect();
        for _ in 0..count {
            self.sweeps += 1;
            let inputs = Inputs { step: self.sweeps, ..self.inputs() };
            self.backend.run(&colours, &inputs)?;
        }
        Ok(())
    }

    /// `[chains]`: numbers that `of` makes of each chain, from what observables of its configuration are made of and its place among them.
    ///
    /// # Errors
    /// When the device fails.
    pub(crate) fn measure(&mut self, of: impl Fn(&Observables, usize) -> Vec<f64>) -> Result<Vec<Vec<f64>>> {
        let observables = self.observe()?;
        let own: Vec<f64> = (0..self.own.len()).flat_map(|chain| of(&observables, chain)).collect();
        let of_chain = own.len() / self.own.len();
        Ok(self.ranks.all(own).chunks(of_chain).map(<[f64]>::to_vec).collect())
    }

    /// Sums that observables are made of, over each configuration of the chains that this rank moves.
    ///
    /// # Errors
    /// When the device fails.
    pub fn observe(&mut self) -> Result<Observables> {
        let system = &self.setup.ensemble.system;
        if let Spins::Potts { states } = system.spins {
            let lattice = system.lattice;
            let read = if self.walks.is_empty() { self.backend.read_spins()? } else { Vec::new() };
            let of_walks = self.walks.iter().map(|walk| &walk.spins[..]);
            let spins: Vec<&[i8]> = of_walks.chain(read.chunks(lattice.sites())).collect();
            let energies = spins.par_iter().map(|spins| system.energy(spins)).collect();
            return Ok(Observables::of_colours(system.lattice, states, &spins).with_energies(energies));
        }
        if !self.walks.is_empty() {
            let spins = self.own_spins()?;
            self.backend.write_spins(&spins)?;
        }
        self.backend.run(&[Kernel::Observables], &self.inputs())?;
        let observables = self.backend.read_observables()?;
        let system = &self.setup.ensemble.system;
        if system.is_homogeneous() {
            return Ok(observables);
        }
        let energies = self.walks.iter().map(|walk| system.energy(&walk.spins)).collect();
        Ok(observables.with_energies(energies))
    }

    /// The chains' configurations, `[chains][sites]`.
    ///
    /// # Errors
    /// When the device fails.
    pub fn spins(&mut self) -> Result<Vec<i8>> {
        let own = self.own_spins()?;
        Ok(self.ranks.all(own))
    }

    fn own_spins(&mut self) -> Result<Vec<i8>> {
        match self.walks.is_empty() {
            true => self.backend.read_spins(),
            false => Ok(self.walks.iter().flat_map(|walk| &walk.spins).copied().collect()),
        }
    }

    /// `[chains]`: energies and magnetisations.
    pub(super) fn scalars(&mut self) -> Result<Vec<Scalars>> {
        let own = self.own_scalars()?;
        Ok(self.ranks.all(own))
    }

    fn own_scalars(&mut self) -> Result<Vec<Scalars>> {
        if !self.walks.is_empty() {
            return Ok(self.walks.par_iter().map(Walk::scalars).collect());
        }
        let observables = self.observe()?;
        let system = &self.setup.ensemble.system;
        let scalars = |chain| {
            if let Some(occupation) = observables.occupation(chain) {
                return Scalars {
                    energy: observables.energy(system.interaction, chain),
                    magnetisation: occupation.of_first(),
                    order: occupation.order(),
                    place: 0.0,
                };
            }
            let magnetisation = observables.spin_sum(chain);
            let staggered = observables.staggered_sum(chain).filter(|_| system.is_staggered());
            Scalars {
                energy: observables.energy(system.interaction, chain),
                magnetisation: magnetisation as f64,
                order: staggered.unwrap_or(magnetisation).abs() as f64,
                place: 0.0,
            }
        };
        Ok((0..self.own.len()).map(scalars).collect())
    }

    fn inputs(&self) -> Inputs {
        let first_configuration = self.own.start as u32;
        Inputs {
            seed: self.setup.seed,
            beta: self.setup.ensemble.beta,
            first_configuration,
            ..Inputs::SAMPLING
        }
    }
}

/// Checks that a chain of sites is short enough for products at all distances, and moves on the CPU, which alone has them.
fn check_chain(lattice: Lattice, device: &str) -> Result<()> {
    if !lattice.is_chain() {
        return Ok(());
    }
    if lattice.side() > MOST_CHAIN_SITES {
        let expected = format!(
            "Monte Carlo of lattice = chain measures all distances, of {MOST_CHAIN_SITES} sites at most; `exact --lattice chain` solves longer chains"
        );
        return Err(Error::setting("size", lattice.side(), expected));
    }
    if !matches!(device, "auto" | "cpu") {
        let expected = "configurations of lattice = chain move on the CPU; leave it out";
        return Err(Error::setting("device", device, expected));
    }
    Ok(())
}

/// What does not fit a device is told of a batch, and with the way out for networks; here the batch is of chains.
fn of_chains(error: Error) -> Error {
    match error {
        Error::DeviceLimit { device, limit, .. } => {
            Error::DeviceLimit { device, limit, way_out: "use fewer chains or a smaller lattice".to_owned() }
        }
        other => other,
    }
}
