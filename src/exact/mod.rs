//! Exact results to check against: Kaufman's partition function of the torus, and the spectrum of small lattices.

mod jet;
mod kaufman;
mod series;
mod spectrum;

use crate::error::Error;
use crate::lattice::{Interaction, Torus};
use spectrum::{MAX_SIDE, MAX_SIDE_IN_FIELD, Spectrum};

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

/// The exact ln Z where it is known: a fraction of a millisecond, but for the first call with a given side in a field.
pub fn ln_z(torus: Torus, interaction: Interaction, beta: f64) -> Option<f64> {
    if has_formula(torus, interaction) {
        return Some(kaufman::ln_z(torus, interaction.coupling, beta));
    }
    Some(Spectrum::of(torus, interaction)?.solve(interaction, beta).ln_z)
}

/// Exact thermodynamics where it is known: without field on every lattice but odd ones with J < 0 above side 9, and with a
/// field up to side 6. U and C are good to 1e-8 of themselves, and C is 0 where it leaves the range of f64.
pub fn solve(torus: Torus, interaction: Interaction, beta: f64) -> Option<Exact> {
    match Spectrum::of(torus, interaction) {
        Some(spectrum) => {
            Some(Exact { ln_z: ln_z(torus, interaction, beta)?, ..spectrum.solve(interaction, beta) })
        }
        None => has_formula(torus, interaction).then(|| kaufman::solve(torus, interaction.coupling, beta)),
    }
}

/// Why [`ln_z`] and [`solve`] return nothing for a lattice, and the way out.
pub fn refusal(torus: Torus, Interaction { coupling, field }: Interaction) -> Error {
    if field == 0.0 {
        let expected = format!(
            "an odd side with J = {coupling} < 0 is frustrated, and such lattices are solved up to side {MAX_SIDE} only; \
             choose an even size, or use mc"
        );
        Error::setting("size", torus.side(), expected)
    } else {
        let expected = format!(
            "with a field, sizes up to {MAX_SIDE_IN_FIELD} are solved; choose one of them or field = 0, or use mc"
        );
        Error::setting("field", field, expected)
    }
}

/// Whether Kaufman's formula holds. On an even torus the antiferromagnet is the ferromagnet with every second spin flipped.
fn has_formula(torus: Torus, interaction: Interaction) -> bool {
    interaction.field == 0.0 && (interaction.coupling >= 0.0 || torus.side().is_multiple_of(2))
}
