//! Norm of the gradient, not finite if a parameter is not; remembers the first step at which that was so.

use crate::cpu::product::sum_lanes;
use crate::cpu::vector::vectorised;
use crate::cpu::{CHUNK, Call, LANES, Real};
use crate::kernels::{
    Axis, Cost, Description, LANES as WORKGROUP, Phase, QUAD, REDUCING_LANES, Slot, Work, shader,
};
use rayon::prelude::*;

pub(crate) const KERNEL: Description = Description {
    name: "gradient_norm",
    phase: Phase::Optimise,
    shader: shader!("optimise/gradient_norm"),
    draws: false,
    reads: &[Slot::Step, Slot::Norms],
    writes: &[Slot::Status],
    writes_with_f16: &[],
    in_parts: false,
    axes: &[Axis::Exchange],
    constants: |_| vec![("LANES", REDUCING_LANES)],
    work: Work::Whole {
        cost: |whole| Cost::moving(whole.model.parameters / (QUAD * WORKGROUP)),
        workgroups: |_, _| 1,
    },
};

pub(crate) fn run<R: Real>(Call { state, inputs, .. }: Call<'_, R>) {
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
