//! Norm of the gradient, not finite if a parameter is not; remembers the first step at which that was so.

use super::state::State;
use super::{CHUNK, Real};
use crate::schedule::Inputs;
use rayon::prelude::*;

pub(super) fn run<R: Real>(state: &mut State<R>, inputs: &Inputs) {
    let poison = |p: R| if p.is_finite() { R::zero() } else { p * p };
    let chunks = state.gradient.par_chunks(CHUNK).zip(state.parameters.par_chunks(CHUNK));
    let sums: Vec<R> = chunks.map(|(g, p)| g.iter().zip(p).map(|(&g, &p)| g * g + poison(p)).sum()).collect();
    let sum: R = sums.into_iter().sum();
    state.gradient_norm = sum.sqrt();
    if !sum.is_finite() {
        state.first_bad_step.get_or_insert(inputs.step);
    }
}
