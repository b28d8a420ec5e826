//! Advantage of every block of a level: its reward less the regression's prediction, over the batch.

use crate::cpu::control_variate::columns;
use crate::cpu::rows::Rows;
use crate::cpu::state::State;
use crate::cpu::{Call, LANES, Real};
use crate::kernels::{
    COLUMNS, Cost, Description, MOMENT_SLICES, Phase, Slot, Work, groups_of, lanes_and, shader,
};
use rayon::prelude::*;

pub(crate) const KERNEL: Description = Description {
    name: "residual",
    phase: Phase::Reward,
    shader: shader!("reward/residual"),
    draws: false,
    reads: &[Slot::Level, Slot::Geometry, Slot::Spins, Slot::Inputs, Slot::Reward, Slot::Coefficients],
    writes: &[Slot::Advantage],
    writes_with_f16: &[],
    in_parts: false,
    axes: &[],
    constants: |_| lanes_and([("COLUMNS", COLUMNS), ("MOMENT_SLICES", MOMENT_SLICES)]),
    work: Work::Level {
        cost: |level| Cost::of_rows(level.rows, 0, level.geometry.border.div_ceil(32) + 4),
        workgroups: |level, _| groups_of(level.rows),
    },
};

pub(crate) fn run<R: Real>(Call { model, state, .. }: Call<'_, R>, level: usize) {
    let batch = state.batch;
    let rows = state.levels[level].rows(batch);
    let scale = R::one() / R::of(batch as f64);
    let mut advantage = std::mem::take(&mut state.advantage);
    let read: &State<R> = state;
    let coefficients: [R; COLUMNS - 1] = std::array::from_fn(|k| R::of(read.levels[level].coefficients[k]));
    advantage[rows].par_chunks_mut(LANES).enumerate().for_each(|(number, advantage)| {
        let columns = columns(model, read, level, Rows::of_lanes(number, advantage.len(), batch));
        for (lane, advantage) in advantage.iter_mut().enumerate() {
            let terms = coefficients.iter().zip(&columns).map(|(&c, column)| c * column[lane]);
            let predicted: R = terms.sum();
            *advantage = (columns[COLUMNS - 1][lane] - predicted) * scale;
        }
    });
    state.advantage = advantage;
}
