//! Reward `-ln 2cosh(beta h)` of the last level with its spins summed out, h being J times the sum of the neighbours
//! plus H.

use super::Real;
use super::energy::border_sum;
use super::state::State;
use crate::conditional::{Model, heat_bath_reward};
use crate::random::spread;
use crate::schedule::Inputs;
use rayon::prelude::*;

/// Of a spin.
const NEIGHBOURS: i32 = 4;

pub(super) fn run<R: Real>(model: &Model, state: &mut State<R>, inputs: &Inputs, level: usize) {
    let geometry = &model.hierarchy.levels[level];
    let (batch, spins) = (state.batch, &state.spins);
    let rows = state.levels[level].rows(batch);
    // Only five values of the sum over four neighbours occur, so their rewards are computed once. Rounded always the same way, they
    // would be wrong by much on a large lattice, which has hundreds of thousands of them.
    let table: [([R; 2], f32); 5] = std::array::from_fn(|at| {
        let sum = 2 * at as i32 - NEIGHBOURS;
        R::around(heat_bath_reward(model.interaction, inputs.beta, inputs.reward_per_site, sum))
    });
    state.reward[rows].par_chunks_mut(batch).enumerate().for_each(|(block, rewards)| {
        for (row, reward) in rewards.iter_mut().enumerate() {
            let sum = border_sum(geometry, spins, batch, block, row);
            let ([near, other], share) = table[((sum + NEIGHBOURS) / 2) as usize];
            *reward = if spread((block * batch + row) as u32) < share { other } else { near };
        }
    });
}
