//! Reward `-ln Z` of exact squares, given their borders.

use super::Real;
use super::exact_square::ROWS;
use super::rows::Rows;
use super::state::State;
use super::vector::vectorised;
use crate::conditional::{Model, SquareFactors};
use crate::schedule::Inputs;
use rayon::prelude::*;

pub(super) fn run<R: Real>(model: &Model, state: &mut State<R>, inputs: &Inputs, level: usize) {
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
