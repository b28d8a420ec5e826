//! Reward `-ln 2cosh(beta h)` of the last level with its spins summed out, h being J times the sum of the neighbours
//! plus H.

use super::Real;
use super::energy::border_sum;
use super::state::State;
use crate::conditional::Model;
use crate::schedule::Inputs;
use rayon::prelude::*;

pub(super) fn run<R: Real>(model: &Model, state: &mut State<R>, inputs: &Inputs, level: usize) {
    let geometry = &model.hierarchy.levels[level];
    let (batch, spins) = (state.batch, &state.spins);
    let rows = state.levels[level].rows(batch);
    // Only five values of the sum over four neighbours occur, so their rewards are computed once.
    const SPAN: i32 = 4;
    let table: [R; 2 * SPAN as usize + 1] = std::array::from_fn(|at| {
        let x = inputs.beta * model.interaction.local_field(at as i32 - SPAN);
        let ln_2cosh = x.abs() + (-2.0 * x.abs()).exp().ln_1p();
        R::of(f64::from(inputs.reward_per_site) - ln_2cosh)
    });
    state.reward[rows].par_chunks_mut(batch).enumerate().for_each(|(block, rewards)| {
        for (row, reward) in rewards.iter_mut().enumerate() {
            let sum = border_sum(geometry, spins, batch, block, row);
            *reward = table[(sum + SPAN) as usize];
        }
    });
}
