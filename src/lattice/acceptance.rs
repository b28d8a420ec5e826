//! Thresholds of single-spin updates (Metropolis et al., J. Chem. Phys. 21, 1087, 1953); the kernel is `metropolis`.

use super::System;

/// Below this change of beta E only every second flip is tried, where neighbours are all alike: were nearly all flips accepted,
/// sweeps would turn whole sublattices over and back.
const HOT: f64 = 0.8;

/// Probabilities `min(1, exp(-beta dE))` (half of that where it is hot) to flip a spin with z neighbours, times 2^32 (`u32::MAX`:
/// always): at `(sum of neighbours + z) / 2`, plus `z + 1` for a spin up. Integers, so that all devices decide alike. All 0 where all sites are
/// neighbours: there are too many sums for a table, and no updates that use one.
pub fn acceptance(system: &System, beta: f64) -> [u32; 16] {
    let mut thresholds = [0; 16];
    if !system.lattice.is_spatial() {
        return thresholds;
    }
    let coordination = system.lattice.coordination();
    let (interaction, most) = (system.interaction, coordination as i32);
    let change = |neighbours: i32| 2.0 * beta * interaction.local_field(neighbours, 1).abs();
    let hot = change(most).min(change(-most)) < HOT;
    let tried = if hot { 0.5 } else { 1.0 };
    let sums = coordination + 1;
    for (at, threshold) in thresholds[..2 * sums].iter_mut().enumerate() {
        let spin = if at < sums { -1.0 } else { 1.0 };
        let difference = 2.0 * spin * interaction.local_field((at % sums) as i32 * 2 - most, 1);
        *threshold = ((-beta * difference).exp().min(1.0) * tried * 2.0_f64.powi(32)) as u32;
    }
    thresholds
}

#[cfg(test)]
mod tests {
    use super::super::{Interaction, Lattice};
    use super::*;

    #[test]
    fn acceptance_obeys_detailed_balance() {
        let interaction = Interaction { coupling: 0.7, field: -0.3 };
        for (lattice, sums) in [(Lattice::square(4), 5), (Lattice::triangular(4), 7)] {
            let system = System::uniform(lattice.unwrap(), interaction);
            let thresholds = acceptance(&system, 0.5);
            for neighbours in 0..sums {
                let [down, up] =
                    [0, sums].map(|state| f64::from(thresholds[neighbours + state]) * 2.0_f64.powi(-32));
                // p(up) / p(down) of a spin in its local field.
                let odds =
                    (2.0 * 0.5 * interaction.local_field((2 * neighbours + 1) as i32 - sums as i32, 1)).exp();
                // Thresholds are rounded to multiples of 2^-32.
                let rounding = 2.0_f64.powi(-31) / odds.min(1.0 / odds);
                assert!((down / up / odds - 1.0).abs() < rounding, "{neighbours}: {down} / {up}, {odds}");
            }
            assert!(acceptance(&system, 0.0)[..2 * sums].iter().all(|&threshold| threshold == 1 << 31));
        }
    }
}
