//! ln q of all blocks of a level for given spins.

use crate::conditional::Gauge;
use crate::cpu::rows::SpinKeys;
use crate::cpu::tile::{Lane, Tile};
use crate::cpu::vector::vectorised;
use crate::cpu::{Call, LANES, Real, masked_block};
use crate::kernels::sample::sample_level::{forward_constants, forward_cost, forward_workgroups};
use crate::kernels::{Axis, Description, LaneRows, Phase, Slot, Work, shader};
use rayon::prelude::*;

pub(crate) const KERNEL: Description = Description {
    name: "evaluate_level",
    phase: Phase::Sample,
    shader: shader!("sample/evaluate_level"),
    draws: false,
    reads: &[Slot::Level, Slot::Step, Slot::Geometry, Slot::NetParameters, Slot::NetQuads],
    writes: &[Slot::Spins, Slot::Inputs, Slot::Hidden, Slot::Logits, Slot::LnQ],
    writes_with_f16: &[],
    in_parts: false,
    axes: &[
        Axis::ForwardShape,
        Axis::Loads,
        Axis::Rows(LaneRows::Forward),
        Axis::Units,
        Axis::Parts,
        Axis::Patches,
    ],
    constants: forward_constants,
    work: Work::Net { cost: forward_cost, workgroups: forward_workgroups },
};

pub(crate) fn run<R: Real>(call: Call<'_, R>, level: usize) {
    evaluate(call, level, 0, |_| [R::one(); LANES]);
}

/// Evaluates the tiles that reach past a row. Blocks see their spins times `signs`, images those times -1.
pub(crate) fn evaluate<R: Real>(
    Call { model, state, inputs }: Call<'_, R>,
    level: usize,
    past: usize,
    signs: impl Fn(&SpinKeys) -> Lane<R> + Sync,
) {
    let (geometry, description) = (&model.hierarchy.levels[level], &model.levels[level]);
    let Some(net) = description.conditional.net() else { return };
    let first_row = state.levels[level].rows(state.batch).start;
    let spins = &state.spins;
    let parameters = &state.parameters[description.offset..];
    let reaches = |tile: &Tile<R>| tile.rows.first + tile.rows.count > past;
    state.levels[level].tiles.par_iter_mut().filter(|tile| reaches(tile)).for_each(|tile| {
        vectorised(
            #[inline(always)]
            || {
                tile.load_border(net.gauge, geometry, spins);
                tile.start_ln_q();
                if net.gauge == Gauge::Mixture {
                    tile.gauge = signs(&SpinKeys::new(inputs, level, tile.rows));
                    for (gauge, block) in tile.gauge.iter_mut().zip(tile.rows.blocks()) {
                        *gauge = if (block as usize) < geometry.blocks { *gauge } else { -*gauge };
                    }
                }
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
    for tile in state.levels[level].tiles.iter().filter(|tile| reaches(tile)) {
        tile.store_ln_q(&mut state.ln_q[first_row + tile.rows.first..]);
    }
}
