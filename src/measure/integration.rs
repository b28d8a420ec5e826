//! ln Z by Monte Carlo: the energy integrated over the inverse temperature, from infinite temperature, where ln Z is known.

use super::monte_carlo::{Sweeps, measure_beside};
use crate::error::Result;
use crate::estimate::Estimate;
use crate::lattice::{Interaction, System};
use crate::mc::{Algorithm, Setup, Simulation, equilibrate};
use crate::random::philox;
use crate::ranks::Ranks;
use serde::Serialize;
use std::ops::ControlFlow;

/// Temperatures at which the energy is measured, in each of the first two pieces of the interval. The integrand of a finite lattice is
/// analytic, but has nearly a kink at the critical point, and is nearly constant in order: pieces end at the critical point and at twice,
/// four times, ... its inverse temperature, and Gauss-Legendre quadrature is then off by far less than what energies leave uncertain.
const NODES: usize = 32;
/// The same in further pieces.
const NODES_IN_ORDER: usize = 16;
/// Inverse temperature times the largest of |J| and |H| where the first piece ends without a critical point.
const WITHOUT_ORDER: f64 = 0.4;
/// Configurations of another energy that may go unseen where chains show one alone, as a number: at 95%.
const UNSEEN: f64 = 3.0;
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
    observe: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<Option<Integration>> {
    integrate_on_ranks(&Ranks::alone(), system, beta, algorithm, sweeps, seed, observe)
}

/// As [`integrate`], on all ranks of a job together, which share the chains of every node out and must stop together.
///
/// # Errors
/// As [`integrate`], and when there are fewer chains than ranks.
pub fn integrate_on_ranks(
    ranks: &Ranks,
    system: &System,
    beta: f64,
    algorithm: Algorithm,
    sweeps: Sweeps,
    seed: u32,
    mut observe: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<Option<Integration>> {
    let (mut nodes, mut warnings) = (Vec::new(), Vec::new());
    for (number, [at, weight]) in places(system, beta).into_iter().enumerate() {
        let ensemble = system.clone().at(at)?;
        let seed = philox([seed, SALT], [number as u32, 0, 0, 0])[0];
        let setup = Setup { ensemble, algorithm, chains: sweeps.chains, seed };
        let mut simulation = Simulation::on_ranks(setup, "cpu", ranks)?;
        let equilibrium = equilibrate(&mut simulation)?;
        let sweeps = Sweeps { thermalisation: equilibrium.sweeps, ..sweeps };
        let go_on = |_| ControlFlow::Continue(());
        let measured = measure_beside(None, &mut simulation, sweeps, |_, _| Ok(()), go_on)?;
        warnings.extend(equilibrium.fault.map(|fault| format!("at beta {at:.4}: {fault}")));
        let energy = measured.statistics.quantities.iter().find(|one| one.meaning.name == "energy_per_site");
        let none = Estimate { value: f64::NAN, error: f64::NAN };
        let mut energy_per_site = energy.map_or(none, |energy| energy.estimate);
        if energy_per_site.error.is_nan() {
            energy_per_site.error = frozen_error(system, measured.statistics.count);
        }
        nodes.push(Node { beta: at, weight, energy_per_site });
        if observe(number + 1).is_break() {
            return Ok(None);
        }
    }
    let sites = system.lattice.sites() as f64;
    let mean: f64 = nodes.iter().map(|node| node.weight * node.energy_per_site.value).sum();
    let variance: f64 = nodes.iter().map(|node| (node.weight * node.energy_per_site.error).powi(2)).sum();
    let ln_z = Estimate {
        value: sites * ((system.spins.states() as f64).ln() - beta * mean),
        error: sites * beta * variance.sqrt(),
    };
    Ok(Some(Integration { ln_z, nodes, warnings }))
}

/// How far the energy per site may be off where all configurations have the same: a spin that is turned costs so much, and may go unseen.
fn frozen_error(system: &System, count: usize) -> f64 {
    let Interaction { coupling, field } = system.largest_interaction();
    let cost = 2.0 * (system.lattice.coordination() as f64 * coupling.abs() + field.abs());
    cost * UNSEEN / count as f64 / system.lattice.sites() as f64
}

/// Number of temperatures at which [`integrate`] measures the energy.
pub fn temperatures(system: &System, beta: f64) -> usize {
    places(system, beta).len()
}

/// Inverse temperatures of the nodes, and weights that sum to 1.
fn places(system: &System, beta: f64) -> Vec<[f64; 2]> {
    let Interaction { coupling, field } = system.largest_interaction();
    let coupling = if system.lattice.is_spatial() { coupling } else { system.typical_field() };
    let without_order = WITHOUT_ORDER / coupling.abs().max(field.abs());
    let mut edges = vec![0.0];
    let mut edge = system.critical_beta().unwrap_or(without_order);
    while edge < beta {
        edges.push(edge);
        edge *= 2.0;
    }
    edges.push(beta);
    let of_piece = |(number, ends): (usize, &[f64])| {
        let (first, length) = (ends[0], ends[1] - ends[0]);
        let nodes = gauss_legendre(if number < 2 { NODES } else { NODES_IN_ORDER });
        let share = if beta > 0.0 { length / beta } else { 1.0 };
        nodes.into_iter().map(move |[place, weight]| [first + place * length, weight * share])
    };
    edges.windows(2).enumerate().flat_map(of_piece).collect()
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
    use crate::lattice::Lattice;

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
    fn pieces_follow_the_energy_through_the_critical_point_and_into_order() {
        for (side, beta) in [(8, 0.3), (16, 0.5), (16, 2.0), (64, 0.6), (64, 1.0), (128, 0.5), (128, 20.0)] {
            let interaction = Interaction { coupling: 1.0, field: 0.0 };
            let system = System::uniform(Lattice::square(side).unwrap(), interaction);
            let energy = |at: f64| exact::solve(&system, at).unwrap().energy_per_site;
            let mean: f64 = places(&system, beta).iter().map(|[at, weight]| weight * energy(*at)).sum();
            let sites = system.lattice.sites() as f64;
            let off = sites * (std::f64::consts::LN_2 - beta * mean) - exact::ln_z(&system, beta).unwrap();
            assert!(off.abs() < 1e-3, "L = {side}, beta {beta}: {off:e}");
        }
    }

    #[test]
    fn the_integral_of_the_energy_is_ln_z() {
        let sweeps = Sweeps { chains: 8, thermalisation: 1, sweeps: 300, every: 1 };
        for (lattice, coupling, field) in
            [(Lattice::square(8), 1.0, 0.0), (Lattice::square(4), 1.0, 0.3), (Lattice::cubic(2), -1.0, 0.0)]
        {
            let system = System::uniform(lattice.unwrap(), Interaction { coupling, field });
            let exact = exact::ln_z(&system, 0.4).unwrap();
            let algorithm = Algorithm::fitting(&system);
            let found = integrate(&system, 0.4, algorithm, sweeps, 1, |_| ControlFlow::Continue(()))
                .unwrap()
                .unwrap();
            let off = found.ln_z.deviation(exact);
            assert!(off.abs() < 4.0 && found.ln_z.error < 0.05, "{system}: {:?}, exact {exact}", found.ln_z);
            assert_eq!((found.nodes.len(), found.warnings.len()), (temperatures(&system, 0.4), 0));
        }
    }
}
