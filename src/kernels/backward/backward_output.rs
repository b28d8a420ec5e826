//! Gradient with respect to the logits, in their place: `A ([x = +1] - sigmoid(logit))`.

use crate::conditional::Gauge;
use crate::cpu::vector::vectorised;
use crate::cpu::{Call, LANES, Real};
use crate::kernels::{Axis, Description, LANES as WORKGROUP, LaneRows, Phase, Slot, Work, lanes_and, shader};
use rayon::prelude::*;

pub(crate) const KERNEL: Description = Description {
    name: "backward_output",
    phase: Phase::Backward,
    shader: shader!("backward/backward_output"),
    draws: false,
    reads: &[Slot::Level, Slot::Inputs, Slot::Advantage],
    writes: &[Slot::Logits],
    writes_with_f16: &[],
    in_parts: false,
    axes: &[Axis::Rows(LaneRows::Batch)],
    constants: |_| lanes_and([]),
    work: Work::Net {
        cost: |on| on.cost(0, on.input_words() + 2 * on.net.own + 1, 0),
        workgroups: |on, spread| (on.net.own * on.rows).div_ceil(spread.variant.lane_rows * WORKGROUP),
    },
};

pub(crate) fn run<R: Real>(Call { model, state, .. }: Call<'_, R>, level: usize) {
    let Some(net) = model.levels[level].conditional.net() else { return };
    let level = &mut state.levels[level];
    let advantages = &state.advantage[level.net_rows(state.batch)];
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
