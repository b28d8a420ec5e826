//! The hierarchy as data: levels of equal blocks given by index tables.
//!
//! A configuration is fixed level by level. All blocks of a level are translations of one another: each is conditioned
//! on its *border* (sites fixed by earlier levels) and fixes its *own* sites. Kernels of nets see only
//! these tables. `square.rs`, `bisection.rs` and `flat.rs` make them for a lattice; `weighted.rs` gives them the couplings of single bonds.

mod bisection;
mod check;
mod cut;
mod features;
mod flat;
mod layers;
mod square;
mod weighted;

pub use check::check;
pub use cut::Cut;
use features::Neighbours;
pub use features::{PATH_LENGTHS, PathPairs};
pub use flat::SiteOrder;
pub use layers::Layers;

/// A bond inside a block, in local indices: `0..border` are border sites, `border..border + own` are own sites.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bond {
    /// The end fixed first: a border site, or an own site that comes earlier.
    pub earlier: u32,
    /// The end fixed last: always an own site. The block that owns it owns the bond.
    pub later: u32,
}

/// One level: `blocks` equal blocks per configuration.
#[derive(Debug, Clone)]
pub struct Level {
    /// `boundary`; `square` or `box` for the levels below; `lattice` where one block fixes everything.
    pub name: &'static str,
    /// Lengths along every axis of the box that a block lives in, with one plane of its border; those of the lattice for the
    /// boundary.
    pub extent: Vec<u32>,
    /// Its number in the tree: its own index, but where blocks of one level are levels of their own.
    pub tree_level: usize,
    /// Blocks per configuration.
    pub blocks: usize,
    /// How often a net sees every block: 2 where its density is a mean over a configuration and its mirror image, which come as blocks of
    /// their own behind the others.
    pub images: usize,
    /// Conditioning sites per block.
    pub border: usize,
    /// Sites that a block fixes, in the order in which it fixes them.
    pub own: usize,
    /// `[blocks][border + own]`: lattice sites of every block, border first.
    pub sites: Vec<u32>,
    /// Owned bonds, the same for every block.
    pub bonds: Vec<Bond>,
    /// `[blocks][bonds]`: weights of owned bonds ([`Weights`](crate::lattice::Weights)); none where all are 1.
    pub bond_weights: Vec<i32>,
    /// `[blocks][own]`: weights of own sites; none where all are 1.
    pub site_weights: Vec<i32>,
    /// Pairs of border sites by the length of shortest paths between them through the inside, [`PATH_LENGTHS`]: control variates
    /// of rewards.
    pub path_pairs: Vec<PathPairs>,
    /// `[own][axes]`, where blocks are whole insides of boxes ([`Layers`] of them, own sites in their order) and empty elsewhere:
    /// the neighbours of every own site before and after it, across layers first, along rows last.
    pub neighbours: Vec<[u32; 2]>,
    /// Blocks that hang directly on one block (0 at the last level).
    pub children_per_block: usize,
    /// `[blocks][children_per_block]`: those blocks, counted from the first block behind this level: in that of the next level, but where
    /// blocks are levels of their own.
    pub children: Vec<u32>,
}

/// `boundary of side 16`, `box of 4 x 8`.
impl std::fmt::Display for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &*self.extent {
            [first, rest @ ..] if rest.iter().all(|length| length == first) => {
                write!(f, "{} of side {first}", self.name)
            }
            extent => {
                let lengths: Vec<String> = extent.iter().map(u32::to_string).collect();
                write!(f, "{} of {}", self.name, lengths.join(" x "))
            }
        }
    }
}

impl Level {
    /// Conditioning and own sites per block: the inputs of its conditional.
    pub fn inputs(&self) -> usize {
        self.border + self.own
    }

    /// Blocks as a net sees them, images included.
    pub fn net_blocks(&self) -> usize {
        self.blocks * self.images
    }

    /// All sites of one block, border first; those of an image are its block's.
    pub fn block_sites(&self, block: usize) -> &[u32] {
        let block = if block < self.blocks { block } else { block % self.blocks };
        &self.sites[block * self.inputs()..][..self.inputs()]
    }

    /// Whether bonds and sites have weights of their own.
    pub fn is_weighted(&self) -> bool {
        !self.bond_weights.is_empty()
    }

    /// Weight of an owned bond of a block, by its number in [`Level::bonds`].
    pub fn bond_weight(&self, block: usize, bond: usize) -> i32 {
        if self.is_weighted() { self.bond_weights[block * self.bonds.len() + bond] } else { 1 }
    }

    /// Weight of an own site of a block.
    pub fn site_weight(&self, block: usize, own: usize) -> i32 {
        if self.is_weighted() { self.site_weights[block * self.own + own] } else { 1 }
    }

    /// Blocks that hang on one block, counted from the first behind this level.
    pub fn block_children(&self, block: usize) -> &[u32] {
        &self.children[block * self.children_per_block..][..self.children_per_block]
    }
}

/// An ordered list of levels that fixes every site exactly once.
#[derive(Debug, Clone)]
pub struct Hierarchy {
    /// Sites of the lattice.
    pub sites: usize,
    /// Levels, from the boundary down.
    pub levels: Vec<Level>,
    /// Whether the blocks of the last level, given their borders, can be summed over exactly; they have no net then.
    pub has_bottom: bool,
}

impl Hierarchy {
    /// With the pairs of border sites of every level, from the bonds of the lattice.
    fn with_path_pairs(mut self, bonds: impl Iterator<Item = [u32; 2]>) -> Self {
        let neighbours = Neighbours::new(self.sites, bonds.map(|bond| (bond, 1)));
        let pairs: Vec<_> =
            (0..self.levels.len()).map(|level| self.path_pairs([level, 0], &neighbours)).collect();
        self.levels.iter_mut().zip(pairs).for_each(|(level, pairs)| level.path_pairs = pairs);
        self.levels.iter_mut().enumerate().for_each(|(k, level)| level.tree_level = k);
        self
    }

    /// Blocks of all levels before `level`, per configuration, images included.
    pub fn blocks_before(&self, level: usize) -> usize {
        self.levels[..level].iter().map(Level::net_blocks).sum()
    }

    /// Blocks of all levels, per configuration, images included.
    pub fn blocks(&self) -> usize {
        self.blocks_before(self.levels.len())
    }
}
