//! Partial gradients of weights and biases: `sum over rows of source * target error`, masked weights exactly 0.

use crate::conditional::{MaskedNet, Weights};
use crate::cpu::product::{outer, sum_lanes};
use crate::cpu::tile::{Lane, Tile};
use crate::cpu::vector::vectorised;
use crate::cpu::{Call, Real};
use crate::kernels::{Axis, Choice, Description, Phase, Slot, Variant, Work, jobs, shader};
use rayon::prelude::*;

pub(crate) const KERNEL: Description = Description {
    name: "backward_weights",
    phase: Phase::Backward,
    shader: shader!("backward/backward_weights"),
    draws: false,
    reads: &[
        Slot::Level,
        Slot::NetParameters,
        Slot::Inputs,
        Slot::Hidden,
        Slot::Logits,
        Slot::Error,
        Slot::Jobs,
    ],
    writes: &[Slot::Partials],
    writes_with_f16: &[],
    in_parts: false,
    axes: &[Axis::Loads, Axis::Parts, Axis::Encoding],
    constants: |choice| {
        let Choice { options, variant: Variant { loads, job, .. }, .. } = choice;
        vec![
            ("LANES", loads.weight_lanes()),
            ("DEPTH", options.depth),
            ("SKIP", options.skip.into()),
            ("JOB_SOURCES", job.sources),
            ("JOB_UNITS", job.units),
            ("JOB_LOGITS", job.logits),
        ]
    },
    work: Work::Net {
        cost: |on| {
            let per_row = on.input_words() + on.kept(on.hidden()) + on.hidden() + on.net.logits();
            on.cost(on.net.multiply_adds(), per_row, on.net.parameters())
        },
        workgroups: |on, spread| jobs(on.net, spread.variant.job).len() * spread.slices,
    },
};

/// Targets whose gradients are computed together: sources hidden from all of them are left out.
const TARGETS: usize = 64;

pub(crate) fn run<R: Real>(Call { model, state, .. }: Call<'_, R>, level: usize) {
    let Some(net) = model.levels[level].conditional.net() else { return };
    let level = &mut state.levels[level];
    let tiles_per_partial = level.tiles_per_partial();
    let tiles = level.tiles.par_chunks(tiles_per_partial);
    level.partials.par_iter_mut().zip(tiles).for_each(|(partial, tiles)| {
        for weights in net.weights() {
            partial.gradient[weights.offset..weights.slope_offset()].fill(R::zero());
        }
        for tile in tiles {
            add_tile(net, &mut partial.gradient, tile);
        }
        for weights in net.weights() {
            clear_masked(weights, &mut partial.gradient);
        }
    });
}

fn add_tile<R: Real>(net: &MaskedNet, gradient: &mut [R], tile: &Tile<R>) {
    let units = net.units();
    let active = |layer: usize| &tile.active[layer * units..][..units];
    for (layer, weights) in net.layers.iter().enumerate() {
        let sources = if layer == 0 { &tile.inputs[..] } else { active(layer - 1) };
        add_product(weights, gradient, sources, &tile.error[layer * units..][..units]);
    }
    add_product(&net.output, gradient, active(net.depth - 1), &tile.logits);
    if let Some(skip) = &net.skip {
        add_product(skip, gradient, &tile.inputs, &tile.logits);
    }
}

fn add_product<R: Real>(weights: &Weights, gradient: &mut [R], sources: &[Lane<R>], errors: &[Lane<R>]) {
    for (first, last) in blocks(weights) {
        for (targets, seen) in weights.products(first..last, 0..weights.visible(last - 1)) {
            let start = weights.offset + seen.start * weights.targets + targets.start;
            let gradient = &mut gradient[start..weights.bias_offset()];
            outer(gradient, weights.targets, &sources[seen], &errors[targets]);
        }
    }
    if weights.has_bias {
        let biases = &mut gradient[weights.bias_offset()..][..weights.targets];
        vectorised(
            #[inline(always)]
            || {
                for (bias, error) in biases.iter_mut().zip(errors) {
                    *bias += sum_lanes(
                        #[inline(always)]
                        |lane| error[lane],
                    );
                }
            },
        );
    }
}

fn blocks(weights: &Weights) -> impl Iterator<Item = (usize, usize)> + use<> {
    let targets = weights.targets;
    (0..targets).step_by(TARGETS).map(move |first| (first, targets.min(first + TARGETS)))
}

/// What the products above gave for single targets of a block that do not see what its last one sees.
fn clear_masked<R: Real>(weights: &Weights, gradient: &mut [R]) {
    for (first, last) in blocks(weights) {
        for source in weights.visible(first)..weights.visible(last - 1) {
            let seeing = weights.first_to_see(source);
            let row = weights.offset + source * weights.targets;
            gradient[row + first..row + seeing].fill(R::zero());
        }
    }
}
