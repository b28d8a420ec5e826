//! ln q of given configurations whose sites are all neighbours.

use crate::conditional::Gauge;
use crate::cpu::pairs::Pairs;
use crate::cpu::vector::vectorised;
use crate::cpu::{Call, LANES, Real};
use crate::kernels::sample::sample_pairs::{ROWS, pair_constants, pair_cost};
use crate::kernels::{Axis, Description, Phase, Slot, Work, shader};
use rayon::prelude::*;

pub(crate) const KERNEL: Description = Description {
    name: "evaluate_pairs",
    phase: Phase::Sample,
    shader: shader!("sample/evaluate_pairs"),
    draws: false,
    reads: &[Slot::Level, Slot::Step, Slot::Geometry, Slot::Parameters, Slot::ExactLogits, Slot::Spins],
    writes: &[Slot::Logits, Slot::LnQ, Slot::Corrections],
    writes_with_f16: &[],
    in_parts: false,
    axes: &[Axis::Head, Axis::Fields, Axis::Couplings],
    constants: pair_constants,
    work: Work::Level { cost: pair_cost, workgroups: |level, _| level.rows.div_ceil(ROWS) },
};

pub(crate) fn run<R: Real>(Call { model, state, inputs }: Call<'_, R>, level: usize) {
    state.pair_tables.prepare(model, inputs.beta);
    let Some(pairs) = Pairs::of(model, level, &state.parameters, &state.pair_tables, inputs.beta) else {
        return;
    };
    let (geometry, spins) = (&model.hierarchy.levels[level], &state.spins);
    state.levels[level].pair_tiles.par_iter_mut().for_each(|tile| {
        vectorised(
            #[inline(always)]
            || {
                tile.gauge = [1; LANES];
                tile.ln_q.start();
                pairs.pass(
                    tile,
                    #[inline(always)]
                    |tile, site, logits| {
                        let given = tile.given(geometry, spins, site);
                        if site == 0 && pairs.net.gauge == Gauge::FirstOwn {
                            tile.gauge = given;
                        }
                        let seen = std::array::from_fn(|lane| given[lane] * tile.gauge[lane]);
                        for lane in 0..LANES {
                            let against = if seen[lane] > 0 { -logits[lane] } else { logits[lane] };
                            tile.ln_q.add(lane, -against.softplus());
                        }
                        seen
                    },
                );
                tile.ln_q.complete(tile.rows, inputs.first_configuration);
            },
        );
    });
    let first_row = state.levels[level].rows(state.batch).start;
    for tile in &state.levels[level].pair_tiles {
        tile.ln_q.store(tile.rows, &mut state.ln_q[first_row + tile.rows.first..]);
    }
}
