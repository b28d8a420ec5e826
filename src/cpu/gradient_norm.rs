//! Norm of the gradient, not finite if a parameter is not; remembers the first step at which that was so.

use super::Real;
use super::state::State;
use crate::schedule::Inputs;

pub(super) fn run<R: Real>(state: &mut State<R>, inputs: &Inputs) {
    let poison = |p: R| if p.is_finite() { R::zero() } else { p * p };
    let sum: R = state.gradient.iter().zip(&state.parameters).map(|(&g, &p)| g * g + poison(p)).sum();
    state.gradient_norm = sum.sqrt();
    if !sum.is_finite() {
        state.first_bad_step.get_or_insert(inputs.step);
    }
}
