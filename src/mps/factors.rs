//! Boltzmann factors of the bonds and fields of a box, row by row.

use crate::hierarchy::{Layers, Level};
use crate::lattice::{Interaction, System};

/// Factors of a bond, between different and between equal spins, or of a field, on a spin -1 and +1; the larger of the two is 1.
pub(super) type Pair = [f64; 2];

/// Factors of one block of a level. Rows are the layers of [`Layers`], columns the sites of a row.
#[derive(Debug, Clone)]
pub(super) struct BoxFactors {
    /// `[rows + 1][columns]`: of the bond above every site, the last row of those below the box.
    pub(super) vertical: Vec<Pair>,
    /// `[rows][columns + 1]`: of the bond left of every site, the last column of those right of the box.
    pub(super) horizontal: Vec<Pair>,
    /// `[rows][columns]`.
    pub(super) fields: Vec<Pair>,
}

impl BoxFactors {
    pub(super) fn new(level: &Level, block: usize, system: &System, beta: f64) -> Self {
        let layers = Layers::of(&level.extent);
        let Interaction { coupling, field } = system.interaction;
        let weights = level.neighbour_weights(block);
        let factors = |energy: f64| [-energy, energy].map(|energy| (energy - energy.abs()).exp());
        let (mut vertical, mut horizontal, mut fields) = (Vec::new(), Vec::new(), Vec::new());
        let of_bond = |weight: i32| beta * coupling * f64::from(weight);
        let sites = |row: usize| (0..layers.bits).map(move |column| row * layers.bits + column);
        for row in 0..layers.layers {
            for site in sites(row) {
                vertical.push(factors(of_bond(weights[2 * site][0])));
                horizontal.push(factors(of_bond(weights[2 * site + 1][0])));
                fields.push(factors(beta * field * f64::from(level.site_weight(block, site))));
            }
            let last = row * layers.bits + layers.bits - 1;
            horizontal.push(factors(of_bond(weights[2 * last + 1][1])));
        }
        vertical.extend(sites(layers.layers - 1).map(|site| factors(of_bond(weights[2 * site][1]))));
        Self { vertical, horizontal, fields }
    }
}

/// The factor of a bond between two spins, as bits.
#[inline(always)]
pub(super) fn between(bond: Pair, one: usize, other: usize) -> f64 {
    bond[usize::from(one == other)]
}
