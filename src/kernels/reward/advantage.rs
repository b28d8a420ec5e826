//! Advantage of every block: the published global form, `(R_root - batch mean) / batch`.

use crate::cpu::{Call, Real};
use crate::kernels::{Cost, Description, Phase, Slot, Work, groups_of, lanes_and, shader};

pub(crate) const KERNEL: Description = Description {
    name: "advantage",
    phase: Phase::Reward,
    shader: shader!("reward/advantage"),
    draws: false,
    reads: &[Slot::Step, Slot::Reward, Slot::Baseline],
    writes: &[Slot::Advantage],
    writes_with_f16: &[],
    in_parts: false,
    axes: &[],
    constants: |_| lanes_and([]),
    work: Work::Whole {
        cost: |whole| Cost::moving(whole.batch + whole.rows),
        workgroups: |whole, _| groups_of(whole.rows),
    },
};

pub(crate) fn run<R: Real>(Call { state, .. }: Call<'_, R>) {
    let scale = R::one() / R::of(state.batch as f64);
    let roots = &state.reward[..state.batch];
    for rows in state.advantage.chunks_mut(state.batch) {
        for (advantage, &reward) in rows.iter_mut().zip(roots) {
            *advantage = (reward - state.baseline) * scale;
        }
    }
}
