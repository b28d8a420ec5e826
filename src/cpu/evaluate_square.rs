//! ln q of the given interiors of exact squares.

use super::Real;
use super::energy::owned_sums;
use super::exact_square::{ROWS, ln_probability};
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
    let couplings = [model.interaction.coupling, model.interaction.field].map(|value| inputs.beta * value);
    state.ln_q[rows].par_chunks_mut(batch).enumerate().for_each(|(block, ln_q)| {
        let square = &mut *State::square(squares);
        square.set_factors(&factors);
        for (chunk, ln_q) in ln_q.chunks_mut(ROWS).enumerate() {
            let first = chunk * ROWS;
            let configuration = inputs.first_configuration.wrapping_add(first as u32);
            square.load_border(geometry, spins, batch, block, first, configuration);
            let ln_sum = vectorised(
                #[inline(always)]
                || square.ln_sum(false),
            );
            let [bonds, fields] = owned_sums(geometry, spins, batch, block, first);
            for (lane, (ln_q, ln_sum)) in ln_q.iter_mut().zip(ln_sum).enumerate() {
                let sums = [bonds[lane], fields[lane]];
                *ln_q = R::of(ln_probability(&factors, couplings, sums) - ln_sum);
            }
        }
    });
}
