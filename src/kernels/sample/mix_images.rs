//! ln q of a mixture, `ln [(q(s) + q(-s)) / 2]`, or the mean over all moves of colours, in place of ln q(s); that of the images stays.

use crate::cpu::{Call, Real};
use crate::kernels::{Axis, Cost, Description, Phase, Slot, Work, groups_of, lanes_and, shader};

pub(crate) const KERNEL: Description = Description {
    name: "mix_images",
    phase: Phase::Sample,
    shader: shader!("sample/mix_images"),
    draws: false,
    reads: &[Slot::Level],
    writes: &[Slot::LnQ],
    writes_with_f16: &[],
    in_parts: false,
    axes: &[Axis::Encoding],
    constants: |_| lanes_and([]),
    work: Work::Level {
        cost: |level| Cost::of_rows(level.rows, 0, 3),
        workgroups: |level, _| groups_of(level.rows),
    },
};

pub(crate) fn run<R: Real>(Call { model, state, .. }: Call<'_, R>, level: usize) {
    if model.hierarchy.levels[level].images == 1 {
        return;
    }
    let rows = state.levels[level].rows(state.batch);
    let count = model.hierarchy.levels[level].images;
    let (blocks, images) = state.ln_q[rows.start..].split_at_mut(rows.len());
    for images in images.chunks(rows.len()).take(count - 1) {
        for (ln_q, &of_image) in blocks.iter_mut().zip(images) {
            *ln_q = *ln_q + (of_image - *ln_q).softplus();
        }
    }
    let ln_count = R::of((count as f64).ln());
    blocks.iter_mut().for_each(|ln_q| *ln_q = *ln_q - ln_count);
}
