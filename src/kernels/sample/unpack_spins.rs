//! Spins from bits. Configurations travel to a GPU as bits, a bit a spin or a byte a colour, and to the CPU backend as they are.

use crate::cpu::{Call, Real};
use crate::kernels::{Axis, Cost, Description, Phase, QUAD, Slot, Work, groups_of, lanes_and, shader};

pub(crate) const KERNEL: Description = Description {
    name: "unpack_spins",
    phase: Phase::Sample,
    shader: shader!("sample/unpack_spins"),
    draws: false,
    reads: &[Slot::PackedSpins],
    writes: &[Slot::Spins],
    writes_with_f16: &[],
    in_parts: false,
    axes: &[Axis::Spins],
    constants: |_| lanes_and([]),
    work: Work::Whole {
        cost: |whole| Cost::moving(whole.spins()),
        workgroups: |whole, _| groups_of(whole.spins().div_ceil(QUAD)),
    },
};

/// Nothing is left to do: the CPU backend keeps given configurations as bytes.
pub(crate) fn run<R: Real>(_: Call<'_, R>) {}
