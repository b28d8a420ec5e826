//! Partial gradients of the PReLU slopes, `sum over rows of error * min(hidden, 0)`; then the error goes through the PReLU:
//! from the gradient with respect to activations to that with respect to pre-activations.

use crate::cpu::product::sum_lanes;
use crate::cpu::tile::Lane;
use crate::cpu::vector::vectorised;
use crate::cpu::{Call, LANES, Real};
use crate::kernels::{Axis, Description, Phase, Slot, Work, lanes_and, shader};
use rayon::prelude::*;

pub(crate) const KERNEL: Description = Description {
    name: "backward_slope",
    phase: Phase::Backward,
    shader: shader!("backward/backward_slope"),
    draws: false,
    reads: &[Slot::Level, Slot::NetParameters, Slot::Hidden],
    writes: &[Slot::Error, Slot::Partials],
    writes_with_f16: &[],
    in_parts: false,
    axes: &[Axis::Exchange, Axis::Parts],
    constants: |choice| lanes_and([("DEPTH", choice.options.depth)]),
    work: Work::Net {
        cost: |on| {
            let (kept, hidden) = (on.kept(on.hidden()), on.hidden());
            on.cost(0, kept + 2 * hidden, kept + hidden)
        },
        workgroups: |on, spread| on.hidden() * spread.slices,
    },
};

pub(crate) fn run<R: Real>(Call { model, state, .. }: Call<'_, R>, level: usize) {
    let description = &model.levels[level];
    let Some(net) = description.conditional.net() else { return };
    let units = net.units();
    let parameters = &state.parameters[description.offset..];
    let level = &mut state.levels[level];
    let tiles_per_partial = level.tiles_per_partial();
    let tiles = level.tiles.par_chunks_mut(tiles_per_partial);
    level.partials.par_iter_mut().zip(tiles).for_each(|(partial, tiles)| {
        for (layer, weights) in net.layers.iter().enumerate() {
            let range = layer * units..(layer + 1) * units;
            let slopes = &parameters[weights.slope_offset()..][..units];
            let gradient = &mut partial.gradient[weights.slope_offset()..][..units];
            gradient.fill(R::zero());
            for tile in tiles.iter_mut() {
                through_prelu(slopes, &tile.hidden[range.clone()], &mut tile.error[range.clone()], gradient);
            }
        }
    });
}

fn through_prelu<R: Real>(slopes: &[R], hidden: &[Lane<R>], error: &mut [Lane<R>], gradient: &mut [R]) {
    vectorised(
        #[inline(always)]
        || {
            for (((error, hidden), &slope), gradient) in
                error.iter_mut().zip(hidden).zip(slopes).zip(gradient.iter_mut())
            {
                *gradient += sum_lanes(
                    #[inline(always)]
                    |lane| {
                        // Not z.min(0), which would turn NaN into 0.
                        let z = hidden[lane];
                        error[lane] * if z > R::zero() { R::zero() } else { z }
                    },
                );
                for lane in 0..LANES {
                    let factor = if hidden[lane] > R::zero() { R::one() } else { slope };
                    error[lane] = error[lane] * factor;
                }
            }
        },
    );
}
