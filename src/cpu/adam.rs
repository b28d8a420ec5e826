//! Adam (arXiv:1412.6980, algorithm 1) over the flat buffer. From the first
//! gradient that is not finite on, it leaves everything as it was.

use super::state::State;
use super::{CHUNK, Real};
use crate::conditional::Model;
use crate::schedule::Inputs;
use rayon::prelude::*;

pub(super) fn run<R: Real>(model: &Model, state: &mut State<R>, inputs: &Inputs) {
    if state.first_bad_step.is_some() {
        return;
    }
    let adam = inputs.adam;
    let [first_correction, second_correction] = inputs.bias_corrections().map(R::of);
    let [rate, beta1, beta2, epsilon, clip] =
        [inputs.learning_rate, adam.beta1, adam.beta2, adam.epsilon, adam.clip].map(R::of);
    // Subtracted in f64: at f32, 1 - 0.999 would be wrong in its fifth digit.
    let [rest1, rest2] = [1.0 - adam.beta1, 1.0 - adam.beta2].map(R::of);
    let clipped = clip > R::zero() && state.gradient_norm > clip;
    let scale = if clipped { clip / state.gradient_norm } else { R::one() };
    let update = |rate: R, parameter: &mut R, first: &mut R, second: &mut R, gradient: R| {
        let gradient = gradient * scale;
        *first = beta1 * *first + rest1 * gradient;
        *second = beta2 * *second + rest2 * gradient * gradient;
        let step = *first * first_correction / ((*second * second_correction).sqrt() + epsilon);
        *parameter = *parameter - rate * step;
    };
    for (level, net, _) in model.nets() {
        let rate = if adam.scale_rate { rate * R::of(net.rate_factor()) } else { rate };
        let range = model.levels[level].offset..model.levels[level].offset + net.parameters();
        let parameters = state.parameters[range.clone()].par_chunks_mut(CHUNK);
        let first = state.first_moment[range.clone()].par_chunks_mut(CHUNK);
        let second = state.second_moment[range.clone()].par_chunks_mut(CHUNK);
        let gradient = state.gradient[range].par_chunks(CHUNK);
        parameters.zip(first).zip(second).zip(gradient).for_each(
            |(((parameters, first), second), gradient)| {
                for (((parameter, first), second), &gradient) in
                    parameters.iter_mut().zip(first).zip(second).zip(gradient)
                {
                    update(rate, parameter, first, second, gradient);
                }
            },
        );
    }
}
