//! Replicas of a system at a ladder of temperatures that exchange them (parallel tempering: K. Hukushima and K. Nemoto, J. Phys. Soc. Jpn. 65, 1604,
//! 1996). What is stuck at a low temperature goes where it is free, and comes back elsewhere.
//!
//! There are two at every temperature. Those of Ising spins turn clusters of sites together (J. Houdayer, Eur. Phys. J. B 22, 479, 2001; Z. Zhu, A. J. Ochoa and
//! H. G. Katzgraber, Phys. Rev. Lett. 115, 077201, 2015): in two dimensions that leads from valley to valley.

use super::rules::Rules;
use crate::cpu::Real;
use crate::cpu::vector::vectorised;
use crate::lattice::{Ensemble, Interaction, Spins};
use crate::random::philox;
use crate::transpose::transpose;

/// Replicas that are updated side by side.
const LANES: usize = 16;
/// Fewest and most temperatures of a ladder. The number of replicas, twice that, is a multiple of [`LANES`].
const RUNGS: (usize, usize) = (LANES / 2, 128);
/// Spreads of the energy from one temperature to the next.
const STEP: f64 = 0.8;
/// Sets these random numbers apart from those of streams of the same key.
const TAG: u32 = 0x7e3d;

/// Inverse temperatures from the highest temperature on; the last is that of the ensemble.
#[derive(Debug)]
pub(super) struct Ladder(Vec<f64>);

impl Ladder {
    pub(super) fn new(ensemble: &Ensemble) -> Self {
        let Ensemble { system, beta } = ensemble;
        let states = system.spins.states() as f64;
        // Between equal colours and different ones a bond has the energies of one between Ising spins of half the coupling in a field: q - 1 ways to differ.
        let (coupling, start) = match system.spins {
            Spins::Ising => (system.mean_coupling(), 0.0),
            Spins::Potts { .. } => (system.mean_coupling() / 2.0, -(states - 1.0).ln() / 2.0),
        };
        Self(ladder(*beta, coupling, start, system.lattice.bond_count() as f64))
    }
}

/// Inverse temperatures whose energies overlap from one to the next: as far apart as [`STEP`] over the spread of energies, for which that of bonds on their
/// own serves, `J sqrt(bonds) / cosh(x)` at `x = start + beta J`. Its integral is the angle `atan(sinh(x))`.
fn ladder(beta: f64, coupling: f64, start: f64, bonds: f64) -> Vec<f64> {
    let first = start.sinh().atan();
    let angle = (start + beta * coupling).sinh().atan() - first;
    let count = (bonds.sqrt() * angle / STEP).ceil() as usize;
    let count = count.clamp(RUNGS.0, RUNGS.1).next_multiple_of(RUNGS.0);
    let rung = |step: usize| {
        let share = step as f64 / count as f64;
        // Without couplings, and at the end, where nothing is rounded.
        match angle == 0.0 || step == count {
            true => beta * share,
            false => ((first + share * angle).tan().asinh() - start) / coupling,
        }
    };
    (1..=count).map(rung).collect()
}

/// The replicas of one chain.
#[derive(Debug, Clone)]
pub(super) struct Replicas {
    /// `[sites][replicas]`, +-1.
    spins: Vec<i8>,
    /// The replica at every temperature of each copy of the ladder, from the highest temperature on.
    order: [Vec<usize>; 2],
    /// `[replicas]`: beta.
    betas: Vec<f32>,
    /// Sites of the cluster at hand, and whether a site is one of them.
    cluster: Vec<u32>,
    is_joined: Vec<bool>,
    key: [u32; 2],
    sweeps: u32,
}

impl Replicas {
    /// All from one configuration.
    pub(super) fn new(Ladder(betas): &Ladder, from: &[i8], key: [u32; 2]) -> Self {
        let rungs = betas.len();
        Self {
            spins: from.iter().flat_map(|&spin| std::iter::repeat_n(spin, 2 * rungs)).collect(),
            order: [(0..rungs).collect(), (rungs..2 * rungs).collect()],
            betas: betas.iter().chain(betas).map(|&beta| beta as f32).collect(),
            cluster: Vec::new(),
            is_joined: vec![false; from.len()],
            key,
            sweeps: 0,
        }
    }

