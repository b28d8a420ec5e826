//! ln q of all blocks of a level for given spins.

use crate::conditional::Gauge;
use crate::cpu::tile::Lane;
use crate::cpu::vector::vectorised;
use crate::cpu::{Call, Real, masked_block};
use crate::kernels::sample::sample_level::{FORWARD, forward_constants};
use crate::kernels::{Axis, Description, LaneRows, Phase, Slot, shader};
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
    axes: &[Axis::ForwardShape, Axis::Loads, Axis::Rows(LaneRows::Forward), Axis::Units, Axis::Parts],
    constants: forward_constants,
    work: FORWARD,
};

pub(crate) fn run<R: Real>(Call { model, state, inputs }: Call<'_, R>, level: usize) {
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
