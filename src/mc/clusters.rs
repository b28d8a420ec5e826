//! Cluster updates of a chain. Spins of the cluster at hand are doubled, so that one look at a neighbour tells both whether its
//! bond is satisfied and whether it is outside.

use super::rules::Rules;
use super::walk::Walk;
use rand::RngExt;

/// `J s s'` in units of |J| of a spin of the cluster, 2 in size, and a neighbour outside, 1 in size, if their bond is satisfied.
const SATISFIED_OUTSIDE: i8 = 2;

impl Walk {
    /// Builds one Wolff cluster and flips it, unless it is tied to the field. Returns the number of its sites.
    pub(super) fn wolff_cluster(&mut self, rules: &Rules) -> usize {
        let first = self.stream.random_range(0..self.spins.len() as u32);
        // A tied cluster will not be flipped, however far it would reach.
        let is_tied = self.grow(rules, first, |is_tied| !is_tied);
        self.release(!is_tied)
    }

    /// Builds all clusters, and flips each that is not tied to the field with probability 1/2.
    pub(super) fn swendsen_wang_sweep(&mut self, rules: &Rules) {
        for first in 0..self.spins.len() as u32 {
            // Doubled spins are in a cluster already, also where it has been flipped.
            if self.spins[first as usize].abs() == 1 {
                let is_tied = self.grow(rules, first, |_| true);
                let flips = self.stream.random_bool(0.5) && !is_tied;
                for &site in self.cluster.iter().filter(|_| flips) {
                    self.spins[site as usize] *= -1;
                }
                self.cluster.clear();
            }
        }
        self.spins.iter_mut().for_each(|spin| *spin /= 2);
    }

    /// Takes sites into the cluster that open bonds reach from one, as long as it `goes_on` given whether a spin is tied to the field;
    /// whether one is.
    fn grow(&mut self, rules: &Rules, first: u32, goes_on: impl Fn(bool) -> bool) -> bool {
        let mut is_tied = self.join_or_tie(rules, first);
        let mut next = 0;
        while let Some(&site) = self.cluster.get(next).filter(|_| goes_on(is_tied)) {
            next += 1;
            let spin = self.spins[site as usize];
            for &neighbour in rules.neighbours(site) {
                let open = rules.coupling * spin * self.spins[neighbour as usize] == SATISFIED_OUTSIDE;
                if open && self.chance(rules.bond) {
                    is_tied |= self.join_or_tie(rules, neighbour);
                }
            }
        }
        is_tied
    }

    /// Builds one geometric cluster: the lattice is inverted at a random point, and sites of the cluster
    /// exchange their spins with their images. The magnetisation stays as it is, and so does the energy in a uniform field.
    pub(super) fn geometric_cluster(&mut self, rules: &Rules) {
        let lattice = rules.ensemble.system.lattice;
        let side = lattice.side();
        let sites = self.spins.len() as u32;
        let mut centre = [0; 3];
        lattice.axes().for_each(|axis| centre[axis] = self.stream.random_range(0..side));
        let image = |site: u32| {
            let place = lattice.place(site);
            lattice.site(std::array::from_fn(|axis| centre[axis] + side - place[axis]))
        };
        // Pairs of equal spins change nothing: only pairs of opposite ones are exchanged, which flips both.
        let first = self.stream.random_range(0..sites);
        let opposite = |spins: &[i8], site: u32| spins[site as usize] != spins[image(site) as usize];
        if opposite(&self.spins, first) {
            self.join(first);
            self.join(image(first));
        }
        let mut next = 0;
        while let Some(&site) = self.cluster.get(next) {
            // Of both sites of a pair, the first one sees all bonds: those of the other one are their images.
            next += 2;
            let spin = self.spins[site as usize];
            for &neighbour in rules.neighbours(site) {
                let open = rules.coupling * spin * self.spins[neighbour as usize] == SATISFIED_OUTSIDE;
                if open && opposite(&self.spins, neighbour) && self.chance(rules.pair) {
                    self.join(neighbour);
                    self.join(image(neighbour));
                }
            }
        }
        self.release(true);
    }

    fn join(&mut self, site: u32) {
        self.spins[site as usize] *= 2;
        self.cluster.push(site);
    }

    /// Takes a site into the cluster; whether its spin is tied to the field.
    fn join_or_tie(&mut self, rules: &Rules, site: u32) -> bool {
        self.join(site);
        rules.field * self.spins[site as usize] > 0 && self.chance(rules.ghost)
    }

    /// Dissolves the cluster, flipped or not, and returns the number of its sites.
    fn release(&mut self, flip: bool) -> usize {
        for &site in &self.cluster {
            let spin = self.spins[site as usize] / 2;
            self.spins[site as usize] = if flip { -spin } else { spin };
        }
        let count = self.cluster.len();
        self.cluster.clear();
        count
    }
}
