//! Reward `-ln Z` of exact squares, given their borders.

use super::Real;
use super::exact_square::{ExactSquare, ROWS};
use super::state::State;
use super::vector::vectorised;
use crate::conditional::{Conditional, Model, SquareFactors};
use crate::schedule::Inputs;
use rayon::prelude::*;

pub(super) fn run<R: Real>(model: &Model, state: &mut State<R>, inputs: &Inputs, level: usize) {
    let Conditional::ExactSquare { width } = model.levels[level].conditional else { return };
    let geometry = &model.hierarchy.levels[level];
    let (batch, spins) = (state.batch, &state.spins);
    let rows = state.levels[level].rows(batch);
    let factors = SquareFactors::new(geometry, model.interaction, inputs.beta);
    let shift = R::of(f64::from(inputs.reward_per_site) * geometry.own as f64 - factors.scale);
    let rewards = state.reward[rows].par_chunks_mut(batch).enumerate();
    let chunks = rewards.flat_map(|(block, rewards)| {
        rewards.par_chunks_mut(ROWS).enumerate().map(move |(chunk, rewards)| (block, chunk * ROWS, rewards))
    });
    chunks.for_each_init(
        || ExactSquare::new(width, &factors),
        |square, (block, first, rewards)| {
            vectorised(
                #[inline(always)]
                || {
                    square.load_border(geometry, spins, batch, block, first);
                    for (reward, ln_sum) in rewards.iter_mut().zip(square.ln_sum(false)) {
                        *reward = shift - ln_sum;
                    }
                },
            );
        },
    );
}
