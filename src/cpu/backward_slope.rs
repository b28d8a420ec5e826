//! Partial gradients of the PReLU slopes: `sum over rows of error * min(hidden, 0)`.

use super::Real;
use super::state::State;
use crate::conditional::Model;
use rayon::prelude::*;

pub(super) fn run<R: Real>(model: &Model, state: &mut State<R>, level: usize) {
    let Some(net) = model.levels[level].conditional.net() else { return };
    let units = net.units();
    let level = &mut state.levels[level];
    let tiles_per_partial = level.tiles_per_partial();
    let tiles = level.tiles.par_chunks(tiles_per_partial);
    level.partials.par_iter_mut().zip(tiles).for_each(|(partial, tiles)| {
        for (layer, weights) in net.layers.iter().enumerate() {
            let slopes = &mut partial[weights.slope_offset()..][..units];
            slopes.fill(R::zero());
            for tile in tiles {
                let rows = tile.error[layer * units..].iter().zip(&tile.hidden[layer * units..]);
                for (slope, (error, hidden)) in slopes.iter_mut().zip(rows) {
                    // Not z.min(0), which would turn NaN into 0.
                    let negative = |z: R| if z > R::zero() { R::zero() } else { z };
                    *slope += error.iter().zip(hidden).map(|(&e, &z)| e * negative(z)).sum();
                }
            }
        }
    });
}
