//! Reward `-ln Z` of exact squares, given their borders.

use super::Real;
use super::exact_square::ROWS;
use super::state::State;
use super::vector::vectorised;
use crate::conditional::{Model, SquareFactors};
use crate::schedule::Inputs;
use rayon::prelude::*;

pub(super) fn run<R: Real>(model: &Model, state: &mut State<R>, inputs: &Inputs, level: usize) {
    let geometry = &model.hierarchy.levels[level];
    let (batch, spins, squares) = (state.batch, &state.spins, &state.squares);
    let rows = state.levels[level].rows(batch);
    let factors = SquareFactors::new(geometry, model.interaction, inputs.beta);
    let shift = f64::from(inputs.reward_per_site) * geometry.own as f64 - factors.scale;
    let rewards = state.reward[rows].par_chunks_mut(batch).enumerate();
    let chunks = rewards.flat_map(|(block, rewards)| {
        rewards.par_chunks_mut(ROWS).enumerate().map(move |(chunk, rewards)| (block, chunk * ROWS, rewards))
    });
    chunks.for_each(|(block, first, rewards)| {
        let square = &mut *State::square(squares);
        square.set_factors(&factors);
        vectorised(
            #[inline(always)]
            || {
                let configuration = inputs.first_configuration.wrapping_add(first as u32);
                square.load_border(geometry, spins, batch, block, first, configuration);
                for (reward, ln_sum) in rewards.iter_mut().zip(square.ln_sum(false)) {
                    *reward = R::of(shift - ln_sum);
                }
            },
        );
    });
}
