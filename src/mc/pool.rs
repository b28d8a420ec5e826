//! Many configurations from the Boltzmann distribution, and batches of their images under the lattice's symmetries.

use super::equilibrium::Record;
use super::{Algorithm, Setup, Simulation, Stage, equilibrate_watched};
use crate::error::{Error, Result};
use crate::lattice::{Ensemble, Lattice, Recolouring, Spins, Symmetry};
use crate::random::{Stream, philox};
use rand::RngExt;
use rayon::prelude::*;
use std::ops::ControlFlow;

/// Sweeps between configurations of a chain: at least so many, and so large a share of their autocorrelation time.
const DISTANCE: (usize, f64) = (2, 0.25);
/// Fewest and most chains: two groups of them are compared, and each has to come into equilibrium.
const CHAINS: (usize, usize) = (8, 64);
/// Most chains that have replicas: each is as much work as others are.
const LADDERS: usize = 16;
/// Configurations of a chain, where that leaves a number of chains in between.
const PER_CHAIN: usize = 16;
/// Most updates of single sites between the first configuration and the last, of all chains together.
const MOST_UPDATES: f64 = (1_u64 << 35) as f64;
/// Independent configurations that a pool must be worth: so many, or this share of a small one.
const FEWEST_INDEPENDENT: (f64, f64) = (100.0, 0.2);
/// Sets the pool's random numbers apart from those of networks of the same seed.
const SALT: u32 = 0x9001;

/// Configurations by Monte Carlo in equilibrium.
#[derive(Debug, Clone)]
pub struct Pool {
    lattice: Lattice,
    /// Whether flipping all spins is a symmetry.
    flips: bool,
    /// Colours that may be exchanged; 0: none.
    colours: u8,
    /// Whether the symmetries of the lattice are those of the system.
    moves: bool,
    /// `[count][sites]`.
    spins: Vec<i8>,
    key: u32,
}

impl Pool {
    /// Draws `count` configurations, a pure function of the seed, by the algorithm that fits the system.
    ///
    /// # Errors
    /// When the chains do not come into equilibrium, or do not fit into memory.
    pub fn new(ensemble: &Ensemble, count: usize, seed: u32) -> Result<Self> {
        Self::watched(ensemble, count, seed, &mut |_| ControlFlow::Continue(()))
    }

    /// As [`Pool::new`]; `observe` is told how far the Monte Carlo is, and may stop it.
    ///
    /// # Errors
    /// As [`Pool::new`], and when `observe` breaks ([`Error::Stopped`]).
    pub fn watched(
        ensemble: &Ensemble,
        count: usize,
        seed: u32,
        observe: &mut dyn FnMut(Stage) -> ControlFlow<()>,
    ) -> Result<Self> {
        let key = philox([seed, SALT], [0; 4])[0];
        let system = &ensemble.system;
        let algorithm = Algorithm::fitting(system);
        let has_replicas = matches!(algorithm, Algorithm::Tempering | Algorithm::Multicanonical);
        let most = if has_replicas { LADDERS } else { CHAINS.1 };
        let chains = (count / PER_CHAIN).clamp(CHAINS.0, most);
        let setup = Setup { ensemble: ensemble.clone(), algorithm, chains, seed: key };
        let spins = draw(&setup, count, observe)?;
        let moves = system.is_homogeneous();
        let colours = match system.spins {
            Spins::Potts { states } if system.is_symmetric() => states,
            Spins::Potts { .. } | Spins::Ising => 0,
        };
        Ok(Self { lattice: system.lattice, flips: system.has_spin_flip(), colours, moves, spins, key })
    }

    /// Bytes of `count` configurations, and of a batch of images with the copy that it leaves in a backend's order.
    pub fn memory(lattice: Lattice, count: usize, batch: usize) -> u64 {
        ((count + 2 * batch) * lattice.sites()) as u64
    }

    /// All configurations, `[count][sites]`.
    pub fn spins(&self) -> &[i8] {
        &self.spins
    }

