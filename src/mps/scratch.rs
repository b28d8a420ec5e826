//! The part of its memory that a GPU needs for boxes of a tensor network, and how much of it a workgroup gets.

use super::environment::{Bonds, sketch};
use crate::conditional::{Conditional, Model};
use crate::hierarchy::Layers;
use crate::kernels::LANES;

/// Numbers of the environments of all rows of a box up to which they are kept together; of larger boxes a part is made at a time, once more.
const KEPT: usize = 1 << 16;
/// Most numbers of all workgroups together: 128 MiB, the least that WebGPU promises to bind at once.
const MOST: usize = 1 << 25;
/// Most states of a bond whose matrices have room in the memory of a workgroup.
pub(crate) const MOST_STATES_ON_GPU: usize = 16;

/// The numbers that a workgroup keeps of the box that it works on. Twin of the constants in `shaders/shared/tensor/environment.wgsl`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scratch {
    /// The inside of a box: rows, and sites of a row.
    pub(crate) layers: Layers,
    /// States of a bond.
    pub(crate) states: usize,
    /// Rows whose environments are kept together.
    pub(crate) kept: usize,
}

impl Scratch {
    /// The scratch of a workgroup for boxes at a bond dimension.
    pub(crate) fn new(layers: Layers, bond_dimension: usize) -> Self {
        let states = Bonds::new(layers.bits, bond_dimension).most();
        let rows = layers.layers;
        let kept = if rows * of_row(layers, states) <= KEPT { rows } else { rows.isqrt() + 1 };
        Self { layers, states, kept }
    }

    /// The scratch of a workgroup for a level of a model, if a tensor network draws its boxes.
    pub(crate) fn of_level(model: &Model, conditional: &Conditional) -> Option<Self> {
        let layers = model.options.tensor_box(model.system.lattice);
        Some(Self::new(layers, conditional.bond_dimension()?))
    }

    /// Numbers of a workgroup: environments of the rows that are kept and of the last rows of all parts, products of the random vectors with the sites
    /// from one on, and sums over these.
    pub(crate) fn words(self) -> usize {
        let rows = self.kept + self.layers.layers.div_ceil(self.kept) + 1;
        rows * of_row(self.layers, self.states) + (self.layers.bits + 1) * 2 * self.states
    }

    /// Workgroups that share so many boxes.
    pub(crate) fn workers(self, boxes: usize) -> usize {
        boxes.min((MOST / self.words()).max(1))
    }

    /// Turns of all loops of a lane, for so many boxes.
    pub(crate) fn turns(self, boxes: usize) -> usize {
        let Self { layers, states, kept } = self;
        let [one, two] = [1, 2].map(|spins| (spins * states * states).div_ceil(LANES));
        let sharing = LANES / states.next_power_of_two();
        let of_reflection = 1 + 2 * (2 * states).div_ceil(sharing) + sharing.div_ceil(2);
        let of_environment = (2 * one + two) * (states + 1) + 2 * (one + two) + 2 * states * of_reflection;
        let times = if kept < layers.layers { 2 } else { 1 };
        let of_site = times * of_environment + 8 * (states + 1);
        boxes.div_ceil(self.workers(boxes)) * layers.sites() * of_site
    }

    /// `[columns][spin][states]`: the random vectors.
    pub(crate) fn sketch(self) -> Vec<f32> {
        let sites = sketch(self.layers.bits, self.states);
        sites.into_iter().flatten().flatten().map(|number| number as f32).collect()
    }
}

/// Numbers of the tensors of a row, each of all states.
fn of_row(layers: Layers, states: usize) -> usize {
    layers.bits * 2 * states * states
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workgroups_are_many_for_small_boxes_and_fit_for_large_ones() {
        for (side, states, least) in [(8, 8, 1000), (16, 8, 1000), (32, 8, 500), (128, 8, 50), (128, 16, 10)]
        {
            let scratch = Scratch::new(Layers::of(&[side, side]), states);
            let workers = scratch.workers(4096);
            assert!(workers >= least, "{side}, {states}: {workers}");
            assert!(workers * scratch.words() <= MOST, "{side}, {states}");
            assert_eq!(scratch.sketch().len(), (side as usize - 1) * 2 * scratch.states);
        }
        assert_eq!(Scratch::new(Layers::of(&[8, 8]), 8).workers(3), 3);
    }
}
