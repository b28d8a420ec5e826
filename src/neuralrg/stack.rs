//! Which sites a flow mixes, in which order: the multiscale entanglement renormalisation ansatz (G. Vidal, Phys. Rev. Lett. 99, 220405, 2007).

use crate::error::{Error, Result};
use crate::lattice::Lattice;
use serde::{Deserialize, Serialize};

/// Largest side.
const MOST_SIDE: u32 = 64;
/// Most blocks of a scale.
const MOST_REPEAT: usize = 16;

/// Which of its parts a stack has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Parts {
    /// At every scale disentanglers, then decimators.
    Both,
    /// Layers on the finest scale alone, as many as a whole stack has, shifted against each other: numbers of sites further apart than there are layers stay independent.
    Disentanglers,
    /// One layer at every scale: a tree.
    Decimators,
}

impl Parts {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Both, Self::Disentanglers, Self::Decimators];

    /// The name, as in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::Disentanglers => "disentanglers",
            Self::Decimators => "decimators",
        }
    }
}

/// The blocks of a flow from the field to independent numbers, finest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stack {
    side: usize,
    scales: usize,
    parts: Parts,
    blocks: Vec<Vec<[u32; 4]>>,
}

impl Stack {
    /// The stack on a square lattice: at scale k the patches `2^(k+1) (i, j) + {0, 2^k}^2`, then the same shifted by `(2^k, 2^k)`, `repeat` times. Without a number of scales,
    /// there are as many as the lattice has.
    ///
    /// # Errors
    /// When the side is not a power of two from 2 to 64, it has fewer scales, or `repeat` is not in 1 to 16.
    pub fn new(size: u32, parts: Parts, scales: Option<usize>, repeat: usize) -> Result<Self> {
        if !size.is_power_of_two() || !(2..=MOST_SIDE).contains(&size) {
            return Err(Error::setting(
                "size",
                size,
                format!("it must be a power of two in 2 to {MOST_SIDE}"),
            ));
        }
        let most = size.ilog2() as usize;
        let scales = scales.unwrap_or(most);
        if !(1..=most).contains(&scales) {
            return Err(Error::setting("scales", scales, format!("size {size} has 1 to {most}")));
        }
        if !(1..=MOST_REPEAT).contains(&repeat) {
            return Err(Error::setting("repeat", repeat, format!("it must lie in 1 to {MOST_REPEAT}")));
        }
        let lattice = Lattice::square(size)?;
        let layers = |scale: u32| match parts {
            Parts::Both => [(scale, 0), (scale, 1 << scale)].repeat(repeat),
            Parts::Disentanglers => [(0, 0), (0, 1)].repeat(repeat),
            Parts::Decimators => vec![(scale, 1 << scale); repeat],
        };
        let blocks =
            (0..scales as u32).flat_map(layers).map(|(scale, offset)| patches(lattice, scale, offset));
        Ok(Self { side: size as usize, scales, parts, blocks: blocks.collect() })
    }

    /// Scales that the stack has.
    pub fn scales(&self) -> usize {
        self.scales
    }

    /// The first block of a scale; those from it on mix the sites whose row and column are multiples of `2^scale`, and no others.
    pub fn first_block(&self, scale: usize) -> usize {
        scale * self.blocks.len() / self.scales
    }

    /// The sites that a scale mixes, row by row.
    pub fn sites_of_scale(&self, scale: usize) -> Vec<usize> {
        let step = match self.parts {
            Parts::Disentanglers => 1,
            Parts::Both | Parts::Decimators => 1 << scale,
        };
        let lines = || (0..self.side).step_by(step);
        lines().flat_map(|row| lines().map(move |column| row * self.side + column)).collect()
    }

    /// Number of sites.
    pub fn sites(&self) -> usize {
        self.side * self.side
    }

    /// Sites of every patch of every block, from the field to the independent numbers. All patches of a block share its parameters.
    pub fn blocks(&self) -> &[Vec<[u32; 4]>] {
        &self.blocks
    }

    /// The scale at which the number of a site is mixed last; what goes on to the next are the sites whose row and column are multiples of `2^(k+1)`.
    pub fn scale(&self, site: usize) -> usize {
        let zeros = ((site / self.side) | (site % self.side)).trailing_zeros() as usize;
        match self.parts {
            Parts::Disentanglers => 0,
            Parts::Both | Parts::Decimators => zeros.min(self.scales - 1),
        }
    }
}

/// The patches of a layer, row by row.
fn patches(lattice: Lattice, scale: u32, offset: u32) -> Vec<[u32; 4]> {
    let (stride, distance) = (2 << scale, 1 << scale);
    let count = lattice.side() / stride;
    let of_patch = |patch: u32| {
        let [row, column] = [patch / count, patch % count].map(|at| offset + stride * at);
        let corner =
            |[down, right]: [u32; 2]| lattice.site([0, row + distance * down, column + distance * right]);
        [[0, 0], [0, 1], [1, 0], [1, 1]].map(corner)
    };
    (0..count * count).map(of_patch).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_alternate_between_offsets_and_patches_grow_by_scale() {
        let stack = Stack::new(4, Parts::Both, None, 1).unwrap();
        let first: Vec<[u32; 4]> = stack.blocks().iter().map(|patches| patches[0]).collect();
        assert_eq!(first, [[0, 1, 4, 5], [5, 6, 9, 10], [0, 2, 8, 10], [10, 8, 2, 0]]);
        assert_eq!(stack.blocks().iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 1, 1]);
        // The last patch of the shifted layer goes round the torus.
        assert_eq!(stack.blocks()[1][3], [15, 12, 3, 0]);
    }

    #[test]
    fn every_site_of_a_scale_is_in_one_patch_of_a_layer_and_none_is_mixed_later_than_told() {
        for (size, parts, scales, repeat) in [
            (2, Parts::Both, None, 1),
            (16, Parts::Both, None, 2),
            (16, Parts::Both, Some(2), 1),
            (8, Parts::Decimators, None, 1),
            (8, Parts::Disentanglers, Some(2), 3),
        ] {
            let stack = Stack::new(size, parts, scales, repeat).unwrap();
            let mut last = vec![0; stack.sites()];
            for (number, patches) in stack.blocks().iter().enumerate() {
                let layers = if parts == Parts::Decimators { repeat } else { 2 * repeat };
                let scale = if parts == Parts::Disentanglers { 0 } else { number / layers };
                let mut sites: Vec<u32> = patches.concat();
                sites.sort_unstable();
                let is_active =
                    |site: &u32| [site / size, site % size].iter().all(|at| at % (1 << scale) == 0);
                assert_eq!(sites, (0..size * size).filter(is_active).collect::<Vec<_>>(), "{stack:?}");
                sites.iter().for_each(|&site| last[site as usize] = scale);
            }
            let told: Vec<usize> = (0..stack.sites()).map(|site| stack.scale(site)).collect();
            assert_eq!(told, last, "{size}, {parts:?}");
        }
    }

    #[test]
    fn sizes_that_do_not_halve_are_refused() {
        for (size, scales, repeat) in
            [(6, None, 1), (128, None, 1), (8, Some(4), 1), (8, Some(0), 1), (8, None, 0)]
        {
            assert!(Stack::new(size, Parts::Both, scales, repeat).is_err(), "{size}, {scales:?}, {repeat}");
        }
    }
}
