//! Gradient with respect to the activations of one hidden layer.

use crate::conditional::{MaskedNet, Weights};
use crate::cpu::product::backward;
use crate::cpu::tile::{Lane, Tile};
use crate::cpu::vector::vectorised;
use crate::cpu::{Call, LANES, Real};
use crate::kernels::{
    Axis, Choice, Description, LANES as WORKGROUP, LaneRows, Phase, Slot, Work, lanes_and, shader,
};
use rayon::prelude::*;

/// Hidden units of a lane on a GPU.
pub(crate) const UNITS: usize = 8;

pub(crate) const KERNEL: Description = Description {
    name: "backward_hidden",
    phase: Phase::Backward,
    shader: shader!("backward/backward_hidden"),
    draws: false,
    reads: &[Slot::Level, Slot::Geometry, Slot::NetParameters, Slot::Hidden, Slot::Logits],
    writes: &[Slot::Error],
    writes_with_f16: &[],
    in_parts: false,
    axes: &[Axis::Loads, Axis::Rows(LaneRows::Hidden), Axis::Parts, Axis::Patches, Axis::Encoding],
    constants: |choice| {
        let Choice { options, place, .. } = choice;
        lanes_and([
            ("WIDTH", options.width.of(place.level)),
            ("DEPTH", options.depth),
            ("LAYER", place.layer),
            ("UNITS", UNITS),
        ])
    },
    work: Work::Net {
        cost: |on| {
            let (net, units) = (on.net, on.net.units());
            match net.layers.get(on.layer + 1) {
                None => on.cost(
                    net.output.unmasked(),
                    net.logits() + units,
                    on.kept(net.output.sources * net.logits()),
                ),
                Some(weights) => {
                    on.cost(weights.unmasked(), 2 * units + on.kept(units), on.kept(units * units))
                }
            }
        },
        workgroups: |on, spread| {
            on.rows.div_ceil(spread.variant.lane_rows * WORKGROUP) * on.net.units().div_ceil(UNITS)
        },
    },
};

/// Sources whose gradient is computed together: the targets hidden from all of them are left out.
const SOURCES: usize = 64;

pub(crate) fn run<R: Real>(Call { model, state, .. }: Call<'_, R>, level: usize, layer: usize) {
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
        let seeing = weights.first_to_see(first)..weights.targets;
        for (seeing, sources) in weights.products(seeing, first..last) {
            let start = weights.offset + sources.start * weights.targets + seeing.start;
            backward(&mut error[sources], &parameters[start..], weights.targets, &targets[seeing]);
        }
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
