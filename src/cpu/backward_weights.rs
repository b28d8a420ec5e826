//! Partial gradients of weights and biases: `sum over rows of source * target error`, masked weights exactly 0.

use super::Real;
use super::backward_hidden::through_prelu;
use super::product::outer;
use super::state::State;
use super::tile::{Lane, Tile};
use crate::conditional::{MaskedNet, Model, Weights};
use rayon::prelude::*;

pub(super) fn run<R: Real>(model: &Model, state: &mut State<R>, level: usize) {
    let description = &model.levels[level];
    let Some(net) = description.conditional.net() else { return };
    let parameters = &state.parameters[description.offset..];
    let level = &mut state.levels[level];
    let tiles_per_partial = level.tiles_per_partial();
    let tiles = level.tiles.par_chunks(tiles_per_partial);
    level.partials.par_iter_mut().zip(tiles).for_each(|(partial, tiles)| {
        partial.fill(R::zero());
        for tile in tiles {
            add_tile(net, parameters, partial, tile);
        }
        for weights in net.weights() {
            clear_masked(weights, partial);
        }
    });
}

fn add_tile<R: Real>(net: &MaskedNet, parameters: &[R], partial: &mut [R], tile: &Tile<R>) {
    let units = net.units();
    let active = |layer: usize| &tile.active[layer * units..][..units];
    for (layer, weights) in net.layers.iter().enumerate() {
        let slopes = &parameters[weights.slope_offset()..];
        let errors =
            through_prelu(&tile.error[layer * units..][..units], &tile.hidden[layer * units..], slopes);
        let sources = if layer == 0 { &tile.inputs[..] } else { active(layer - 1) };
        add_product(weights, partial, sources, &errors);
    }
    add_product(&net.output, partial, active(net.depth - 1), &tile.logits);
    if let Some(skip) = &net.skip {
        add_product(skip, partial, &tile.inputs, &tile.logits);
    }
}

/// Border targets see border sources only, so the two rectangles leave out the corner that is masked as a whole.
fn add_product<R: Real>(weights: &Weights, partial: &mut [R], sources: &[Lane<R>], errors: &[Lane<R>]) {
    let border_targets = weights.border.saturating_sub(weights.first_group) * weights.target_width;
    let border_sources = weights.border * weights.source_width;
    let gradient = &mut partial[weights.offset..weights.bias_offset()];
    outer(gradient, weights.targets, 0, &sources[..border_sources], &errors[..border_targets]);
    outer(gradient, weights.targets, border_targets, sources, &errors[border_targets..]);
    if weights.has_bias {
        let biases = &mut partial[weights.bias_offset()..][..weights.targets];
        for (bias, error) in biases.iter_mut().zip(errors) {
            *bias += error.iter().copied().sum();
        }
    }
}

fn clear_masked<R: Real>(weights: &Weights, partial: &mut [R]) {
    for target in 0..weights.targets {
        for source in weights.visible(target)..weights.sources {
            partial[weights.offset + source * weights.targets + target] = R::zero();
        }
    }
}
