//! Squares whose interior is summed and drawn exactly, by a transfer over its sites: Boltzmann factors, scaled.

use crate::hierarchy::Level;
use crate::lattice::Interaction;

/// Largest beta |J| and beta |H| for squares of side 4 and 8: sums over a row of 7 spins stay inside the range of f32.
pub const MAX_SQUARE_BETA: f64 = 4.0;

/// Factors of one bond and one spin, scaled so that the larger of two is 1.
///
/// With `K = beta J` and `h = beta H`, `exp(K s s' - |K|)` and `exp(h s - |h|)`: a sum over states is then near 1, and
/// rounding does not grow with beta. What was divided out is `scale`.
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
    /// `|K| bonds + |h| spins`: ln Z of a square is this plus the logarithm of the scaled sum.
    pub scale: f64,
}

impl SquareFactors {
    /// Factors at an inverse temperature, for the squares of a level.
    pub fn new(level: &Level, interaction: Interaction, beta: f64) -> Self {
        let (bond, field) = (beta * interaction.coupling, beta * interaction.field);
        Self {
            same: (bond - bond.abs()).exp(),
            different: (-bond - bond.abs()).exp(),
            up: (field - field.abs()).exp(),
            down: (-field - field.abs()).exp(),
            scale: bond.abs() * level.bonds.len() as f64 + field.abs() * level.own as f64,
        }
    }
}
