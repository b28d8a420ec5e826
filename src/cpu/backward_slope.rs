//! Partial gradients of the PReLU slopes: `sum over rows of error * min(hidden, 0)`.

use super::Real;
use super::product::sum_lanes;
use super::state::State;
use super::vector::vectorised;
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
            let slopes = &mut partial.gradient[weights.slope_offset()..][..units];
            slopes.fill(R::zero());
            vectorised(
                #[inline(always)]
                || {
                    for tile in tiles {
                        let rows = tile.error[layer * units..].iter().zip(&tile.hidden[layer * units..]);
                        for (slope, (error, hidden)) in slopes.iter_mut().zip(rows) {
                            *slope += sum_lanes(
                                #[inline(always)]
                                |lane| {
                                    // Not z.min(0), which would turn NaN into 0.
                                    let z = hidden[lane];
                                    error[lane] * if z > R::zero() { R::zero() } else { z }
                                },
                            );
                        }
                    }
                },
            );
        }
    });
}
