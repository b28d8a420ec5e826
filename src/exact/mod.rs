//! Exact results to check against: Kaufman's partition function of the torus without field, a transfer row by row, or plane by
//! plane, of small lattices, the sum of Curie and Weiss where all sites are neighbours, and the transfer matrix of chains.
//!
//! `kaufman` gives ln Z wherever its formula holds, as it takes microseconds, and everything on sides above 10. `transfer` gives
//! everything else: lattices in a field, frustrated and triangular ones, and the derivatives of small square lattices, where the
//! formula and its expansions leave digits out.

mod chain;
mod curie_weiss;
mod curve;
#[cfg(test)]
mod enumeration;
mod gray;
mod jet;
mod kaufman;
mod moments;
mod per_site;
mod pfaffian;
mod planes;
mod potts;
mod rows;
mod series;
mod transfer;
mod transition;
mod weighted_rows;
mod wide;
mod yang;

use crate::error::Error;
use crate::lattice::{Interaction, LatticeKind, Spins, System, Weights};
pub use chain::magnetisation_per_site;
pub use curve::curve;
pub(crate) use per_site::ln_z_per_site_without_field;
use std::sync::{Mutex, PoisonError};
pub use transition::{Transition, transition};
pub use yang::spontaneous_magnetisation;

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

/// Additions of a solution that takes about half a second.
const MANY_OPERATIONS: f64 = 5e7;

/// Whether a solution takes seconds.
pub fn is_slow(system: &System) -> bool {
    match system.spins {
        Spins::Potts { states } => {
            system.lattice.side() <= max_side(system) && potts::operations(system, states) > MANY_OPERATIONS
        }
        Spins::Ising => system.lattice.dimensions() == 3 && system.lattice.side() == planes::MAX_SIDE,
    }
}

/// As [`ln_z`], where that does not take seconds, or was the last one found.
pub fn ln_z_at_hand(system: &System, beta: f64) -> Option<f64> {
    if is_slow(system) { Some(last_found(system, beta)?.ln_z) } else { ln_z(system, beta) }
}

/// The exact ln Z where it is known, as for [`solve`]. In a fraction of a millisecond on the square lattice without field, but
/// for odd sides with J < 0; else as long as [`solve`].
pub fn ln_z(system: &System, beta: f64) -> Option<f64> {
    if let (Spins::Ising, Some(weights)) = (system.spins, &system.weights) {
        return with_weights(system, weights, beta).map(|exact| exact.ln_z);
    }
    if has_formula(system) {
        return Some(kaufman::ln_z(system.lattice, system.interaction.coupling, beta));
    }
    Some(small(system, beta)?.ln_z)
}

/// Exact thermodynamics where it is known: in two dimensions up to side 10, in three up to side 4, without field on every square lattice but odd
/// ones with J < 0, every chain, and wherever all sites are neighbours. U and C are good to 1e-8 of themselves, up to side 10 to 1e-11, and C is 0 where it leaves the range of
/// f64.
///
/// Up to side 10 by transfer, whose time grows about as `side 4^side`; larger ones take a fraction of a millisecond.
pub fn solve(system: &System, beta: f64) -> Option<Exact> {
    if let (Spins::Ising, Some(weights)) = (system.spins, &system.weights) {
        return with_weights(system, weights, beta);
    }
    match small(system, beta) {
        Some(exact) => Some(Exact { ln_z: ln_z(system, beta)?, ..exact }),
        None => {
            has_formula(system).then(|| kaufman::solve(system.lattice, system.interaction.coupling, beta))
        }
    }
}

/// Couplings and fields of single bonds and sites of Ising spins: on the square lattice up to side 10 by transfer, and without a field up to side 32 by Pfaffians, where
/// these keep their digits; of every chain; on others up to 26 sites by a sum over all configurations.
fn with_weights(system: &System, weights: &Weights, beta: f64) -> Option<Exact> {
    if system.lattice.is_chain() {
        return Some(chain::solve_weighted(system, weights, beta));
    }
    let is_square = system.lattice.kind() == LatticeKind::Square;
    if is_square && system.lattice.side() <= transfer::MAX_SIDE {
        return Some(weighted_rows::solve(system, weights, beta));
    }
    if system.lattice.sites() <= gray::MAX_SITES {
        return Some(gray::solve(system, beta));
    }
    pfaffian::solve(system, beta)
}

