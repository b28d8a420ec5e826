//! Single spins whose neighbours are all fixed: drawn exactly, or summed out.

use crate::kernels::RewardShift;
use crate::lattice::System;

/// Length of tables by how many neighbours are up, of which a spin has six at most.
pub const NEIGHBOUR_SUMS: usize = 7;

/// A table by the sum over a spin's neighbours, of which none, one, two, ... are up. What is beyond all neighbours is never looked at.
pub fn by_neighbours<T>(system: &System, of_sum: impl Fn(i32) -> T) -> [T; NEIGHBOUR_SUMS] {
    let neighbours = system.lattice.coordination() as i32;
    std::array::from_fn(|up| of_sum(2 * up as i32 - neighbours))
}

/// What rewards of spins are rounded to multiples of: they are added to rewards of up to 4 without a further rounding, which would be
/// the same in thousands of blocks.
pub const REWARD_QUANTUM: f64 = 1.0 / 4_194_304.0;

/// Reward `-ln(2 cosh(beta (J sum + H)))` of a spin by the sum over its neighbours, shifted.
pub fn heat_bath_reward(system: &System, beta: f64, shift: RewardShift, sum: i32) -> f64 {
    let x = beta * system.interaction.local_field(sum);
    // What is large cancels first.
    (shift.of(system.lattice.coordination(), 1) - x.abs()) - (-2.0 * x.abs()).exp().ln_1p()
}

/// ln q of a spin, -1 or +1, by the sum over its neighbours: `-ln(1 + exp(-2 beta (J sum + H) spin))`.
pub fn heat_bath_ln_q(system: &System, beta: f64, sum: i32, spin: i32) -> f64 {
    let logit = 2.0 * beta * system.interaction.local_field(sum) * f64::from(spin);
    logit.min(0.0) - (-logit.abs()).exp().ln_1p()
}
