//! Squares whose interior is summed and drawn exactly, by a transfer over its sites: Boltzmann factors, scaled.

use crate::hierarchy::Level;
use crate::lattice::Interaction;

/// Largest beta |J| and beta |H| for squares of side 4 and 8: sums over a row of 7 spins stay inside the range of f32.
pub const MAX_SQUARE_BETA: f64 = 4.0;

/// Factors of one bond and one spin, scaled so that the larger of two is nearly 1.
///
/// With `K = beta J` and `h = beta H`, `g exp(K s s' - |K|)` and `g' exp(h s - |h|)`: a sum over states is then near 1, and
/// rounding does not grow with beta. `g` and `g'` are a little below 1, such that both factors of a kind keep their ratio to 1e-9 and
/// better when they are rounded to f32: an error of one factor is the same in every square, and a large lattice has thousands. What
/// was divided out is `scale`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct SquareFactors {
    /// Bond between equal spins.
    pub same: f64,
    /// Bond between different spins.
    pub different: f64,
    /// Spin +1 in the field.
    pub up: f64,
    /// Spin -1 in the field.
    pub down: f64,
    /// ln Z of a square is this plus the logarithm of the scaled sum: `|K| bonds + |h| spins + rest`.
    pub scale: f64,
    /// What `g` and `g'` are worth in `scale`.
    pub rest: f64,
}

impl SquareFactors {
    /// Factors at an inverse temperature, for the squares of a level.
    pub fn new(level: &Level, interaction: Interaction, beta: f64) -> Self {
        let (bond, field) = (beta * interaction.coupling, beta * interaction.field);
        let (bonds, spins) = (level.bonds.len() as f64, level.own as f64);
        let [of_bonds, of_spins] = [bond, field].map(|energy| well_rounded((-2.0 * energy.abs()).exp()));
        let rest = -of_bonds.ln() * bonds - of_spins.ln() * spins;
        Self {
            same: of_bonds * (bond - bond.abs()).exp(),
            different: of_bonds * (-bond - bond.abs()).exp(),
            up: of_spins * (field - field.abs()).exp(),
            down: of_spins * (-field - field.abs()).exp(),
            scale: bond.abs() * bonds + field.abs() * spins + rest,
            rest,
        }
    }
}

/// An f32 a little below 1 whose product with a factor is nearly an f32 too.
fn well_rounded(factor: f64) -> f64 {
    const TRIED: u32 = 256;
    let error = |multiple: f64| (f64::from((multiple * factor) as f32) / (multiple * factor) - 1.0).abs();
    let multiples = (0..TRIED).map(|steps| 1.0 - f64::from(steps) * f64::from(f32::EPSILON) / 2.0);
    multiples.min_by(|&a, &b| error(a).total_cmp(&error(b))).unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_keep_their_ratio_in_f32() {
        for beta in [0.1, 0.3, 0.44, 0.440_686_793_509_771_5, 1.0, 5.0] {
            let factor = (-2.0_f64 * beta).exp();
            let multiple = well_rounded(factor);
            assert_eq!(f64::from(multiple as f32), multiple);
            let rounded = f64::from((multiple * factor) as f32) / multiple;
            assert!(
                (rounded / factor - 1.0).abs() < 1e-9 && (0.999..=1.0).contains(&multiple),
                "beta {beta}"
            );
        }
        assert_eq!(well_rounded(1.0), 1.0);
    }
}
