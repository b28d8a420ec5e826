//! ln q of all blocks of a level for given spins.

use super::state::State;
use super::tile::Lane;
use super::vector::vectorised;
use super::{Real, masked_block};
use crate::conditional::{Gauge, Model};
use crate::schedule::Inputs;
use rayon::prelude::*;

pub(super) fn run<R: Real>(model: &Model, state: &mut State<R>, inputs: &Inputs, level: usize) {
    let (geometry, description) = (&model.hierarchy.levels[level], &model.levels[level]);
    let Some(net) = description.conditional.net() else { return };
    let first_row = state.levels[level].rows(state.batch).start;
    let spins = &state.spins;
    let parameters = &state.parameters[description.offset..];
    state.levels[level].tiles.par_iter_mut().for_each(|tile| {
        vectorised(
            #[inline(always)]
            || {
                tile.load_border(net.gauge, geometry, spins);
                tile.start_ln_q();
                masked_block::run(
                    net,
                    parameters,
                    tile,
                    #[inline(always)]
                    |tile, site, logits| {
                        let spin: Lane<R> = tile.rows.spins(geometry, spins, geometry.border + site);
                        let fixes_gauge = site == 0 && net.gauge == Gauge::FirstOwn;
                        if fixes_gauge {
                            tile.gauge = spin;
                        }
                        std::array::from_fn(|lane| {
                            let input = spin[lane] * tile.gauge[lane];
                            let logit = if fixes_gauge { R::zero() } else { logits[lane] };
                            tile.add_ln_q(lane, -(-input * logit).softplus());
                            input
                        })
                    },
                );
                tile.complete_ln_q(inputs.first_configuration);
            },
        );
    });
    for tile in &state.levels[level].tiles {
        tile.store_ln_q(&mut state.ln_q[first_row + tile.rows.first..]);
    }
}
