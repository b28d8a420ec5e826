//! Advantage of every block of a level: its reward less the regression's prediction, over the batch.

use super::control_variate::columns;
use super::rows::Rows;
use super::state::State;
use super::{LANES, Real};
use crate::conditional::Model;
use crate::schedule::COLUMNS;
use rayon::prelude::*;

pub(super) fn run<R: Real>(model: &Model, state: &mut State<R>, level: usize) {
    let batch = state.batch;
    let rows = state.levels[level].rows(batch);
    let scale = R::one() / R::of(batch as f64);
    let mut advantage = std::mem::take(&mut state.advantage);
    let read: &State<R> = state;
    let coefficients: [R; COLUMNS - 1] = std::array::from_fn(|k| R::of(read.levels[level].coefficients[k]));
    advantage[rows].par_chunks_mut(LANES).enumerate().for_each(|(number, advantage)| {
        let columns = columns(model, read, level, Rows::of_lanes(number, advantage.len(), batch));
        for (lane, advantage) in advantage.iter_mut().enumerate() {
            let terms = coefficients.iter().zip(&columns).map(|(&c, column)| c * column[lane]);
            let predicted: R = terms.sum();
            *advantage = (columns[COLUMNS - 1][lane] - predicted) * scale;
        }
    });
    state.advantage = advantage;
}
