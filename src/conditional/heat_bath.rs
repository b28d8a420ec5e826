//! Single spins whose neighbours are all fixed: drawn exactly, or summed out.

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

/// Reward `-ln(2 cosh(beta h))` of a spin in a local field h, `J` times the sum of its neighbours plus `H`, shifted.
pub fn heat_bath_reward(beta_field: f64, shift: f64) -> f64 {
    // What is large cancels first.
    (shift - beta_field.abs()) - (-2.0 * beta_field.abs()).exp().ln_1p()
}

/// ln q of a spin, -1 or +1, in a local field h: `-ln(1 + exp(-2 beta h spin))`.
pub fn heat_bath_ln_q(beta_field: f64, spin: i32) -> f64 {
    let logit = 2.0 * beta_field * f64::from(spin);
    logit.min(0.0) - (-logit.abs()).exp().ln_1p()
}
