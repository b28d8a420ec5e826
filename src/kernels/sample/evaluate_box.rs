//! ln q of the given interiors of exact boxes.

use crate::cpu::box_factors::LevelFactors;
use crate::cpu::box_sum::ROWS;
use crate::cpu::owned_sums::owned_sums;
use crate::cpu::rows::Rows;
use crate::cpu::state::State;
use crate::cpu::vector::vectorised;
use crate::cpu::{Call, Real};
use crate::kernels::{Axis, Cost, Description, Phase, Slot, Work, box_constants, shader};
use rayon::prelude::*;

pub(crate) const KERNEL: Description = Description {
    name: "evaluate_box",
    phase: Phase::Sample,
    shader: shader!("sample/evaluate_box"),
    draws: false,
    reads: &[Slot::Level, Slot::Step, Slot::Geometry, Slot::Spins],
    writes: &[Slot::LnQ],
    writes_with_f16: &[],
    in_parts: false,
    axes: &[Axis::BoxShape, Axis::Couplings, Axis::Spins],
    constants: |choice| box_constants(choice),
    work: Work::Level {
        cost: |level| Cost::of_rows(level.rows, level.transfer_operations(), level.geometry.inputs() + 1),
        workgroups: |level, spread| {
            level.rows.div_ceil(spread.variant.sums.boxes(spread.variant.spins, level.model.exact_box()))
        },
    },
};

pub(crate) fn run<R: Real>(Call { model, state, inputs }: Call<'_, R>, level: usize) {
    let geometry = &model.hierarchy.levels[level];
    let (batch, spins, boxes) = (state.batch, &state.spins, &state.boxes);
    let rows = state.levels[level].rows(batch);
    let factors = LevelFactors::new(geometry, &model.system, inputs.beta);
    state.ln_q[rows].par_chunks_mut(ROWS).enumerate().for_each(|(number, ln_q)| {
        let rows = Rows::of_lanes(number, ln_q.len(), batch);
        let sum = &mut *State::box_sum(boxes);
        sum.load(&factors, geometry, spins, rows, inputs.first_configuration);
        let ln_sum = vectorised(
            #[inline(always)]
            || sum.ln_sum(),
        );
        let ([bonds, fields], blocks) =
            (owned_sums(model.system.spins, geometry, spins, rows), rows.blocks());
        for (lane, (ln_q, ln_sum)) in ln_q.iter_mut().zip(ln_sum).enumerate() {
            let (sums, interaction) = ([bonds[lane], fields[lane]], model.system.interaction);
            *ln_q = R::of(factors.ln_factor(interaction, inputs.beta, blocks[lane], sums) - ln_sum);
        }
    });
}
