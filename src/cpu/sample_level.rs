//! Draws all blocks of a level.

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
    let (batch, spins) = (state.batch, &mut state.spins);
    let parameters = &state.parameters[description.offset..];
    state.levels[level].tiles.par_iter_mut().for_each(|tile| {
        vectorised(
            #[inline(always)]
            || {
                tile.load_border(net.gauge, geometry, spins, batch);
                tile.start_ln_q();
                let key = SpinKey {
                    seed: inputs.seed,
                    step: inputs.step,
                    configuration: inputs.first_configuration.wrapping_add(tile.first as u32),
                    level: level as u32,
                    block: tile.block as u32,
                };
                masked_block::run(
                    net,
                    parameters,
                    tile,
                    #[inline(always)]
                    |tile, site, logits| draw(net, tile, site, logits, key),
                );
            },
        );
    });
    for tile in &state.levels[level].tiles {
        tile.store_own(geometry, spins, batch);
        let rows = (state.levels[level].first_block + tile.block) * batch + tile.first;
        tile.store_ln_q(&mut state.ln_q[rows..]);
    }
}

#[inline(always)]
fn draw<R: Real>(
    net: &MaskedNet,
    tile: &mut Tile<R>,
    site: usize,
    logits: &Lane<R>,
    first: SpinKey,
) -> Lane<R> {
    let fixes_gauge = site == 0 && net.gauge == Gauge::FirstOwn;
    if site.is_multiple_of(4) {
        for lane in 0..LANES {
            let key = SpinKey { configuration: first.configuration.wrapping_add(lane as u32), ..first };
            for (word, of_lane) in key.words(site as u32 / 4).into_iter().zip(&mut tile.words) {
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
