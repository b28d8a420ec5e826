//! ln q of the images of drawn blocks, by a net that is mixed with its images: mirror images, or those with all colours moved on.

use crate::cpu::{Call, Real};
use crate::kernels::sample::evaluate_level::evaluate;
use crate::kernels::sample::sample_level::{forward_constants, forward_cost, forward_workgroups};
use crate::kernels::{Axis, Description, LaneRows, Phase, Slot, Work, shader};

pub(crate) const KERNEL: Description = Description {
    name: "evaluate_image",
    phase: Phase::Sample,
    shader: shader!("sample/evaluate_image"),
    draws: false,
    reads: &[Slot::Level, Slot::Step, Slot::Geometry, Slot::NetParameters, Slot::NetQuads],
    writes: &[Slot::Spins, Slot::Inputs, Slot::Hidden, Slot::Logits, Slot::LnQ],
    writes_with_f16: &[],
    in_parts: false,
    axes: &[
        Axis::ForwardShape,
        Axis::Loads,
        Axis::Rows(LaneRows::Forward),
        Axis::Units,
        Axis::Parts,
        Axis::Patches,
        Axis::Encoding,
    ],
    constants: forward_constants,
    work: Work::Net {
        cost: |on| forward_cost(&on.images()),
        workgroups: |on, spread| forward_workgroups(&on.images(), spread),
    },
};

pub(crate) fn run<R: Real>(call: Call<'_, R>, level: usize) {
    let blocks = call.model.hierarchy.levels[level].blocks * call.state.batch;
    evaluate(call, level, blocks, true);
}
