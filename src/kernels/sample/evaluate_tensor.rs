//! ln q of given insides of boxes by matrix product states.

use super::sample_tensor::{self, fill};
use crate::cpu::{Call, Real};
use crate::kernels::{Description, Slot, shader};
use crate::mps::Source;

pub(crate) const KERNEL: Description = Description {
    name: "evaluate_tensor",
    shader: shader!("sample/evaluate_tensor"),
    draws: false,
    reads: &[Slot::Level, Slot::Step, Slot::Geometry, Slot::Spins],
    writes: &[Slot::LnQ, Slot::Environments],
    ..sample_tensor::KERNEL
};

pub(crate) fn run<R: Real>(call: Call<'_, R>, level: usize) {
    fill(call, level, Source::Given);
}
