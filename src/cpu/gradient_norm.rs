//! Norm of the gradient; remembers the first step at which it was not finite.

use super::Real;
use super::state::State;
use crate::schedule::Inputs;

pub(super) fn run<R: Real>(state: &mut State<R>, inputs: &Inputs) {
    let sum: R = state.gradient.iter().map(|&g| g * g).sum();
    state.gradient_norm = sum.sqrt();
    if !sum.is_finite() {
        state.first_bad_step.get_or_insert(inputs.step);
    }
}