    /// `batch` random configurations, each moved by a random translation, reflection and transposition, where all bonds are alike, and, without a
    /// field, flipped or not, or with its colours exchanged: again from the Boltzmann distribution. A pure function of the step.
    pub fn batch(&self, batch: usize, step: u32) -> Vec<i8> {
        let sites = self.lattice.sites();
        let mut stream = Stream::new(self.key, u32::MAX - step);
        let count = self.spins.len() / sites;
        let mut draw = || {
            let from = &self.spins[stream.random_range(0..count) * sites..][..sites];
            let mut symmetry = Symmetry::random(self.lattice, self.flips, &mut stream);
            if self.colours > 0 {
                symmetry.colours = Some(Recolouring::random(self.colours, &mut stream));
            }
            match self.moves {
                true => (from, symmetry),
                false => {
                    let Symmetry { flipped, colours, .. } = symmetry;
                    (from, Symmetry { flipped, colours, ..Symmetry::default() })
                }
            }
        };
        // The order of random numbers is fixed, that of the work on them is not.
        let drawn: Vec<_> = (0..batch).map(|_| draw()).collect();
        let mut result = vec![0; batch * sites];
        result.par_chunks_mut(sites).zip(drawn).for_each(|(image, (from, symmetry))| {
            symmetry.apply(self.lattice, from, image);
        });
        result
    }
}

/// `[count][sites]`: configurations of chains in equilibrium, chain by chain.
fn draw(setup: &Setup, count: usize, observe: &mut dyn FnMut(Stage) -> ControlFlow<()>) -> Result<Vec<i8>> {
    let (sites, chains) = (setup.ensemble.system.lattice.sites(), setup.chains);
    let refuse = |reason: String| Err(Error::NotEquilibrated { system: setup.ensemble.to_string(), reason });
    let mut simulation = Simulation::new(setup.clone(), "cpu")?;
    let equilibrium = equilibrate_watched(&mut simulation, observe)?;
    if let Some(reason) = equilibrium.fault {
        return refuse(reason);
    }
    let per_chain = count.div_ceil(chains);
    let affordable = (MOST_UPDATES / (per_chain * chains * sites) as f64) as usize;
    let (least, share) = DISTANCE;
    let distance = ((share * equilibrium.tau_int).ceil() as usize).min(affordable).max(least);
    let later = (per_chain - 1) as f64 * (distance as f64 / equilibrium.tau_int).min(1.0);
    let independent = chains as f64 * (1.0 + later);
    if independent < FEWEST_INDEPENDENT.0.min(FEWEST_INDEPENDENT.1 * count as f64) {
        let tau = equilibrium.tau_int;
        return refuse(format!(
            "only {independent:.0} of {count} configurations would be independent: tau_int is {tau:.0} sweeps"
        ));
    }
    let mut record = Record::new(setup);
    let mut spins = vec![0; per_chain * chains * sites];
    for number in 0..per_chain {
        simulation.sweep(distance)?;
        record.push(&simulation.scalars()?);
        for (chain, now) in simulation.spins()?.chunks(sites).enumerate() {
            spins[(chain * per_chain + number) * sites..][..sites].copy_from_slice(now);
        }
        let done = ((number + 1) * chains).min(count);
        if observe(Stage::Drawing { done, of: count }).is_break() {
            return Err(Error::Stopped);
        }
    }
    if let Some(reason) = record.disagreement() {
        return refuse(reason);
    }
    spins.truncate(count * sites);
    Ok(spins)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::{Interaction, System};

    #[test]
    fn images_keep_energy_and_size_of_magnetisation_and_differ() {
        for lattice in [Lattice::square(8), Lattice::triangular(8), Lattice::cubic(4)] {
            images_keep_what_they_should(lattice.unwrap());
        }
    }

    fn images_keep_what_they_should(lattice: Lattice) {
        let interaction = Interaction { coupling: 1.0, field: 0.0 };
        let ensemble = System::uniform(lattice, interaction).at(0.25).unwrap();
        let pool = Pool::new(&ensemble, 1, 5).unwrap();
        let magnetisation = |spins: &[i8]| spins.iter().map(|&spin| i64::from(spin)).sum::<i64>().abs();
        let batch = pool.batch(50, 1);
        let mut distinct = std::collections::HashSet::new();
        for image in batch.chunks(64) {
            assert_eq!(lattice.bond_sum(image), lattice.bond_sum(pool.spins()));
            assert_eq!(magnetisation(image), magnetisation(pool.spins()));
            distinct.insert(image.to_vec());
        }
        assert!(distinct.len() > 20, "only {} images", distinct.len());
        assert_eq!(batch, pool.batch(50, 1));
        assert_ne!(batch, pool.batch(50, 2));
    }
}
