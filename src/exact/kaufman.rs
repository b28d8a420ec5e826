//! ln Z of the Ising model on the L x L torus without field (Kaufman, Phys. Rev. 76, 1232, 1949), in log space.

use super::jet::Jet;
use super::{Exact, series};
use crate::lattice::Lattice;
use std::f64::consts::{LN_2, PI};

/// Smallest K of the formula, which divides by K^2.
const SMALLEST_K: f64 = 1e-6;

/// ln Z at H = 0, for J >= 0 or an even side.
pub(super) fn ln_z(lattice: Lattice, coupling: f64, beta: f64) -> f64 {
    let k = beta * coupling.abs();
    if k < SMALLEST_K {
        // High temperature: 2 N bonds, each with <s s> = K to this order.
        return lattice.sites() as f64 * (LN_2 + k * k);
    }
    formula(lattice.side(), Jet::variable(k)).value
}

/// ln Z, energy and specific heat at H = 0, for J >= 0 or an even side, for all digits at least 10 at zero and infinite
/// temperature, where windings are left out.
pub(super) fn solve(lattice: Lattice, coupling: f64, beta: f64) -> Exact {
    let k = beta * coupling.abs();
    let per_site = series::per_site(Jet::variable(k))
        .unwrap_or_else(|| formula(lattice.side(), Jet::variable(k)) * (1.0 / lattice.sites() as f64));
    Exact {
        ln_z: ln_z(lattice, coupling, beta),
        energy_per_site: 0.0 - coupling.abs() * per_site.first,
        specific_heat: k * k * per_site.second,
    }
}

/// With K = beta |J|: `Z = 1/2 (2 sinh 2K)^(L^2/2) (Z1 + Z2 + Z3 + Z4)`, where `Z1, Z2` are products of 2cosh and 2sinh of
/// `L g_l / 2` over odd l, `Z3, Z4` over even l, and `cosh g_l = cosh 2K coth 2K - cos(pi l / L)`. `g_0 = 2K + ln tanh K`
/// is signed, which is what makes Z4 negative above the critical temperature.
fn formula(side: u32, k: Jet) -> Jet {
    let length = f64::from(side);
    let sinh = (k * 2.0).sinh();
    let distance = Jet::constant(1.0) - sinh;
    let offset = distance * distance / sinh;
    let half_angle = |l: u32| {
        let sine = (PI * f64::from(l) / (2.0 * length)).sin();
        (offset + Jet::constant(2.0 * sine * sine)).acosh_1p() * (length / 2.0)
    };
    // Logarithms of the products of 2cosh and 2sinh.
    let products = |first: u32| {
        (first..2 * side).step_by(2).map(half_angle).fold([Jet::constant(0.0); 2], |[cosh, sinh], angle| {
            [cosh + angle.ln_2cosh(), sinh + angle.ln_2sinh()]
        })
    };
    let zero = (k * 2.0 + k.ln_tanh()) * (length / 2.0);
    let ([z1, z2], [z3, z4]) = (products(1), products(2));
    // The factor of g_0 is a sum and a difference of exponentials: smooth through g_0 = 0.
    let sum = Jet::ln_sum_exp(&[
        (1.0, z1),
        (1.0, z2),
        (1.0, z3 + zero),
        (1.0, z3 - zero),
        (1.0, z4 + zero),
        (-1.0, z4 - zero),
    ]);
    (sinh * 2.0).ln() * (length * length / 2.0) + sum - Jet::constant(LN_2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::transfer;
    use crate::lattice::{Interaction, System};

    /// ln(1 + sqrt 2) / 2.
    const CRITICAL: f64 = 0.440_686_793_509_77;

    #[test]
    #[expect(clippy::excessive_precision, reason = "the digits of the reference table")]
    fn reproduces_the_table_of_reference_values() {
        let table = [
            (4, 15.504726538718162, 15.521915458755283),
            (8, 60.076307527215407, 60.141780789069153),
            (16, 238.38724720423961, 238.64225663513289),
            (32, 951.64212640926324, 952.6480795485428),
            (64, 3804.6775594439913, 3808.6722834198092),
            (128, 15216.852171724163, 15232.769323338784),
        ];
        for (side, at_044, at_critical) in table {
            let lattice = Lattice::square(side).unwrap();
            for (beta, expected) in [(0.44, at_044), (CRITICAL, at_critical)] {
                let ln_z = ln_z(lattice, 1.0, beta);
                assert!(
                    (ln_z / expected - 1.0).abs() < 1e-10,
                    "L = {side}, beta = {beta}: {ln_z}, not {expected}"
                );
            }
        }
    }

    /// Down to the smallest sides, odd ones included, where windings count most.
    #[test]
    fn agrees_with_the_transfer_in_all_derivatives() {
        for (side, coupling) in
            [(2, 1.0), (3, 2.0), (4, -0.7), (5, 1.0), (6, 1.0), (7, 1.0), (8, -1.0), (9, 1.0), (10, -1.0)]
        {
            let (lattice, interaction) =
                (Lattice::square(side).unwrap(), Interaction { coupling, field: 0.0 });
            for k in [0.05, 0.2, 0.4, CRITICAL, 0.5, 0.9, 1.3] {
                let beta = k / coupling.abs();
                let exact = solve(lattice, coupling, beta);
                let row_by_row = transfer::solve(&System::uniform(lattice, interaction), beta);
                let error = |a: f64, b: f64| (a / b - 1.0).abs();
                assert!(
                    error(exact.ln_z, row_by_row.ln_z) < 1e-13
                        && error(exact.energy_per_site, row_by_row.energy_per_site) < 1e-10
                        && error(exact.specific_heat, row_by_row.specific_heat) < 1e-10,
                    "side {side}, K = {k}: {exact:?}, row by row {row_by_row:?}"
                );
            }
        }
    }

    #[test]
    fn stays_finite_at_the_extremes() {
        for side in [4, 1024] {
            for beta in [0.0, 1e-300, 1e-8, 2e-6, 5.0, 100.0] {
                let lattice = Lattice::square(side).unwrap();
                let exact = solve(lattice, 1.0, beta);
                let sites = lattice.sites() as f64;
                assert!(
                    exact.ln_z.is_finite() && exact.specific_heat >= 0.0 && exact.specific_heat.is_finite(),
                    "L = {side}, beta = {beta}"
                );
                let limit = if beta < 1.0 { sites * LN_2 } else { 2.0 * beta * sites + LN_2 };
                assert!((exact.ln_z / limit - 1.0).abs() < 1e-6, "L = {side}, beta = {beta}: {}", exact.ln_z);
            }
        }
    }
}
