//! Sums the partial gradients of a level, in a fixed order, and averages over the chunks of a batch.

use super::state::State;
use super::{CHUNK, Real};
use crate::conditional::Model;
use crate::schedule::Inputs;
use rayon::prelude::*;

pub(super) fn run<R: Real>(model: &Model, state: &mut State<R>, inputs: &Inputs, level: usize) {
    let description = &model.levels[level];
    let Some(net) = description.conditional.net() else { return };
    let share = R::one() / R::of(inputs.chunk.count.into());
    let gradient = &mut state.gradient[description.offset..][..net.parameters()];
    let partials = &state.levels[level].partials;
    gradient.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, gradient)| {
        if inputs.chunk.index == 0 {
            gradient.fill(R::zero());
        }
        let mut sums = [R::zero(); CHUNK];
        for partial in partials {
            for (sum, &value) in sums.iter_mut().zip(&partial.gradient[chunk * CHUNK..]) {
                *sum += value;
            }
        }
        for (gradient, sum) in gradient.iter_mut().zip(sums) {
            *gradient += share * sum;
        }
    });
}
