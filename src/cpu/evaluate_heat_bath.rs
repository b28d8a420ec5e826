//! ln q of the last level's spins.

use super::Real;
use super::energy::border_sum;
use super::state::State;
use crate::conditional::Model;
use crate::schedule::Inputs;

pub(super) fn run<R: Real>(model: &Model, state: &mut State<R>, inputs: &Inputs, level: usize) {
    let geometry = &model.hierarchy.levels[level];
    let batch = state.batch;
    for block in 0..geometry.blocks {
        let site = geometry.block_sites(block)[geometry.border] as usize;
        for row in 0..batch {
            let sum = border_sum(geometry, &state.spins, batch, block, row);
            let logit = R::of(-2.0 * inputs.beta * model.interaction.energy(sum.into(), 1));
            let spin = R::of(f64::from(state.spins[site * batch + row]));
            let at = (state.levels[level].first_block + block) * batch + row;
            state.ln_q[at] = -(-logit * spin).softplus();
        }
    }
}