    /// A heat bath of every spin of every replica; then those of one temperature turn a cluster, and neighbours in temperature may exchange it.
    pub(super) fn sweep(&mut self, rules: &Rules, ladder: &Ladder) {
        self.begin();
        for first in (0..self.count()).step_by(LANES) {
            vectorised(
                #[inline(always)]
                || match rules.ensemble.system.spins {
                    Spins::Ising => self.heat_bath(rules, first),
                    Spins::Potts { states } => self.colour_heat_bath(rules, states.into(), first),
                },
            );
        }
        self.turn_clusters(rules);
        let energies = self.energies(rules);
        self.exchange(ladder, &energies);
    }

    /// Begins a sweep, which has random numbers of its own.
    pub(super) fn begin(&mut self) {
        self.sweeps += 1;
    }

    /// After a heat bath: the replicas of every temperature turn a cluster, if they are of Ising spins. Where all sites are neighbours a cluster is all of its kind, and turning it exchanges
    /// the replicas, which is left out.
    pub(super) fn turn_clusters(&mut self, rules: &Rules) {
        let system = &rules.ensemble.system;
        if system.lattice.is_spatial() && system.spins == Spins::Ising {
            (0..self.order[0].len()).for_each(|rung| self.turn_cluster(rules, rung));
        }
    }

    /// Turns a cluster of sites where both replicas of a temperature are unlike, or, without a field and where these are fewer, alike. What one of them
    /// loses in energy at the rim of the cluster the other one gains, and which sites are alike stays as it is: the move is always accepted.
    fn turn_cluster(&mut self, rules: &Rules, rung: usize) {
        let (count, sites) = (self.count(), self.is_joined.len());
        let has_field = rules.ensemble.system.interaction.field != 0.0;
        let [a, b] = [0, 1].map(|ladder: usize| self.order[ladder][rung]);
        let product = |spins: &[i8], site: usize| spins[site * count + a] * spins[site * count + b];
        let unlike = (0..sites).filter(|&site| product(&self.spins, site) < 0).count();
        let kind = if has_field || 2 * unlike <= sites { -1 } else { 1 };
        let word = philox(self.key, [self.sweeps, u32::MAX - 1, rung as u32, TAG])[0];
        let first = ((u64::from(word) * sites as u64) >> 32) as u32;
        if product(&self.spins, first as usize) != kind {
            return;
        }
        self.cluster.push(first);
        self.is_joined[first as usize] = true;
        let mut next = 0;
        while let Some(&site) = self.cluster.get(next) {
            next += 1;
            for (neighbour, weight) in rules.adjacency.bonds_of(site as usize) {
                let place = neighbour as usize;
                if weight != 0 && !self.is_joined[place] && product(&self.spins, place) == kind {
                    self.is_joined[place] = true;
                    self.cluster.push(neighbour);
                }
            }
        }
        for site in self.cluster.drain(..) {
            self.is_joined[site as usize] = false;
            [a, b].into_iter().for_each(|replica| self.spins[site as usize * count + replica] *= -1);
        }
    }

