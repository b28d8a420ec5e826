//! Exact results to check against: Kaufman's partition function of the torus, and enumeration of the 4 x 4 lattice.

mod enumeration;
mod jet;
mod kaufman;

pub use enumeration::enumerate;
pub use kaufman::kaufman;

use crate::lattice::{Interaction, Torus};

/// Exact thermodynamics of one lattice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exact {
    /// ln Z of the whole lattice.
    pub ln_z: f64,
    /// Mean energy per site, U / N.
    pub energy_per_site: f64,
    /// `beta^2 var(E) / N`.
    pub specific_heat: f64,
}

/// Exact thermodynamics where it is known: any size at H = 0 (the antiferromagnet included: on an even torus it is the
/// ferromagnet with every second spin flipped), and side 4 with a field.
pub fn solve(torus: Torus, interaction: Interaction, beta: f64) -> Option<Exact> {
    if interaction.field == 0.0 {
        Some(kaufman(torus, interaction.coupling, beta))
    } else if torus.side() == 4 {
        Some(enumerate(torus, interaction, beta))
    } else {
        None
    }
}
