//! Sums the partial gradients of a level, in a fixed order.

use super::state::State;
use super::{CHUNK, Real};
use crate::conditional::Model;
use rayon::prelude::*;

pub(super) fn run<R: Real>(model: &Model, state: &mut State<R>, level: usize) {
    let description = &model.levels[level];
    let Some(net) = description.conditional.net() else { return };
    let gradient = &mut state.gradient[description.offset..][..net.parameters()];
    let partials = &state.levels[level].partials;
    gradient.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, gradient)| {
        gradient.fill(R::zero());
        for partial in partials {
            for (sum, &value) in gradient.iter_mut().zip(&partial.gradient[chunk * CHUNK..]) {
                *sum += value;
            }
        }
    });
}