    /// A heat bath of [`LANES`] replicas, site by site.
    #[inline(always)]
    fn heat_bath(&mut self, rules: &Rules, first: usize) {
        let count = self.count();
        let Interaction { coupling, field } = rules.ensemble.system.interaction;
        let (coupling, field) = (2.0 * coupling as f32, 2.0 * field as f32);
        let betas: [f32; LANES] = std::array::from_fn(|lane| self.betas[first + lane]);
        let mut words = [[0; 4]; LANES];
        for site in 0..self.spins.len() / count {
            if site.is_multiple_of(4) {
                for (replica, words) in (first as u32..).zip(&mut words) {
                    *words = philox(self.key, [self.sweeps, (site / 4) as u32, replica, TAG]);
                }
            }
            let mut sums = [0; LANES];
            for (neighbour, weight) in rules.adjacency.bonds_of(site) {
                let spins = &self.spins[neighbour as usize * count + first..][..LANES];
                for (sum, &spin) in sums.iter_mut().zip(spins) {
                    *sum += weight * i32::from(spin);
                }
            }
            let own = field * rules.adjacency.site_weight(site) as f32;
            let spins = &mut self.spins[site * count + first..][..LANES];
            for lane in 0..LANES {
                let logit = betas[lane] * (coupling * sums[lane] as f32 + own);
                spins[lane] = logit.heat_bath(words[lane][site % 4] as f32 * (1.0 / 4_294_967_296.0));
            }
        }
    }

    /// The same of Potts spins.
    #[inline(always)]
    fn colour_heat_bath(&mut self, rules: &Rules, states: usize, first: usize) {
        let count = self.count();
        let Interaction { coupling, field } = rules.ensemble.system.interaction;
        let (coupling, field) = (coupling as f32, field as f32);
        let betas: [f32; LANES] = std::array::from_fn(|lane| self.betas[first + lane]);
        let mut words = [[0; 4]; LANES];
        let mut logits = vec![[0.0; LANES]; states];
        for site in 0..self.spins.len() / count {
            if site.is_multiple_of(4) {
                for (replica, words) in (first as u32..).zip(&mut words) {
                    *words = philox(self.key, [self.sweeps, (site / 4) as u32, replica, TAG]);
                }
            }
            logits.fill([0.0; LANES]);
            logits[0] = [field * rules.adjacency.site_weight(site) as f32; LANES];
            for (neighbour, weight) in rules.adjacency.bonds_of(site) {
                let energy = coupling * weight as f32;
                let colours = &self.spins[neighbour as usize * count + first..][..LANES];
                for (logits, colour) in logits.iter_mut().zip(0..) {
                    for (logit, &of_lane) in logits.iter_mut().zip(colours) {
                        *logit += if of_lane == colour { energy } else { 0.0 };
                    }
                }
            }
            let numbers = std::array::from_fn(|lane| words[lane][site % 4] as f32 * (1.0 / 4_294_967_296.0));
            let colours = draw_colours(&mut logits, &betas, &numbers);
            self.spins[site * count + first..][..LANES].copy_from_slice(&colours);
        }
    }

    /// Ends a sweep: neighbours in temperature may exchange it, by their energies, `[replicas]`.
    pub(super) fn exchange(&mut self, Ladder(betas): &Ladder, energies: &[f64]) {
        for (ladder, order) in self.order.iter_mut().enumerate() {
            // Every second pair in turn.
            for colder in (1 + self.sweeps as usize % 2..order.len()).step_by(2) {
                let [hot, cold] = [colder - 1, colder].map(|place| order[place]);
                let step = betas[colder] - betas[colder - 1];
                let gain = step * (energies[cold] - energies[hot]);
                let word = philox(self.key, [self.sweeps, u32::MAX, colder as u32, TAG])[ladder];
                if f64::from(word) < gain.exp() * 2.0_f64.powi(32) {
                    order.swap(colder - 1, colder);
                    self.betas.swap(hot, cold);
                }
            }
        }
    }

    /// `[replicas]`.
    pub(super) fn energies(&self, rules: &Rules) -> Vec<f64> {
        let count = self.count();
        let mut sums = [0, 1].map(|_| vec![0_i32; count]);
        vectorised(
            #[inline(always)]
            || match rules.ensemble.system.spins {
                Spins::Ising => self.add_sums(rules, &mut sums, |a, b| a * b, |spin| spin),
                Spins::Potts { .. } => {
                    self.add_sums(rules, &mut sums, |a, b| i8::from(a == b), |spin| i8::from(spin == 0))
                }
            },
        );
        let units = rules.ensemble.system.interaction;
        let [bonds, spins] = sums;
        bonds.iter().zip(spins).map(|(&bonds, spins)| units.energy(bonds.into(), spins.into())).collect()
    }