/// The last result is kept: a run asks for one again and again.
static LAST: Mutex<Option<(System, f64, Exact)>> = Mutex::new(None);

/// The last result, if it is of this system and temperature.
fn last_found(system: &System, beta: f64) -> Option<Exact> {
    let last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    last.as_ref().filter(|(of, at, _)| of == system && *at == beta).map(|(_, _, exact)| *exact)
}

/// A lattice that is small enough for the transfer.
fn small(system: &System, beta: f64) -> Option<Exact> {
    if system.lattice.side() > max_side(system) {
        return None;
    }
    if let Some(exact) = last_found(system, beta) {
        return Some(exact);
    }
    // Nothing is locked while it is solved.
    let exact = match (system.spins, system.lattice.kind()) {
        (Spins::Potts { states }, _) => potts::solve(system, states, beta),
        (Spins::Ising, LatticeKind::Square | LatticeKind::Triangular) => transfer::solve(system, beta),
        (Spins::Ising, LatticeKind::Cubic) => planes::solve(system, beta),
        (Spins::Ising, LatticeKind::Complete) => curie_weiss::solve(system, beta),
        (Spins::Ising, LatticeKind::Chain) => chain::solve(system, beta),
    };
    *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some((system.clone(), beta, exact));
    Some(exact)
}

/// Largest side that is solved whatever J and H.
fn max_side(system: &System) -> u32 {
    if let Spins::Potts { states } = system.spins {
        return potts::max_side(system.lattice.kind(), states);
    }
    match system.lattice.kind() {
        LatticeKind::Square | LatticeKind::Triangular => transfer::MAX_SIDE,
        LatticeKind::Cubic => planes::MAX_SIDE,
        kind @ (LatticeKind::Complete | LatticeKind::Chain) => kind.max_side(),
    }
}

/// Why [`ln_z`] and [`solve`] return nothing for a lattice, and the way out.
pub fn refusal(system: &System) -> Error {
    if let Spins::Potts { states } = system.spins {
        return potts::refusal(system, states);
    }
    if system.weights.is_some() {
        return refusal_with_weights(system);
    }
    let Interaction { coupling, field } = system.interaction;
    let (side, kind, most) = (system.lattice.side(), system.lattice.kind(), max_side(system));
    if kind != LatticeKind::Square {
        let expected =
            format!("{} lattices are solved up to size {most} only; mc --ln-z estimates ln Z", kind.name());
        Error::setting("size", side, expected)
    } else if field == 0.0 {
        let expected = format!(
            "an odd side with J = {coupling} < 0 is frustrated, and such lattices are solved up to side {most} only; \
             choose an even size, or use mc"
        );
        Error::setting("size", side, expected)
    } else {
        let expected = format!(
            "with a field, sizes up to {most} are solved; choose one of them or field = 0, or use mc"
        );
        Error::setting("field", field, expected)
    }
}

/// The same for couplings of single bonds.
fn refusal_with_weights(system: &System) -> Error {
    let (side, kind) = (system.lattice.side(), system.lattice.kind());
    let (rows, most) = (transfer::MAX_SIDE, pfaffian::MAX_SIDE);
    if kind != LatticeKind::Square {
        let expected = format!(
            "couplings of single bonds are solved on the square lattice and of chains, and on others up to {} sites; mc --ln-z estimates ln Z",
            gray::MAX_SITES
        );
        return Error::setting("lattice", kind.name(), expected);
    }
    let expected = match () {
        () if !system.has_spin_flip() => {
            format!("with fields on single sites, sizes up to {rows} are solved")
        }
        () if side > most => format!("couplings of single bonds are solved up to size {most}"),
        () => format!(
            "beyond size {rows} Pfaffians lose their digits where frustrated bonds are cold, as here; choose a smaller beta, or a size up to {rows}"
        ),
    };
    Error::setting("size", side, expected)
}

/// Whether Kaufman's formula holds. On an even torus the antiferromagnet is the ferromagnet with every second spin flipped.
fn has_formula(system: &System) -> bool {
    system.has_spin_flip() && !system.is_frustrated() && system.lattice.kind() == LatticeKind::Square
}
