//! Nets that the colours of Potts spins share. A tile for every colour holds the same rows; its inputs are +1 where a site has the colour and -1 elsewhere, and its logits are those of the
//! colour. The tiles of all colours go through a net side by side, and a softmax over them makes probabilities.

use super::colours::Softmax;
use super::tile::{Lane, Tile};
use super::{LANES, Real};
use crate::conditional::MaskedNet;
use crate::hierarchy::Level;
use crate::lattice::MAX_STATES;

/// Logits of a site by colour; those of colours that there are not are never looked at.
type Logits<R> = [Lane<R>; MAX_STATES as usize];

/// Draws the colours of an own site by numbers in [0, 1).
#[inline(always)]
pub(crate) fn draw<R: Real>(tiles: &mut [Tile<R>], net: &MaskedNet, site: usize, numbers: &Lane<R>) {
    let logits = of_site(tiles, site);
    let softmax = Softmax::of(&logits[..tiles.len()]);
    let colours = softmax.draw(&logits[..tiles.len()], numbers);
    fix(tiles, net, site, &colours, &softmax);
}

/// Reads the colours of an own site.
#[inline(always)]
pub(crate) fn read<R: Real>(tiles: &mut [Tile<R>], net: &MaskedNet, site: usize, colours: &[i8; LANES]) {
    let logits = of_site(tiles, site);
    let softmax = Softmax::of(&logits[..tiles.len()]);
    fix(tiles, net, site, colours, &softmax);
}

/// Turns the logits of a site into their gradient.
#[inline(always)]
pub(crate) fn differentiate<R: Real>(
    tiles: &mut [Tile<R>],
    net: &MaskedNet,
    site: usize,
    advantage: &Lane<R>,
) {
    let logits = of_site(tiles, site);
    let softmax = Softmax::of(&logits[..tiles.len()]);
    for (tile, logit) in tiles.iter_mut().zip(&logits) {
        let inputs = &tile.inputs[net.border + site];
        for lane in 0..LANES {
            let is_own = if inputs[lane] > R::zero() { R::one() } else { R::zero() };
            tile.logits[site][lane] = advantage[lane] * (is_own - softmax.probability(logit, lane));
        }
    }
}

#[inline(always)]
fn of_site<R: Real>(tiles: &[Tile<R>], site: usize) -> Logits<R> {
    let mut logits = [[R::zero(); LANES]; MAX_STATES as usize];
    for (logits, tile) in logits.iter_mut().zip(tiles) {
        *logits = tile.logits[site];
    }
    logits
}

/// Adds ln q of colours and leaves them as inputs.
#[inline(always)]
fn fix<R: Real>(
    tiles: &mut [Tile<R>],
    net: &MaskedNet,
    site: usize,
    colours: &[i8; LANES],
    softmax: &Softmax<R>,
) {
    let mut chosen = [R::zero(); LANES];
    for (tile, colour) in tiles.iter_mut().zip(0..) {
        let inputs = &mut tile.inputs[net.border + site];
        for lane in 0..LANES {
            let is_own = colours[lane] == colour;
            inputs[lane] = if is_own { R::one() } else { -R::one() };
            chosen[lane] = if is_own { tile.logits[site][lane] } else { chosen[lane] };
        }
    }
    for (lane, &logit) in chosen.iter().enumerate() {
        tiles[0].add_ln_q(lane, softmax.ln_probability(logit, lane));
    }
}

impl<R: Real> Tile<R> {
    /// Reads the border for the colour that the tile is of.
    #[inline(always)]
    pub(super) fn load_border_of_colour(&mut self, level: &Level, spins: &[i8]) {
        let colour = self.rows.image(level.blocks) as i8;
        for local in 0..level.border {
            let colours = self.rows.column(level, spins, local);
            for (input, of_lane) in self.inputs[local].iter_mut().zip(colours) {
                *input = if of_lane == colour { R::one() } else { -R::one() };
            }
        }
    }

    /// Writes the tile's colour to the own spins that have it.
    pub(super) fn store_own_of_colour(&self, level: &Level, spins: &mut [i8]) {
        let colour = self.rows.image(level.blocks) as i8;
        for part in self.rows.parts() {
            for local in level.border..level.inputs() {
                let column = &mut spins[self.rows.places(&part, level, local)];
                for (spin, &input) in column.iter_mut().zip(&self.inputs[local][part.lanes.clone()]) {
                    *spin = if input > R::zero() { colour } else { *spin };
                }
            }
        }
    }
}
