//! Sums the partial gradients of a level, in a fixed order.

use super::Real;
use super::state::State;
use crate::conditional::Model;

pub(super) fn run<R: Real>(model: &Model, state: &mut State<R>, level: usize) {
    let description = &model.levels[level];
    let Some(net) = description.conditional.net() else { return };
    let gradient = &mut state.gradient[description.offset..][..net.parameters()];
    gradient.fill(R::zero());
    for partial in &state.levels[level].partials {
        for (sum, &value) in gradient.iter_mut().zip(partial) {
            *sum += value;
        }
    }
}
