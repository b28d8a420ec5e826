//! Owned bond sums and spin sums per block, as integers.

use crate::cpu::owned_sums::owned_sums;
use crate::cpu::rows::Rows;
use crate::cpu::{Call, LANES, Real};
use crate::kernels::{Axis, Cost, Description, Phase, Slot, Work, groups_of, lanes_and, shader};
use rayon::prelude::*;

pub(crate) const KERNEL: Description = Description {
    name: "energy",
    phase: Phase::Reward,
    shader: shader!("reward/energy"),
    draws: false,
    reads: &[Slot::Level, Slot::Geometry, Slot::Spins],
    writes: &[Slot::Sums],
    writes_with_f16: &[],
    in_parts: false,
    axes: &[Axis::Couplings, Axis::Spins],
    constants: |_| lanes_and([]),
    work: Work::Level {
        cost: |level| Cost::of_rows(level.rows, 0, level.geometry.inputs() + 2),
        workgroups: |level, _| groups_of(level.rows),
    },
};

pub(crate) fn run<R: Real>(Call { model, state, .. }: Call<'_, R>, level: usize) {
    let geometry = &model.hierarchy.levels[level];
    let (batch, spins) = (state.batch, &state.spins);
    let rows = state.levels[level].rows(batch);
    state.sums[rows].par_chunks_mut(LANES).enumerate().for_each(|(number, sums)| {
        let rows = Rows::of_lanes(number, sums.len(), batch);
        let [bonds, fields] = owned_sums(model.system.spins, geometry, spins, rows);
        for (lane, sums) in sums.iter_mut().enumerate() {
            *sums = [bonds[lane], fields[lane]];
        }
    });
}
