//! Draws the last level's spins from their exact conditional.

use super::Real;
use super::energy::border_sum;
use super::state::State;
use crate::conditional::Model;
use crate::random::SpinKey;
use crate::schedule::Inputs;

pub(super) fn run<R: Real>(model: &Model, state: &mut State<R>, inputs: &Inputs, level: usize) {
    let geometry = &model.hierarchy.levels[level];
    let batch = state.batch;
    for block in 0..geometry.blocks {
        let sites = geometry.block_sites(block);
        for row in 0..batch {
            let key = SpinKey {
                seed: inputs.seed,
                step: inputs.step,
                configuration: inputs.first_configuration.wrapping_add(row as u32),
                level: level as u32,
                block: block as u32,
            };
            let sum = border_sum(geometry, &state.spins, batch, block, row);
            let logit = R::of(-2.0 * inputs.beta * model.interaction.energy(sum.into(), 1));
            let spin = if R::of(f64::from(key.uniform(0))) < logit.sigmoid() { 1 } else { -1 };
            state.spins[sites[geometry.border] as usize * batch + row] = spin;
            let at = (state.levels[level].first_block + block) * batch + row;
            state.ln_q[at] = -(-logit * R::of(f64::from(spin))).softplus();
        }
    }
}
