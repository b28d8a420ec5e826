//! ln Z by Monte Carlo: the energy integrated over the inverse temperature, from infinite temperature, where ln Z is known.

use super::monte_carlo::{Sweeps, measure_chains};
use crate::error::Result;
use crate::estimate::Estimate;
use crate::lattice::System;
use crate::mc::{Algorithm, Setup, Simulation, equilibrate};
use crate::random::philox;
use serde::Serialize;
use std::ops::ControlFlow;

/// Temperatures at which the energy is measured. The integrand of a finite lattice is analytic: Gauss-Legendre quadrature with so many
/// nodes is off by far less than 1e-4 up to the sizes where the statistical error lets it be seen.
pub const NODES: usize = 32;
/// Keeps the random numbers of nodes apart from those of other chains of a seed.
const SALT: u32 = 0x1e7e;

/// ln Z with the error that the energies leave it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Integration {
    /// `N ln 2 - int_0^beta U(beta') dbeta'` (systems without a field at beta = 0 have 2^N equal weights).
    #[serde(flatten)]
    pub ln_z: Estimate,
    /// Inverse temperatures of the nodes, and the energy per site at each.
    pub nodes: Vec<Node>,
    /// Reasons to doubt the energy of some node.
    pub warnings: Vec<String>,
}

/// The energy at one temperature.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Node {
    /// Inverse temperature.
    pub beta: f64,
    /// Its share of the interval.
    pub weight: f64,
    /// U / N.
    pub energy_per_site: Estimate,
}

/// Integrates the energy of a system from 0 to an inverse temperature. `sweeps` are those of every chain at every node; thermalisation is
/// found for each. `observe` is told how many nodes are done and may stop, which leaves nothing.
///
/// # Errors
/// When chains do not fit into memory.
pub fn integrate(
    system: &System,
    beta: f64,
    algorithm: Algorithm,
    sweeps: Sweeps,
    seed: u32,
    mut observe: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<Option<Integration>> {
    let (mut nodes, mut warnings) = (Vec::new(), Vec::new());
    for (number, [place, weight]) in gauss_legendre(NODES).into_iter().enumerate() {
        let ensemble = system.clone().at(place * beta)?;
        let seed = philox([seed, SALT], [number as u32, 0, 0, 0])[0];
        let setup = Setup { ensemble, algorithm, chains: sweeps.chains, seed };
        let mut simulation = Simulation::new(setup, "cpu")?;
        let equilibrium = equilibrate(&mut simulation)?;
        let sweeps = Sweeps { thermalisation: equilibrium.sweeps, ..sweeps };
        let measured = measure_chains(&mut simulation, sweeps, |_, _| Ok(()), |_| ControlFlow::Continue(()))?;
        warnings.extend(equilibrium.fault.map(|fault| format!("at beta {:.4}: {fault}", place * beta)));
        let energy = measured.statistics.quantities.iter().find(|one| one.meaning.name == "energy_per_site");
        let none = Estimate { value: f64::NAN, error: f64::NAN };
        let energy_per_site = energy.map_or(none, |energy| energy.estimate);
        nodes.push(Node { beta: place * beta, weight, energy_per_site });
        if observe(number + 1).is_break() {
            return Ok(None);
        }
    }
    let sites = system.lattice.sites() as f64;
    let mean: f64 = nodes.iter().map(|node| node.weight * node.energy_per_site.value).sum();
    let variance: f64 = nodes.iter().map(|node| (node.weight * node.energy_per_site.error).powi(2)).sum();
    let ln_z = Estimate {
        value: sites * (std::f64::consts::LN_2 - beta * mean),
        error: sites * beta * variance.sqrt(),
    };
    Ok(Some(Integration { ln_z, nodes, warnings }))
}

/// Places in 0 to 1 and weights that sum to 1, of Gauss-Legendre quadrature: zeros of a Legendre polynomial by Newton's method.
fn gauss_legendre(count: usize) -> Vec<[f64; 2]> {
    let node = |number: usize| {
        let mut x = (std::f64::consts::PI * (number as f64 + 0.75) / (count as f64 + 0.5)).cos();
        let mut slope = 1.0;
        for _ in 0..10 {
            // The polynomials of degrees count - 1 and count by their recurrence.
            let (mut before, mut here) = (1.0, x);
            for degree in 2..=count {
                let n = degree as f64;
                (before, here) = (here, ((2.0 * n - 1.0) * x * here - (n - 1.0) * before) / n);
            }
            slope = count as f64 * (x * here - before) / (x * x - 1.0);
            x -= here / slope;
        }
        [0.5 * (1.0 - x), 1.0 / ((1.0 - x * x) * slope * slope)]
    };
    (0..count).map(node).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact;
    use crate::lattice::{Interaction, Lattice};

    #[test]
    fn quadrature_is_exact_for_polynomials() {
        for count in [2, 5, 32] {
            let nodes = gauss_legendre(count);
            for power in 0..2 * count as i32 {
                let sum: f64 = nodes.iter().map(|[place, weight]| weight * place.powi(power)).sum();
                assert!((sum - 1.0 / f64::from(power + 1)).abs() < 1e-13, "{count} nodes, x^{power}: {sum}");
            }
        }
    }

    #[test]
    fn the_integral_of_the_energy_is_ln_z() {
        let sweeps = Sweeps { chains: 8, thermalisation: 1, sweeps: 300, every: 1 };
        for (lattice, coupling, field) in
            [(Lattice::square(8), 1.0, 0.0), (Lattice::square(4), 1.0, 0.3), (Lattice::cubic(2), -1.0, 0.0)]
        {
            let system = System { lattice: lattice.unwrap(), interaction: Interaction { coupling, field } };
            let exact = exact::ln_z(&system, 0.4).unwrap();
            let algorithm = Algorithm::fitting(&system);
            let found = integrate(&system, 0.4, algorithm, sweeps, 1, |_| ControlFlow::Continue(()))
                .unwrap()
                .unwrap();
            let off = found.ln_z.deviation(exact);
            assert!(off.abs() < 4.0 && found.ln_z.error < 0.05, "{system}: {:?}, exact {exact}", found.ln_z);
            assert_eq!((found.nodes.len(), found.warnings.len()), (NODES, 0));
        }
    }
}
