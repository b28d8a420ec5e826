//! ln q of the last level's spins.

use super::Real;
use super::energy::border_sum;
use super::heat_bath::LnQ;
use super::state::State;
use crate::conditional::Model;
use crate::schedule::Inputs;
use rayon::prelude::*;

pub(super) fn run<R: Real>(model: &Model, state: &mut State<R>, inputs: &Inputs, level: usize) {
    let geometry = &model.hierarchy.levels[level];
    let (batch, spins) = (state.batch, &state.spins);
    let rows = state.levels[level].rows(batch);
    let of_spins = LnQ::<R>::new(model, inputs);
    state.ln_q[rows].par_chunks_mut(batch).enumerate().for_each(|(block, ln_q)| {
        let site = geometry.block_sites(block)[geometry.border] as usize;
        for (row, ln_q) in ln_q.iter_mut().enumerate() {
            let sum = border_sum(geometry, spins, batch, block, row);
            *ln_q = of_spins.of(block, row, sum, spins[site * batch + row]);
        }
    });
}
