//! ln Z per site without a field, near enough to centre rewards on: exact on the square lattice, that of the infinite lattice up to
//! what boundaries add on the triangular one (R. M. F. Houtappel, Physica 16, 425, 1950).

use super::{curie_weiss, kaufman};
use crate::lattice::{Interaction, LatticeKind, System};
use std::f64::consts::{LN_2, PI};

/// Momenta along an axis: more change nothing that matters.
const MOMENTA: u32 = 32;

/// ln Z per site of a system of even side as if it had no field. Only a shift of rewards hangs on it, never a result.
pub(crate) fn ln_z_per_site_without_field(system: &System, beta: f64) -> f64 {
    let (lattice, coupling) = (system.lattice, system.interaction.coupling);
    if let Some(weights) = &system.weights {
        // Without loops.
        let of_bonds = weights.bonds.iter().map(|&weight| ln_cosh(beta * coupling * f64::from(weight)));
        return LN_2 + of_bonds.sum::<f64>() / lattice.sites() as f64;
    }
    match lattice.kind() {
        LatticeKind::Square => kaufman::ln_z(lattice, coupling, beta) / lattice.sites() as f64,
        LatticeKind::Triangular => triangular(beta * coupling),
        LatticeKind::Chain => LN_2 + ln_cosh(beta * coupling),
        LatticeKind::Cubic => cubic((beta * coupling).abs()),
        LatticeKind::Complete => {
            let without_field = System::uniform(lattice, Interaction { coupling, field: 0.0 });
            curie_weiss::solve(&without_field, beta).ln_z / lattice.sites() as f64
        }
    }
}

fn ln_cosh(x: f64) -> f64 {
    x.abs() + (-2.0 * x.abs()).exp().ln_1p() - LN_2
}

/// The first terms of the expansion about high temperature below the critical point, and about low temperature above it (even sides
/// are bipartite: the sign of J is of no matter).
fn cubic(k: f64) -> f64 {
    let square = k.tanh().powi(2);
    let loops = square.powi(2) * (3.0 + square * (22.0 + square * (187.5 + square * 1980.0)));
    if k < CUBIC_CRITICAL { LN_2 + 3.0 * k.cosh().ln() + loops } else { 3.0 * k + (-12.0 * k).exp() }
}

/// beta J where the cubic lattice orders.
const CUBIC_CRITICAL: f64 = 0.221_654_63;

/// `ln 2 + 1/2 <ln(C^3 + S^3 - S (cos a + cos b + cos(a + b)))>` over momenta a and b, with C = cosh 2K and S = sinh 2K.
fn triangular(k: f64) -> f64 {
    let (cosh, sinh) = ((2.0 * k).cosh(), (2.0 * k).sinh());
    // C^3 + S^3 without the cancellation for K < 0.
    let cubes = (2.0 * k).exp() * (cosh * cosh - cosh * sinh + sinh * sinh);
    let momentum = |n: u32| PI * f64::from(2 * n + 1) / f64::from(MOMENTA);
    let term = |a: f64, b: f64| (cubes - sinh * (a.cos() + b.cos() + (a + b).cos())).ln();
    let sum: f64 = (0..MOMENTA)
        .flat_map(|a| (0..MOMENTA).map(move |b| (momentum(a), momentum(b))))
        .map(|(a, b)| term(a, b))
        .sum();
    LN_2 + 0.5 * sum / f64::from(MOMENTA * MOMENTA)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_and_small_lattices_are_near() {
        assert!((triangular(0.0) - LN_2).abs() < 1e-12);
        // Three satisfied bonds a site; one of three broken, and Wannier's entropy.
        assert!((triangular(50.0) / 50.0 - 3.0).abs() < 1e-9);
        assert!((triangular(-50.0) - 50.0 - 0.323_066).abs() < 1e-2);
        assert!((cubic(0.0) - LN_2).abs() < 1e-12);
        for (k, per_site) in [(0.1, 0.7085), (0.2, 0.7641), (0.2216, 0.7879), (0.25, 0.8330), (0.4, 1.22)] {
            assert!((cubic(k) - per_site).abs() < 0.05, "K = {k}: {}", cubic(k));
        }
        // Exact values at L = 8.
        for (k, ln_z) in [
            (-1.0, 86.059_441_708_480_3),
            (-2.0, 148.659_575_959_968_12),
            (3.0_f64.ln() / 4.0, 56.929_999_560_321_22),
        ] {
            assert!((triangular(k) - ln_z / 64.0).abs() < 0.02, "K = {k}: {}", triangular(k));
        }
    }
}
