//! Tables that kernels of spins whose neighbours are all fixed share. Few sums over the neighbours occur, so what depends on them is
//! computed once.

use super::Real;
use super::real::Around;
use crate::conditional::{Model, NEIGHBOUR_SUMS, by_neighbours, heat_bath_ln_q};
use crate::kernels::Inputs;
use crate::random::spread;

/// How many of a spin's neighbours are up, from their sum.
pub(crate) fn neighbours_up(sum: i32, neighbours: usize) -> usize {
    (sum + neighbours as i32) as usize / 2
}

/// ln q of spins.
pub(crate) struct LnQ<R> {
    /// By how many neighbours are up, of a spin -1 and +1.
    of_neighbours: [[Around<R>; 2]; NEIGHBOUR_SUMS],
    neighbours: usize,
    first_configuration: u32,
}

impl<R: Real> LnQ<R> {
    pub(crate) fn new(model: &Model, inputs: &Inputs) -> Self {
        let system = &model.system;
        let ln_q = |sum, spin| R::around(heat_bath_ln_q(system, inputs.beta, sum, spin), 0.0);
        Self {
            of_neighbours: by_neighbours(system, |sum| [-1, 1].map(|spin| ln_q(sum, spin))),
            neighbours: system.lattice.coordination(),
            first_configuration: inputs.first_configuration,
        }
    }

    /// Of a block's spin in a configuration of the batch.
    pub(crate) fn of(&self, block: usize, row: usize, sum: i32, spin: i8) -> R {
        let number = spread(block as u32, self.first_configuration.wrapping_add(row as u32));
        self.of_neighbours[neighbours_up(sum, self.neighbours)][usize::from(spin > 0)].rounded(number)
    }
}
