//! Gradient with respect to the logits, in their place: `A ([x = +1] - sigmoid(logit))`.

use super::state::State;
use super::{LANES, Real};
use crate::conditional::{Gauge, Model};
use rayon::prelude::*;

pub(super) fn run<R: Real>(model: &Model, state: &mut State<R>, level: usize) {
    let Some(net) = model.levels[level].conditional.net() else { return };
    let (batch, advantages) = (state.batch, &state.advantage);
    let level = &mut state.levels[level];
    let first_block = level.first_block;
    level.tiles.par_iter_mut().for_each(|tile| {
        let rows = &advantages[(first_block + tile.block) * batch + tile.first..][..tile.rows];
        for (site, logits) in tile.logits.iter_mut().enumerate() {
            let inputs = &tile.inputs[net.border + site];
            let constant = site == 0 && net.gauge == Gauge::FirstOwn;
            for lane in 0..LANES {
                logits[lane] = if constant || lane >= rows.len() {
                    R::zero()
                } else {
                    let up = if inputs[lane] > R::zero() { R::one() } else { R::zero() };
                    rows[lane] * (up - logits[lane].sigmoid())
                };
            }
        }
    });
}
