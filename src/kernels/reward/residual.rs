//! Advantage of every block of a level: its reward less the regression's prediction, over the batch.

use crate::cpu::{Call, LANES, Real};
use crate::kernels::{
    Axis, COLUMNS, Cost, Description, LANES as WORKGROUP, LaneRows, Phase, Slot, Work, lanes_and, shader,
};
use rayon::prelude::*;

pub(crate) const KERNEL: Description = Description {
    name: "residual",
    phase: Phase::Reward,
    shader: shader!("reward/residual"),
    draws: false,
    reads: &[Slot::Level, Slot::Regressors, Slot::Coefficients],
    writes: &[Slot::Advantage],
    writes_with_f16: &[],
    in_parts: false,
    axes: &[Axis::Rows(LaneRows::Batch)],
    constants: |_| lanes_and([("COLUMNS", COLUMNS)]),
    work: Work::Level {
        cost: |level| Cost::of_rows(level.rows, 0, COLUMNS + 1),
        workgroups: |level, spread| level.rows.div_ceil(spread.variant.lane_rows * WORKGROUP),
    },
};

pub(crate) fn run<R: Real>(Call { state, .. }: Call<'_, R>, level: usize) {
    let batch = state.batch;
    let rows = state.levels[level].rows(batch);
    let scale = R::one() / R::of(batch as f64);
    let coefficients: [R; COLUMNS - 1] = std::array::from_fn(|k| R::of(state.levels[level].coefficients[k]));
    let advantage = state.advantage[rows].par_chunks_mut(LANES);
    advantage.zip(&state.regressors).for_each(|(advantage, columns)| {
        for (lane, advantage) in advantage.iter_mut().enumerate() {
            let terms = coefficients.iter().zip(columns).map(|(&c, column)| c * column[lane]);
            let predicted: R = terms.sum();
            *advantage = (columns[COLUMNS - 1][lane] - predicted) * scale;
        }
    });
}
