//! Single-spin updates (Metropolis et al., J. Chem. Phys. 21, 1087, 1953) on a checkerboard; the kernels are `metropolis`.

use crate::lattice::Interaction;

/// Below this change of beta E only every second flip is tried, where neighbours are all alike: were nearly all flips accepted,
/// sweeps would turn whole sublattices over and back.
const HOT: f64 = 0.8;

/// Probabilities `min(1, exp(-beta dE))` (half of that where it is hot) to flip a spin, times 2^32 (`u32::MAX`: always): at `(neighbours + 4) / 2`,
/// plus 5 for a spin up. Integers, so that all devices decide alike.
pub fn acceptance(interaction: Interaction, beta: f64) -> [u32; 12] {
    let mut thresholds = [0; 12];
    let change = |neighbours: i32| 2.0 * beta * interaction.local_field(neighbours).abs();
    let hot = change(4).min(change(-4)) < HOT;
    let tried = if hot { 0.5 } else { 1.0 };
    for (at, threshold) in thresholds[..10].iter_mut().enumerate() {
        let spin = if at < 5 { -1.0 } else { 1.0 };
        let difference = 2.0 * spin * interaction.local_field((at % 5) as i32 * 2 - 4);
        *threshold = ((-beta * difference).exp().min(1.0) * tried * 2.0_f64.powi(32)) as u32;
    }
    thresholds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acceptance_obeys_detailed_balance() {
        let interaction = Interaction { coupling: 0.7, field: -0.3 };
        let thresholds = acceptance(interaction, 0.5);
        for neighbours in 0..5 {
            let [down, up] =
                [0, 5].map(|state| f64::from(thresholds[neighbours + state]) * 2.0_f64.powi(-32));
            // p(up) / p(down) of a spin in its local field.
            let odds = (2.0 * 0.5 * interaction.local_field(2 * neighbours as i32 - 4)).exp();
            assert!((down / up / odds - 1.0).abs() < 1e-8, "{neighbours}: {down} / {up}, {odds}");
        }
        assert_eq!(acceptance(interaction, 0.0)[..10], [1 << 31; 10]);
    }
}
