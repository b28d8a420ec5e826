//! Sums over all rows of a level of the products of what rewards are regressed on.

use super::control_variate::columns;
use super::state::State;
use super::{LANES, Real};
use crate::conditional::Model;
use crate::schedule::COLUMNS;
use rayon::prelude::*;

pub(super) fn run<R: Real>(model: &Model, state: &mut State<R>, level: usize) {
    let (batch, blocks) = (state.batch, model.hierarchy.levels[level].blocks);
    let read: &State<R> = state;
    let of_block = |block: usize| {
        let mut sums = vec![0.0; COLUMNS * COLUMNS];
        for first in (0..batch).step_by(LANES) {
            let rows = LANES.min(batch - first);
            let columns = columns(model, read, level, block, first).map(|column| column.map(Real::widen));
            for (a, left) in columns.iter().enumerate() {
                for (b, right) in columns.iter().enumerate().skip(a) {
                    let products = left[..rows].iter().zip(&right[..rows]).map(|(&x, &y)| x * y);
                    sums[a * COLUMNS + b] += products.sum::<f64>();
                }
            }
        }
        sums
    };
    let parts: Vec<Vec<f64>> = (0..blocks).into_par_iter().map(of_block).collect();
    let moments = &mut state.levels[level].moments;
    moments.fill(0.0);
    for part in parts {
        for (total, value) in moments.iter_mut().zip(part) {
            *total += value;
        }
    }
}
