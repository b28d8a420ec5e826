//! Single spins whose neighbours are all fixed: drawn exactly, or summed out.

use crate::lattice::Interaction;
use crate::schedule::RewardShift;

/// Neighbours of a spin on the square lattice.
pub const NEIGHBOURS: i32 = 4;

/// Sums that four neighbours can have.
pub const NEIGHBOUR_SUMS: [i32; 5] = [-4, -2, 0, 2, 4];

/// What rewards of spins are rounded to multiples of: they are added to rewards of up to 4 without a further rounding, which would be
/// the same in thousands of blocks.
pub const REWARD_QUANTUM: f64 = 1.0 / 4_194_304.0;

/// Reward `-ln(2 cosh(beta (J sum + H)))` of a spin by the sum over its neighbours, shifted.
pub fn heat_bath_reward(interaction: Interaction, beta: f64, shift: RewardShift, sum: i32) -> f64 {
    let x = beta * interaction.local_field(sum);
    // What is large cancels first.
    (shift.of(NEIGHBOURS as usize, 1) - x.abs()) - (-2.0 * x.abs()).exp().ln_1p()
}

/// ln q of a spin, -1 or +1, by the sum over its neighbours: `-ln(1 + exp(-2 beta (J sum + H) spin))`.
pub fn heat_bath_ln_q(interaction: Interaction, beta: f64, sum: i32, spin: i32) -> f64 {
    let logit = 2.0 * beta * interaction.local_field(sum) * f64::from(spin);
    logit.min(0.0) - (-logit.abs()).exp().ln_1p()
}
