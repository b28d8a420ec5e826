//! Replicas of a system at a ladder of temperatures that exchange them (parallel tempering: K. Hukushima and K. Nemoto, J. Phys. Soc. Jpn. 65, 1604,
//! 1996). What is stuck at a low temperature goes where it is free, and comes back elsewhere.

use super::rules::Rules;
use crate::cpu::Real;
use crate::cpu::vector::vectorised;
use crate::lattice::{Ensemble, Interaction};
use crate::random::philox;

/// Replicas that are updated side by side.
const LANES: usize = 16;
/// Most replicas of a ladder.
const MOST: usize = 128;
/// Sets these random numbers apart from those of streams of the same key.
const TAG: u32 = 0x7e3d;

/// Couplings of single bonds and sites, by site.
#[derive(Debug)]
pub(super) struct Couplings {
    /// `[sites][coordination]`: weights of the bonds to the neighbours of [`Rules::neighbours`].
    bonds: Vec<i32>,
    /// `[sites]`.
    sites: Vec<i32>,
    units: Interaction,
    /// Inverse temperatures from the highest temperature on; the last is that of the ensemble.
    betas: Vec<f64>,
}

impl Couplings {
    pub(super) fn new(ensemble: &Ensemble, neighbours: &[u32]) -> Self {
        let Ensemble { system, beta } = ensemble;
        let lattice = system.lattice;
        let (bonds, sites) = match &system.weights {
            None => (vec![1; neighbours.len()], vec![1; lattice.sites()]),
            Some(weights) => {
                // Neighbours alternate between those along a site's own bonds, the last first, and those whose bonds end there.
                let axes = lattice.bonds_per_site();
                let of = |at: usize| {
                    let (site, place) = (at / (2 * axes), at % (2 * axes));
                    let owner = if place.is_multiple_of(2) { site } else { neighbours[at] as usize };
                    weights.bonds[owner * axes + (axes - 1 - place / 2)]
                };
                ((0..neighbours.len()).map(of).collect(), weights.sites.clone())
            }
        };
        // Energies of neighbours in the ladder overlap where steps of beta are about 1 over their spread, J times the root of the sites.
        let steps = beta * system.mean_coupling() * (lattice.sites() as f64).sqrt();
        let count = (steps.ceil() as usize).clamp(LANES, MOST).next_multiple_of(LANES);
        let betas = (1..=count).map(|step| beta * step as f64 / count as f64).collect();
        Self { bonds, sites, units: system.interaction, betas }
    }

    /// Replicas of a ladder.
    pub(super) fn replicas(&self) -> usize {
        self.betas.len()
    }
}

/// The replicas of one chain.
#[derive(Debug, Clone)]
pub(super) struct Replicas {
    /// `[sites][replicas]`, +-1.
    spins: Vec<i8>,
    /// The replica at every temperature, from the highest on.
    order: Vec<usize>,
    /// `[replicas]`: beta.
    betas: Vec<f32>,
    key: [u32; 2],
    sweeps: u32,
}

impl Replicas {
    /// All from one configuration.
    pub(super) fn new(couplings: &Couplings, from: &[i8], key: [u32; 2]) -> Self {
        let count = couplings.replicas();
        Self {
            spins: from.iter().flat_map(|&spin| std::iter::repeat_n(spin, count)).collect(),
            order: (0..count).collect(),
            betas: couplings.betas.iter().map(|&beta| beta as f32).collect(),
            key,
            sweeps: 0,
        }
    }

    /// A heat bath of every spin of every replica; then neighbours in temperature may exchange it.
    pub(super) fn sweep(&mut self, rules: &Rules, couplings: &Couplings) {
        self.sweeps += 1;
        for first in (0..self.order.len()).step_by(LANES) {
            vectorised(
                #[inline(always)]
                || self.heat_bath(rules, couplings, first),
            );
        }
        self.exchange(rules, couplings);
    }

