//! Decimation of the square lattice: every second site, as of a checkerboard's white squares, is summed out, and of the couplings that this makes the one of nearest neighbours is kept
//! (K. G. Wilson, Rev. Mod. Phys. 47, 773, 1975; H. J. Maris and L. P. Kadanoff, Am. J. Phys. 46, 652, 1978).

use super::ln_cosh;
use std::f64::consts::{LN_2, SQRT_2};

/// Lattice spacing after a step, over that before.
pub const SCALE: f64 = SQRT_2;

/// Newton steps after which only rounding moves the fixed point.
const MOST_STEPS: usize = 100;

/// Couplings of the sites that stay, exactly, after one step from a coupling K of nearest neighbours: for the sum over a spin with neighbours s_1 to s_4,
/// `2 cosh K (s_1 + s_2 + s_3 + s_4) = exp(constant + pair (s_1 s_2 + ... + s_3 s_4) + four s_1 s_2 s_3 s_4)` with all six pairs.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Step {
    /// K_1 of nearest neighbours on the new lattice, each of whose pairs has two summed sites beside it: `ln(cosh 4K) / 4`.
    pub nearest: f64,
    /// K_2 of next-nearest neighbours, across the summed site: `ln(cosh 4K) / 8`.
    pub next_nearest: f64,
    /// K_4 of the four spins around a summed site: `ln(cosh 4K) / 8 - ln(cosh 2K) / 2`.
    pub four: f64,
    /// The term that every summed site adds to ln Z: `ln 2 + ln(cosh 4K) / 8 + ln(cosh 2K) / 2`.
    pub constant: f64,
}

impl Step {
    /// From a coupling of nearest neighbours.
    pub fn from(coupling: f64) -> Self {
        let [two, four] = [2.0, 4.0].map(|factor| ln_cosh(factor * coupling));
        Self {
            nearest: four / 4.0,
            next_nearest: four / 8.0,
            four: four / 8.0 - two / 2.0,
            constant: LN_2 + four / 8.0 + two / 2.0,
        }
    }

    /// The coupling of nearest neighbours alone that takes the place of all: theirs and that of next-nearest ones together, which both favour order, `K' = (3/8) ln cosh 4K`.
    pub fn renormalised(self) -> f64 {
        self.nearest + self.next_nearest
    }
}

/// `K' = (3/8) ln cosh 4K`, to all digits for large K.
pub fn renormalised(coupling: f64) -> f64 {
    Step::from(coupling).renormalised()
}

/// dK' / dK.
pub fn slope(coupling: f64) -> f64 {
    1.5 * (4.0 * coupling).tanh()
}

/// The coupling that stays as it is, between those that flow to 0 and those that flow to infinity: where the map places the transition.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct FixedPoint {
    /// K*.
    pub coupling: f64,
    /// T* = 1 / K* in units of J.
    pub temperature: f64,
    /// dK' / dK there.
    pub slope: f64,
    /// The exponent of the correlation length that follows, `ln b / ln slope` with the scale b.
    pub nu: f64,
}

impl FixedPoint {
    /// By Newton's method from K = 1/2: K' - K is convex for K > 0, so that every step from above its zero stays above.
    pub fn find() -> Self {
        let mut coupling = 0.5;
        for _ in 0..MOST_STEPS {
            let next = coupling - (renormalised(coupling) - coupling) / (slope(coupling) - 1.0);
            if next == coupling {
                break;
            }
            coupling = next;
        }
        let slope = slope(coupling);
        Self { coupling, temperature: 1.0 / coupling, slope, nu: SCALE.ln() / slope.ln() }
    }
}

/// A coupling and what becomes of it, iteration by iteration: `iterations + 1` values.
pub fn flow(coupling: f64, iterations: usize) -> Vec<f64> {
    std::iter::successors(Some(coupling), |&coupling| Some(renormalised(coupling)))
        .take(iterations + 1)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_step_is_exact_for_all_sixteen_configurations() {
        for coupling in [1e-3, 0.3, 0.506_981_019, 1.7, 200.0, -0.8] {
            let Step { next_nearest, four, constant, .. } = Step::from(coupling);
            for state in 0..16 {
                let spin = |site: i32| if state >> site & 1 == 1 { 1.0 } else { -1.0 };
                let spins = [0, 1, 2, 3].map(spin);
                let sum: f64 = spins.iter().sum();
                let product: f64 = spins.iter().product();
                let pairs = (sum * sum - 4.0) / 2.0;
                let (left, right) =
                    (LN_2 + ln_cosh(coupling * sum), constant + next_nearest * pairs + four * product);
                assert!(
                    (left - right).abs() < 1e-14 * (1.0 + left.abs()),
                    "{coupling}, {spins:?}: {left}, {right}"
                );
            }
        }
    }

    #[test]
    fn the_fixed_point_is_the_known_one() {
        let FixedPoint { coupling, temperature, slope, nu } = FixedPoint::find();
        assert!((renormalised(coupling) - coupling).abs() < 1e-16);
        assert!((coupling - 0.506_981_019).abs() < 1e-9 && (temperature * coupling - 1.0).abs() < 1e-15);
        assert!((slope - 1.448_922).abs() < 1e-6 && (nu - 0.934_61).abs() < 1e-5, "{slope}, {nu}");
        let by_differences = (renormalised(coupling + 1e-5) - renormalised(coupling - 1e-5)) / 2e-5;
        assert!((slope - by_differences).abs() < 1e-9);
    }

    #[test]
    fn couplings_flow_away_from_the_fixed_point_on_both_sides() {
        let fixed = FixedPoint::find().coupling;
        let [below, above] = [-1e-3, 1e-3].map(|by| flow(fixed + by, 40));
        assert_eq!(below.len(), 41);
        assert!(below.is_sorted_by(|a, b| a > b || *b < 1e-300) && below[40] < 1e-100, "{below:?}");
        // In order a step multiplies by 3/2 but for a constant: nothing overflows.
        assert!(above.is_sorted() && (above[40] / above[39] - 1.5).abs() < 1e-2, "{above:?}");
        assert!((renormalised(1e200) / 1e200 - 1.5).abs() < 1e-15);
    }
}
