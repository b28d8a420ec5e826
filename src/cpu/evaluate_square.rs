//! ln q of the given interiors of exact squares.

use super::Real;
use super::energy::owned_sums;
use super::exact_square::{ROWS, ln_probability};
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
    let couplings =
        [model.system.interaction.coupling, model.system.interaction.field].map(|value| inputs.beta * value);
    state.ln_q[rows].par_chunks_mut(ROWS).enumerate().for_each(|(number, ln_q)| {
        let rows = Rows::of_lanes(number, ln_q.len(), batch);
        let square = &mut *State::square(squares);
        square.set_factors(&factors);
        square.load_border(geometry, spins, rows, inputs.first_configuration);
        let ln_sum = vectorised(
            #[inline(always)]
            || square.ln_sum(false),
        );
        let [bonds, fields] = owned_sums(geometry, spins, rows);
        for (lane, (ln_q, ln_sum)) in ln_q.iter_mut().zip(ln_sum).enumerate() {
            let sums = [bonds[lane], fields[lane]];
            *ln_q = R::of(ln_probability(&factors, couplings, sums) - ln_sum);
        }
    });
}
