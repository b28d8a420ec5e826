//! Adam (arXiv:1412.6980, algorithm 1) over the flat buffer. A gradient that is not finite leaves everything as it was.

use super::Real;
use super::state::State;
use crate::schedule::Inputs;

pub(super) fn run<R: Real>(state: &mut State<R>, inputs: &Inputs) {
    if !state.gradient_norm.is_finite() {
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
    let moments = state.first_moment.iter_mut().zip(&mut state.second_moment);
    for ((parameter, (first, second)), &gradient) in
        state.parameters.iter_mut().zip(moments).zip(&state.gradient)
    {
        let gradient = gradient * scale;
        *first = beta1 * *first + rest1 * gradient;
        *second = beta2 * *second + rest2 * gradient * gradient;
        let step = *first * first_correction / ((*second * second_correction).sqrt() + epsilon);
        *parameter = *parameter - rate * step;
    }
}
