//! Reward `-ln Z` of exact squares, given their borders.

use crate::conditional::SquareFactors;
use crate::cpu::exact_square::ROWS;
use crate::cpu::rows::Rows;
use crate::cpu::state::State;
use crate::cpu::vector::vectorised;
use crate::cpu::{Call, Real};
use crate::kernels::{
    Axis, Cost, Description, Phase, Slot, Work, lanes_and, shader, square_side, square_width,
};
use rayon::prelude::*;

pub(crate) const KERNEL: Description = Description {
    name: "square_free_energy",
    phase: Phase::Sample,
    shader: shader!("sample/square_free_energy"),
    draws: false,
    reads: &[Slot::Level, Slot::Step, Slot::Geometry, Slot::Spins],
    writes: &[Slot::Reward],
    writes_with_f16: &[],
    in_parts: false,
    axes: &[Axis::SquareShape],
    constants: |choice| lanes_and([("WIDTH", square_width(choice.options))]),
    work: Work::Level {
        cost: |level| Cost::of_rows(level.rows, level.transfer_operations(), level.geometry.border + 1),
        workgroups: |level, spread| {
            level.rows.div_ceil(spread.variant.square.squares(square_side(level.model.options)))
        },
    },
};

pub(crate) fn run<R: Real>(Call { model, state, inputs }: Call<'_, R>, level: usize) {
    let geometry = &model.hierarchy.levels[level];
    let (batch, spins, squares) = (state.batch, &state.spins, &state.squares);
    let rows = state.levels[level].rows(batch);
    let factors = SquareFactors::new(geometry, model.system.interaction, inputs.beta);
    let shift = inputs.reward_shift(&model.system).of(geometry.bonds.len(), geometry.own) - factors.scale;
    state.reward[rows].par_chunks_mut(ROWS).enumerate().for_each(|(number, rewards)| {
        let rows = Rows::of_lanes(number, rewards.len(), batch);
        let square = &mut *State::square(squares);
        square.set_factors(&factors);
        vectorised(
            #[inline(always)]
            || {
                square.load_border(geometry, spins, rows, inputs.first_configuration);
                for (reward, ln_sum) in rewards.iter_mut().zip(square.ln_sum(false)) {
                    *reward = R::of(shift - ln_sum);
                }
            },
        );
    });
}
