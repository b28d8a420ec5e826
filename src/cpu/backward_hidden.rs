//! Gradient with respect to the activations of one hidden layer.

use super::product::backward;
use super::state::State;
use super::{LANES, Real};
use crate::conditional::Model;
use rayon::prelude::*;

pub(super) fn run<R: Real>(model: &Model, state: &mut State<R>, level: usize, layer: usize) {
    let description = &model.levels[level];
    let Some(net) = description.conditional.net() else { return };
    let parameters = &state.parameters[description.offset..];
    let units = net.units();
    state.levels[level].tiles.par_iter_mut().for_each(|tile| {
        let (error, above) = tile.error.split_at_mut((layer + 1) * units);
        let error = &mut error[layer * units..];
        error.fill([R::zero(); LANES]);
        match net.layers.get(layer + 1) {
            None => backward(error, &parameters[net.output.offset..], &tile.logits),
            Some(weights) => {
                let slopes = &parameters[weights.slope_offset()..];
                let above = through_prelu(&above[..units], &tile.hidden[(layer + 1) * units..], slopes);
                backward(error, &parameters[weights.offset..], &above);
            }
        }
    });
}

/// Gradient with respect to pre-activations from that with respect to activations.
pub(super) fn through_prelu<R: Real>(
    error: &[[R; LANES]],
    hidden: &[[R; LANES]],
    slopes: &[R],
) -> Vec<[R; LANES]> {
    let unit = |((error, hidden), &slope): ((&[R; LANES], &[R; LANES]), &R)| {
        std::array::from_fn(|lane| error[lane] * if hidden[lane] > R::zero() { R::one() } else { slope })
    };
    error.iter().zip(hidden).zip(slopes).map(unit).collect()
}
