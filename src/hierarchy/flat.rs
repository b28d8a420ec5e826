//! No hierarchy: one block that fixes all sites, one after the other, each given those before it (arXiv:1809.10606).

use super::{Bond, Hierarchy, Level};
use crate::lattice::System;
use serde::{Deserialize, Serialize};

/// Orders in which a block without a hierarchy fixes its sites.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SiteOrder {
    /// That of their index.
    #[default]
    Index,
    /// Where all sites are neighbours: always next the site whose bonds to those left have the largest sum of squared couplings, of equal ones the first. A network of
    /// pairs is exact but for the couplings among the sites that are still to be drawn, and this order makes those weak early.
    Strongest,
}

impl SiteOrder {
    /// Every order.
    pub const ALL: [Self; 2] = [Self::Index, Self::Strongest];

    /// The name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::Strongest => "strongest",
        }
    }
}

impl Hierarchy {
    /// All sites of a system in an order, and nothing summed exactly. Any order but that of indices needs a system whose sites are all neighbours.
    pub fn flat(system: &System, order: SiteOrder) -> Self {
        let lattice = system.lattice;
        let bonds = lattice.bonds().map(|[a, b]| Bond { earlier: a.min(b), later: a.max(b) }).collect();
        let sites = match order {
            SiteOrder::Index => (0..lattice.sites() as u32).collect(),
            // Every pair is a bond, so that bonds between places in the order are the same whatever stands there.
            SiteOrder::Strongest => strongest_first(system),
        };
        let level = Level {
            name: "lattice",
            extent: lattice.shape().iter().map(|&length| length as u32).collect(),
            blocks: 1,
            tree_level: 0,
            images: 1,
            border: 0,
            own: lattice.sites(),
            sites,
            bonds,
            bond_weights: Vec::new(),
            site_weights: Vec::new(),
            path_pairs: Vec::new(),
            neighbours: Vec::new(),
            children_per_block: 0,
            children: Vec::new(),
        };
        Self { sites: lattice.sites(), levels: vec![level], has_bottom: false }
    }
}

/// Sites by [`SiteOrder::Strongest`].
fn strongest_first(system: &System) -> Vec<u32> {
    let sites = system.lattice.sites();
    // One coupling for all bonds counts as 1. Sums of squares fit, as sums of weights are below 2^31.
    let weights = system.weights.iter().flat_map(|weights| weights.bonds.iter().copied());
    let weights = weights.chain(std::iter::repeat(1));
    let mut squares = vec![0_u64; sites * sites];
    for ([a, b], weight) in system.lattice.bonds().zip(weights) {
        let square = u64::from(weight.unsigned_abs()).pow(2);
        squares[a as usize * sites + b as usize] = square;
        squares[b as usize * sites + a as usize] = square;
    }
    let mut left: Vec<u32> = (0..sites as u32).collect();
    let mut sums: Vec<u64> = squares.chunks(sites).map(|of_site| of_site.iter().sum()).collect();
    let mut order = Vec::with_capacity(sites);
    while !left.is_empty() {
        let strongest = (0..left.len()).rev().max_by_key(|&at| sums[left[at] as usize]).unwrap_or(0);
        let next = left.remove(strongest);
        for &site in &left {
            sums[site as usize] -= squares[next as usize * sites + site as usize];
        }
        order.push(next);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::{Interaction, Lattice};

    #[test]
    fn the_strongest_of_the_sites_left_comes_next_and_of_equal_ones_the_first() {
        let lattice = Lattice::complete(4).unwrap();
        // Bonds 01 02 03 12 13 23: sums of squares are 26, 11, 11, 26 at first; then 2, 10 and 10 of sites 1 to 3; then both are 1.
        let system = System::with_couplings(lattice, &[3.0, 1.0, -4.0, 1.0, 1.0, 3.0], &[0.0; 4]).unwrap();
        let level = &Hierarchy::flat(&system, SiteOrder::Strongest).levels[0];
        assert_eq!(level.sites, [0, 2, 1, 3]);
    }

    #[test]
    fn equal_couplings_leave_the_order_of_indices() {
        let interaction = Interaction { coupling: 0.3, field: 0.0 };
        let system = System::uniform(Lattice::complete(9).unwrap(), interaction);
        let level = &Hierarchy::flat(&system, SiteOrder::Strongest).levels[0];
        assert!(level.sites.iter().copied().eq(0..9));
    }
}
