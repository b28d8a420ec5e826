//! Single spins whose neighbours are all fixed: drawn exactly, or summed out.

use crate::lattice::{Interaction, System};

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
    // The large numbers, shift and field, cancel first.
    (shift - beta_field.abs()) - (-2.0 * beta_field.abs()).exp().ln_1p()
}

/// ln q of a spin, -1 or +1, in a local field h: `-ln(1 + exp(-2 beta h spin))`.
pub fn heat_bath_ln_q(beta_field: f64, spin: i32) -> f64 {
    let logit = 2.0 * beta_field * f64::from(spin);
    logit.min(0.0) - (-logit.abs()).exp().ln_1p()
}

/// Boltzmann factors of the colours of a Potts spin by how many neighbours less than the best colour has they have, or more where J < 0: of other colours than 0, and of
/// colour 0 with the field. The largest of a field is 1.
pub fn colour_weights(system: &System, beta: f64) -> [[f32; 2]; NEIGHBOUR_SUMS] {
    let Interaction { coupling, field } = system.interaction;
    let field = beta * field;
    std::array::from_fn(|less| {
        let energy = -beta * coupling.abs() * less as f64;
        [energy - field.max(0.0), energy + field.min(0.0)].map(|energy| energy.exp() as f32)
    })
}
