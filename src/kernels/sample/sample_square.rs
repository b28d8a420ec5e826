//! Draws the interiors of exact squares, row by row from the last.

use crate::conditional::SquareFactors;
use crate::cpu::exact_square::{ExactSquare, ROWS, ln_probability};
use crate::cpu::owned_sums::owned_sums;
use crate::cpu::rows::{Rows, SpinKeys};
use crate::cpu::state::State;
use crate::cpu::tile::Lane;
use crate::cpu::vector::vectorised;
use crate::cpu::{Call, Real};
use crate::kernels::{
    Axis, Cost, Description, Phase, Slot, Work, lanes_and, shader, square_side, square_width,
};
use rayon::prelude::*;

pub(crate) const KERNEL: Description = Description {
    name: "sample_square",
    phase: Phase::Sample,
    shader: shader!("sample/sample_square"),
    draws: true,
    reads: &[Slot::Level, Slot::Step, Slot::Geometry],
    writes: &[Slot::Spins, Slot::LnQ],
    writes_with_f16: &[],
    in_parts: false,
    axes: &[Axis::DrawingShape],
    constants: |choice| lanes_and([("WIDTH", square_width(choice.options))]),
    work: Work::Level {
        cost: |level| Cost::of_rows(level.rows, level.transfer_operations(), level.geometry.inputs() + 1),
        workgroups: |level, spread| {
            level.rows.div_ceil(spread.variant.drawing.squares(square_side(level.model.options)))
        },
    },
};

pub(crate) fn run<R: Real>(Call { model, state, inputs }: Call<'_, R>, level: usize) {
    let Some(width) = model.levels[level].conditional.square_width() else { return };
    let geometry = &model.hierarchy.levels[level];
    let batch = state.batch;
    let rows = state.levels[level].rows(batch);
    let factors = SquareFactors::new(geometry, model.system.interaction, inputs.beta);
    let couplings =
        [model.system.interaction.coupling, model.system.interaction.field].map(|value| inputs.beta * value);
    let (spins, squares) = (&state.spins, &state.squares);
    // `[lanes][own][ROWS]`, copied to the configurations when all are drawn.
    let of_lanes = geometry.own * ROWS;
    let mut drawn = vec![0_i8; of_lanes * rows.len().div_ceil(ROWS)];
    let ln_q = state.ln_q[rows.clone()].par_chunks_mut(ROWS);
    drawn.par_chunks_mut(of_lanes).zip(ln_q).enumerate().for_each(|(number, (drawn, ln_q))| {
        let rows = Rows::of_lanes(number, ln_q.len(), batch);
        let keys = SpinKeys::new(inputs, level, rows);
        let square = &mut *State::square(squares);
        square.set_factors(&factors);
        square.load_border(geometry, spins, rows, inputs.first_configuration);
        let ln_sum = vectorised(
            #[inline(always)]
            || draw(square, width, &keys, |site, spins| store(&mut drawn[site * ROWS..][..ROWS], spins)),
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
        let [bonds, fields] = owned_sums(geometry, spins, Rows::of_lanes(number, ln_q.len(), batch));
        for (lane, ln_q) in ln_q.iter_mut().enumerate() {
            *ln_q += R::of(ln_probability(&factors, couplings, [bonds[lane], fields[lane]]));
        }
    });
}

/// Draws the rows of one square; returns the logarithm of its scaled sum.
#[inline(always)]
fn draw<R: Real>(
    square: &mut ExactSquare<R>,
    width: usize,
    keys: &SpinKeys,
    mut store: impl FnMut(usize, &Lane<R>),
) -> [f64; ROWS] {
    let ln_sum = square.ln_sum(true);
    let mut row = square.border_below();
    for i in (0..width).rev() {
        square
            .draw_row(i, &mut row, |lane, j| R::of(f64::from(keys.of(lane).uniform((i * width + j) as u32))));
        for (j, spins) in row.iter().enumerate() {
            store(i * width + j, spins);
        }
    }
    ln_sum
}

fn store<R: Real>(drawn: &mut [i8], spins: &Lane<R>) {
    for (drawn, &spin) in drawn.iter_mut().zip(spins) {
        *drawn = if spin > R::zero() { 1 } else { -1 };
    }
}
