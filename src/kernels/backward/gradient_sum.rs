//! Sums the partial gradients of a level, in a fixed order, and averages over the chunks of a batch.

use crate::cpu::{CHUNK, Call, Real};
use crate::kernels::{
    Axis, Cost, Description, LANES as WORKGROUP, Phase, QUAD, Slot, Work, lanes_and, shader,
};
use rayon::prelude::*;

/// Workgroups for some parameters, each of which has so many lanes.
pub(crate) fn groups(parameters: usize, slice_lanes: usize) -> usize {
    parameters.div_ceil(QUAD * WORKGROUP / slice_lanes)
}

pub(crate) const KERNEL: Description = Description {
    name: "gradient_sum",
    phase: Phase::Backward,
    shader: shader!("backward/gradient_sum"),
    draws: false,
    reads: &[Slot::Level, Slot::Step, Slot::Parameters, Slot::Partials],
    writes: &[Slot::Gradient, Slot::Norms],
    writes_with_f16: &[],
    in_parts: true,
    axes: &[Axis::Exchange],
    constants: |choice| lanes_and([("SLICE_LANES", choice.variant.slice_lanes)]),
    work: Work::Level {
        cost: |level| Cost::moving(2 * level.parameters()),
        workgroups: |_, spread| groups(spread.parameters, spread.variant.slice_lanes),
    },
};

pub(crate) fn run<R: Real>(Call { model, state, inputs }: Call<'_, R>, level: usize) {
    let description = &model.levels[level];
    let share = R::one() / R::of(inputs.chunk.count.into());
    let gradient = &mut state.gradient[description.offset..][..description.conditional.parameters()];
    let partials = &state.levels[level].partials;
    gradient.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, gradient)| {
        if inputs.chunk.index == 0 {
            gradient.fill(R::zero());
        }
        let mut sums = [R::zero(); CHUNK];
        for partial in partials {
            for (sum, &value) in sums.iter_mut().zip(&partial.gradient[chunk * CHUNK..]) {
                *sum += value;
            }
        }
        for (gradient, sum) in gradient.iter_mut().zip(sums) {
            *gradient += share * sum;
        }
    });
}
