//! Batch mean of the root rewards.

use crate::cpu::{Call, Real};
use crate::kernels::{Axis, Cost, Description, Phase, REDUCING_LANES, Slot, Work, shader};

pub(crate) const KERNEL: Description = Description {
    name: "baseline",
    phase: Phase::Reward,
    shader: shader!("reward/baseline"),
    draws: false,
    reads: &[Slot::Step, Slot::Reward],
    writes: &[Slot::Baseline],
    writes_with_f16: &[],
    in_parts: false,
    axes: &[Axis::Exchange],
    constants: |_| vec![("LANES", REDUCING_LANES)],
    work: Work::Whole { cost: |whole| Cost::moving(whole.batch), workgroups: |_, _| 1 },
};

pub(crate) fn run<R: Real>(Call { state, .. }: Call<'_, R>) {
    let sum: R = state.reward[..state.batch].iter().copied().sum();
    state.baseline = sum / R::of(state.batch as f64);
}
