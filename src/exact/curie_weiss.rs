//! Sites that are all neighbours, with one coupling and one field: the energy depends on the number of spins up alone (P. Curie, 1895; P. Weiss, 1907).

use super::Exact;
use crate::lattice::System;

/// ln Z, energy and specific heat by a sum over the number of spins up.
pub(super) fn solve(system: &System, beta: f64) -> Exact {
    let sites = system.lattice.sites();
    let energy = |down: usize| {
        let sum = sites as i64 - 2 * down as i64;
        system.interaction.energy((sum * sum - sites as i64) / 2, sum)
    };
    // ln of the number of configurations, from one number of spins down to the next.
    let mut ln_count = 0.0;
    let mut states = Vec::with_capacity(sites + 1);
    for down in 0..=sites {
        states.push((ln_count - beta * energy(down), energy(down)));
        ln_count += ((sites - down) as f64 / (down + 1) as f64).ln();
    }
    let most = states.iter().map(|(ln_weight, _)| *ln_weight).fold(f64::NEG_INFINITY, f64::max);
    let mean = |of: &dyn Fn(f64) -> f64| -> f64 {
        states.iter().map(|&(ln_weight, energy)| (ln_weight - most).exp() * of(energy)).sum()
    };
    let weight = mean(&|_| 1.0);
    let of_energy = mean(&|energy| energy) / weight;
    let variance = mean(&|energy| (energy - of_energy).powi(2)) / weight;
    Exact {
        ln_z: most + weight.ln(),
        energy_per_site: of_energy / sites as f64,
        specific_heat: beta * beta * variance / sites as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::super::gray;
    use super::*;
    use crate::lattice::{Interaction, Lattice};

    fn system(sites: u32, coupling: f64, field: f64) -> System {
        let coupling = coupling / f64::from(sites);
        System::uniform(Lattice::complete(sites).unwrap(), Interaction { coupling, field })
    }

    #[test]
    fn agrees_with_the_sum_over_all_configurations() {
        for (sites, coupling, field) in [(2, 1.0, 0.0), (11, 1.3, 0.2), (12, -2.0, -0.4)] {
            for beta in [0.0, 0.7, 5.0] {
                let system = system(sites, coupling, field);
                let (found, expected) = (solve(&system, beta), gray::solve(&system, beta));
                for (found, expected) in [
                    (found.ln_z, expected.ln_z),
                    (found.energy_per_site, expected.energy_per_site),
                    (found.specific_heat, expected.specific_heat),
                ] {
                    assert!(
                        (found - expected).abs() < 1e-11 * expected.abs().max(1.0),
                        "{found}, {expected}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_hundred_sites_have_the_values_of_a_sum_in_other_software() {
        for (beta, expected) in
            [(0.5, 69.408_855_239_859_05), (1.0, 70.286_276_763_673_6), (1.5, 81.040_687_628_918_08)]
        {
            let found = solve(&system(100, 1.0, 0.0), beta).ln_z;
            assert!((found - expected).abs() < 1e-10, "{found}, {expected}");
        }
    }
}
