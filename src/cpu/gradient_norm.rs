//! Norm of the gradient, not finite if a parameter is not; remembers the first step at which that was so.

use super::product::sum_lanes;
use super::state::State;
use super::vector::vectorised;
use super::{CHUNK, LANES, Real};
use crate::schedule::Inputs;
use rayon::prelude::*;

pub(super) fn run<R: Real>(state: &mut State<R>, inputs: &Inputs) {
    let chunks = state.gradient.par_chunks(CHUNK).zip(state.parameters.par_chunks(CHUNK));
    state.norms.par_iter_mut().zip(chunks).for_each(|(norm, (gradient, parameters))| {
        *norm = squares(gradient, parameters);
    });
    let sum: R = state.norms.iter().copied().sum();
    state.gradient_norm = sum.sqrt();
    if !sum.is_finite() {
        state.first_bad_step.get_or_insert(inputs.step);
    }
}

/// Sum of squares of a part of the gradient, not finite if one of its parameters is not.
fn squares<R: Real>(gradient: &[R], parameters: &[R]) -> R {
    let (gradients, last_gradients) = gradient.as_chunks::<LANES>();
    let (parameters, last_parameters) = parameters.as_chunks::<LANES>();
    let mut sum = last_gradients.iter().zip(last_parameters).map(|(&g, &p)| square(g, p)).sum();
    vectorised(
        #[inline(always)]
        || {
            for (g, p) in gradients.iter().zip(parameters) {
                sum += sum_lanes(
                    #[inline(always)]
                    |lane| square(g[lane], p[lane]),
                );
            }
        },
    );
    sum
}

#[inline(always)]
fn square<R: Real>(gradient: R, parameter: R) -> R {
    gradient * gradient + if parameter.is_finite() { R::zero() } else { parameter * parameter }
}
