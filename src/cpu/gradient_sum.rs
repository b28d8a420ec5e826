//! Sums the partial gradients of every level, in a fixed order.

use super::Real;
use super::state::State;
use crate::conditional::Model;

pub(super) fn run<R: Real>(model: &Model, state: &mut State<R>) {
    for (level, net, _) in model.nets() {
        let offset = model.levels[level].offset;
        let gradient = &mut state.gradient[offset..offset + net.parameters()];
        gradient.fill(R::zero());
        for partial in &state.levels[level].partials {
            for (sum, &value) in gradient.iter_mut().zip(partial) {
                *sum += value;
            }
        }
    }
}
