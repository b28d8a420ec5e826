//! Gradient with respect to the logits, in their place: `A ([x = +1] - sigmoid(logit))`.

use super::state::State;
use super::vector::vectorised;
use super::{LANES, Real};
use crate::conditional::{Gauge, Model};
use rayon::prelude::*;

pub(super) fn run<R: Real>(model: &Model, state: &mut State<R>, level: usize) {
    let Some(net) = model.levels[level].conditional.net() else { return };
    let level = &mut state.levels[level];
    let advantages = &state.advantage[level.rows(state.batch)];
    level.tiles.par_iter_mut().for_each(|tile| {
        let rows = tile.rows;
        let mut advantage = [R::zero(); LANES];
        advantage[..rows.count].copy_from_slice(&advantages[rows.first..][..rows.count]);
        vectorised(
            #[inline(always)]
            || {
                let own = &tile.inputs[net.border..];
                for (logits, inputs) in tile.logits.iter_mut().zip(own) {
                    for lane in 0..LANES {
                        let up = if inputs[lane] > R::zero() { R::one() } else { R::zero() };
                        logits[lane] = advantage[lane] * (up - logits[lane].sigmoid());
                    }
                }
            },
        );
        if net.gauge == Gauge::FirstOwn {
            tile.logits[0] = [R::zero(); LANES];
        }
    });
}
