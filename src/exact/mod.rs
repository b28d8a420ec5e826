//! Exact results to check against: Kaufman's partition function of the torus, and the spectrum of small lattices.

mod jet;
mod kaufman;
mod per_site;
mod series;
mod spectrum;

use crate::error::Error;
use crate::lattice::{Interaction, LatticeKind, System};
pub(crate) use per_site::ln_z_per_site_without_field;
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
pub fn ln_z(system: &System, beta: f64) -> Option<f64> {
    if has_formula(system) {
        return Some(kaufman::ln_z(system.lattice, system.interaction.coupling, beta));
    }
    Some(Spectrum::of(system)?.solve(system.interaction, beta).ln_z)
}

/// Exact thermodynamics where it is known: without field on every lattice but odd ones with J < 0 above side 9, and with a
/// field up to side 6. U and C are good to 1e-8 of themselves, and C is 0 where it leaves the range of f64.
pub fn solve(system: &System, beta: f64) -> Option<Exact> {
    let System { lattice, interaction } = *system;
    match Spectrum::of(system) {
        Some(spectrum) => Some(Exact { ln_z: ln_z(system, beta)?, ..spectrum.solve(interaction, beta) }),
        None => has_formula(system).then(|| kaufman::solve(lattice, interaction.coupling, beta)),
    }
}

/// Why [`ln_z`] and [`solve`] return nothing for a lattice, and the way out.
pub fn refusal(system: &System) -> Error {
    let Interaction { coupling, field } = system.interaction;
    if field == 0.0 {
        let expected = format!(
            "an odd side with J = {coupling} < 0 is frustrated, and such lattices are solved up to side {MAX_SIDE} only; \
             choose an even size, or use mc"
        );
        Error::setting("size", system.lattice.side(), expected)
    } else {
        let expected = format!(
            "with a field, sizes up to {MAX_SIDE_IN_FIELD} are solved; choose one of them or field = 0, or use mc"
        );
        Error::setting("field", field, expected)
    }
}

/// Whether Kaufman's formula holds. On an even torus the antiferromagnet is the ferromagnet with every second spin flipped.
fn has_formula(system: &System) -> bool {
    system.has_spin_flip() && !system.is_frustrated() && system.lattice.kind() == LatticeKind::Square
}
