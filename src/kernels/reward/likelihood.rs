//! Advantage `-1 / batch` of every block: with it, the gradient is that of `-E[ln q]` over given configurations.

use crate::cpu::{Call, Real};
use crate::kernels::{Cost, Description, Phase, Slot, Work, groups_of, lanes_and, shader};

pub(crate) const KERNEL: Description = Description {
    name: "likelihood",
    phase: Phase::Reward,
    shader: shader!("reward/likelihood"),
    draws: false,
    reads: &[Slot::Step],
    writes: &[Slot::Advantage],
    writes_with_f16: &[],
    in_parts: false,
    axes: &[],
    constants: |_| lanes_and([]),
    work: Work::Whole {
        cost: |whole| Cost::moving(whole.rows),
        workgroups: |whole, _| groups_of(whole.rows),
    },
};

pub(crate) fn run<R: Real>(Call { state, .. }: Call<'_, R>) {
    let advantage = -R::one() / R::of(state.batch as f64);
    state.advantage.fill(advantage);
}
