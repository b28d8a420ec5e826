//! Reward `-ln 2cosh(beta h)` of the last level with its spins summed out, h being J times the sum of the neighbours
//! plus H.

use super::Real;
use super::energy::border_sum;
use super::heat_bath::neighbours_up;
use super::state::State;
use crate::conditional::{Model, REWARD_QUANTUM, by_neighbours, heat_bath_reward};
use crate::random::spread;
use crate::schedule::Inputs;
use rayon::prelude::*;

pub(super) fn run<R: Real>(model: &Model, state: &mut State<R>, inputs: &Inputs, level: usize) {
    let geometry = &model.hierarchy.levels[level];
    let (batch, spins) = (state.batch, &state.spins);
    let rows = state.levels[level].rows(batch);
    let shift = inputs.reward_shift(&model.system);
    let reward = |sum| heat_bath_reward(&model.system, inputs.beta, shift, sum);
    let of_neighbours = by_neighbours(&model.system, |sum| R::around(reward(sum), REWARD_QUANTUM));
    state.reward[rows].par_chunks_mut(batch).enumerate().for_each(|(block, rewards)| {
        for (row, reward) in rewards.iter_mut().enumerate() {
            let sum = border_sum(geometry, spins, batch, block, row);
            let number = spread(block as u32, inputs.first_configuration.wrapping_add(row as u32));
            *reward = of_neighbours[neighbours_up(sum, geometry.border)].rounded(number);
        }
    });
}
