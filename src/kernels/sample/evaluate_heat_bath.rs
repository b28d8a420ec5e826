//! ln q of the last level's spins.

use crate::cpu::heat_bath::LnQ;
use crate::cpu::owned_sums::border_sum;
use crate::cpu::{Call, Real};
use crate::kernels::{Cost, Description, Phase, Slot, Work, groups_of, lanes_and, shader};
use rayon::prelude::*;

pub(crate) const KERNEL: Description = Description {
    name: "evaluate_heat_bath",
    phase: Phase::Sample,
    shader: shader!("sample/evaluate_heat_bath"),
    draws: false,
    reads: &[Slot::Level, Slot::Step, Slot::Geometry, Slot::Spins],
    writes: &[Slot::LnQ],
    writes_with_f16: &[],
    in_parts: false,
    axes: &[],
    constants: |_| lanes_and([]),
    work: Work::Level {
        cost: |level| Cost::of_rows(level.rows, 0, level.geometry.inputs() + 1),
        workgroups: |level, _| groups_of(level.rows),
    },
};

pub(crate) fn run<R: Real>(Call { model, state, inputs }: Call<'_, R>, level: usize) {
    let geometry = &model.hierarchy.levels[level];
    let (batch, spins) = (state.batch, &state.spins);
    let rows = state.levels[level].rows(batch);
    let of_spins = LnQ::<R>::new(model, inputs);
    state.ln_q[rows].par_chunks_mut(batch).enumerate().for_each(|(block, ln_q)| {
        let site = geometry.block_sites(block)[geometry.border] as usize;
        for (row, ln_q) in ln_q.iter_mut().enumerate() {
            let sum = border_sum(geometry, spins, batch, block, row);
            *ln_q = of_spins.of(block, row, sum, spins[site * batch + row]);
        }
    });
}
