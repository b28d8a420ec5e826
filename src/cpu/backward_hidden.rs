//! Gradient with respect to the activations of one hidden layer.

use super::product::backward;
use super::state::State;
use super::tile::{Lane, Tile};
use super::vector::vectorised;
use super::{LANES, Real};
use crate::conditional::{MaskedNet, Model, Weights};
use rayon::prelude::*;

/// Sources whose gradient is computed together: the targets hidden from all of them are left out.
const SOURCES: usize = 64;

pub(super) fn run<R: Real>(model: &Model, state: &mut State<R>, level: usize, layer: usize) {
    let description = &model.levels[level];
    let Some(net) = description.conditional.net() else { return };
    let parameters = &state.parameters[description.offset..];
    let level = &mut state.levels[level];
    let tiles_per_partial = level.tiles_per_partial();
    let tiles = level.tiles.par_chunks_mut(tiles_per_partial);
    level.partials.par_iter_mut().zip(tiles).for_each(|(partial, tiles)| {
        for tile in tiles {
            of_tile(net, parameters, tile, layer, &mut partial.errors);
        }
    });
}

fn of_tile<R: Real>(
    net: &MaskedNet,
    parameters: &[R],
    tile: &mut Tile<R>,
    layer: usize,
    errors: &mut [Lane<R>],
) {
    let units = net.units();
    let (targets, weights) = match net.layers.get(layer + 1) {
        None => (&tile.logits[..], &net.output),
        Some(weights) => {
            through_prelu(parameters, weights, tile, layer + 1, errors);
            (&*errors, weights)
        }
    };
    let error = &mut tile.error[layer * units..][..units];
    error.fill([R::zero(); LANES]);
    for first in (0..units).step_by(SOURCES) {
        let last = units.min(first + SOURCES);
        let unseen = weights.first_to_see(first);
        let weights = &parameters[weights.offset + first * weights.targets + unseen..];
        backward(&mut error[first..last], weights, targets.len(), &targets[unseen..]);
    }
}

/// Gradient with respect to a layer's pre-activations from that with respect to its activations.
fn through_prelu<R: Real>(
    parameters: &[R],
    weights: &Weights,
    tile: &Tile<R>,
    layer: usize,
    errors: &mut [Lane<R>],
) {
    let range = layer * weights.targets..(layer + 1) * weights.targets;
    let slopes = &parameters[weights.slope_offset()..];
    let (error, hidden) = (&tile.error[range.clone()], &tile.hidden[range]);
    vectorised(
        #[inline(always)]
        || {
            for (((result, error), hidden), &slope) in errors.iter_mut().zip(error).zip(hidden).zip(slopes) {
                for lane in 0..LANES {
                    let factor = if hidden[lane] > R::zero() { R::one() } else { slope };
                    result[lane] = error[lane] * factor;
                }
            }
        },
    );
}
