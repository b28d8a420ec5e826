//! Adam (arXiv:1412.6980, algorithm 1) over the flat buffer. From the first
//! gradient that is not finite on, it leaves everything as it was.

use crate::conditional::{MaskedNet, Storage};
use crate::cpu::{CHUNK, Call, Real};
use crate::kernels::{Axis, Cost, Description, Phase, QUAD, Slot, Work, groups_of, lanes_and, shader};
use rayon::prelude::*;

pub(crate) const KERNEL: Description = Description {
    name: "adam",
    phase: Phase::Optimise,
    shader: shader!("optimise/adam"),
    draws: false,
    reads: &[Slot::Step, Slot::Gradient, Slot::Status, Slot::RateFactors],
    writes: &[Slot::Parameters, Slot::FirstMoment, Slot::SecondMoment],
    writes_with_f16: &[Slot::NetParameters],
    in_parts: true,
    axes: &[Axis::Storage],
    constants: |_| lanes_and([]),
    work: Work::Whole {
        cost: |whole| {
            let parameters = whole.model.parameters;
            // Parameters and both moments read and written, the gradient read; what nets compute with, where that is rounded.
            Cost::moving(match whole.model.storage {
                Storage::F32 => 7 * parameters,
                Storage::F16 => 7 * parameters + parameters.div_ceil(2),
            })
        },
        workgroups: |_, spread| groups_of(spread.parameters.div_ceil(QUAD)),
    },
};

pub(crate) fn run<R: Real>(Call { model, state, inputs }: Call<'_, R>) {
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
    let of_nets = model.learning().flat_map(|(_, level)| {
        let (net, count) = (level.conditional.net(), level.conditional.parameters());
        let factor = net.filter(|_| adam.scale_rate).map_or(1.0, MaskedNet::rate_factor);
        let rate = rate * R::of(factor);
        let [start, end] = [0, count].map(|at| level.offset + at);
        let linear = end.min(start + net.map_or(count, MaskedNet::before_linear));
        [(start..linear, rate), (linear..end, rate * R::of(adam.skip_rate))]
    });
    for (range, rate) in of_nets {
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
