//! Gradient with respect to the logits, in their place: `A ([x = +1] - sigmoid(logit))`, of colours `A ([x = c] - p_c)`.

use crate::conditional::{Encoding, Gauge};
use crate::cpu::colours::Softmax;
use crate::cpu::tile::Lane;
use crate::cpu::vector::vectorised;
use crate::cpu::{Call, LANES, Real, shared};
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
    axes: &[Axis::Rows(LaneRows::Batch), Axis::Encoding],
    constants: |_| lanes_and([]),
    work: Work::Net {
        cost: |on| on.cost(0, on.input_words() + 2 * on.net.logits() + 1, 0),
        workgroups: |on, spread| (on.net.own * on.rows).div_ceil(spread.variant.lane_rows * WORKGROUP),
    },
};

pub(crate) fn run<R: Real>(Call { model, state, .. }: Call<'_, R>, level: usize) {
    let Some(net) = model.levels[level].conditional.net() else { return };
    let level = &mut state.levels[level];
    let advantages = &state.advantage[level.net_rows(state.batch)];
    level.tiles.par_chunks_mut(net.encoding.passes()).for_each(|tiles| {
        let rows = tiles[0].rows;
        let mut advantage = [R::zero(); LANES];
        advantage[..rows.count].copy_from_slice(&advantages[rows.first..][..rows.count]);
        vectorised(
            #[inline(always)]
            || {
                let numbers = net.encoding.numbers();
                let [tile, ..] = &mut *tiles else { return };
                let own = &tile.inputs[net.border * numbers..];
                match net.encoding {
                    Encoding::Sign => of_spins(&mut tile.logits, own, &advantage),
                    Encoding::OneHot { .. } => {
                        let sites = tile.logits.chunks_mut(numbers).zip(own.chunks(numbers));
                        sites.for_each(|(logits, inputs)| of_colours(logits, inputs, &advantage));
                    }
                    Encoding::Shared { .. } => {
                        (0..net.own).for_each(|site| shared::differentiate(tiles, net, site, &advantage));
                    }
                }
            },
        );
        if net.gauge == Gauge::FirstOwn {
            tiles[0].logits[..net.encoding.numbers()].fill([R::zero(); LANES]);
        }
    });
}

#[inline(always)]
fn of_spins<R: Real>(logits: &mut [Lane<R>], inputs: &[Lane<R>], advantage: &Lane<R>) {
    for (logits, inputs) in logits.iter_mut().zip(inputs) {
        for lane in 0..LANES {
            let up = if inputs[lane] > R::zero() { R::one() } else { R::zero() };
            logits[lane] = advantage[lane] * (up - logits[lane].sigmoid());
        }
    }
}

/// Of one site.
#[inline(always)]
fn of_colours<R: Real>(logits: &mut [Lane<R>], inputs: &[Lane<R>], advantage: &Lane<R>) {
    let softmax = Softmax::of(logits);
    for (logits, inputs) in logits.iter_mut().zip(inputs) {
        for lane in 0..LANES {
            let gradient = advantage[lane] * (inputs[lane] - softmax.probability(logits, lane));
            logits[lane] = gradient;
        }
    }
}
