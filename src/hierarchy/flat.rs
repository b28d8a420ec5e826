//! No hierarchy: one block that fixes all sites, row by row, each given those before it (arXiv:1809.10606).

use super::{Bond, Hierarchy, Level};
use crate::lattice::Lattice;

impl Hierarchy {
    /// All sites of a lattice in the order of their index, and nothing summed exactly.
    pub fn flat(lattice: Lattice) -> Self {
        let bonds = lattice.bonds().map(|[a, b]| Bond { earlier: a.min(b), later: a.max(b) }).collect();
        let level = Level {
            name: "lattice",
            extent: lattice.shape().iter().map(|&length| length as u32).collect(),
            blocks: 1,
            tree_level: 0,
            images: 1,
            border: 0,
            own: lattice.sites(),
            sites: (0..lattice.sites() as u32).collect(),
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
