//! Sums over all states of the 4 x 4 lattice.

use super::Exact;
use crate::lattice::{Interaction, Torus};

/// ln Z, energy and specific heat by summing over all 2^16 states, with coupling and field.
///
/// # Panics
/// When the lattice has more than 16 sites.
pub fn enumerate(torus: Torus, interaction: Interaction, beta: f64) -> Exact {
    assert!(torus.sites() <= 16, "enumeration is for side 4");
    let energies: Vec<f64> =
        (0..1_u32 << torus.sites()).map(|state| energy(torus, interaction, state)).collect();
    let lowest = energies.iter().copied().fold(f64::INFINITY, f64::min);
    let weights = energies.iter().map(|energy| (-beta * (energy - lowest)).exp());
    let [z, first, second] = weights.zip(&energies).fold([0.0; 3], |[z, first, second], (weight, energy)| {
        [z + weight, first + weight * energy, second + weight * energy * energy]
    });
    let (mean, sites) = (first / z, torus.sites() as f64);
    Exact {
        ln_z: z.ln() - beta * lowest,
        energy_per_site: mean / sites,
        specific_heat: beta * beta * (second / z - mean * mean) / sites,
    }
}

fn energy(torus: Torus, interaction: Interaction, state: u32) -> f64 {
    let spins: Vec<i8> = (0..torus.sites()).map(|site| if state >> site & 1 == 1 { 1 } else { -1 }).collect();
    let spin_sum = spins.iter().map(|&spin| i64::from(spin)).sum();
    interaction.energy(torus.bond_sum(&spins), spin_sum)
}
