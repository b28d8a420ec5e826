//! Forward pass of a masked net over one tile, site by site with kept hidden state: the body of `sample_level` and
//! `evaluate_level`. Costs one forward pass, however many sites depend on each other.

use super::product::{column, forward};
use super::tile::{Lane, Tile};
use super::{LANES, Real};
use crate::conditional::{MaskedNet, Weights};

/// Runs the net over a tile whose border inputs are loaded. `own_spin(tile, site, logits)` draws or reads the gauged
/// spins of one own site; they enter every later site.
#[inline(always)]
pub(super) fn run<R: Real>(
    net: &MaskedNet,
    parameters: &[R],
    tile: &mut Tile<R>,
    mut own_spin: impl FnMut(&mut Tile<R>, usize, &Lane<R>) -> Lane<R>,
) {
    border_part(net, parameters, tile);
    for site in 0..net.own {
        for layer in 0..net.depth {
            own_group(net, parameters, tile, site, layer);
        }
        let mut logits = tile.logits[site];
        let last = &tile.active[(net.depth - 1) * net.units()..];
        own_sources(&mut logits, &net.output, parameters, last, site);
        if let Some(skip) = &net.skip {
            own_sources(&mut logits, skip, parameters, &tile.inputs, site);
        }
        tile.logits[site] = logits;
        tile.inputs[net.border + site] = own_spin(tile, site, &logits);
    }
}

/// Biases and all that the border contributes: to its own groups, to every own group, to every logit.
fn border_part<R: Real>(net: &MaskedNet, parameters: &[R], tile: &mut Tile<R>) {
    let units = net.units();
    for (layer, weights) in net.layers.iter().enumerate() {
        let sources = net.border * weights.source_width;
        let (below, rest) = tile.active.split_at_mut(layer * units);
        let below = if layer == 0 { &tile.inputs[..] } else { &below[(layer - 1) * units..] };
        let hidden = &mut tile.hidden[layer * units..][..units];
        start(hidden, &parameters[weights.bias_offset()..]);
        forward(hidden, &parameters[weights.offset..], &below[..sources]);
        let slopes = &parameters[weights.slope_offset()..];
        for unit in 0..net.border * net.width {
            activate(&mut rest[unit], &hidden[unit], slopes[unit]);
        }
    }
    start(&mut tile.logits, &parameters[net.output.bias_offset()..]);
    let last = &tile.active[(net.depth - 1) * units..][..net.border * net.width];
    forward(&mut tile.logits, &parameters[net.output.offset..], last);
    if let Some(skip) = &net.skip {
        forward(&mut tile.logits, &parameters[skip.offset..], &tile.inputs[..net.border]);
    }
}

fn start<R: Real>(targets: &mut [Lane<R>], biases: &[R]) {
    for (target, &bias) in targets.iter_mut().zip(biases) {
        *target = [bias; LANES];
    }
}

/// Finishes the hidden group of an own site in one layer: all that it may see is known now.
#[inline(always)]
fn own_group<R: Real>(net: &MaskedNet, parameters: &[R], tile: &mut Tile<R>, site: usize, layer: usize) {
    let (units, weights) = (net.units(), &net.layers[layer]);
    let group = (net.border + site) * net.width;
    let slopes = &parameters[weights.slope_offset() + group..][..net.width];
    for (unit, &slope) in (group..).zip(slopes) {
        let mut hidden = tile.hidden[layer * units + unit];
        let below = if layer == 0 { &tile.inputs[..] } else { &tile.active[(layer - 1) * units..] };
        own_sources(&mut hidden, weights, parameters, below, unit);
        activate(&mut tile.active[layer * units + unit], &hidden, slope);
        tile.hidden[layer * units + unit] = hidden;
    }
}

/// Adds what a target sees beyond the border.
#[inline(always)]
fn own_sources<R: Real>(
    sum: &mut Lane<R>,
    weights: &Weights,
    parameters: &[R],
    sources: &[Lane<R>],
    target: usize,
) {
    let (from, to) = (weights.border * weights.source_width, weights.visible(target));
    if from < to {
        let first = weights.offset + from * weights.targets + target;
        column(sum, &parameters[first..], weights.targets, &sources[from..to]);
    }
}

#[inline(always)]
fn activate<R: Real>(active: &mut Lane<R>, hidden: &Lane<R>, slope: R) {
    for lane in 0..LANES {
        active[lane] = hidden[lane].prelu(slope);
    }
}
