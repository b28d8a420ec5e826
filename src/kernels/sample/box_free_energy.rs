//! Reward `-ln Z` of exact boxes, given their borders.

use crate::cpu::box_factors::LevelFactors;
use crate::cpu::box_sum::ROWS;
use crate::cpu::rows::Rows;
use crate::cpu::state::State;
use crate::cpu::vector::vectorised;
use crate::cpu::{Call, Real};
use crate::kernels::{Axis, Cost, Description, Phase, Slot, Work, box_constants, shader};
use rayon::prelude::*;

pub(crate) const KERNEL: Description = Description {
    name: "box_free_energy",
    phase: Phase::Sample,
    shader: shader!("sample/box_free_energy"),
    draws: false,
    reads: &[Slot::Level, Slot::Step, Slot::Geometry, Slot::Spins],
    writes: &[Slot::Reward],
    writes_with_f16: &[],
    in_parts: false,
    axes: &[Axis::BoxShape, Axis::Couplings, Axis::Spins],
    constants: |choice| box_constants(choice),
    work: Work::Level {
        cost: |level| Cost::of_rows(level.rows, level.transfer_operations(), level.geometry.border + 1),
        workgroups: |level, spread| {
            level.rows.div_ceil(spread.variant.sums.boxes(spread.variant.spins, level.model.exact_box()))
        },
    },
};

pub(crate) fn run<R: Real>(Call { model, state, inputs }: Call<'_, R>, level: usize) {
    let geometry = &model.hierarchy.levels[level];
    let (batch, spins, boxes) = (state.batch, &state.spins, &state.boxes);
    let rows = state.levels[level].rows(batch);
    let factors = LevelFactors::new(geometry, &model.system, inputs.beta);
    let shift = inputs.reward_shift(&model.system).of(geometry.bonds.len(), geometry.own);
    state.reward[rows].par_chunks_mut(ROWS).enumerate().for_each(|(number, rewards)| {
        let rows = Rows::of_lanes(number, rewards.len(), batch);
        let (sum, blocks) = (&mut *State::box_sum(boxes), rows.blocks());
        vectorised(
            #[inline(always)]
            || {
                sum.load(&factors, geometry, spins, rows, inputs.first_configuration);
                for (lane, (reward, ln_sum)) in rewards.iter_mut().zip(sum.ln_sum()).enumerate() {
                    *reward = R::of(shift - factors.scale(blocks[lane]) - ln_sum);
                }
            },
        );
    });
}
