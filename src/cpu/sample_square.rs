//! Draws the interiors of exact squares, row by row from the last.

use super::Real;
use super::energy::owned_sums;
use super::exact_square::{ExactSquare, ROWS, ln_probability};
use super::state::State;
use super::tile::Lane;
use super::vector::vectorised;
use crate::conditional::{Conditional, Model, SquareFactors};
use crate::random::SpinKey;
use crate::schedule::Inputs;
use rayon::prelude::*;

pub(super) fn run<R: Real>(model: &Model, state: &mut State<R>, inputs: &Inputs, level: usize) {
    let Conditional::ExactSquare { width } = model.levels[level].conditional else { return };
    let geometry = &model.hierarchy.levels[level];
    let batch = state.batch;
    let rows = state.levels[level].rows(batch);
    let factors = SquareFactors::new(geometry, model.interaction, inputs.beta);
    let couplings = [model.interaction.coupling, model.interaction.field].map(|value| inputs.beta * value);
    let (spins, squares) = (&state.spins, &state.squares);
    // `[blocks][own][batch]`, copied to the configurations when all are drawn.
    let mut drawn = vec![0_i8; geometry.own * rows.len()];
    let ln_q = state.ln_q[rows.clone()].par_chunks_mut(batch);
    drawn.par_chunks_mut(geometry.own * batch).zip(ln_q).enumerate().for_each(|(block, (drawn, ln_q))| {
        let square = &mut *State::square(squares);
        square.set_factors(&factors);
        for first in (0..batch).step_by(ROWS) {
            let key = SpinKey {
                seed: inputs.seed,
                step: inputs.step,
                configuration: inputs.first_configuration.wrapping_add(first as u32),
                level: level as u32,
                block: block as u32,
            };
            square.load_border(geometry, spins, batch, block, first, key.configuration);
            let ln_sum = vectorised(
                #[inline(always)]
                || draw(square, width, key, |site, spins| store(drawn, batch, first, site, spins)),
            );
            for (ln_q, ln_sum) in ln_q[first..].iter_mut().zip(ln_sum) {
                *ln_q = R::of(-ln_sum);
            }
        }
    });
    for (block, drawn) in drawn.chunks(geometry.own * batch).enumerate() {
        let sites = &geometry.block_sites(block)[geometry.border..];
        for (&site, drawn) in sites.iter().zip(drawn.chunks(batch)) {
            state.spins[site as usize * batch..][..batch].copy_from_slice(drawn);
        }
    }
    let spins = &state.spins;
    state.ln_q[rows].par_chunks_mut(batch).enumerate().for_each(|(block, ln_q)| {
        for (chunk, ln_q) in ln_q.chunks_mut(ROWS).enumerate() {
            let [bonds, fields] = owned_sums(geometry, spins, batch, block, chunk * ROWS);
            for (lane, ln_q) in ln_q.iter_mut().enumerate() {
                *ln_q += R::of(ln_probability(&factors, couplings, [bonds[lane], fields[lane]]));
            }
        }
    });
}

/// Draws the rows of one square; returns the logarithm of its scaled sum.
#[inline(always)]
fn draw<R: Real>(
    square: &mut ExactSquare<R>,
    width: usize,
    first: SpinKey,
    mut store: impl FnMut(usize, &Lane<R>),
) -> [f64; ROWS] {
    let ln_sum = square.ln_sum(true);
    let mut row = square.border_below();
    for i in (0..width).rev() {
        square.draw_row(i, &mut row, |lane, j| {
            let key = SpinKey { configuration: first.configuration.wrapping_add(lane as u32), ..first };
            R::of(f64::from(key.uniform((i * width + j) as u32)))
        });
        for (j, spins) in row.iter().enumerate() {
            store(i * width + j, spins);
        }
    }
    ln_sum
}

fn store<R: Real>(drawn: &mut [i8], batch: usize, first: usize, site: usize, spins: &Lane<R>) {
    let column = &mut drawn[site * batch + first..(site + 1) * batch];
    for (drawn, &spin) in column.iter_mut().zip(spins) {
        *drawn = if spin > R::zero() { 1 } else { -1 };
    }
}
