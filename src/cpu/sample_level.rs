//! Draws all blocks of a level.

use super::rows::SpinKeys;
use super::state::State;
use super::tile::{Lane, Tile};
use super::vector::vectorised;
use super::{LANES, Real, masked_block};
use crate::conditional::{Gauge, MaskedNet, Model};
use crate::random::SpinKey;
use crate::schedule::Inputs;
use rayon::prelude::*;

pub(super) fn run<R: Real>(model: &Model, state: &mut State<R>, inputs: &Inputs, level: usize) {
    let (geometry, description) = (&model.hierarchy.levels[level], &model.levels[level]);
    let Some(net) = description.conditional.net() else { return };
    let first_row = state.levels[level].rows(state.batch).start;
    let spins = &mut state.spins;
    let parameters = &state.parameters[description.offset..];
    state.levels[level].tiles.par_iter_mut().for_each(|tile| {
        vectorised(
            #[inline(always)]
            || {
                tile.load_border(net.gauge, geometry, spins);
                tile.start_ln_q();
                let keys = SpinKeys::new(inputs, level, tile.rows);
                masked_block::run(
                    net,
                    parameters,
                    tile,
                    #[inline(always)]
                    |tile, site, logits| draw(net, tile, site, logits, &keys),
                );
                tile.complete_ln_q(inputs.first_configuration);
            },
        );
    });
    for tile in &state.levels[level].tiles {
        tile.store_own(geometry, spins);
        tile.store_ln_q(&mut state.ln_q[first_row + tile.rows.first..]);
    }
}

#[inline(always)]
fn draw<R: Real>(
    net: &MaskedNet,
    tile: &mut Tile<R>,
    site: usize,
    logits: &Lane<R>,
    keys: &SpinKeys,
) -> Lane<R> {
    let fixes_gauge = site == 0 && net.gauge == Gauge::FirstOwn;
    if site.is_multiple_of(4) {
        for lane in 0..LANES {
            for (word, of_lane) in keys.of(lane).words(site as u32 / 4).into_iter().zip(&mut tile.words) {
                of_lane[lane] = word;
            }
        }
    }
    let logits = if fixes_gauge { &[R::zero(); LANES] } else { logits };
    let mut spins = [R::one(); LANES];
    for lane in 0..LANES {
        let uniform = R::of(f64::from(SpinKey::uniform_of(tile.words[site % 4][lane])));
        if uniform >= logits[lane].sigmoid() {
            spins[lane] = -R::one();
        }
        tile.add_ln_q(lane, -(-spins[lane] * logits[lane]).softplus());
    }
    if fixes_gauge {
        tile.gauge = spins;
        return [R::one(); LANES];
    }
    spins
}
