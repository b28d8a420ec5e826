//! Forward pass of a masked net over one tile, site by site with kept hidden state: the body of `sample_level` and
//! `evaluate_level`. Costs one forward pass, however many sites depend on each other.

use super::product::{column, forward};
use super::tile::{Lane, Tile};
use super::{LANES, Real};
use crate::conditional::{MaskedNet, Weights};
use std::ops::Range;

/// Own sites that are fixed together: what earlier sites contribute to them is a dense product.
const GROUP: usize = 8;

/// Runs the net over tiles whose border inputs are loaded, one for each of the passes that fix sites together. `fix(tiles, site)` draws or reads the spins of one own
/// site, whose logits are complete, and leaves them as inputs behind the gauge; they enter every later site.
#[inline(always)]
pub(crate) fn run<R: Real>(
    net: &MaskedNet,
    parameters: &[R],
    tiles: &mut [Tile<R>],
    mut fix: impl FnMut(&mut [Tile<R>], usize),
) {
    tiles.iter_mut().for_each(|tile| border_part(net, parameters, tile));
    for first in (0..net.own).step_by(GROUP) {
        let sites = first..net.own.min(first + GROUP);
        tiles.iter_mut().for_each(|tile| earlier_groups(net, parameters, tile, sites.clone()));
        for site in sites {
            for tile in &mut *tiles {
                own_site(net, parameters, tile, first, site);
            }
            fix(tiles, site);
        }
    }
}

/// Finishes the hidden units and the logits of an own site.
#[inline(always)]
fn own_site<R: Real>(net: &MaskedNet, parameters: &[R], tile: &mut Tile<R>, first: usize, site: usize) {
    for layer in 0..net.depth {
        own_group(net, parameters, tile, first, site, layer);
    }
    let per_site = net.encoding.numbers();
    for logit in site * per_site..(site + 1) * per_site {
        own_logit(net, parameters, tile, first, logit);
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
        add_product(hidden, weights, parameters, below, [0..units, 0..sources]);
        let slopes = &parameters[weights.slope_offset()..];
        for unit in 0..net.border * net.width {
            activate(&mut rest[unit], &hidden[unit], slopes[unit]);
        }
    }
    start(&mut tile.logits, &parameters[net.output.bias_offset()..]);
    let last = &tile.active[(net.depth - 1) * units..];
    let logits = 0..net.logits();
    add_product(&mut tile.logits, &net.output, parameters, last, [logits.clone(), 0..net.border * net.width]);
    if let Some(skip) = &net.skip {
        let sources = 0..net.border * skip.source_width;
        add_product(&mut tile.logits, skip, parameters, &tile.inputs, [logits, sources]);
    }
}

/// Adds what some sources contribute to some targets.
fn add_product<R: Real>(
    sums: &mut [Lane<R>],
    weights: &Weights,
    parameters: &[R],
    values: &[Lane<R>],
    [targets, sources]: [Range<usize>; 2],
) {
    for (targets, sources) in weights.products(targets, sources) {
        let first = weights.offset + sources.start * weights.targets + targets.start;
        forward(&mut sums[targets], &parameters[first..], weights.targets, &values[sources]);
    }
}

/// What own sites before a group contribute to its hidden units and logits.
fn earlier_groups<R: Real>(net: &MaskedNet, parameters: &[R], tile: &mut Tile<R>, sites: Range<usize>) {
    let units = net.units();
    for (layer, weights) in net.layers.iter().enumerate() {
        let below = if layer == 0 { &tile.inputs[..] } else { &tile.active[(layer - 1) * units..] };
        let hidden = &mut tile.hidden[layer * units..];
        add_earlier(hidden, weights, parameters, below, sites.clone());
    }
    let last = &tile.active[(net.depth - 1) * units..];
    add_earlier(&mut tile.logits, &net.output, parameters, last, sites.clone());
    if let Some(skip) = &net.skip {
        add_earlier(&mut tile.logits, skip, parameters, &tile.inputs, sites);
    }
}

fn add_earlier<R: Real>(
    sums: &mut [Lane<R>],
    weights: &Weights,
    parameters: &[R],
    values: &[Lane<R>],
    sites: Range<usize>,
) {
    let sources =
        weights.border * weights.source_width..(weights.border + sites.start) * weights.source_width;
    let target = |site: usize| weights.targets_before_own() + site * weights.target_width;
    add_product(sums, weights, parameters, values, [target(sites.start)..target(sites.end), sources]);
}

fn start<R: Real>(targets: &mut [Lane<R>], biases: &[R]) {
    for (target, &bias) in targets.iter_mut().zip(biases) {
        *target = [bias; LANES];
    }
}

/// Finishes the hidden units of an own site in one layer: all that they may see is known now.
#[inline(always)]
fn own_group<R: Real>(
    net: &MaskedNet,
    parameters: &[R],
    tile: &mut Tile<R>,
    first: usize,
    site: usize,
    layer: usize,
) {
    let (units, weights) = (net.units(), &net.layers[layer]);
    let group = (net.border + site) * net.width;
    let slopes = &parameters[weights.slope_offset() + group..][..net.width];
    for (unit, &slope) in (group..).zip(slopes) {
        let mut hidden = tile.hidden[layer * units + unit];
        let below = if layer == 0 { &tile.inputs[..] } else { &tile.active[(layer - 1) * units..] };
        group_sources(&mut hidden, weights, parameters, below, first, unit);
        activate(&mut tile.active[layer * units + unit], &hidden, slope);
        tile.hidden[layer * units + unit] = hidden;
    }
}

/// Finishes a logit: all that it may see is known now.
#[inline(always)]
fn own_logit<R: Real>(net: &MaskedNet, parameters: &[R], tile: &mut Tile<R>, first: usize, logit: usize) {
    let mut sum = tile.logits[logit];
    let last = &tile.active[(net.depth - 1) * net.units()..];
    group_sources(&mut sum, &net.output, parameters, last, first, logit);
    if let Some(skip) = &net.skip {
        group_sources(&mut sum, skip, parameters, &tile.inputs, first, logit);
    }
    tile.logits[logit] = sum;
}

/// Adds what a target sees of own sites from `first` on.
#[inline(always)]
fn group_sources<R: Real>(
    sum: &mut Lane<R>,
    weights: &Weights,
    parameters: &[R],
    sources: &[Lane<R>],
    first: usize,
    target: usize,
) {
    let (from, to) = ((weights.border + first) * weights.source_width, weights.visible(target));
    if from < to {
        let start = weights.offset + from * weights.targets + target;
        column(sum, &parameters[start..], weights.targets, &sources[from..to]);
    }
}

#[inline(always)]
fn activate<R: Real>(active: &mut Lane<R>, hidden: &Lane<R>, slope: R) {
    for lane in 0..LANES {
        active[lane] = hidden[lane].prelu(slope);
    }
}
