//! Shares the advantage of a configuration with its mirror image: each gets the part that it has in the density of the mixture.

use crate::cpu::{Call, Real};
use crate::kernels::{Cost, Description, Phase, Slot, Work, groups_of, lanes_and, shader};

pub(crate) const KERNEL: Description = Description {
    name: "share_advantage",
    phase: Phase::Reward,
    shader: shader!("reward/share_advantage"),
    draws: false,
    reads: &[Slot::Level, Slot::LnQ],
    writes: &[Slot::Advantage],
    writes_with_f16: &[],
    in_parts: false,
    axes: &[],
    constants: |_| lanes_and([]),
    work: Work::Level {
        cost: |level| Cost::of_rows(level.rows, 0, 5),
        workgroups: |level, _| groups_of(level.rows),
    },
};

pub(crate) fn run<R: Real>(Call { model, state, .. }: Call<'_, R>, level: usize) {
    if model.hierarchy.levels[level].images == 1 {
        return;
    }
    let rows = state.levels[level].rows(state.batch);
    let (ln_q, of_images) = state.ln_q[rows.start..].split_at(rows.len());
    let (advantage, for_images) = state.advantage[rows.start..].split_at_mut(rows.len());
    let ln_q = ln_q.iter().zip(of_images);
    for ((advantage, for_image), (&ln_q, &of_image)) in advantage.iter_mut().zip(for_images).zip(ln_q) {
        let part = (of_image - ln_q - R::of(std::f64::consts::LN_2)).exp().min(R::one());
        *for_image = *advantage * part;
        *advantage = *advantage - *for_image;
    }
}
