//! Expansions of ln Z per site about zero and infinite temperature, where Kaufman's formula is a small difference of large numbers.

use super::jet::Jet;
use std::f64::consts::LN_2;

/// Largest variable of either expansion: what is left out is below 1e-10 of C from side 10 on.
const SMALL: f64 = 1e-3;

/// Coefficients of x^2, x^3, ...: closed lines of 4, 6, ... bonds, per site (Domb, Adv. Phys. 9, 149, 1960).
const COEFFICIENTS: [f64; 5] = [1.0, 2.0, 4.5, 12.0, 112.0 / 3.0];

/// ln Z per site at K = beta |J| up to constants, if K is near enough to zero or infinity. Lines around the torus are left out.
pub(super) fn per_site(k: Jet) -> Option<Jet> {
    let (tanh, u) = (k.tanh(), (k * -4.0).exp());
    if tanh.value * tanh.value < SMALL {
        Some(k.ln_2cosh() * 2.0 - Jet::constant(LN_2) + lines(tanh * tanh))
    } else if u.value < SMALL {
        Some(k * 2.0 + lines(u))
    } else {
        None
    }
}

/// `x^2 + 2 x^3 + ...`: low temperature with x = exp(-4 K), and by duality high temperature with x = tanh^2 K.
fn lines(x: Jet) -> Jet {
    let sum = COEFFICIENTS.iter().rev().fold(Jet::constant(0.0), |sum, &c| sum * x + Jet::constant(c));
    x * x * sum
}
