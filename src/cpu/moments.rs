//! Sums over all rows of a level of the products of what rewards are regressed on.

use super::control_variate::columns;
use super::product::sum_lanes;
use super::rows::Rows;
use super::state::{MOMENT_PARTS, State};
use super::tile::Lane;
use super::vector::vectorised;
use super::{LANES, Real};
use crate::conditional::Model;
use crate::schedule::COLUMNS;
use rayon::prelude::*;

pub(super) fn run<R: Real>(model: &Model, state: &mut State<R>, level: usize) {
    let (batch, blocks) = (state.batch, model.hierarchy.levels[level].blocks);
    let lanes = (blocks * batch).div_ceil(LANES);
    let of_part = lanes.div_ceil(MOMENT_PARTS);
    let mut all_parts = std::mem::take(&mut state.moment_parts);
    let parts = &mut all_parts[..lanes.div_ceil(of_part)];
    let read: &State<R> = state;
    parts.par_iter_mut().enumerate().for_each(|(part, sums)| {
        sums.fill(0.0);
        for rows in Rows::all(blocks, batch).skip(part * of_part).take(of_part) {
            add_products(&columns(model, read, level, rows), rows.count, sums);
        }
    });
    let moments = &mut state.levels[level].moments;
    moments.fill(0.0);
    for part in parts {
        for (total, value) in moments.iter_mut().zip(part) {
            *total += *value;
        }
    }
    state.moment_parts = all_parts;
}

/// Adds the products of all pairs of columns, summed over lanes in f64.
fn add_products<R: Real>(columns: &[Lane<R>; COLUMNS], rows: usize, sums: &mut [f64]) {
    vectorised(
        #[inline(always)]
        || {
            let mut wide = [[0.0; LANES]; COLUMNS];
            for (wide, column) in wide.iter_mut().zip(columns) {
                for (wide, value) in wide[..rows].iter_mut().zip(column) {
                    *wide = value.widen();
                }
            }
            for (a, left) in wide.iter().enumerate() {
                for (b, right) in wide.iter().enumerate().skip(a) {
                    sums[a * COLUMNS + b] += sum_lanes(
                        #[inline(always)]
                        |lane| left[lane] * right[lane],
                    );
                }
            }
        },
    );
}
