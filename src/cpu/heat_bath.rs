//! What kernels of spins whose neighbours are all fixed share. Only five sums over four neighbours occur, so what depends on them is
//! computed once.

use super::Real;
use super::real::Around;
use crate::conditional::{Model, NEIGHBOUR_SUMS, NEIGHBOURS, heat_bath_ln_q};
use crate::random::spread;
use crate::schedule::Inputs;

/// Where a sum over the neighbours stands in [`NEIGHBOUR_SUMS`].
pub(super) fn neighbours_index(sum: i32) -> usize {
    ((sum + NEIGHBOURS) / 2) as usize
}

/// ln q of spins.
pub(super) struct LnQ<R> {
    /// By the sum over the neighbours, of a spin -1 and +1.
    of_sum: [[Around<R>; 2]; 5],
    first_configuration: u32,
}

impl<R: Real> LnQ<R> {
    pub(super) fn new(model: &Model, inputs: &Inputs) -> Self {
        let ln_q =
            |sum, spin| R::around(heat_bath_ln_q(model.system.interaction, inputs.beta, sum, spin), 0.0);
        let of_sum = NEIGHBOUR_SUMS.map(|sum| [-1, 1].map(|spin| ln_q(sum, spin)));
        Self { of_sum, first_configuration: inputs.first_configuration }
    }

    /// Of a block's spin in a configuration of the batch.
    pub(super) fn of(&self, block: usize, row: usize, sum: i32, spin: i8) -> R {
        let number = spread(block as u32, self.first_configuration.wrapping_add(row as u32));
        self.of_sum[neighbours_index(sum)][usize::from(spin > 0)].rounded(number)
    }
}
