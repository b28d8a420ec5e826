//! ln Z of the Ising model on the L x L torus without field (Kaufman, Phys. Rev. 76, 1232, 1949), in log space.

use super::Exact;
use super::jet::Jet;
use crate::lattice::Torus;
use std::f64::consts::{LN_2, PI};

/// ln Z, energy and specific heat at H = 0.
///
/// With K = beta |J|: `Z = 1/2 (2 sinh 2K)^(L^2/2) (Z1 + Z2 + Z3 + Z4)`, where `Z1, Z2` are products of 2cosh and 2sinh of
/// `L g_l / 2` over odd l, `Z3, Z4` over even l, and `cosh g_l = cosh 2K coth 2K - cos(pi l / L)`. `g_0 = 2K + ln tanh K`
/// is signed, which is what makes Z4 negative above the critical temperature.
pub fn kaufman(torus: Torus, coupling: f64, beta: f64) -> Exact {
    let (side, sites) = (torus.side(), torus.sites() as f64);
    let k = beta * coupling.abs();
    if k < 1e-6 {
        // High temperature: 2 N bonds, each with <s s> = K to this order. The formula below divides by K^2.
        let energy_per_site = -2.0 * coupling.abs() * k;
        return Exact { ln_z: sites * (LN_2 + k * k), energy_per_site, specific_heat: 2.0 * k * k };
    }
    let ln_z = ln_z(side, Jet::variable(k));
    Exact {
        ln_z: ln_z.value,
        energy_per_site: -coupling.abs() * ln_z.first / sites,
        specific_heat: k * k * ln_z.second / sites,
    }
}

fn ln_z(side: u32, k: Jet) -> Jet {
    let length = f64::from(side);
    let sinh = (k * 2.0).sinh();
    let distance = Jet::constant(1.0) - sinh;
    let offset = distance * distance / sinh;
    let half_angle = |l: u32| {
        let sine = (PI * f64::from(l) / (2.0 * length)).sin();
        (offset + Jet::constant(2.0 * sine * sine)).acosh_1p() * (length / 2.0)
    };
    let product = |first: u32, factor: fn(Jet) -> Jet| {
        (first..2 * side).step_by(2).fold(Jet::constant(0.0), |sum, l| sum + factor(half_angle(l)))
    };
    let zero = (k * 2.0 + k.ln_tanh()) * (length / 2.0);
    // The factor of g_0 is a sum and a difference of exponentials: smooth through g_0 = 0.
    let (z3, z4) = (product(2, Jet::ln_2cosh), product(2, Jet::ln_2sinh));
    let sum = Jet::ln_sum_exp(&[
        (1.0, product(1, Jet::ln_2cosh)),
        (1.0, product(1, Jet::ln_2sinh)),
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
    use crate::exact::enumerate;
    use crate::lattice::Interaction;

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
            let torus = Torus::new(side).unwrap();
            for (beta, expected) in [(0.44, at_044), (CRITICAL, at_critical)] {
                let ln_z = kaufman(torus, 1.0, beta).ln_z;
                assert!(
                    (ln_z / expected - 1.0).abs() < 1e-10,
                    "L = {side}, beta = {beta}: {ln_z}, not {expected}"
                );
            }
        }
    }

    #[test]
    fn agrees_with_enumeration_in_all_derivatives_and_for_both_signs_of_the_coupling() {
        let torus = Torus::new(4).unwrap();
        for (coupling, beta) in
            [(1.0, 0.05), (1.0, 0.44), (1.0, CRITICAL), (1.0, 1.3), (-0.7, 0.6), (2.0, 0.2)]
        {
            let exact = kaufman(torus, coupling, beta);
            let counted = enumerate(torus, Interaction { coupling, field: 0.0 }, beta);
            let close = |a: f64, b: f64| (a - b).abs() < 1e-9 * (1.0 + b.abs());
            assert!(close(exact.ln_z, counted.ln_z), "ln Z at J = {coupling}, beta = {beta}");
            assert!(
                close(exact.energy_per_site, counted.energy_per_site),
                "U at J = {coupling}, beta = {beta}"
            );
            assert!(close(exact.specific_heat, counted.specific_heat), "C at J = {coupling}, beta = {beta}");
        }
    }

    #[test]
    fn stays_finite_at_the_extremes() {
        for side in [4, 1024] {
            for beta in [0.0, 1e-300, 1e-8, 2e-6, 5.0, 100.0] {
                let torus = Torus::new(side).unwrap();
                let exact = kaufman(torus, 1.0, beta);
                let sites = torus.sites() as f64;
                assert!(
                    exact.ln_z.is_finite() && exact.specific_heat.is_finite(),
                    "L = {side}, beta = {beta}"
                );
                let limit = if beta < 1.0 { sites * LN_2 } else { 2.0 * beta * sites + LN_2 };
                assert!((exact.ln_z / limit - 1.0).abs() < 1e-6, "L = {side}, beta = {beta}: {}", exact.ln_z);
            }
        }
    }
}
