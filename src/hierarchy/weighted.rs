//! Hierarchies of systems whose bonds and sites have weights of their own: no two blocks have the same distribution.

use super::features::Neighbours;
use super::{Bond, Hierarchy, Level};
use crate::lattice::{System, Weights};
use std::collections::HashMap;

impl Hierarchy {
    /// The hierarchy with the weights of a system; unchanged where there are none.
    ///
    /// A block that a net fixes becomes a level of its own, in the order of blocks: it has a net of its own, and control variates too. So
    /// kernels know nothing of nets that differ from block to block. Blocks at the bottom, which have no net, stay together.
    pub fn weighted(mut self, system: &System) -> Self {
        let Some(weights) = &system.weights else { return self };
        let signs = weights.bonds.iter().map(|weight| weight.signum());
        let neighbours = Neighbours::new(self.sites, system.lattice.bonds().zip(signs));
        let of_bonds = bond_weights(system, weights);
        let mut levels = Vec::new();
        for k in 0..self.levels.len() {
            let is_bottom = self.has_bottom && k + 1 == self.levels.len();
            let parts = if is_bottom { 1 } else { self.levels[k].blocks };
            for part in 0..parts {
                let mut level = self.levels[k].part(part, parts);
                level.set_weights(&of_bonds, weights);
                level.tree_level = k;
                if !is_bottom {
                    level.path_pairs = self.path_pairs([k, part], &neighbours);
                }
                levels.push(level);
            }
        }
        self.levels = levels;
        self
    }
}

/// Weights by the sites of bonds, the smaller first.
fn bond_weights(system: &System, weights: &Weights) -> HashMap<[u32; 2], i32> {
    let ends = system.lattice.bonds().map(|[a, b]| [a.min(b), a.max(b)]);
    ends.zip(weights.bonds.iter().copied()).collect()
}

impl Level {
    /// One of equal parts of its blocks, as a level of its own.
    fn part(&self, part: usize, parts: usize) -> Self {
        let blocks = self.blocks / parts;
        let of_part = |per_block: usize| part * blocks * per_block..(part + 1) * blocks * per_block;
        // Blocks of further parts stand between a part and the next level.
        let between = (self.blocks - (part + 1) * blocks) as u32;
        let children = &self.children[of_part(self.children_per_block)];
        Self {
            blocks,
            sites: self.sites[of_part(self.inputs())].to_vec(),
            children: children.iter().map(|child| child + between).collect(),
            ..self.clone()
        }
    }

    /// Weights of the bonds of a block that is the inside of a box, `[own][axes]`: to the neighbours of every own site before and after it, as
    /// in [`Level::neighbours`]; 0 to own sites after it, which own that bond.
    pub fn neighbour_weights(&self, block: usize) -> Vec<[i32; 2]> {
        let ends = self.bonds.iter().map(|bond| (bond.earlier, bond.later));
        let numbers: HashMap<_, usize> = ends.zip(0..).collect();
        let axes = self.neighbours.len() / self.own;
        let of_site = |(at, neighbours): (usize, &[u32; 2])| {
            let site = (self.border + at / axes) as u32;
            neighbours
                .map(|other| numbers.get(&(other, site)).map_or(0, |&bond| self.bond_weight(block, bond)))
        };
        self.neighbours.iter().enumerate().map(of_site).collect()
    }

    fn set_weights(&mut self, of_bonds: &HashMap<[u32; 2], i32>, weights: &Weights) {
        let (mut bonds, mut sites) = (Vec::new(), Vec::new());
        for block in 0..self.blocks {
            let here = self.block_sites(block);
            let weight = |bond: &Bond| {
                let [a, b] = [here[bond.earlier as usize], here[bond.later as usize]];
                of_bonds[&[a.min(b), a.max(b)]]
            };
            bonds.extend(self.bonds.iter().map(weight));
            sites.extend(here[self.border..].iter().map(|&site| weights.sites[site as usize]));
        }
        (self.bond_weights, self.site_weights) = (bonds, sites);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hierarchy::check;
    use crate::lattice::{Lattice, LatticeKind};

    /// A system whose weights tell every bond and site from all others.
    fn system(kind: LatticeKind, side: u32) -> System {
        let lattice = Lattice::new(kind, side).unwrap();
        let numbers = |count: usize| (1..=count).map(|number| number as f64 / 64.0).collect::<Vec<_>>();
        System::with_couplings(lattice, &numbers(lattice.bonds().count()), &numbers(lattice.sites())).unwrap()
    }

    #[test]
    fn every_block_with_a_net_is_a_level_and_every_weight_is_owned_once() {
        for (kind, side, bottom) in [
            (LatticeKind::Square, 16, 4),
            (LatticeKind::Square, 8, 2),
            (LatticeKind::Triangular, 8, 2),
            (LatticeKind::Cubic, 8, 4),
        ] {
            let system = system(kind, side);
            let lattice = system.lattice;
            let uniform = match kind {
                LatticeKind::Square => Hierarchy::square(lattice, bottom),
                _ => Hierarchy::bisection(lattice, &vec![bottom; lattice.dimensions()]),
            };
            let blocks = uniform.blocks();
            let hierarchy = uniform.weighted(&system);
            check(&hierarchy, &lattice.bonds().collect::<Vec<_>>()).unwrap();
            assert_eq!(hierarchy.blocks(), blocks);
            let (bottom, nets) = hierarchy.levels.split_last().unwrap();
            assert!(nets.iter().all(|level| level.blocks == 1) && bottom.blocks > 1, "{kind:?}");
            let weights = system.weights.unwrap();
            let sorted = |mut all: Vec<i32>| {
                all.sort_unstable();
                all
            };
            let of_levels = |of: fn(&Level) -> &[i32]| {
                sorted(hierarchy.levels.iter().flat_map(|level| of(level).to_vec()).collect())
            };
            assert_eq!(of_levels(|level| &level.bond_weights), weights.bonds);
            assert_eq!(of_levels(|level| &level.site_weights), weights.sites);
        }
    }

    #[test]
    fn paths_count_with_the_signs_of_their_bonds() {
        let lattice = Lattice::square(16).unwrap();
        let with = |sign: f64| {
            let couplings = vec![sign; lattice.bonds().count()];
            let system = System::with_couplings(lattice, &couplings, &vec![0.0; lattice.sites()]).unwrap();
            Hierarchy::square(lattice, 8).weighted(&system)
        };
        let uniform = Hierarchy::square(lattice, 8);
        let [ferro, antiferro] = [1.0, -1.0].map(with);
        // The first levels have one block anyway.
        for (level, pairs) in uniform.levels[..2].iter().zip(&ferro.levels) {
            assert_eq!(level.path_pairs, pairs.path_pairs);
        }
        let paths = |hierarchy: &Hierarchy, length: usize| hierarchy.levels[1].path_pairs[length].paths();
        // Paths of even lengths have an even number of bonds J < 0.
        assert_eq!(paths(&antiferro, 0), paths(&ferro, 0));
        assert_eq!(paths(&antiferro, 1), -paths(&ferro, 1));
    }
}
