//! Single spins whose neighbours are all fixed, summed out.

use crate::lattice::Interaction;

/// Reward `-ln(2 cosh(beta (J sum + H)))` of a spin by the sum over its neighbours, shifted by `reward_per_site`.
pub fn heat_bath_reward(interaction: Interaction, beta: f64, reward_per_site: f32, sum: i32) -> f64 {
    let x = beta * interaction.local_field(sum);
    let ln_2cosh = x.abs() + (-2.0 * x.abs()).exp().ln_1p();
    f64::from(reward_per_site) - ln_2cosh
}
