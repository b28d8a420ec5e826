//! Work space for sums over exact boxes, of spins or of colours.

use super::Real;
use super::box_factors::LevelFactors;
use super::box_sum::{BoxSum, ROWS};
use super::colour_sum::ColourSum;
use super::rows::{Rows, SpinKeys};
use super::tile::Lane;
use crate::hierarchy::{Layers, Level};
use crate::lattice::Spins;

/// Sums over one box after another.
#[derive(Debug)]
pub(crate) enum Transfer<R> {
    /// Of Ising spins.
    Spins(BoxSum<R>),
    /// Of Potts spins.
    Colours(ColourSum<R>),
}

impl<R: Real> Transfer<R> {
    pub(crate) fn new(spins: Spins, layers: Layers, level: &Level) -> Self {
        match spins {
            Spins::Ising => Self::Spins(BoxSum::new(layers, level)),
            Spins::Potts { states } => Self::Colours(ColourSum::new(layers, states.into(), level)),
        }
    }

    /// Takes the factors of rows and reads their borders; `first_configuration` is the number of the batch's first.
    pub(crate) fn load(
        &mut self,
        factors: &LevelFactors,
        level: &Level,
        spins: &[i8],
        rows: Rows,
        first_configuration: u32,
    ) {
        match self {
            Self::Spins(sum) => sum.load(factors, level, spins, rows, first_configuration),
            Self::Colours(sum) => sum.load(factors, level, spins, rows, first_configuration),
        }
    }

    /// Logarithm of the scaled sum over the inside.
    #[inline(always)]
    pub(crate) fn ln_sum(&mut self) -> [f64; ROWS] {
        match self {
            Self::Spins(sum) => sum.ln_sum(false),
            Self::Colours(sum) => sum.ln_sum(false),
        }
    }

    /// The same, and draws the inside: stores the spins of one site after another.
    #[inline(always)]
    pub(crate) fn draw(&mut self, keys: &SpinKeys, mut store: impl FnMut(usize, &[i8; ROWS])) -> [f64; ROWS] {
        match self {
            Self::Spins(sum) => draw_spins(sum, keys, |site, spins| {
                store(site, &spins.map(|spin| if spin > R::zero() { 1 } else { -1 }))
            }),
            Self::Colours(sum) => {
                let ln_sum = sum.ln_sum(true);
                sum.draw(keys, store);
                ln_sum
            }
        }
    }
}

/// Draws the layers of one box; returns the logarithm of its scaled sum.
#[inline(always)]
fn draw_spins<R: Real>(
    sum: &mut BoxSum<R>,
    keys: &SpinKeys,
    mut store: impl FnMut(usize, &Lane<R>),
) -> [f64; ROWS] {
    let ln_sum = sum.ln_sum(true);
    let mut layer = sum.border_below();
    let Layers { bits, layers, .. } = sum.layers();
    for i in (0..layers).rev() {
        let uniform = |lane: usize, j: usize| R::of(f64::from(keys.of(lane).uniform((i * bits + j) as u32)));
        sum.draw_layer(i, &mut layer, uniform);
        for (j, spins) in layer.iter().enumerate() {
            store(i * bits + j, spins);
        }
    }
    ln_sum
}