    /// A heat bath of [`LANES`] replicas, site by site.
    #[inline(always)]
    fn heat_bath(&mut self, rules: &Rules, couplings: &Couplings, first: usize) {
        let count = self.order.len();
        let Interaction { coupling, field } = couplings.units;
        let (coupling, field) = (2.0 * coupling as f32, 2.0 * field as f32);
        let betas: [f32; LANES] = std::array::from_fn(|lane| self.betas[first + lane]);
        let mut words = [[0; 4]; LANES];
        for site in 0..self.spins.len() / count {
            if site.is_multiple_of(4) {
                for (replica, words) in (first as u32..).zip(&mut words) {
                    *words = philox(self.key, [self.sweeps, (site / 4) as u32, replica, TAG]);
                }
            }
            let neighbours = rules.neighbours(site as u32);
            let mut sums = [0; LANES];
            for (place, &neighbour) in neighbours.iter().enumerate() {
                let weight = couplings.bonds[site * neighbours.len() + place];
                let spins = &self.spins[neighbour as usize * count + first..][..LANES];
                for (sum, &spin) in sums.iter_mut().zip(spins) {
                    *sum += weight * i32::from(spin);
                }
            }
            let own = field * couplings.sites[site] as f32;
            let spins = &mut self.spins[site * count + first..][..LANES];
            for lane in 0..LANES {
                let logit = betas[lane] * (coupling * sums[lane] as f32 + own);
                // With this probability the spin is against its field: numbers near 0 are known to more digits than those near 1.
                let e = logit.exp_minus_abs();
                let is_against = words[lane][site % 4] as f32 * (1.0 / 4_294_967_296.0) < e / (1.0 + e);
                spins[lane] = if is_against == (logit < 0.0) { 1 } else { -1 };
            }
        }
    }

    fn exchange(&mut self, rules: &Rules, couplings: &Couplings) {
        let energies = self.energies(rules, couplings);
        // Every second pair in turn.
        for colder in (1 + self.sweeps as usize % 2..self.order.len()).step_by(2) {
            let [hot, cold] = [colder - 1, colder].map(|place| self.order[place]);
            let gain =
                (couplings.betas[colder] - couplings.betas[colder - 1]) * (energies[cold] - energies[hot]);
            let word = philox(self.key, [self.sweeps, u32::MAX, colder as u32, TAG])[0];
            if f64::from(word) < gain.exp() * 2.0_f64.powi(32) {
                self.order.swap(colder - 1, colder);
                self.betas.swap(hot, cold);
            }
        }
    }

    /// `[replicas]`.
    pub(super) fn energies(&self, rules: &Rules, couplings: &Couplings) -> Vec<f64> {
        let count = self.order.len();
        let (mut bonds, mut sums) = (vec![0_i32; count], vec![0_i32; count]);
        vectorised(
            #[inline(always)]
            || {
                for (site, spins) in self.spins.chunks_exact(count).enumerate() {
                    let neighbours = rules.neighbours(site as u32);
                    for (place, &neighbour) in neighbours.iter().enumerate().step_by(2) {
                        let weight = couplings.bonds[site * neighbours.len() + place];
                        let others = &self.spins[neighbour as usize * count..][..count];
                        for ((sum, &spin), &other) in bonds.iter_mut().zip(spins).zip(others) {
                            *sum += weight * i32::from(spin * other);
                        }
                    }
                    for (sum, &spin) in sums.iter_mut().zip(spins) {
                        *sum += couplings.sites[site] * i32::from(spin);
                    }
                }
            },
        );
        bonds.iter().zip(sums).map(|(&bonds, sum)| couplings.units.energy(bonds.into(), sum.into())).collect()
    }

    /// Copies the spins of the replica at the ensemble's temperature.
    pub(super) fn copy_coldest(&self, spins: &mut [i8]) {
        let count = self.order.len();
        let coldest = self.order[count - 1];
        spins
            .iter_mut()
            .zip(self.spins.chunks_exact(count))
            .for_each(|(spin, of_site)| *spin = of_site[coldest]);
    }
}
