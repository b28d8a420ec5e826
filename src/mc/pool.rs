//! Many configurations from the Boltzmann distribution, and batches of their images under the lattice's symmetries.

use super::Wolff;
use crate::lattice::{Interaction, Symmetry, Torus};
use crate::random::{Stream, philox};
use rand::RngExt;
use rayon::prelude::*;

/// Sweeps before the first configuration of a chain. Chains start disordered; cluster updates order them in a few.
const EQUILIBRATION: usize = 100;
/// Sweeps between configurations: several times the autocorrelation time of cluster updates.
const DISTANCE: usize = 2;
/// Configurations of one chain.
const PER_CHAIN: usize = 64;
/// Sets the pool's random numbers apart from those of networks of the same seed.
const SALT: u32 = 0x9001;

/// Configurations by cluster Monte Carlo.
#[derive(Debug, Clone)]
pub struct Pool {
    torus: Torus,
    /// Whether flipping all spins is a symmetry.
    flips: bool,
    /// `[count][sites]`.
    spins: Vec<i8>,
    key: u32,
}

impl Pool {
    /// Draws `count` configurations, a pure function of the seed.
    pub fn new(torus: Torus, interaction: Interaction, beta: f64, count: usize, seed: u32) -> Self {
        let key = philox([seed, SALT], [0; 4])[0];
        let mut spins = vec![0; count * torus.sites()];
        spins.par_chunks_mut(PER_CHAIN * torus.sites()).enumerate().for_each(|(chain, spins)| {
            let mut wolff = Wolff::new(torus, interaction, beta, key, chain as u32);
            wolff.equilibrate(EQUILIBRATION);
            for configuration in spins.chunks_mut(torus.sites()) {
                wolff.sweeps(DISTANCE);
                configuration.copy_from_slice(wolff.spins());
            }
        });
        Self { torus, flips: interaction.field == 0.0, spins, key }
    }

    /// Bytes of `count` configurations, and of a batch of images with the copy that it leaves in a backend's order.
    pub fn memory(torus: Torus, count: usize, batch: usize) -> u64 {
        ((count + 2 * batch) * torus.sites()) as u64
    }

    /// All configurations, `[count][sites]`.
    pub fn spins(&self) -> &[i8] {
        &self.spins
    }

    /// `batch` random configurations, each moved by a random translation, reflection and transposition and, without a
    /// field, flipped or not: again from the Boltzmann distribution. A pure function of the step.
    pub fn batch(&self, batch: usize, step: u32) -> Vec<i8> {
        let sites = self.torus.sites();
        let mut stream = Stream::new(self.key, u32::MAX - step);
        let count = self.spins.len() / sites;
        let mut draw = || {
            let from = &self.spins[stream.random_range(0..count) * sites..][..sites];
            let translation = [0; 2].map(|_| stream.random_range(0..self.torus.side()));
            let [transposed, flipped] = [0; 2].map(|_| stream.random_bool(0.5));
            let mirrored = [0; 2].map(|_| stream.random_bool(0.5));
            (from, Symmetry { translation, mirrored, transposed, flipped: flipped && self.flips })
        };
        // The order of random numbers is fixed, that of the work on them is not.
        let drawn: Vec<_> = (0..batch).map(|_| draw()).collect();
        let mut result = vec![0; batch * sites];
        result.par_chunks_mut(sites).zip(drawn).for_each(|(image, (from, symmetry))| {
            symmetry.apply(self.torus, from, image);
        });
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_keep_energy_and_size_of_magnetisation_and_differ() {
        let torus = Torus::new(8).unwrap();
        let interaction = Interaction { coupling: 1.0, field: 0.0 };
        let pool = Pool::new(torus, interaction, 0.44, 1, 5);
        let magnetisation = |spins: &[i8]| spins.iter().map(|&spin| i64::from(spin)).sum::<i64>().abs();
        let batch = pool.batch(50, 1);
        let mut distinct = std::collections::HashSet::new();
        for image in batch.chunks(64) {
            assert_eq!(torus.bond_sum(image), torus.bond_sum(pool.spins()));
            assert_eq!(magnetisation(image), magnetisation(pool.spins()));
            distinct.insert(image.to_vec());
        }
        assert!(distinct.len() > 20, "only {} images", distinct.len());
        assert_eq!(batch, pool.batch(50, 1));
        assert_ne!(batch, pool.batch(50, 2));
    }
}