    /// Adds sums of bonds and of spins, `[replicas]`, with terms of a bond by the spins at its ends and of a spin.
    #[inline(always)]
    fn add_sums(
        &self,
        rules: &Rules,
        [of_bonds, of_spins]: &mut [Vec<i32>; 2],
        of_bond: impl Fn(i8, i8) -> i8,
        of_spin: impl Fn(i8) -> i8,
    ) {
        let count = self.count();
        for (site, spins) in self.spins.chunks_exact(count).enumerate() {
            // Every bond once, at the first of its sites.
            let later = |&(neighbour, _): &(u32, i32)| neighbour as usize > site;
            for (neighbour, weight) in rules.adjacency.bonds_of(site).filter(later) {
                let others = &self.spins[neighbour as usize * count..][..count];
                for ((sum, &spin), &other) in of_bonds.iter_mut().zip(spins).zip(others) {
                    *sum += weight * i32::from(of_bond(spin, other));
                }
            }
            for (sum, &spin) in of_spins.iter_mut().zip(spins) {
                *sum += rules.adjacency.site_weight(site) * i32::from(of_spin(spin));
            }
        }
    }

    pub(super) fn count(&self) -> usize {
        self.betas.len()
    }

    /// `[replicas]`.
    pub(super) fn betas(&self) -> &[f32] {
        &self.betas
    }

    /// Spins of all replicas, `[replica][site]`.
    pub(super) fn configurations(&self) -> Vec<i8> {
        let mut spins = vec![0; self.spins.len()];
        transpose(&self.spins, self.count(), &mut spins, |spin| spin);
        spins
    }

    /// Takes spins of all replicas, `[replica][site]`.
    pub(super) fn set_configurations(&mut self, spins: &[i8]) {
        transpose(spins, self.is_joined.len(), &mut self.spins, |spin| spin);
    }

    /// The place in the ladder of one replica, from 0 at the highest temperature to 1: it tells how long replicas take from one end to the other.
    pub(super) fn place(&self) -> f64 {
        let [ladder, _] = &self.order;
        let place = ladder.iter().position(|&replica| replica == 0).unwrap_or_default();
        place as f64 / (ladder.len() - 1) as f64
    }

    /// Copies the spins of the replica at the ensemble's temperature.
    pub(super) fn copy_coldest(&self, spins: &mut [i8]) {
        let count = self.count();
        let coldest = self.order[0][count / 2 - 1];
        spins
            .iter_mut()
            .zip(self.spins.chunks_exact(count))
            .for_each(|(spin, of_site)| *spin = of_site[coldest]);
    }
}

/// The colours that numbers in [0, 1) draw. `energies` `[colours]`, those gained by every colour, are overwritten.
#[inline(always)]
fn draw_colours(energies: &mut [[f32; LANES]], betas: &[f32; LANES], numbers: &[f32; LANES]) -> [i8; LANES] {
    let mut largest = [f32::NEG_INFINITY; LANES];
    for energies in &*energies {
        for (largest, &energy) in largest.iter_mut().zip(energies) {
            *largest = if energy > *largest { energy } else { *largest };
        }
    }
    let mut left = [0.0; LANES];
    for energies in &mut *energies {
        for lane in 0..LANES {
            energies[lane] = (betas[lane] * (energies[lane] - largest[lane])).exp_minus_abs();
            left[lane] += energies[lane];
        }
    }
    for lane in 0..LANES {
        left[lane] *= numbers[lane];
    }
    let mut colours = [0; LANES];
    for weights in &energies[..energies.len() - 1] {
        for lane in 0..LANES {
            left[lane] -= weights[lane];
            colours[lane] += i8::from(left[lane] >= 0.0);
        }
    }
    colours
}
