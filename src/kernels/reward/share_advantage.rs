//! Shares the advantage of a configuration with its images: each gets the part that it has in the density of the mixture.

use crate::cpu::{Call, Real};
use crate::kernels::{Axis, Cost, Description, Phase, Slot, Work, groups_of, lanes_and, shader};

pub(crate) const KERNEL: Description = Description {
    name: "share_advantage",
    phase: Phase::Reward,
    shader: shader!("reward/share_advantage"),
    draws: false,
    reads: &[Slot::Level, Slot::LnQ],
    writes: &[Slot::Advantage],
    writes_with_f16: &[],
    in_parts: false,
    axes: &[Axis::Encoding],
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
    let count = model.hierarchy.levels[level].images;
    let ln_count = R::of((count as f64).ln());
    for (row, (advantage, &ln_q)) in advantage.iter_mut().zip(ln_q).enumerate() {
        let of_all = *advantage;
        for image in (0..count - 1).map(|image| image * rows.len() + row) {
            let part = (of_images[image] - ln_q - ln_count).exp().min(R::one());
            for_images[image] = of_all * part;
            *advantage = *advantage - for_images[image];
        }
    }
}
