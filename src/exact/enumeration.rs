//! Sums over all configurations of the smallest lattices, one by one: what tests compare with.

use super::Exact;
use crate::lattice::{Lattice, System};
use std::collections::BTreeMap;

/// Numbers of configurations by the sum of bonds and of spins.
pub(super) type Levels = BTreeMap<(i64, i64), f64>;

/// ln Z, energy and specific heat.
pub(super) fn enumerate(levels: &Levels, system: &System, beta: f64) -> Exact {
    let sites = system.lattice.sites() as f64;
    let gain = |bonds: i64, spins: i64| -system.interaction.energy(bonds, spins);
    let most = levels.keys().map(|&(bonds, spins)| gain(bonds, spins)).fold(f64::NEG_INFINITY, f64::max);
    let sum = |term: &dyn Fn(f64) -> f64| -> f64 {
        levels.iter().map(|(&(bonds, spins), states)| states * term(gain(bonds, spins))).sum()
    };
    let weight = |gain: f64| (beta * (gain - most)).exp();
    let z = sum(&weight);
    // Distances from the lowest energy keep their digits at low temperature.
    let excess = sum(&|gain| weight(gain) * (most - gain)) / z;
    let variance = sum(&|gain| weight(gain) * (most - gain - excess).powi(2)) / z;
    let mean = if beta * most < 1.0 {
        // Over all configurations E sums to zero: without that zero it keeps its digits at high temperature.
        sum(&|gain| gain * (beta * gain).exp_m1()) / sum(&|gain| (beta * gain).exp())
    } else {
        most - excess
    };
    Exact {
        ln_z: z.ln() + beta * most,
        energy_per_site: 0.0 - mean / sites,
        specific_heat: beta * beta * variance / sites,
    }
}

/// The configurations of a lattice with a side up to 4.
pub(super) fn levels(lattice: Lattice) -> Levels {
    let pairs: Vec<[u32; 2]> = lattice.bonds().collect();
    let mut levels = Levels::new();
    for state in 0..1_u32 << lattice.sites() {
        let spin = |site: u32| 2 * i64::from(state >> site & 1) - 1;
        let bonds = pairs.iter().map(|&[a, b]| spin(a) * spin(b)).sum();
        let spins = (0..lattice.sites() as u32).map(spin).sum();
        *levels.entry((bonds, spins)).or_insert(0.0) += 1.0;
    }
    levels
}
