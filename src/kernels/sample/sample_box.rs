//! Draws the insides of exact boxes, layer by layer from the last.

use crate::cpu::box_factors::LevelFactors;
use crate::cpu::box_sum::ROWS;
use crate::cpu::owned_sums::owned_sums;
use crate::cpu::rows::{Rows, SpinKeys};
use crate::cpu::state::State;
use crate::cpu::vector::vectorised;
use crate::cpu::{Call, Real};
use crate::kernels::{Axis, Cost, Description, Phase, Slot, Work, box_constants, shader};
use rayon::prelude::*;

pub(crate) const KERNEL: Description = Description {
    name: "sample_box",
    phase: Phase::Sample,
    shader: shader!("sample/sample_box"),
    draws: true,
    reads: &[Slot::Level, Slot::Step, Slot::Geometry],
    writes: &[Slot::Spins, Slot::LnQ],
    writes_with_f16: &[],
    in_parts: false,
    axes: &[Axis::BoxDrawingShape, Axis::Couplings, Axis::Spins],
    constants: |choice| box_constants(choice),
    work: Work::Level {
        cost: |level| Cost::of_rows(level.rows, level.transfer_operations(), level.geometry.inputs() + 1),
        workgroups: |level, spread| {
            level.rows.div_ceil(spread.variant.drawing.boxes(spread.variant.spins, level.model.exact_box()))
        },
    },
};

pub(crate) fn run<R: Real>(Call { model, state, inputs }: Call<'_, R>, level: usize) {
    let geometry = &model.hierarchy.levels[level];
    let batch = state.batch;
    let rows = state.levels[level].rows(batch);
    let factors = LevelFactors::new(geometry, &model.system, inputs.beta);
    let (spins, boxes) = (&state.spins, &state.boxes);
    // `[lanes][own][ROWS]`, copied to the configurations when all are drawn.
    let of_lanes = geometry.own * ROWS;
    let mut drawn = vec![0_i8; of_lanes * rows.len().div_ceil(ROWS)];
    let ln_q = state.ln_q[rows.clone()].par_chunks_mut(ROWS);
    drawn.par_chunks_mut(of_lanes).zip(ln_q).enumerate().for_each(|(number, (drawn, ln_q))| {
        let rows = Rows::of_lanes(number, ln_q.len(), batch);
        let keys = SpinKeys::new(inputs, level, rows);
        let sum = &mut *State::box_sum(boxes);
        sum.load(&factors, geometry, spins, rows, inputs.first_configuration);
        let ln_sum = vectorised(
            #[inline(always)]
            || sum.draw(&keys, |site, spins| drawn[site * ROWS..][..ROWS].copy_from_slice(spins)),
        );
        for (ln_q, ln_sum) in ln_q.iter_mut().zip(ln_sum) {
            *ln_q = R::of(-ln_sum);
        }
    });
    for (rows, drawn) in Rows::all(geometry.blocks, batch).zip(drawn.chunks(of_lanes)) {
        for part in rows.parts() {
            for (own, drawn) in drawn.chunks(ROWS).enumerate() {
                let places = rows.places(&part, geometry, geometry.border + own);
                state.spins[places].copy_from_slice(&drawn[part.lanes.clone()]);
            }
        }
    }
    let spins = &state.spins;
    state.ln_q[rows].par_chunks_mut(ROWS).enumerate().for_each(|(number, ln_q)| {
        let rows = Rows::of_lanes(number, ln_q.len(), batch);
        let ([bonds, fields], blocks) =
            (owned_sums(model.system.spins, geometry, spins, rows), rows.blocks());
        for (lane, ln_q) in ln_q.iter_mut().enumerate() {
            let (sums, interaction) = ([bonds[lane], fields[lane]], model.system.interaction);
            *ln_q += R::of(factors.ln_factor(interaction, inputs.beta, blocks[lane], sums));
        }
    });
}
