//! Bond sum and spin sum of whole configurations, as integers.

use super::state::State;
use rayon::prelude::*;

pub(super) fn run<R: Send + Sync>(state: &mut State<R>) {
    let (batch, sums) = (state.batch, &state.sums);
    state.configuration_sums.par_iter_mut().enumerate().for_each(|(row, total)| {
        *total = sums
            .iter()
            .skip(row)
            .step_by(batch)
            .fold([0; 2], |total, sums| [total[0] + sums[0], total[1] + sums[1]]);
    });
}
