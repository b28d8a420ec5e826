//! Neighbours and probabilities that the updates of all chains of a simulation share.

use super::Algorithm;
use super::metropolis::acceptance;
use crate::lattice::{Interaction, Torus};

/// Neighbours of every site, and probabilities times 2^32.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) torus: Torus,
    pub(super) interaction: Interaction,
    pub(super) algorithm: Algorithm,
    /// `[sites]`: the sites below, above, to the right and to the left.
    pub(super) neighbours: Vec<[u32; 4]>,
    /// Signs of J and H.
    pub(super) coupling: i8,
    pub(super) field: i8,
    /// A satisfied bond joins its ends: `1 - exp(-2 beta |J|)`.
    pub(super) bond: u64,
    /// A spin along the field is tied to the ghost spin that carries it: `1 - exp(-2 beta |H|)`.
    pub(super) ghost: u64,
    /// A satisfied bond of two pairs of opposite spins joins them: `1 - exp(-4 beta |J|)`.
    pub(super) pair: u64,
    /// Thresholds of [`acceptance`].
    pub(super) flip: [u32; 12],
    /// A spin is up in a heat bath of its neighbours, at half of 4 and their sum: `1 / (1 + exp(-2 beta (J sum + H)))`.
    pub(super) up: [u64; 5],
}

impl Rules {
    pub(super) fn new(torus: Torus, interaction: Interaction, beta: f64, algorithm: Algorithm) -> Self {
        let side = torus.side();
        let neighbours = |row: u32, column: u32| {
            [
                torus.site(row + 1, column),
                torus.site(row + side - 1, column),
                torus.site(row, column + 1),
                torus.site(row, column + side - 1),
            ]
        };
        let joined = |energy: f64| (-(-2.0 * beta * energy.abs()).exp_m1() * 2.0_f64.powi(32)) as u64;
        Self {
            torus,
            interaction,
            algorithm,
            neighbours: (0..side)
                .flat_map(|row| (0..side).map(move |column| neighbours(row, column)))
                .collect(),
            coupling: sign(interaction.coupling),
            field: sign(interaction.field),
            bond: joined(interaction.coupling),
            ghost: joined(interaction.field),
            pair: joined(2.0 * interaction.coupling),
            flip: acceptance(interaction, beta),
            up: [-4, -2, 0, 2, 4].map(|sum| {
                let odds = (-2.0 * beta * interaction.local_field(sum)).exp();
                (2.0_f64.powi(32) / (1.0 + odds)) as u64
            }),
        }
    }
}

/// -1, 0 or 1.
fn sign(value: f64) -> i8 {
    i8::from(value > 0.0) - i8::from(value < 0.0)
}
